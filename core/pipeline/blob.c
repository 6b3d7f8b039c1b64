/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One blob, made present at the target:
 *     look (-> there) -> claim -> begin (-> mounted) -> transfer -> end
 * The slots for the whole way are claimed at once. When a transfer fails in a way that may pass,
 * the target is asked whether it has the blob all the same (the answer may be all that was lost)
 * before anything is sent again.
 */
#include "base/clock.h"
#include "pipeline/private.h"

#include <stdlib.h>

/* A HEAD is cheaper than an upload only for blobs of some size. */
#define LOOK_FIRST_BYTES ((int64_t)1024 * 1024)
#define PROGRESS_BYTES ((int64_t)1024 * 1024)

struct blob {
    struct task task; /* first */
    struct copy *copy;
    struct descriptor descriptor; /* digest and size only */
    struct waiters waiters;
    struct slot_claim claim;
    struct store_op *stat, *begin;
    struct upload *upload;
    int tries, damaged;
    bool doubted; /* ask the target, whatever we believe */
    bool started;
    struct error broke; /* why it is looked at again */
};

static enum step_result step_look(struct task *task);
static enum step_result step_looked(struct task *task);
static enum step_result step_claim(struct task *task);
static enum step_result step_begin(struct task *task);
static enum step_result step_begun(struct task *task);
static enum step_result step_transfer(struct task *task);
static enum step_result step_recover(struct task *task);
static enum step_result step_recovered(struct task *task);
static const struct step look_step = {"look", step_look};
static const struct step looked_step = {"looked", step_looked};
static const struct step claim_step = {"claim", step_claim};
static const struct step begin_step = {"mount", step_begin};
static const struct step begun_step = {"mounted", step_begun};
static const struct step transfer_step = {"upload", step_transfer};
static const struct step recover_step = {"recover", step_recover};
static const struct step recovered_step = {"recovered", step_recovered};

static struct blob *blob_of(struct task *task)
{
    return container_of(task, struct blob, task);
}

static void drop_work(struct blob *b)
{
    if (b->upload)
        task_free(&b->upload->task);
    b->upload = NULL;
    store_op_drop(&b->begin);
    store_op_drop(&b->stat);
    slot_claim_drop(&b->claim);
}

static void blob_release(struct task *task)
{
    struct blob *b = blob_of(task);
    drop_work(b);
    waiters_done(&b->waiters);
    task_done(task);
    free(b);
}

static const struct task_type blob_type = {"blob", blob_release};

struct blob *blob_for(struct copy *copy, const struct descriptor *descriptor, struct task *waiter)
{
    struct blob *b = map_get(copy->blobs, descriptor->digest.text);
    if (!b) {
        b = xcalloc(1, sizeof(*b));
        task_init(&b->task, copy->task.loop, NULL, &blob_type, descriptor->digest.text);
        b->copy = copy;
        b->descriptor.digest = descriptor->digest;
        b->descriptor.size = descriptor->size;
        map_put(copy->blobs, descriptor->digest.text, b);
        copy_emit(copy, (struct event){.kind = EVENT_BLOB_PLAN,
                                       .digest = &b->descriptor.digest,
                                       .size = b->descriptor.size});
        task_start(&b->task, &look_step);
    }
    waiters_add(&b->waiters, waiter);
    return b;
}

struct task *blob_task(struct blob *blob)
{
    return &blob->task;
}

void blob_free(void *blob)
{
    task_free(&((struct blob *)blob)->task);
}

void blob_doubt(struct blob *b, struct task *waiter)
{
    waiters_add(&b->waiters, waiter);
    if (!b->task.done || b->doubted)
        return;
    b->doubted = true;
    task_start(&b->task, &look_step);
}

/* ---- ends ---- */

static enum step_result end(struct blob *b, enum outcome outcome)
{
    struct copy_stats *stats = &b->copy->stats;
    bool again = b->doubted && outcome == OUTCOME_PRESENT;
    drop_work(b);
    if (outcome == OUTCOME_COPIED) {
        stats->blobs_copied++;
        stats->bytes_copied += b->descriptor.size;
    } else if (outcome == OUTCOME_MOUNTED) {
        stats->blobs_mounted++;
    } else if (outcome == OUTCOME_PLANNED) {
        stats->bytes_planned += b->descriptor.size;
    } else if (!again) {
        stats->blobs_present++;
    }
    copy_emit(b->copy, (struct event){.kind = EVENT_BLOB_END,
                                      .digest = &b->descriptor.digest,
                                      .size = b->descriptor.size,
                                      .outcome = outcome});
    waiters_wake(&b->waiters);
    return task_end(&b->task);
}

static enum step_result fail(struct blob *b, const struct error *err)
{
    struct error copy = *err;
    drop_work(b);
    copy_emit(b->copy, (struct event){.kind = EVENT_BLOB_END,
                                      .digest = &b->descriptor.digest,
                                      .size = b->descriptor.size,
                                      .outcome = copy.class == ERR_CANCELLED ? OUTCOME_INTERRUPTED
                                                                             : OUTCOME_FAILED,
                                      .err = &copy});
    waiters_wake(&b->waiters);
    return task_fail(&b->task, &copy);
}

static enum step_result interrupted(struct blob *b)
{
    struct error err = ERROR_INIT;
    error_set(&err, ERR_CANCELLED, "interrupted before blob %s was copied",
              b->descriptor.digest.text);
    return fail(b, &err);
}

