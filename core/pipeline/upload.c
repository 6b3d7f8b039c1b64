/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Upload: takes part in a reading of the source and, once the first byte is there, writes it into
 * the session that `begin` opened. Whatever fails, the source or the target, ends the upload: the
 * blob decides what next. So does being left behind by the other targets of the reading.
 */
#include "pipeline/private.h"

#include <stdlib.h>

#define PROGRESS_EVENT_MS 200

static enum step_result step_stream(struct task *task);
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
    reading_leave(u->reading, u);
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
    u->progress.fire = emit_progress;
    run->n_uploads++;
    timer_set(run->loop, &u->progress, PROGRESS_EVENT_MS);
    u->reading = transfer_join(request->transfer, u);
    task_start(&u->task, &stream_step);
    return u;
}

bool upload_sent_all(const struct upload *upload)
{
    return upload->write && bridge_given(upload->bridge) == upload->request.blob->size;
}

bool upload_wants_reread(const struct upload *upload)
{
    return bridge_is_left_behind(upload->bridge) || upload->foreign_failure;
}

static void start_writing(struct upload *u)
{
    struct store *target = u->request.target;
    u->write = target->ops->write(target, u->request.begin, u->bridge, &u->task);
}

static enum step_result fail(struct upload *u, const struct error *err)
{
    reading_count(u->reading, u);
    return task_fail(&u->task, err);
}

/* The request is cut: nothing is committed. */
static enum step_result wrong_content(struct upload *u)
{
    struct error err = ERROR_INIT;
    store_op_drop(&u->write);
    bridge_explain(u->bridge, &err);
    error_wrap(&err, "reading blob from %s", u->request.source->name);
    return fail(u, &err);
}

static enum step_result left_behind(struct upload *u)
{
    struct error err = ERROR_INIT;
    store_op_drop(&u->write);
    error_set(&err, ERR_TRANSIENT, "%s fell behind the other targets of blob %s",
              u->request.target->name, u->request.blob->digest.text);
    return fail(u, &err);
}

static enum step_result source_failed(struct upload *u)
{
    store_op_drop(&u->write); /* the session goes with it */
    return fail(u, &u->broke);
}

/* A success for a blob that was not sent whole is none. */
static enum step_result answered(struct upload *u)
{
    struct error err = ERROR_INIT;
    if (u->write->task.result)
        return fail(u, &u->write->task.err);
    if (bridge_proof(u->bridge) == BRIDGE_PROVEN && upload_sent_all(u)) {
        reading_count(u->reading, u);
        return task_end(&u->task);
    }
    error_set(&err, ERR_TRANSIENT, "%s answered before it had the whole blob %s",
              u->request.target->name, u->request.blob->digest.text);
    return fail(u, &err);
}

static enum step_result step_stream(struct task *task)
{
    struct upload *u = upload_of(task);
    enum bridge_proof proof = bridge_proof(u->bridge);
    if (proof == BRIDGE_WRONG)
        return wrong_content(u);
    if (!u->write && !u->broke.class && (bridge_received(u->bridge) > 0 || proof == BRIDGE_PROVEN))
        start_writing(u);
    if (u->write && u->write->task.done)
        return answered(u);
    if (bridge_is_left_behind(u->bridge))
        return left_behind(u);
    return u->broke.class ? source_failed(u) : task_wait(task, &stream_step);
}
