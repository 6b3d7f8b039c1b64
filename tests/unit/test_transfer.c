/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs of several targets that share reads: the stores are the test's, each step of theirs takes
 * a turn of the loop, so who is fast and who is slow is decided here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "pipeline/private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)
#define DATA_MAX (8 * MIB)
#define PIECE (64 * KIB)
#define MS_MAX 20000

/* ---- a source ---- */

struct source {
    struct store store; /* first */
    int n_reads;
    int64_t last_offset;
    int64_t break_at; /* the first read breaks off there; 0: no */
    bool lies;        /* one byte is wrong */
    bool is_missing;
};

/* ---- a target ---- */

struct target {
    struct store store;               /* first */
    const struct target *after;       /* it answers `begin` only when that one has the blob */
    const struct target *slower_than; /* it reads nothing before that one has the blob */
    const struct source *until_read;  /* and not before this one's slot is free again */
    bool has_blob;                    /* `begin` finds it */
    int64_t fail_at;                  /* for good; 0: no */
    int64_t got;
    int n_begins, n_commits, n_mounts;
    char *mounted_from;
};

static struct loop *loop;
static struct run *run;
static char *data;
static char folder[64];
static struct digest digest;
static struct descriptor blob_descriptor;
static struct source source;
static struct target targets[3];
static struct task waiter;
static int rereads;

struct op {
    struct store_op op; /* first */
    struct store *store;
    struct bridge *bridge;
    struct bridge_end end;
    int64_t offset;
    bool reads;
};

static struct op *op_of(struct task *task)
{
    return container_of(task, struct op, op.task);
}

static void op_release(struct task *task)
{
    struct op *o = op_of(task);
    if (o->bridge && o->reads)
        bridge_attach_source(o->bridge, NULL);
    else if (o->bridge)
        bridge_attach_target(o->bridge, NULL);
    store_op_done(&o->op);
    free(o);
}

static const struct task_type op_type = {"op", op_release};

static void wake_op(struct bridge_end *end)
{
    task_wake(&container_of(end, struct op, end)->op.task);
}

static struct op *op_new(struct store *store, struct task *parent, const struct step *first)
{
    struct op *o = xcalloc(1, sizeof(*o));
    store_op_init(&o->op, loop, parent, &op_type, store->name);
    o->store = store;
    o->end.resume = wake_op;
    task_start(&o->op.task, first);
    return o;
}

static enum step_result next_turn(struct task *task)
{
    task_wake(task);
    return task_wait(task, task->step);
}

static enum step_result fail_with(struct task *task, enum error_class class)
{
    struct error err = ERROR_INIT;
    error_set(&err, class, "it was told to fail");
    return task_fail(task, &err);
}

static enum step_result step_read(struct task *task)
{
    struct op *o = op_of(task);
    struct source *s = container_of(o->store, struct source, store);
    int64_t size = bridge_size(o->bridge);
    if (s->is_missing)
        return fail_with(task, ERR_NOT_FOUND);
    if (o->offset == size)
        return task_end(task);
    if (s->break_at && o->offset >= s->break_at && s->n_reads == 1)
        return fail_with(task, ERR_TRANSIENT);
    size_t len = size - o->offset < (int64_t)PIECE ? (size_t)(size - o->offset) : PIECE;
    char piece[PIECE];
    memcpy(piece, data + o->offset, len);
    if (s->lies && o->offset == 0)
        piece[0] ^= 1;
    if (!bridge_push(o->bridge, piece, len))
        return task_wait(task, task->step);
    o->offset += (int64_t)len;
    return next_turn(task);
}

static const struct step read_step = {"read", step_read};

static struct store_op *source_read(struct store *store, const struct descriptor *blob,
                                    int64_t offset, struct bridge *bridge, struct task *parent)
{
    struct source *s = container_of(store, struct source, store);
    struct op *o = op_new(store, parent, &read_step);
    (void)blob;
    s->n_reads++;
    s->last_offset = offset;
    o->reads = true;
    o->offset = offset;
    o->bridge = bridge;
    bridge_attach_source(bridge, &o->end);
    return &o->op;
}

static enum step_result step_begin(struct task *task)
{
    struct op *o = op_of(task);
    struct target *t = container_of(o->store, struct target, store);
    if (t->after && !t->after->n_commits)
        return next_turn(task);
    o->op.found |= t->has_blob;
    return task_end(task);
}

static const struct step begin_step = {"begin", step_begin};