/* ---- is it there? ---- */

static bool looks_first(const struct blob *b)
{
    const struct store *target = b->copy->request.target;
    if (b->doubted || b->copy->request.options.dry_run)
        return true;
    if (!b->copy->update || !target->repository)
        return false;
    bool probe_does = target->probe_finds && target->probe_finds(target);
    return !probe_does && b->descriptor.size > LOOK_FIRST_BYTES;
}

static enum step_result step_look(struct task *task)
{
    struct blob *b = blob_of(task);
    struct store *target = b->copy->request.target;
    if (b->copy->draining)
        return interrupted(b);
    if (!looks_first(b))
        return task_next(task, &claim_step);
    store_op_drop(&b->stat);
    b->stat = target->ops->stat(target, &b->descriptor, task);
    return task_wait(task, &looked_step);
}

static enum step_result step_looked(struct task *task)
{
    struct blob *b = blob_of(task);
    if (!b->stat->task.done)
        return task_wait(task, &looked_step);
    if (b->stat->task.result)
        return fail(b, &b->stat->task.err);
    if (b->stat->found)
        return end(b, OUTCOME_PRESENT);
    if (b->copy->request.options.dry_run)
        return end(b, OUTCOME_PLANNED);
    return task_next(task, &claim_step);
}

/* ---- slots, then a session ---- */

static enum step_result step_claim(struct task *task)
{
    struct blob *b = blob_of(task);
    const struct store *source = b->copy->request.source, *target = b->copy->request.target;
    if (b->copy->draining)
        return interrupted(b);
    if (!b->claim.waiting && !b->claim.held) {
        slot_claim_add(&b->claim, target->requests);
        slot_claim_add(&b->claim, target->bodies);
        slot_claim_add(&b->claim, source->bodies);
        slot_claim_take(&b->claim, task);
    }
    return b->claim.held ? task_next(task, &begin_step) : task_wait(task, &claim_step);
}

static enum step_result step_begin(struct task *task)
{
    struct blob *b = blob_of(task);
    const struct copy_request *r = &b->copy->request;
    bool same_host = r->source->host && r->source->host == r->target->host;
    const struct store_begin_hint hint = {
        .mount_from = same_host ? r->source->repository : NULL,
        .probe = !b->stat, /* a HEAD has just said that it is not there */
    };
    if (!b->started)
        copy_emit(b->copy, (struct event){.kind = EVENT_BLOB_START,
                                          .digest = &b->descriptor.digest,
                                          .size = b->descriptor.size});
    b->started = true;
    store_op_drop(&b->begin);
    b->begin = r->target->ops->begin(r->target, &b->descriptor, &hint, task);
    return task_wait(task, &begun_step);
}

static enum step_result step_begun(struct task *task)
{
    struct blob *b = blob_of(task);
    if (!b->begin->task.done)
        return task_wait(task, &begun_step);
    if (b->begin->task.result)
        return fail(b, &b->begin->task.err);
    if (b->begin->found)
        return end(b, b->begin->mounted ? OUTCOME_MOUNTED : OUTCOME_PRESENT);
    b->upload = upload_start(b->copy, task, &b->descriptor, b->begin);
    return task_wait(task, &transfer_step);
}

/* ---- the bytes, and what to do when they don't arrive ---- */

/* A session that the target forgot, or content that it got damaged, is worth a new start: what
 * we sent was proven. */
static bool may_pass(const struct blob *b, const struct error *err)
{
    if (retry_class_is_temporary(err->class))
        return true;
    bool said_by_target = err->http_status && b->upload->write;
    return said_by_target && (err->class == ERR_NOT_FOUND || err->class == ERR_DIGEST);
}

static enum step_result step_transfer(struct task *task)
{
    struct blob *b = blob_of(task);
    if (!b->upload->task.done)
        return task_wait(task, &transfer_step);
    if (!b->upload->task.result)
        return end(b, OUTCOME_COPIED);
    b->broke = b->upload->task.err;
    /* Wrong bytes once may be an accident on the way; twice, the source has no others. */
    bool accident = b->broke.class == ERR_DIGEST && !b->broke.http_status && !b->damaged++;
    if (!accident && !may_pass(b, &b->broke))
        return fail(b, &b->broke);
    if (upload_received(b->upload) >= PROGRESS_BYTES)
        b->tries = 0;
    int64_t delay =
        retry_delay_ms(&b->copy->request.options.retry, &b->broke, b->tries++, clock_random());
    if (delay < 0)
        return fail(b, &b->broke);
    copy_retrying(b->copy, &b->broke, delay);
    drop_work(b);
    return task_sleep(task, delay, &recover_step);
}

static enum step_result step_recover(struct task *task)
{
    struct blob *b = blob_of(task);
    struct store *target = b->copy->request.target;
    if (b->copy->draining)
        return fail(b, &b->broke);
    b->stat = target->ops->stat(target, &b->descriptor, task);
    return task_wait(task, &recovered_step);
}

static enum step_result step_recovered(struct task *task)
{
    struct blob *b = blob_of(task);
    if (!b->stat->task.done)
        return task_wait(task, &recovered_step);
    if (b->stat->task.result)
        return fail(b, &b->stat->task.err);
    return b->stat->found ? end(b, OUTCOME_COPIED) : task_next(task, &claim_step);
}
