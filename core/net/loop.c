/* SPDX-License-Identifier: Apache-2.0 */
/*
 * curl_multi_perform + curl_multi_poll: no socket map, no timer callback, no re-entrancy rules.
 * Order of a turn: transfers move, ended transfers are reported, tasks run, deferred work (such
 * as resuming paused transfers) runs, and only then the loop may sleep.
 */
#include "net/loop.h"

#include "base/clock.h"
#include "base/vec.h"
#include "net/job.h"
#include "net/loop_private.h"
#include "net/task.h"

#include <poll.h>

#define POLL_MAX_MS 60000
#define TASK_ROUNDS 16

struct loop {
    CURLM *multi;
    VEC(struct timer *) timers; /* a binary heap, the earliest first; places count from 1 */
    VEC(struct watch *) watches;
    VEC(struct curl_waitfd) fds; /* the watches as libcurl wants them */
    VEC(struct pollfd) polled;   /* and as poll(2) does */
    struct deferred *deferred_first, *deferred_last;
    uint64_t deferred_turn;
    void (*transfer_done)(CURL *easy, CURLcode code);
    struct jobs *jobs;
    struct ready_list ready;
};

struct loop *loop_new(struct error *err)
{
    struct loop *loop = xcalloc(1, sizeof(*loop));
    loop->multi = curl_multi_init();
    if (!loop->multi) {
        free(loop);
        error_set(err, ERR_INTERNAL, "libcurl: no multi handle");
        return NULL;
    }
    curl_multi_setopt(loop->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    curl_multi_setopt(loop->multi, CURLMOPT_MAXCONNECTS, 128L);
    loop->jobs = jobs_new(loop);
    return loop;
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    jobs_free(loop->jobs);
    curl_multi_cleanup(loop->multi);
    vec_done(&loop->timers);
    vec_done(&loop->watches);
    vec_done(&loop->fds);
    vec_done(&loop->polled);
    free(loop);
}

CURLM *loop_multi(struct loop *loop)
{
    return loop->multi;
}

struct jobs *loop_jobs(struct loop *loop)
{
    return loop->jobs;
}

struct ready_list *loop_ready(struct loop *loop)
{
    return &loop->ready;
}

void loop_set_transfer_done(struct loop *loop, void (*done)(CURL *easy, CURLcode code))
{
    loop->transfer_done = done;
}

void loop_wakeup(struct loop *loop)
{
    curl_multi_wakeup(loop->multi);
}

/* ---- timers ---- */

static void heap_put(struct loop *loop, size_t place, struct timer *timer)
{
    loop->timers.items[place - 1] = timer;
    timer->place = place;
}

static void heap_up(struct loop *loop, size_t place)
{
    struct timer *timer = loop->timers.items[place - 1];
    while (place > 1 && loop->timers.items[place / 2 - 1]->due_ms > timer->due_ms) {
        heap_put(loop, place, loop->timers.items[place / 2 - 1]);
        place /= 2;
    }
    heap_put(loop, place, timer);
}

static void heap_down(struct loop *loop, size_t place)
{
    struct timer *timer = loop->timers.items[place - 1];
    size_t len = loop->timers.len;
    for (size_t child; (child = 2 * place) <= len; place = child) {
        if (child < len &&
            loop->timers.items[child]->due_ms < loop->timers.items[child - 1]->due_ms)
            child++;
        if (loop->timers.items[child - 1]->due_ms >= timer->due_ms)
            break;
        heap_put(loop, place, loop->timers.items[child - 1]);
    }
    heap_put(loop, place, timer);
}

void timer_set(struct loop *loop, struct timer *timer, int64_t delay_ms)
{
    timer_cancel(loop, timer);
    timer->due_ms = clock_ms() + (delay_ms > 0 ? delay_ms : 0);
    vec_add(&loop->timers, timer);
    heap_up(loop, loop->timers.len);
}

void timer_cancel(struct loop *loop, struct timer *timer)
{
    if (!timer->place)
        return;
    size_t place = timer->place;
    struct timer *last = loop->timers.items[--loop->timers.len];
    timer->place = 0;
    if (last == timer)
        return;
    heap_put(loop, place, last);
    heap_up(loop, place);
    heap_down(loop, last->place);
}

static void run_timers(struct loop *loop)
{
    int64_t now = clock_ms();
    while (loop->timers.len && loop->timers.items[0]->due_ms <= now) {
        struct timer *timer = loop->timers.items[0];
        timer_cancel(loop, timer);
        timer->fire(timer);
    }
}

/* ---- descriptors ---- */

void watch_add(struct loop *loop, struct watch *watch)
{
    vec_add(&loop->watches, watch);
    watch->active = true;
}

void watch_remove(struct loop *loop, struct watch *watch)
{
    if (!watch->active)
        return;
    watch->active = false;
    for (size_t i = 0; i < loop->watches.len; i++) {
        if (loop->watches.items[i] == watch) {
            loop->watches.items[i] = NULL; /* the list may be walked right now */
            return;
        }
    }
}

static void collect_fds(struct loop *loop)
{
    size_t kept = 0;
    loop->fds.len = loop->polled.len = 0;
    for (size_t i = 0; i < loop->watches.len; i++) {
        struct watch *watch = loop->watches.items[i];
        if (!watch)
            continue;
        loop->watches.items[kept++] = watch;
        short events = 0;
        if (watch->events & POLLIN)
            events |= CURL_WAIT_POLLIN;
        if (watch->events & POLLOUT)
            events |= CURL_WAIT_POLLOUT;
        vec_add(&loop->fds, (struct curl_waitfd){.fd = watch->fd, .events = events});
        vec_add(&loop->polled, (struct pollfd){.fd = watch->fd, .events = watch->events});
    }
    loop->watches.len = kept;
}

/* libcurl reports no hang-up on its own: when anything happened, we look for ourselves. */
static void dispatch_fds(struct loop *loop)
{
    size_t polled = loop->polled.len;
    if (!polled || poll(loop->polled.items, (nfds_t)polled, 0) <= 0)
        return;
    for (size_t i = 0; i < polled; i++) {
        struct watch *watch = loop->watches.items[i];
        short events = loop->polled.items[i].revents;
        if (watch && events)
            watch->ready(watch, events);
    }
}

/* ---- deferred work ---- */

void deferred_queue(struct loop *loop, struct deferred *deferred)
{
    if (deferred->queued)
        return;
    deferred->queued = true;
    deferred->turn = loop->deferred_turn;
    deferred->next = NULL;
    deferred->prev = loop->deferred_last;
    if (loop->deferred_last)
        loop->deferred_last->next = deferred;
    else
        loop->deferred_first = deferred;
    loop->deferred_last = deferred;
}

void deferred_cancel(struct loop *loop, struct deferred *deferred)
{
    if (!deferred->queued)
        return;
    if (deferred->prev)
        deferred->prev->next = deferred->next;
    else
        loop->deferred_first = deferred->next;
    if (deferred->next)
        deferred->next->prev = deferred->prev;
    else
        loop->deferred_last = deferred->prev;
    deferred->queued = false;
    deferred->prev = deferred->next = NULL;
}

/* What is queued meanwhile runs in the next turn. */
static void run_deferred(struct loop *loop)
{
    uint64_t turn = loop->deferred_turn++;
    for (struct deferred *d; (d = loop->deferred_first) && d->turn <= turn;) {
        deferred_cancel(loop, d);
        d->run(d);
    }
}

/* ---- the turn ---- */

static void reap_transfers(struct loop *loop)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(loop->multi, &left));) {
        if (message->msg == CURLMSG_DONE)
            loop->transfer_done(message->easy_handle, message->data.result);
    }
}

