/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One blob, made present at one target:
 *     look (-> there) -> lead | wait for who leads -> authorize -> claim -> mount (-> mounted)
 *     -> upload -> end
 * Of all who want the same blob on one host, one moves the bytes there; the others wait and then
 * mount it from the leader's repository, unless mounting can't work there. A waiter holds nothing,
 * and who leads waits for no other blob. The slots for the whole way are claimed at once; the one
 * of the source only if no read of the blob can be joined. When a transfer fails in a way that may
 * pass, the target is asked whether it has the blob all the same (the answer may be all that was
 * lost) before anything is sent again. A blob that is there and that nobody waits for is freed: the
 * run remembers it in its table of what is present.
 */
#include "base/clock.h"
#include "base/str.h"
#include "pipeline/blob_private.h"
#include "state/state.h"

#include <stdlib.h>

/* A HEAD is cheaper than an upload only for blobs of some size. */
#define LOOK_FIRST_BYTES ((int64_t)1024 * 1024)
#define LEADER_SLEEP_MAX_MS 30000
#define COMMIT_LOOKS 10

static enum step_result step_look(struct task *task);
static enum step_result step_looked(struct task *task);
static enum step_result step_authorize(struct task *task);
static enum step_result step_authorized(struct task *task);
static enum step_result step_claim(struct task *task);
static enum step_result step_mount(struct task *task);
static enum step_result step_mounted(struct task *task);
static enum step_result step_upload(struct task *task);
static enum step_result step_recover(struct task *task);
static enum step_result step_recovered(struct task *task);
static const struct step look_step = {"look", step_look};
static const struct step looked_step = {"looked", step_looked};
const struct step blob_authorize_step = {"authorize", step_authorize};
static const struct step authorized_step = {"authorized", step_authorized};
static const struct step claim_step = {"claim", step_claim};
static const struct step mount_step = {"mount", step_mount};
static const struct step mounted_step = {"mounted", step_mounted};
static const struct step upload_step = {"upload", step_upload};
static const struct step recover_step = {"recover", step_recover};
static const struct step recovered_step = {"recovered", step_recovered};

/* ---- life ---- */

static void drop_work(struct blob *b)
{
    if (b->transfer)
        transfer_expect_not(b->transfer, &b->task);
    if (b->upload)
        task_free(&b->upload->task);
    b->upload = NULL;
    store_op_drop(&b->read_right);
    store_op_drop(&b->write_right);
    store_op_drop(&b->begin);
    store_op_drop(&b->stat);
    slot_claim_drop(&b->claim);
}

static void leave_transfer(struct blob *b)
{
    if (b->transfer)
        transfer_leave(b->transfer);
    b->transfer = NULL;
}

static void blob_release(struct task *task)
{
    struct blob *b = blob_of(task);
    drop_work(b);
    leave_transfer(b);
    free(b->mount_from);
    waiters_done(&b->waiters);
    task_done(task);
    free(b);
}

static const struct task_type blob_type = {"blob", blob_release};

static void emit(struct blob *b, struct event event)
{
    event.source = b->source->name;
    event.target = b->target->name;
    event.digest = &b->descriptor.digest;
    event.size = b->descriptor.size;
    run_emit(b->run, &event);
}

/* It is expected at the source until it turns out that its target has it. */
static void start(struct blob *b)
{
    b->transfer = transfer_for(b->run, b->source, &b->descriptor.digest);
    transfer_expect(b->transfer, &b->task);
    emit(b, (struct event){.kind = EVENT_BLOB_PLAN});
    task_start(&b->task, &look_step);
}

static struct blob *blob_new(struct run *run, const struct blob_request *request)
{
    struct blob *b = xcalloc(1, sizeof(*b));
    task_init(&b->task, run->loop, NULL, &blob_type, request->descriptor->digest.text);
    b->run = run;
    b->source = request->source;
    b->target = request->target;
    b->update = request->update;
    b->descriptor.digest = request->descriptor->digest;
    b->descriptor.size = request->descriptor->size;
    b->doubted = request->doubt;
    present_remove(run->present, b->target, &b->descriptor.digest);
    start(b);
    return b;
}

