/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The helper thread: blocking disk work (fsync, rename, locks) that must not stop the loop.
 * `work` runs in the thread and touches nothing but the job; `done` runs in the loop afterwards.
 */
#pragma once

#include "net/loop.h"

struct job {
    void (*work)(struct job *job);
    void (*done)(struct job *job);
    struct job *next;
    enum { JOB_IDLE, JOB_QUEUED, JOB_RUNNING, JOB_FINISHED } state;
};

/* Starts the thread at the first job. Jobs run in order. */
void job_submit(struct loop *loop, struct job *job);
/* Takes a queued job off, or waits until a running one has ended; `done` is not called. */
void job_cancel(struct loop *loop, struct job *job);
