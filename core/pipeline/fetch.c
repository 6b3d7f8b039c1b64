/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifests by digest: each is read once in a run, however many targets, tags and indexes want it.
 *     begin (-> known) -> got -> end
 * One that nobody uses at the moment stays within a small bound of memory, the oldest going
 * first; what earlier runs read may still be in the state.
 */
#include "pipeline/private.h"
#include "state/state.h"

#include <stdlib.h>

#define IDLE_BYTES_MAX ((size_t)8 * 1024 * 1024)
#define IDLE_OVERHEAD 4096 /* about what the parsed form of one takes besides its text */

struct fetch {
    struct task task; /* first */
    struct run *run;
    struct store *source;
    struct digest digest;
    char *media_type;
    struct store_op *op;
    struct manifest *manifest;
    struct waiters waiters;
    size_t n_users;
};

static enum step_result step_begin(struct task *task);
static enum step_result step_got(struct task *task);
static const struct step begin_step = {"begin", step_begin};
static const struct step got_step = {"got", step_got};

static struct fetch *fetch_of(struct task *task)
{
    return container_of(task, struct fetch, task);
}

static void fetch_release(struct task *task)
{
    struct fetch *f = fetch_of(task);
    store_op_drop(&f->op);
    manifest_free(f->manifest);
    waiters_done(&f->waiters);
    free(f->media_type);
    task_done(task);
    free(f);
}

static const struct task_type fetch_type = {"fetch", fetch_release};

void fetch_free(void *fetch)
{
    task_free(&((struct fetch *)fetch)->task);
}

static struct fetch *fetch_new(struct run *run, const struct digest *digest)
{
    struct fetch *f = xcalloc(1, sizeof(*f));
    task_init(&f->task, run->loop, NULL, &fetch_type, digest->text);
    f->run = run;
    f->digest = *digest;
    map_put(run->fetches, digest->text, f);
    return f;
}

/* ---- who uses it ---- */

static size_t weight(const struct fetch *f)
{
    return f->manifest->len + IDLE_OVERHEAD;
}

static void forget(struct fetch *f)
{
    map_remove(f->run->fetches, f->digest.text);
    fetch_free(f);
}

static void stop_idling(struct fetch *f)
{
    struct run *run = f->run;
    for (size_t i = 0; i < run->idle.len; i++) {
        if (run->idle.items[i] == f) {
            vec_remove(&run->idle, i);
            run->idle_bytes -= weight(f);
            return;
        }
    }
}

static void start_idling(struct fetch *f)
{
    struct run *run = f->run;
    vec_add(&run->idle, f);
    run->idle_bytes += weight(f);
    while (run->idle_bytes > IDLE_BYTES_MAX) {
        struct fetch *oldest = run->idle.items[0];
        stop_idling(oldest);
        forget(oldest);
    }
}

struct fetch *fetch_for(struct run *run, const struct fetch_request *request, struct task *waiter)
{
    struct fetch *f = map_get(run->fetches, request->digest->text);
    bool begins = !f || (f->task.done && f->task.result);
    if (!f)
        f = fetch_new(run, request->digest);
    else if (!f->n_users)
        stop_idling(f);
    f->n_users++;
    waiters_add(&f->waiters, waiter);
    if (begins) {
        f->source = request->source;
        str_replace(&f->media_type, request->media_type);
        task_start(&f->task, &begin_step);
    } else if (f->task.done) {
        task_wake(waiter);
    }
    return f;
}

struct fetch *fetch_add(struct run *run, struct manifest *manifest)
{
    struct fetch *f = map_get(run->fetches, manifest->digest.text);
    if (f && f->task.done && !f->task.result) {
        if (!f->n_users)
            stop_idling(f);
        manifest_free(manifest);
    } else {
        f = f ? f : fetch_new(run, &manifest->digest);
        store_op_drop(&f->op); /* the bytes are here: nobody need wait for them */
        manifest_free(f->manifest);
        f->manifest = manifest;
        if (!f->task.started || f->task.done)
            task_start(&f->task, &begin_step);
        task_wake(&f->task);
    }
    f->n_users++;
    return f;
}

void fetch_leave(struct fetch *f, const struct task *waiter)
{
    waiters_remove(&f->waiters, waiter);
    if (--f->n_users)
        return;
    if (f->manifest && f->task.done && !f->task.result)
        start_idling(f);
    else
        forget(f);
}

const struct task *fetch_task(const struct fetch *f)
{
    return &f->task;
}

bool fetch_was_from(const struct fetch *f, const struct store *source)
{
    return f->source == source;
}

const struct manifest *fetch_manifest(const struct fetch *f)
{
    return f->manifest;
}

/* ---- the machine ---- */

static enum step_result end(struct fetch *f)
{
    waiters_wake(&f->waiters);
    return task_end(&f->task);
}

static enum step_result step_begin(struct task *task)
{
    struct fetch *f = fetch_of(task);
    task->result = 0;
    if (!f->manifest)
        f->manifest = state_manifest(f->run->options.state, &f->digest);
    if (f->manifest)
        return end(f);
    store_op_drop(&f->op);
    f->op = f->source->ops->get(f->source, f->digest.text, &f->digest, f->media_type, task);
    return task_wait(task, &got_step);
}

static enum step_result step_got(struct task *task)
{
    struct fetch *f = fetch_of(task);
    if (f->manifest)
        return end(f);
    if (!f->op->task.done)
        return task_wait(task, &got_step);
    if (f->op->task.result) {
        enum step_result result = task_fail(task, &f->op->task.err);
        waiters_wake(&f->waiters);
        return result;
    }
    f->manifest = take_ptr(&f->op->manifest);
    store_op_drop(&f->op);
    state_manifest_put(f->run->options.state, f->manifest);
    return end(f);
}