static struct store_op *target_begin(struct store *store, const struct descriptor *blob,
                                     const struct store_begin_hint *hint, struct task *parent)
{
    struct target *t = container_of(store, struct target, store);
    struct op *o = op_new(store, parent, &begin_step);
    (void)blob;
    t->n_begins++;
    if (hint->mount_from) {
        o->op.found = o->op.mounted = true;
        t->n_mounts++;
        free(t->mounted_from);
        t->mounted_from = xstrdup(hint->mount_from);
    }
    return &o->op;
}

static enum step_result step_write(struct task *task)
{
    struct op *o = op_of(task);
    struct target *t = container_of(o->store, struct target, store);
    static char piece[PIECE];
    size_t len;
    if (t->slower_than && !t->slower_than->n_commits)
        return next_turn(task);
    if (t->until_read && slots_in_use(t->until_read->store.bodies))
        return next_turn(task);
    if (t->fail_at && t->got >= t->fail_at)
        return fail_with(task, ERR_DENIED);
    switch (bridge_pull(o->bridge, piece, sizeof(piece), false, &len)) {
    case BRIDGE_NOTHING_NOW:
        return task_wait(task, task->step);
    case BRIDGE_END:
        assert_int_equal(o->offset, bridge_size(o->bridge));
        t->n_commits++;
        return task_end(task);
    case BRIDGE_DATA:
        break;
    }
    if (!source.lies)
        assert_memory_equal(piece, data + o->offset, len);
    o->offset += (int64_t)len;
    t->got = o->offset;
    return next_turn(task);
}

static const struct step write_step = {"write", step_write};

static struct store_op *target_write(struct store *store, struct store_op *begin,
                                     struct bridge *bridge, struct task *parent)
{
    struct op *o = op_new(store, parent, &write_step);
    (void)begin;
    o->bridge = bridge;
    bridge_attach_target(bridge, &o->end);
    return &o->op;
}

static enum step_result step_stat(struct task *task)
{
    struct op *o = op_of(task);
    const struct target *t = container_of(o->store, struct target, store);
    o->op.found = t->has_blob || t->n_commits;
    return task_end(task);
}

static const struct step stat_step = {"stat", step_stat};

static struct store_op *target_stat(struct store *store, const struct descriptor *blob,
                                    struct task *parent)
{
    (void)blob;
    return &op_new(store, parent, &stat_step)->op;
}

static bool always_mounts(const struct store *store, const char *repository)
{
    (void)store, (void)repository;
    return true;
}

static const struct store_ops source_ops = {.read = source_read};
static const struct store_ops target_ops = {
    .begin = target_begin, .write = target_write, .stat = target_stat};

/* ---- around it ---- */

static enum step_result step_idle(struct task *task);
static const struct step idle_step = {"idle", step_idle};

static enum step_result step_idle(struct task *task)
{
    return task_wait(task, &idle_step);
}

static const struct task_type waiter_type = {"waiter", task_done};

static void on_event(struct event_sink *sink, const struct event *event)
{
    (void)sink;
    rereads += event->kind == EVENT_REREAD;
}

static struct event_sink sink = {on_event};

static void run_anew(int64_t staging_limit)
{
    run_free(run);
    const struct run_options options = {
        .retry = {.retries = 3, .base_ms = 1, .max_ms = 2, .max_asked_ms = 10},
        .sink = &sink,
        .cache_dir = folder,
        .staging_limit = staging_limit,
    };
    run = run_new(loop, &options);
}

static void set_size(size_t size)
{
    digest_compute(DIGEST_SHA256, data, size, &digest);
    blob_descriptor = (struct descriptor){.digest = digest, .size = (int64_t)size};
}

static int setup(void **state)
{
    (void)state;
    static char names[3][16], hosts[4];
    snprintf(folder, sizeof(folder), "/tmp/test_transfer.XXXXXX");
    assert_non_null(mkdtemp(folder));
    loop = loop_new(NULL);
    rereads = 0;
    source = (struct source){.store = {.ops = &source_ops, .name = names[0], .host = &hosts[3]}};
    source.store.bodies = slots_new(4);
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        snprintf(names[i], sizeof(names[i]), "target/%zu", i);
        targets[i] = (struct target){.store = {.ops = &target_ops,
                                               .name = names[i],
                                               .repository = names[i],
                                               .host = &hosts[i],
                                               .requests = slots_new(2),
                                               .bodies = slots_new(2)}};
    }
    run_anew((int64_t)(64 * MIB));
    set_size(4 * MIB);
    task_init(&waiter, loop, NULL, &waiter_type, NULL);
    task_start(&waiter, &idle_step);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(map_size(run->transfers), 0);
    assert_int_equal(run->kept_bytes, 0);
    assert_int_equal(run->staging.n_spools, 0);
    run_free(take_ptr(&run));
    slots_free(source.store.bodies);
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        slots_free(targets[i].store.requests);
        slots_free(targets[i].store.bodies);
        free(targets[i].mounted_from);
    }
    task_free(&waiter);
    loop_free(loop);
    return rmdir(folder);
}

