/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the loop share with each other and nobody else. */
#pragma once

struct loop;
struct jobs;
struct task;

#include <stdint.h>

/* `turn` counts the walks over the list: what is queued during a walk waits for the next one. */
struct ready_list {
    struct task *first, *last;
    uint64_t turn;
};

struct jobs *loop_jobs(struct loop *loop);
struct ready_list *loop_ready(struct loop *loop);

struct jobs *jobs_new(struct loop *loop);
void jobs_free(struct jobs *jobs);    /* waits for the running job; drops queued ones */
void jobs_collect(struct jobs *jobs); /* calls `done` of the jobs that have ended */
