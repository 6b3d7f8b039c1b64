/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A transfer stands for all who want one digest from one source: blobs that are about to upload
 * are expected by it, uploads take part in one of its readings. A reading is one GET (reopened
 * when it breaks off) into a bridge that all of its uploads drain:
 *     open -> stream (-> reopen -> stream ...) -> end
 * Whoever begins a reading brings the slot of the source, which goes back when the read ends,
 * while targets may still be draining. Uploads join as long as byte 0 is there; it is kept while
 * anybody is expected, even after the last upload left, in few of those bridges. A reading ends
 * with its last upload: its failure fails them all, theirs only themselves.
 */
#include "base/clock.h"
#include "base/str.h"
#include "pipeline/private.h"

#include <assert.h>
#include <stdlib.h>

#define PROGRESS_BYTES ((int64_t)1024 * 1024) /* that much resets the tries */
#define REOPENINGS_MAX 100
#define GAP_MAX_MS 20000
#define LOOK_MS 1000
#define KEPT_BYTES_MAX ((size_t)8 * 1024 * 1024)

struct transfer {
    struct run *run;
    char *key;
    size_t n_users;
    struct waiters expected;
    struct reading *latest; /* which may be joined; older ones are beyond that */
};

struct reading {
    struct task task; /* first */
    struct run *run;
    struct transfer *transfer;
    struct store *source;
    struct descriptor blob; /* digest and size only */
    struct bridge *feeder;
    struct store_op *read;
    struct slot_claim slot;
    VEC(struct upload *) uploads;
    bool is_kept;
    int tries, reopenings;
    int64_t retries;
    int64_t mark;         /* bytes received at the last retry */
    int64_t gap_since_ms; /* a broken source is being reopened; 0: no */
    struct timer look;
};

static enum step_result step_open(struct task *task);
static enum step_result step_stream(struct task *task);
static const struct step open_step = {"open", step_open};
static const struct step stream_step = {"stream", step_stream};

static struct reading *reading_of(struct task *task)
{
    return container_of(task, struct reading, task);
}

/* ---- who wants it ---- */

struct transfer *transfer_for(struct run *run, const struct store *source,
                              const struct digest *digest)
{
    _cleanup_free_ char *key = run_key(source->host ? source->host : source, digest);
    struct transfer *t = map_get(run->transfers, key);
    if (!t) {
        t = xcalloc(1, sizeof(*t));
        t->run = run;
        map_put(run->transfers, key, t);
        t->key = take_ptr(&key);
    }
    t->n_users++;
    return t;
}

void transfer_leave(struct transfer *t)
{
    if (--t->n_users)
        return;
    assert(!t->latest && !t->expected.list.len);
    map_remove(t->run->transfers, t->key);
    waiters_done(&t->expected);
    free(t->key);
    free(t);
}

bool transfer_can_be_joined(const struct transfer *t)
{
    return t->latest && bridge_can_be_joined(t->latest->feeder);
}

/* Byte 0 is kept for those who are expected, and for nobody else. */
static void expectation_changed(struct transfer *t)
{
    struct reading *r = t->latest;
    if (r && r->is_kept && !t->expected.list.len)
        task_free(&r->task);
    else if (r)
        bridge_keep_start(r->feeder, t->expected.list.len);
}

void transfer_expect(struct transfer *t, struct task *blob)
{
    waiters_add(&t->expected, blob);
    expectation_changed(t);
}

void transfer_expect_not(struct transfer *t, const struct task *blob)
{
    waiters_remove(&t->expected, blob);
    expectation_changed(t);
}

/* ---- a reading ends ---- */

/* Nothing more is read; what came can still be drained. */
static void stop_reading(struct reading *r)
{
    store_op_drop(&r->read);
    slot_claim_drop(&r->slot);
    timer_cancel(r->run->loop, &r->look);
}

static void forget(struct reading *r)
{
    if (r->transfer->latest == r)
        r->transfer->latest = NULL;
}