static int make_data(void **state)
{
    (void)state;
    uint64_t seed = 88172645463325252u;
    data = xmalloc(DATA_MAX);
    for (size_t i = 0; i < DATA_MAX; i++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        data[i] = (char)seed;
    }
    return 0;
}

static int drop_data(void **state)
{
    (void)state;
    free(data);
    return 0;
}

static struct blob *want(size_t target, bool doubt)
{
    bool is_new;
    const struct blob_request request = {.source = &source.store,
                                         .target = &targets[target].store,
                                         .descriptor = &blob_descriptor,
                                         .doubt = doubt};
    return blob_for(run, &request, &waiter, &is_new);
}

struct wait {
    struct blob **blobs;
    size_t n;
    int64_t until_ms;
};

static bool all_done(void *arg)
{
    const struct wait *wait = arg;
    bool done = true;
    for (size_t i = 0; i < wait->n; i++)
        done &= blob_task(wait->blobs[i])->done;
    return done || clock_ms() > wait->until_ms;
}

static void finish(struct blob **blobs, size_t n)
{
    struct wait wait = {.blobs = blobs, .n = n, .until_ms = clock_ms() + MS_MAX};
    loop_run(loop, all_done, &wait);
    for (size_t i = 0; i < n; i++)
        assert_true(blob_task(blobs[i])->done);
}

/* The first n targets want the blob; expects all to end so. */
static void copy_to(size_t n, enum outcome expected)
{
    struct blob *blobs[ARRAY_LEN(targets)];
    for (size_t i = 0; i < n; i++)
        blobs[i] = want(i, false);
    finish(blobs, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(blob_outcome(blobs[i]), expected);
        blob_leave(blobs[i], &waiter);
    }
}

/* ---- one read for all ---- */

static void test_one_read_for_all(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 1000, 256 * KIB, 256 * KIB + 1, 4 * MIB};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        set_size(sizes[i]);
        source.n_reads = 0;
        copy_to(3, OUTCOME_COPIED);
        assert_int_equal(source.n_reads, 1);
        for (size_t k = 0; k < 3; k++)
            assert_int_equal(targets[k].n_commits, i + 1);
    }
    assert_int_equal(rereads, 0);
}

/* The slow one begins when the fast one has all, and the source's slot is free again by then. */
static void test_slow_target_does_not_hold_the_source(void **state)
{
    (void)state;
    targets[1].slower_than = &targets[0];
    targets[1].until_read = &source;
    copy_to(2, OUTCOME_COPIED);
    assert_int_equal(source.n_reads, 1);
    assert_int_equal(rereads, 0);
}

static const struct {
    size_t size;
    int64_t staging;
    int reads;
} late[] = {
    {1000, 0, 1},           {256 * KIB, 0, 1},
    {4 * MIB, 64 * MIB, 1}, {4 * MIB, 0, 2}, /* no room for what follows byte 0 */
    {4 * MIB, 1 * MIB, 2},
};

static void test_target_that_is_ready_late(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(late); i++) {
        run_anew(late[i].staging);
        set_size(late[i].size);
        source.n_reads = targets[0].n_commits = targets[1].n_commits = 0;
        targets[1].after = &targets[0];
        copy_to(2, OUTCOME_COPIED);
        assert_int_equal(source.n_reads, late[i].reads);
        assert_int_equal(targets[1].n_commits, 1);
        assert_int_equal(targets[1].n_begins, i + 1); /* the session waits for the slots */
    }
    assert_int_equal(rereads, 0);
}

static void test_nothing_is_kept_for_who_has_it(void **state)
{
    (void)state;
    set_size(1000);
    targets[1].after = &targets[0];
    targets[1].has_blob = true;
    struct blob *blobs[] = {want(0, false), want(1, false)};
    finish(blobs, 2);
    assert_int_equal(blob_outcome(blobs[1]), OUTCOME_PRESENT);
    assert_int_equal(source.n_reads, 1);
    assert_int_equal(run->kept_bytes, 0);
    assert_int_equal(map_size(run->transfers), 0);
    blob_leave(blobs[0], &waiter);
    blob_leave(blobs[1], &waiter);
}

