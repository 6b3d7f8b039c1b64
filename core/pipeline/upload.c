/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Upload: reads the source into the bridge and, once the first byte is there, writes the bridge
 * into the session that `begin` opened.
 *     open -> stream (-> reopen -> stream ...) -> end
 * A source that breaks off is reopened at the exact offset while the same PUT goes on, unless the
 * gap grows so long that proxies would give the PUT up. A target that breaks off ends the upload:
 * the blob decides what next.
 */
#include "base/clock.h"
#include "pipeline/private.h"

#include <stdlib.h>

#define PROGRESS_BYTES ((int64_t)1024 * 1024) /* that much resets the tries */
#define REOPENINGS_MAX 100
#define GAP_MAX_MS 20000
#define PROGRESS_EVENT_MS 200

static enum step_result step_open(struct task *task);
static enum step_result step_stream(struct task *task);
static const struct step open_step = {"open", step_open};
static const struct step stream_step = {"stream", step_stream};

static struct upload *upload_of(struct task *task)
{
    return container_of(task, struct upload, task);
}

static void upload_release(struct task *task)
{
    struct upload *u = upload_of(task);
    u->run->n_uploads--;
    timer_cancel(task->loop, &u->progress);
    store_op_drop(&u->write);
    store_op_drop(&u->read);
    bridge_free(u->bridge);
    task_done(task);
    free(u);
}

static const struct task_type upload_type = {"upload", upload_release};

static void emit_progress(struct timer *timer)
{
    struct upload *u = container_of(timer, struct upload, progress);
    run_emit(u->run, &(struct event){.kind = EVENT_BLOB_BYTES,
                                     .source = u->request.source->name,
                                     .target = u->request.target->name,
                                     .digest = &u->request.blob->digest,
                                     .size = u->request.blob->size,
                                     .bytes = bridge_given(u->bridge)});
    timer_set(u->task.loop, timer, PROGRESS_EVENT_MS);
}

struct upload *upload_start(struct run *run, struct task *parent,
                            const struct upload_request *request)
{
    struct upload *u = xcalloc(1, sizeof(*u));
    task_init(&u->task, run->loop, parent, &upload_type, request->blob->digest.text);
    u->run = run;
    u->request = *request;
    u->bridge = bridge_new(&u->task, &request->blob->digest, request->blob->size);
    u->progress.fire = emit_progress;
    run->n_uploads++;
    timer_set(run->loop, &u->progress, PROGRESS_EVENT_MS);
    task_start(&u->task, &open_step);
    return u;
}

bool upload_sent_all(const struct upload *upload)
{
    return upload->write && bridge_given(upload->bridge) == upload->request.blob->size;
}

/* An empty blob is proven before its PUT by reading it: nobody sends a byte. */
static enum step_result step_open(struct task *task)
{
    struct upload *u = upload_of(task);
    struct store *source = u->request.source;
    store_op_drop(&u->read);
    u->read =
        source->ops->read(source, u->request.blob, bridge_received(u->bridge), u->bridge, task);
    return task_next(task, &stream_step);
}

static void start_writing(struct upload *u)
{
    struct store *target = u->request.target;
    u->write = target->ops->write(target, u->request.begin, u->bridge, &u->task);
}

/* The source ended early: try again where it stopped, or give up. */
static enum step_result reopen(struct upload *u, const struct error *broke)
{
    int64_t have = bridge_received(u->bridge);
    if (have - u->mark >= PROGRESS_BYTES)
        *u->request.tries = 0;
    u->mark = have;
    int64_t delay = -1;
    if (retry_class_is_temporary(broke->class) && ++*u->request.reopenings <= REOPENINGS_MAX)
        delay =
            retry_delay_ms(&u->run->options.retry, broke, (*u->request.tries)++, clock_random());
    if (delay < 0)
        return task_fail(&u->task, broke);
    int64_t now = clock_ms();
    if (!u->gap_since_ms)
        u->gap_since_ms = now;
    ++*u->request.retries;
    run_emit(u->run, &(struct event){.kind = EVENT_RETRY,
                                     .source = u->request.source->name,
                                     .target = u->request.target->name,
                                     .text = broke->text,
                                     .delay_ms = delay});
    store_op_drop(&u->read);
    if (u->write && now + delay - u->gap_since_ms > GAP_MAX_MS) {
        store_op_drop(&u->write); /* the session goes with it: start from byte 0 in a new one */
        struct error err = *broke;
        return task_fail(&u->task, &err);
    }
    return task_sleep(&u->task, delay, &open_step);
}

static bool gap_is_too_long(const struct upload *u)
{
    return u->write && u->gap_since_ms && clock_ms() - u->gap_since_ms >= GAP_MAX_MS;
}

static enum step_result wrong_content(struct upload *u)
{
    struct error err = ERROR_INIT;
    store_op_drop(&u->write); /* cuts the request: nothing is committed */
    bridge_explain(u->bridge, &err);
    error_wrap(&err, "reading blob from %s", u->request.source->name);
    return task_fail(&u->task, &err);
}

/* A success for a blob that was not sent whole is none. */
static enum step_result answered_early(struct upload *u)
{
    struct error err = ERROR_INIT;
    error_set(&err, ERR_TRANSIENT, "%s answered before it had the whole blob %s",
              u->request.target->name, u->request.blob->digest.text);
    return task_fail(&u->task, &err);
}

static enum step_result step_stream(struct task *task)
{
    struct upload *u = upload_of(task);
    enum bridge_proof proof = bridge_proof(u->bridge);
    bool bytes_came = bridge_received(u->bridge) > u->mark;
    if (proof == BRIDGE_WRONG)
        return wrong_content(u);
    if (bytes_came)
        u->gap_since_ms = 0;
    if (!u->write && (bridge_received(u->bridge) > 0 || proof == BRIDGE_PROVEN))
        start_writing(u);
    if (u->write && u->write->task.done) {
        if (u->write->task.result)
            return task_fail(task, &u->write->task.err);
        return proof == BRIDGE_PROVEN && bridge_given(u->bridge) == u->request.blob->size
                   ? task_end(task)
                   : answered_early(u);
    }
    if (gap_is_too_long(u)) {
        struct error err = ERROR_INIT;
        error_set(&err, ERR_TRANSIENT, "reading blob %s from %s: silent for too long",
                  u->request.blob->digest.text, u->request.source->name);
        return task_fail(task, &err);
    }
    if (u->read && u->read->task.done && u->read->task.result && proof != BRIDGE_PROVEN)
        return reopen(u, &u->read->task.err);
    if (u->write && u->gap_since_ms)
        timer_set(task->loop, &task->alarm, u->gap_since_ms + GAP_MAX_MS - clock_ms());
    return task_wait(task, &stream_step);
}