/* What is done begins anew for who doubts it, once, and for who may have more luck with one that
 * failed: perhaps it comes from another source. */
static void restart(struct blob *b, const struct blob_request *request)
{
    bool doubted_now = request->doubt && !b->doubted;
    bool failed = b->task.result && !b->run->draining;
    if (!b->task.done || (!doubted_now && !failed))
        return;
    b->doubted |= request->doubt;
    b->update |= request->update;
    if (failed) {
        b->source = request->source;
        b->tries = b->damaged = b->reopenings = 0;
    }
    start(b);
}

struct blob *blob_for(struct run *run, const struct blob_request *request, struct task *waiter,
                      bool *ret_is_new)
{
    _cleanup_free_ char *key = run_key(request->target, &request->descriptor->digest);
    struct blob *b = map_get(run->blobs, key);
    *ret_is_new = false;
    if (!b && !request->doubt &&
        present_has(run->present, request->target, &request->descriptor->digest))
        return NULL;
    *ret_is_new = !b;
    if (b) {
        restart(b, request);
    } else {
        b = blob_new(run, request);
        map_put(run->blobs, key, b);
    }
    waiters_add(&b->waiters, waiter);
    return b;
}

struct task *blob_task(struct blob *blob)
{
    return &blob->task;
}

enum outcome blob_outcome(const struct blob *blob)
{
    return blob->outcome;
}

int64_t blob_size(const struct blob *blob)
{
    return blob->descriptor.size;
}

int64_t blob_retries(const struct blob *blob)
{
    return blob->retries;
}

/* What is there needs no task any more. */
static void retire(struct blob *b)
{
    _cleanup_free_ char *key = run_key(b->target, &b->descriptor.digest);
    present_add(b->run->present, b->target, &b->descriptor.digest);
    lead_stop(b);
    map_remove(b->run->blobs, key);
    task_free(&b->task);
}

void blob_leave(struct blob *blob, const struct task *waiter)
{
    waiters_remove(&blob->waiters, waiter);
    if (!blob->waiters.list.len && blob->task.done && !blob->task.result)
        retire(blob);
}

void blob_free(void *blob)
{
    task_free(&((struct blob *)blob)->task);
}

/* ---- ends ---- */

static enum step_result end(struct blob *b, enum outcome outcome)
{
    drop_work(b);
    leave_transfer(b);
    /* Found on a second look: what was said of it first stays true. */
    bool was_sent = b->outcome == OUTCOME_COPIED || b->outcome == OUTCOME_MOUNTED;
    if (!was_sent || outcome != OUTCOME_PRESENT)
        b->outcome = outcome;
    emit(b, (struct event){.kind = EVENT_BLOB_END, .outcome = outcome});
    waiters_wake(&b->waiters);
    return task_end(&b->task);
}

static enum step_result fail(struct blob *b, const struct error *err)
{
    struct error copy = *err;
    drop_work(b);
    leave_transfer(b);
    b->outcome = copy.class == ERR_CANCELLED ? OUTCOME_INTERRUPTED : OUTCOME_FAILED;
    emit(b, (struct event){.kind = EVENT_BLOB_END, .outcome = b->outcome, .err = &copy});
    enum step_result result = task_fail(&b->task, &copy);
    waiters_wake(&b->waiters);
    return result;
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
    if (b->doubted || b->run->options.dry_run)
        return true;
    if (!b->update || !b->target->repository)
        return false;
    bool probe_does = b->target->probe_finds && b->target->probe_finds(b->target);
    return !probe_does && b->descriptor.size > LOOK_FIRST_BYTES;
}