/* What is kept for late targets has its bound, and the oldest goes first. */
static void test_kept_bytes_are_bounded(void **state)
{
    (void)state;
    enum { N = 40 };
    struct blob *first[N], *second[N];
    struct target never = {0};
    targets[1].after = &never;
    slots_free(targets[1].store.requests);
    slots_free(targets[1].store.bodies);
    targets[1].store.requests = targets[1].store.bodies = NULL;
    for (size_t i = 0; i < N; i++) {
        set_size(256 * KIB - i);
        first[i] = want(0, false);
        second[i] = want(1, false);
    }
    finish(first, N);
    assert_int_equal(source.n_reads, N);
    assert_in_range(run->kept_bytes, 7 * MIB, 8 * MIB);
    never.n_commits = 1;
    finish(second, N);
    assert_in_range(source.n_reads, N + 8, N + 9);
    assert_int_equal(targets[1].n_commits, N);
    for (size_t i = 0; i < N; i++) {
        blob_leave(first[i], &waiter);
        blob_leave(second[i], &waiter);
    }
}

static void test_one_slot_of_the_source_is_enough(void **state)
{
    (void)state;
    slots_free(source.store.bodies);
    source.store.bodies = slots_new(1);
    copy_to(3, OUTCOME_COPIED);
    assert_int_equal(source.n_reads, 1);
    assert_int_equal(slots_in_use(source.store.bodies), 0);
    /* it can't come free before the other target has joined */
    set_size(2 * MIB);
    targets[0].slower_than = &targets[1];
    targets[0].n_commits = targets[1].n_commits = 0;
    copy_to(2, OUTCOME_COPIED);
    assert_int_equal(source.n_reads, 2);
}

/* ---- what goes wrong ---- */

static void test_who_falls_too_far_reads_again(void **state)
{
    (void)state;
    run_anew((int64_t)MIB);
    targets[1].slower_than = &targets[0];
    copy_to(2, OUTCOME_COPIED);
    assert_int_equal(source.n_reads, 2);
    assert_int_equal(rereads, 1);
    assert_int_equal(targets[0].n_begins, 1);
    assert_int_equal(targets[1].n_begins, 2);
    assert_int_equal(targets[1].n_commits, 1);
}

static void test_broken_source_is_reopened_once_for_all(void **state)
{
    (void)state;
    source.break_at = (int64_t)(2 * MIB);
    copy_to(3, OUTCOME_COPIED);
    assert_int_equal(source.n_reads, 2);
    assert_int_equal(source.last_offset, 2 * MIB);
    for (size_t k = 0; k < 3; k++)
        assert_int_equal(targets[k].n_begins, 1);
}

static void test_failing_target_fails_alone(void **state)
{
    (void)state;
    targets[1].fail_at = 100000;
    struct blob *blobs[] = {want(0, false), want(1, false), want(2, false)};
    finish(blobs, 3);
    assert_int_equal(blob_outcome(blobs[0]), OUTCOME_COPIED);
    assert_int_equal(blob_outcome(blobs[1]), OUTCOME_FAILED);
    assert_int_equal(blob_outcome(blobs[2]), OUTCOME_COPIED);
    assert_int_equal(source.n_reads, 1);
    for (size_t i = 0; i < 3; i++)
        blob_leave(blobs[i], &waiter);
}

static void test_failing_source_fails_all(void **state)
{
    (void)state;
    source.is_missing = true;
    copy_to(3, OUTCOME_FAILED);
    assert_int_equal(source.n_reads, 1);
    for (size_t k = 0; k < 3; k++)
        assert_int_equal(targets[k].n_commits, 0);
}

static void test_wrong_content_is_committed_nowhere(void **state)
{
    (void)state;
    source.lies = true;
    copy_to(2, OUTCOME_FAILED);
    /* once may be an accident on the way; whether they try again together is left to chance */
    assert_in_range(source.n_reads, 2, 3);
    for (size_t k = 0; k < 2; k++) {
        assert_int_equal(targets[k].n_commits, 0);
        assert_in_range(targets[k].got, 0, 4 * MIB - BRIDGE_HOLD_BACK);
    }
}

