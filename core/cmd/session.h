/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What commands that move images have in common: where events go, progress, and interruption. The
 * first signal drains the run, the second, or the end of the drain's time, stops it at once.
 */
#pragma once

#include "cmd/command.h"
#include "net/signals.h"
#include "pipeline/run.h"
#include "registry/registry.h"
#include "report/events.h"
#include "report/progress.h"
#include "report/sinks.h"

#define DRAIN_MS_DEFAULT 25000
#define DRAIN_OPTION_HELP "when interrupted, let transfers finish for TIME (default 25s)"

struct session {
    struct context ctx;
    int64_t drain_ms;
    bool quiet; /* no progress */
    struct sinks sinks;
    struct event_sink log_sink;
    struct events_file *events;
    struct progress *progress;
    struct signals *signals;
    struct timer drain;
    int signal; /* that interrupted it; 0: none */
    bool stop;
    int64_t started_ms, request_retries;

    struct run *run;
    const struct task *work;
    void (*draining)(void *arg); /* told at the first signal; may be NULL */
    void *arg;
};

/* Opens the events file and the progress. */
int session_open(struct session *session, struct error *err);
/* For registries: their retries and warnings go to the sinks. Its `arg` is the session. */
struct registry_hooks session_hooks(struct session *session);
/* Runs the loop until `work` is done or an interruption ends it. */
void session_run(struct session *session, struct run *run, const struct task *work);
void session_emit(struct session *session, const struct event *event);
/* Ends the progress, so that results can be printed. */
void session_end_progress(struct session *session);
/* Closes everything and returns the exit code: `code`, unless the events could not be written. */
int session_close(struct session *session, int code);