/* An earlier run pushed a manifest that refers to it. Should that be wrong, the target refuses
 * ours, and everything is looked at. */
static bool is_remembered(const struct blob *b)
{
    const struct store *target = b->target;
    return !b->doubted && target->repository && target->registry_name &&
           state_blob(b->run->options.state, target->registry_name, target->repository,
                      &b->descriptor.digest) == STATE_VOUCHED;
}

static enum step_result step_look(struct task *task)
{
    struct blob *b = blob_of(task);
    task->result = 0;
    if (b->run->draining)
        return interrupted(b);
    if (is_remembered(b))
        return end(b, OUTCOME_PRESENT);
    if (!looks_first(b))
        return task_next(task, &blob_lead_step);
    store_op_drop(&b->stat);
    b->stat = b->target->ops->stat(b->target, &b->descriptor, task);
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
    if (b->run->options.dry_run)
        return end(b, OUTCOME_PLANNED);
    return task_next(task, &blob_lead_step);
}

/* ---- tokens, slots, then a mount or a session ---- */

static char *mount_source(const struct blob *b)
{
    if (lead_can_mount_source(b))
        return xstrdup(b->source->repository);
    return b->has_it ? xstrdup(b->has_it->repository) : lead_remembered_home(b);
}

/* A token may take its time, and nobody shall wait for one while holding slots. */
static enum step_result step_authorize(struct task *task)
{
    struct blob *b = blob_of(task);
    free(take_ptr(&b->mount_from));
    b->mount_from = mount_source(b);
    store_op_drop(&b->read_right);
    store_op_drop(&b->write_right);
    if (b->source->ops->authorize)
        b->read_right = b->source->ops->authorize(b->source, false, NULL, task);
    if (b->target->ops->authorize)
        b->write_right = b->target->ops->authorize(b->target, true, b->mount_from, task);
    return task_next(task, &authorized_step);
}

static enum step_result step_authorized(struct task *task)
{
    struct blob *b = blob_of(task);
    if ((b->read_right && !b->read_right->task.done) ||
        (b->write_right && !b->write_right->task.done))
        return task_wait(task, &authorized_step);
    store_op_drop(&b->read_right);
    store_op_drop(&b->write_right);
    return task_next(task, &claim_step);
}

/* The read that was to be joined may be beyond that by now: all is given back, and the session
 * waits for slots that allow a read of its own. */
static enum step_result start_upload(struct blob *b)
{
    if (!b->claims_source && !transfer_can_be_joined(b->transfer)) {
        slot_claim_drop(&b->claim);
        return task_next(&b->task, &claim_step);
    }
    const struct upload_request request = {.source = b->source,
                                           .target = b->target,
                                           .blob = &b->descriptor,
                                           .transfer = b->transfer,
                                           .claim = &b->claim,
                                           .has_source_slot = b->claims_source,
                                           .begin = b->begin,
                                           .retries = &b->retries,
                                           .tries = &b->tries,
                                           .reopenings = &b->reopenings};
    b->upload = upload_start(b->run, &b->task, &request);
    transfer_expect_not(b->transfer, &b->task);
    return task_wait(&b->task, &upload_step);
}

static void claim_slots(struct blob *b)
{
    b->claims_source = !transfer_can_be_joined(b->transfer);
    slot_claim_add(&b->claim, b->target->requests);
    slot_claim_add(&b->claim, b->target->bodies);
    if (b->claims_source)
        slot_claim_add(&b->claim, b->source->bodies);
    slot_claim_take(&b->claim, &b->task);
}

/* A read that began while we stood in the line for one of our own needs no slot of the source. */
static enum step_result step_claim(struct task *task)
{
    struct blob *b = blob_of(task);
    if (b->run->draining)
        return interrupted(b);
    transfer_expect(b->transfer, task);
    if (b->claim.waiting && b->claims_source && transfer_can_be_joined(b->transfer))
        slot_claim_drop(&b->claim);
    if (!b->claim.waiting && !b->claim.held)
        claim_slots(b);
    if (!b->claim.held)
        return task_wait(task, &claim_step);
    return b->begin ? start_upload(b) : task_next(task, &mount_step);
}