static int poll_timeout(const struct loop *loop)
{
    if (loop->deferred_first || tasks_any_ready(loop))
        return 0;
    if (!loop->timers.len)
        return POLL_MAX_MS;
    int64_t left = loop->timers.items[0]->due_ms - clock_ms();
    return left <= 0 ? 0 : left < POLL_MAX_MS ? (int)left : POLL_MAX_MS;
}

/* A task that ends wakes its parent, and so on: a few rounds save as many system calls. */
static void run_tasks(struct loop *loop)
{
    for (int round = 0; round < TASK_ROUNDS && tasks_any_ready(loop); round++)
        tasks_run_ready(loop);
}

static void turn(struct loop *loop)
{
    int running;
    curl_multi_perform(loop->multi, &running);
    reap_transfers(loop);
    run_timers(loop);
    jobs_collect(loop->jobs);
    run_tasks(loop);
    run_deferred(loop);
}

void loop_run(struct loop *loop, bool (*finished)(void *arg), void *arg)
{
    for (;;) {
        turn(loop);
        if (finished(arg))
            return;
        collect_fds(loop);
        int happened = 0;
        curl_multi_poll(loop->multi, loop->fds.items, (unsigned)loop->fds.len, poll_timeout(loop),
                        &happened);
        if (happened)
            dispatch_fds(loop);
    }
}