/* ---- what is done takes no task ---- */

static void test_what_is_there_is_remembered(void **state)
{
    (void)state;
    copy_to(1, OUTCOME_COPIED);
    assert_int_equal(map_size(run->blobs), 0);
    assert_int_equal(map_size(run->movers), 0);
    assert_null(want(0, false));
    assert_non_null(want(1, false));
    struct blob *other = want(1, false);
    finish(&other, 1);
    blob_leave(other, &waiter);
    struct blob *again = want(0, true);
    assert_non_null(again);
    assert_ptr_equal(want(0, false), again); /* no longer believed, until looked at */
    assert_false(present_has(run->present, &targets[0].store, &digest));
    finish(&again, 1);
    assert_int_equal(blob_outcome(again), OUTCOME_PRESENT);
    blob_leave(again, &waiter);
    assert_null(want(0, false));
}

static void test_mount_from_one_that_is_remembered(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        targets[i].store.host = targets[0].store.host;
        targets[i].store.can_mount = always_mounts;
    }
    copy_to(1, OUTCOME_COPIED);
    struct blob *blobs[] = {want(1, false), want(2, false)};
    finish(blobs, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(blob_outcome(blobs[i]), OUTCOME_MOUNTED);
        blob_leave(blobs[i], &waiter);
    }
    assert_string_equal(targets[1].mounted_from, targets[0].store.repository);
    assert_int_equal(source.n_reads, 1);
    assert_int_equal(map_size(run->blobs), 0);
}

/* Who waits for a leader at its host needs no read, and is not waited for. */
static void test_followers_mount(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        targets[i].store.host = targets[0].store.host;
        targets[i].store.can_mount = always_mounts;
    }
    struct blob *blobs[] = {want(0, false), want(1, false), want(2, false)};
    finish(blobs, 3);
    assert_int_equal(blob_outcome(blobs[0]), OUTCOME_COPIED);
    assert_int_equal(blob_outcome(blobs[1]), OUTCOME_MOUNTED);
    assert_int_equal(blob_outcome(blobs[2]), OUTCOME_MOUNTED);
    assert_int_equal(source.n_reads, 1);
    for (size_t i = 0; i < 3; i++)
        blob_leave(blobs[i], &waiter);
    assert_int_equal(map_size(run->blobs), 0);
}

static void test_table_of_what_is_present(void **state)
{
    (void)state;
    enum { N = 3000 };
    struct present *present = present_new();
    struct digest digests[N];
    for (size_t i = 0; i < N; i++) {
        digest_compute(i % 2 ? DIGEST_SHA256 : DIGEST_SHA512, &i, sizeof(i), &digests[i]);
        present_add(present, &targets[i % 3].store, &digests[i]);
        present_add(present, &targets[i % 3].store, &digests[i]);
    }
    for (size_t i = 0; i < N; i++) {
        size_t pos = 0;
        assert_true(present_has(present, &targets[i % 3].store, &digests[i]));
        assert_false(present_has(present, &targets[(i + 1) % 3].store, &digests[i]));
        assert_ptr_equal(present_next(present, &digests[i], &pos), &targets[i % 3].store);
        assert_null(present_next(present, &digests[i], &pos));
        present_remove(present, &targets[i % 3].store, &digests[i]);
        assert_false(present_has(present, &targets[i % 3].store, &digests[i]));
        pos = 0;
        assert_null(present_next(present, &digests[i], &pos));
        present_add(present, &targets[(i + 1) % 3].store, &digests[i]);
        assert_true(present_has(present, &targets[(i + 1) % 3].store, &digests[i]));
    }
    present_free(present);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_one_read_for_all),
        TEST(test_slow_target_does_not_hold_the_source),
        TEST(test_target_that_is_ready_late),
        TEST(test_nothing_is_kept_for_who_has_it),
        TEST(test_kept_bytes_are_bounded),
        TEST(test_one_slot_of_the_source_is_enough),
        TEST(test_who_falls_too_far_reads_again),
        TEST(test_broken_source_is_reopened_once_for_all),
        TEST(test_failing_target_fails_alone),
        TEST(test_failing_source_fails_all),
        TEST(test_wrong_content_is_committed_nowhere),
        TEST(test_what_is_there_is_remembered),
        TEST(test_mount_from_one_that_is_remembered),
        TEST(test_followers_mount),
        TEST(test_table_of_what_is_present),
    };
    return cmocka_run_group_tests(tests, make_data, drop_data);
}
