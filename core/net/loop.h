/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one event loop: libcurl transfers, timers, file descriptors and work put off to the end of
 * a turn. Everything here runs in the one thread of the program; no callback runs inside another.
 */
#pragma once

#include "base/error.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

struct loop;

struct loop *loop_new(struct error *err); /* NULL on failure */
void loop_free(struct loop *loop);

/* Turns until `finished` says so (asked once per turn). */
void loop_run(struct loop *loop, bool (*finished)(void *arg), void *arg);

/* A time in the future. Embed it; it must be cancelled before its memory goes. */
struct timer {
    void (*fire)(struct timer *timer);
    int64_t due_ms;
    size_t place; /* in the heap, counted from 1; 0: not set */
};

/* Sets or moves the timer. */
void timer_set(struct loop *loop, struct timer *timer, int64_t delay_ms);
void timer_cancel(struct loop *loop, struct timer *timer);

/* A descriptor to look at: `ready` gets the poll(2) events. Embed it; remove it before its memory
 * goes. It may remove itself in `ready`. */
struct watch {
    int fd;
    short events; /* POLLIN, POLLOUT */
    void (*ready)(struct watch *watch, short events);
    bool active;
};

void watch_add(struct loop *loop, struct watch *watch);
void watch_remove(struct loop *loop, struct watch *watch);

/* Work for the end of this turn (or of the next, when asked for at a turn's end). Embed it. */
struct deferred {
    void (*run)(struct deferred *deferred);
    struct deferred *prev, *next;
    uint64_t turn; /* in which it was queued */
    bool queued;
};

void deferred_queue(struct loop *loop, struct deferred *deferred);
void deferred_cancel(struct loop *loop, struct deferred *deferred);

/* For http.c: the multi handle and what to do with a transfer that ended. */
CURLM *loop_multi(struct loop *loop);
void loop_set_transfer_done(struct loop *loop, void (*done)(CURL *easy, CURLcode code));

/* Makes a blocking wait of the loop return soon; the only function other threads may call. */
void loop_wakeup(struct loop *loop);