static void keep_not(struct reading *r)
{
    struct run *run = r->run;
    for (size_t i = 0; i < run->kept.len; i++) {
        if (run->kept.items[i] == r) {
            run->kept_bytes -= bridge_memory(r->feeder);
            vec_remove(&run->kept, i);
            break;
        }
    }
    r->is_kept = false;
}

static void reading_release(struct task *task)
{
    struct reading *r = reading_of(task);
    assert(!r->uploads.len);
    keep_not(r);
    forget(r);
    stop_reading(r);
    bridge_free(r->feeder);
    vec_done(&r->uploads);
    task_done(task);
    free(r);
}

static const struct task_type reading_type = {"reading", reading_release};

static void keep(struct reading *r)
{
    struct run *run = r->run;
    r->is_kept = true;
    vec_add(&run->kept, r);
    run->kept_bytes += bridge_memory(r->feeder);
    while (run->kept_bytes > KEPT_BYTES_MAX)
        task_free(&run->kept.items[0]->task);
}

static void fail_uploads(struct reading *r, const struct error *err)
{
    for (size_t i = 0; i < r->uploads.len; i++) {
        struct upload *u = r->uploads.items[i];
        u->broke = *err;
        u->foreign_failure = u->request.source != r->source;
        task_wake(&u->task);
    }
}

static enum step_result fail(struct reading *r, const struct error *err)
{
    struct error copy = *err; /* it may lie in the read */
    stop_reading(r);
    forget(r);
    fail_uploads(r, &copy);
    return task_fail(&r->task, &copy);
}

/* Each upload sees for itself that the content is wrong. */
static enum step_result wrong_content(struct reading *r)
{
    stop_reading(r);
    forget(r);
    return task_end(&r->task);
}

static enum step_result whole(struct reading *r)
{
    stop_reading(r);
    return task_end(&r->task);
}

/* ---- a reading begins ---- */

static void look(struct timer *timer)
{
    struct reading *r = container_of(timer, struct reading, look);
    bridge_drop_idle(r->feeder);
    timer_set(r->run->loop, timer, LOOK_MS);
}

static void reading_start(struct transfer *t, const struct upload *first)
{
    const struct upload_request *request = &first->request;
    struct reading *r = xcalloc(1, sizeof(*r));
    task_init(&r->task, t->run->loop, NULL, &reading_type, request->blob->digest.text);
    r->run = t->run;
    r->transfer = t;
    r->source = request->source;
    r->blob.digest = request->blob->digest;
    r->blob.size = request->blob->size;
    r->tries = *request->tries;
    r->reopenings = *request->reopenings;
    r->feeder = bridge_new_shared(&r->task, &r->blob.digest, r->blob.size, &t->run->staging);
    r->look.fire = look;
    timer_set(r->run->loop, &r->look, LOOK_MS);
    slot_claim_move(request->claim, request->source->bodies, &r->slot);
    t->latest = r;
    expectation_changed(t);
    task_start(&r->task, &open_step);
}

/* It was claimed for a read that another one has begun meanwhile. */
static void give_slot_back(const struct upload *u)
{
    struct slot_claim extra = {0};
    slot_claim_move(u->request.claim, u->request.source->bodies, &extra);
    slot_claim_drop(&extra);
}

struct reading *transfer_join(struct transfer *t, struct upload *u)
{
    u->began_reading = !transfer_can_be_joined(t);
    assert(u->request.has_source_slot || !u->began_reading);
    if (u->began_reading)
        reading_start(t, u);
    else if (u->request.has_source_slot)
        give_slot_back(u);
    struct reading *r = t->latest;
    keep_not(r);
    u->bridge = bridge_join(r->feeder, &u->task);
    vec_add(&r->uploads, u);
    if (u->began_reading)
        waiters_wake(&t->expected);
    return r;
}

void reading_count(const struct reading *r, const struct upload *u)
{
    if (!u->began_reading && !u->broke.class)
        return;
    *u->request.tries = r->tries;
    *u->request.reopenings = r->reopenings;
    if (u->began_reading)
        *u->request.retries += r->retries;
}