static enum step_result step_mount(struct task *task)
{
    struct blob *b = blob_of(task);
    const struct store_begin_hint hint = {
        .mount_from = b->mount_from,
        .probe = !b->stat, /* a HEAD has just said that it is not there */
    };
    if (!b->started)
        emit(b, (struct event){.kind = EVENT_BLOB_START});
    b->started = true;
    store_op_drop(&b->begin);
    b->begin = b->target->ops->begin(b->target, &b->descriptor, &hint, task);
    return task_wait(task, &mounted_step);
}

static enum step_result step_mounted(struct task *task)
{
    struct blob *b = blob_of(task);
    if (!b->begin->task.done)
        return task_wait(task, &mounted_step);
    if (b->begin->task.result)
        return fail(b, &b->begin->task.err);
    if (b->begin->found)
        return end(b, b->begin->mounted ? OUTCOME_MOUNTED : OUTCOME_PRESENT);
    if (b->run->draining)
        return interrupted(b);
    return start_upload(b);
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

static enum step_result read_again(struct blob *b)
{
    emit(b, (struct event){.kind = EVENT_REREAD});
    drop_work(b);
    return task_next(&b->task, &blob_authorize_step);
}

static enum step_result step_upload(struct task *task)
{
    struct blob *b = blob_of(task);
    if (!b->upload->task.done)
        return task_wait(task, &upload_step);
    if (!b->upload->task.result)
        return end(b, OUTCOME_COPIED);
    b->broke = b->upload->task.err;
    if (b->run->draining)
        return interrupted(b);
    if (upload_wants_reread(b->upload))
        return read_again(b);
    /* Wrong bytes once may be an accident on the way; twice, the source has no others. */
    bool accident = b->broke.class == ERR_DIGEST && !b->broke.http_status && !b->damaged++;
    if (!accident && !may_pass(b, &b->broke))
        return fail(b, &b->broke);
    struct error passing = b->broke;
    passing.class = ERR_TRANSIENT; /* of whatever class it is, it may pass */
    int64_t delay = retry_delay_ms(&b->run->options.retry, &passing, b->tries++, clock_random());
    if (delay < 0)
        return fail(b, &b->broke);
    b->retries++;
    emit(b, (struct event){.kind = EVENT_RETRY, .text = b->broke.text, .delay_ms = delay});
    if (b->broke.stalled && upload_sent_all(b->upload))
        b->commit_wait_ms = b->run->options.commit_wait_ms;
    drop_work(b);
    if (delay > LEADER_SLEEP_MAX_MS && lead_stop(b))
        waiters_wake(&b->waiters); /* the oldest of those who wait leads */
    return task_sleep(task, delay, &recover_step);
}

static enum step_result step_recover(struct task *task)
{
    struct blob *b = blob_of(task);
    if (b->run->draining)
        return interrupted(b);
    b->stat = b->target->ops->stat(b->target, &b->descriptor, task);
    return task_wait(task, &recovered_step);
}

static enum step_result step_recovered(struct task *task)
{
    struct blob *b = blob_of(task);
    if (!b->stat->task.done)
        return task_wait(task, &recovered_step);
    if (b->stat->task.result)
        return fail(b, &b->stat->task.err);
    if (b->stat->found)
        return end(b, OUTCOME_COPIED);
    if (b->commit_wait_ms <= 0)
        return task_next(task, &blob_lead_step);
    /* The target may still be at it, with a large blob: look again before sending all anew. */
    int64_t pause = b->run->options.commit_wait_ms / COMMIT_LOOKS + 1;
    b->commit_wait_ms -= pause;
    store_op_drop(&b->stat);
    return task_sleep(task, pause, &recover_step);
}
