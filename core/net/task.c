/* SPDX-License-Identifier: Apache-2.0 */
/* Ready tasks form a queue; a turn of the loop runs those that were queued when it began. */
#include "net/task.h"

#include "base/log.h"
#include "net/loop_private.h"

#include <assert.h>
#include <stdlib.h>

static void alarm_fired(struct timer *timer)
{
    task_wake(container_of(timer, struct task, alarm));
}

void task_init(struct task *task, struct loop *loop, struct task *parent,
               const struct task_type *type, const char *label)
{
    *task = (struct task){
        .loop = loop, .parent = parent, .type = type, .label = xstrdup(label), .err = ERROR_INIT};
    task->alarm.fire = alarm_fired;
}

static void enqueue(struct task *task)
{
    struct ready_list *ready = loop_ready(task->loop);
    task->queued = true;
    task->turn = ready->turn;
    task->next_ready = NULL;
    if (ready->last)
        ready->last->next_ready = task;
    else
        ready->first = task;
    ready->last = task;
}

static void dequeue(struct task *task)
{
    struct ready_list *ready = loop_ready(task->loop);
    struct task *before = NULL;
    if (!task->queued)
        return;
    for (struct task *t = ready->first; t != task; t = t->next_ready)
        before = t;
    if (before)
        before->next_ready = task->next_ready;
    else
        ready->first = task->next_ready;
    if (ready->last == task)
        ready->last = before;
    task->queued = false;
}

void task_start(struct task *task, const struct step *first)
{
    assert(!task->started || task->done);
    task->started = true;
    task->done = false;
    task->step = first;
    enqueue(task);
}

void task_wake(struct task *task)
{
    if (task && task->started && !task->done && !task->queued)
        enqueue(task);
}

void task_free(struct task *task)
{
    if (task)
        task->type->release(task);
}

void task_done(struct task *task)
{
    dequeue(task);
    timer_cancel(task->loop, &task->alarm);
    task->done = true;
    free(task->label);
    task->label = NULL;
}

static void trace_change(const struct task *task, const struct step *next)
{
    if (log_level() >= LOG_TRACE)
        log_trace("%s %s: %s -> %s", task->type->name, task->label ? task->label : "",
                  task->step ? task->step->name : "start", next ? next->name : "end");
}

enum step_result task_next(struct task *task, const struct step *next)
{
    trace_change(task, next);
    task->step = next;
    return STEP_MORE;
}

enum step_result task_wait(struct task *task, const struct step *next)
{
    if (task->step != next)
        trace_change(task, next);
    task->step = next;
    return STEP_WAIT;
}

enum step_result task_sleep(struct task *task, int64_t delay_ms, const struct step *next)
{
    timer_set(task->loop, &task->alarm, delay_ms);
    return task_wait(task, next);
}

enum step_result task_end(struct task *task)
{
    trace_change(task, NULL);
    return STEP_DONE;
}

enum step_result task_fail(struct task *task, const struct error *err)
{
    if (err != &task->err)
        task->err = *err;
    task->result = err->class ? err->class : ERR_INTERNAL;
    return task_end(task);
}

static void run(struct task *task)
{
    enum step_result result;
    do {
        timer_cancel(task->loop, &task->alarm);
        result = task->step->run(task);
    } while (result == STEP_MORE);
    if (result == STEP_DONE) {
        dequeue(task); /* it may have been woken in its last step */
        task->done = true;
        task_wake(task->parent);
    }
}

void tasks_run_ready(struct loop *loop)
{
    struct ready_list *ready = loop_ready(loop);
    uint64_t turn = ready->turn++;
    for (struct task *task; (task = ready->first) && task->turn <= turn;) {
        dequeue(task);
        run(task);
    }
}

bool tasks_any_ready(const struct loop *loop)
{
    return loop_ready((struct loop *)(uintptr_t)loop)->first;
}