/* May those who are expected still have it, without another read? */
static bool is_worth_keeping(const struct reading *r)
{
    return r->transfer->latest == r && r->transfer->expected.list.len && r->task.done &&
           !r->task.result && bridge_can_be_joined(r->feeder);
}

void reading_leave(struct reading *r, struct upload *u)
{
    for (size_t i = 0; i < r->uploads.len; i++) {
        if (r->uploads.items[i] == u) {
            vec_remove(&r->uploads, i);
            break;
        }
    }
    bridge_free(take_ptr(&u->bridge));
    if (r->uploads.len)
        return;
    if (is_worth_keeping(r))
        keep(r);
    else
        task_free(&r->task);
}

/* ---- reading ---- */

/* An empty blob is proven before its PUT by reading it: nobody sends a byte. */
static enum step_result step_open(struct task *task)
{
    struct reading *r = reading_of(task);
    store_op_drop(&r->read);
    r->read =
        r->source->ops->read(r->source, &r->blob, bridge_received(r->feeder), r->feeder, task);
    return task_next(task, &stream_step);
}

static bool feeds_a_request(const struct reading *r)
{
    for (size_t i = 0; i < r->uploads.len; i++) {
        if (r->uploads.items[i]->write)
            return true;
    }
    return false;
}

static void emit_retry(const struct reading *r, const struct error *broke, int64_t delay)
{
    run_emit(r->run, &(struct event){.kind = EVENT_RETRY,
                                     .source = r->source->name,
                                     .target = r->uploads.items[0]->request.target->name,
                                     .text = broke->text,
                                     .delay_ms = delay});
}

/* The source ended early: try again where it stopped, or give up. */
static enum step_result reopen(struct reading *r, const struct error *broke)
{
    int64_t have = bridge_received(r->feeder), delay = -1;
    if (have - r->mark >= PROGRESS_BYTES)
        r->tries = 0;
    r->mark = have;
    if (retry_class_is_temporary(broke->class) && ++r->reopenings <= REOPENINGS_MAX)
        delay = retry_delay_ms(&r->run->options.retry, broke, r->tries++, clock_random());
    if (delay < 0)
        return fail(r, broke);
    int64_t now = clock_ms();
    if (!r->gap_since_ms)
        r->gap_since_ms = now;
    r->retries++;
    emit_retry(r, broke, delay);
    /* Proxies would give the requests up: start from byte 0 in new sessions. */
    if (feeds_a_request(r) && now + delay - r->gap_since_ms > GAP_MAX_MS)
        return fail(r, broke);
    store_op_drop(&r->read);
    return task_sleep(&r->task, delay, &open_step);
}

static enum step_result silent_too_long(struct reading *r)
{
    struct error err = ERROR_INIT;
    error_set(&err, ERR_TRANSIENT, "reading blob %s from %s: silent for too long",
              r->blob.digest.text, r->source->name);
    return fail(r, &err);
}

static enum step_result step_stream(struct task *task)
{
    struct reading *r = reading_of(task);
    enum bridge_proof proof = bridge_proof(r->feeder);
    if (proof == BRIDGE_WRONG)
        return wrong_content(r);
    if (bridge_received(r->feeder) > r->mark)
        r->gap_since_ms = 0;
    int64_t gap_ms = r->gap_since_ms ? clock_ms() - r->gap_since_ms : 0;
    bool feeds = feeds_a_request(r);
    if (feeds && gap_ms >= GAP_MAX_MS)
        return silent_too_long(r);
    if (r->read->task.done && proof == BRIDGE_PROVEN)
        return whole(r);
    if (r->read->task.done && r->read->task.result)
        return reopen(r, &r->read->task.err);
    if (feeds && r->gap_since_ms)
        timer_set(task->loop, &task->alarm, GAP_MAX_MS - gap_ms);
    return task_wait(task, &stream_step);
}
