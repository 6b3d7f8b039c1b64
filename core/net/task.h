/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workflows as machines of named steps.
 *
 * A step does one thing and says what comes next: task_next (another step, at once), task_wait
 * (something holds a wake-up for us and the given step follows it), task_sleep, task_end. Every
 * change of step is one trace line. A wake-up never runs a step: it queues the task.
 *
 * Embed struct task as the first member of the machine's struct. The creator owns the machine and
 * frees it with task_free, which cancels it when it is still running: its `release` must drop
 * every handle, slot, timer and child and free the struct. A cancelled task is never called again.
 */
#pragma once

#include "net/loop.h"

enum step_result { STEP_MORE, STEP_WAIT, STEP_DONE };

struct task;

struct step {
    const char *name;
    enum step_result (*run)(struct task *task);
};

struct task_type {
    const char *name;                   /* "blob", "request" */
    void (*release)(struct task *task); /* frees the machine; see above */
};

struct task {
    struct loop *loop;
    struct task *parent; /* woken when this one ends; may be NULL */
    const struct task_type *type;
    const struct step *step;
    char *label; /* what it works on, for traces; owned; may be NULL */
    bool started, queued, done;
    struct task *next_ready;
    uint64_t turn;      /* in which it was queued */
    struct timer alarm; /* of task_sleep */
    int result;         /* once done: 0 or a class */
    struct error err;   /* once done with a failure */
};

/* `label` is copied. */
void task_init(struct task *task, struct loop *loop, struct task *parent,
               const struct task_type *type, const char *label);
void task_start(struct task *task, const struct step *first);
/* Queues a waiting task; nothing happens to one that is done, queued or not started. */
void task_wake(struct task *task);
/* NULL is fine. */
void task_free(struct task *task);
/* For `release` functions: takes the task off every list and frees the label. */
void task_done(struct task *task);

/* What steps return. */
enum step_result task_next(struct task *task, const struct step *next);
enum step_result task_wait(struct task *task, const struct step *next);
enum step_result task_sleep(struct task *task, int64_t delay_ms, const struct step *next);
enum step_result task_end(struct task *task);
/* Ends it with a failure: *err is copied, its class becomes the result. */
enum step_result task_fail(struct task *task, const struct error *err);

/* Runs everything that is ready; called by the loop. */
void tasks_run_ready(struct loop *loop);
bool tasks_any_ready(const struct loop *loop);
