/* SPDX-License-Identifier: Apache-2.0 */
/* The bridge alone: both sides are the test's, the owner is a task that counts its wake-ups. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/bridge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIB ((size_t)1024)
#define DATA_MAX (2 * KIB * KIB)

static struct loop *loop;
static struct task owner;
static int wakes;
static char *data, *out;
static uint64_t seed;

static enum step_result step_count(struct task *task);
static const struct step count_step = {"count", step_count};

static enum step_result step_count(struct task *task)
{
    wakes++;
    return task_wait(task, &count_step);
}

static const struct task_type owner_type = {"owner", task_done};

/* How often the owner was woken since the last look, seen as one or none. */
static int wakes_seen(void)
{
    tasks_run_ready(loop);
    int seen = wakes;
    wakes = 0;
    return seen;
}

/* xorshift: the same numbers in every run. */
static size_t random_below(size_t limit)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (size_t)(seed % limit);
}

static int make_data(void **state)
{
    (void)state;
    seed = 20261121;
    data = xmalloc(DATA_MAX);
    out = xmalloc(DATA_MAX);
    for (size_t i = 0; i < DATA_MAX; i++)
        data[i] = (char)random_below(256);
    return 0;
}

static int drop_data(void **state)
{
    (void)state;
    free(data);
    free(out);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    loop = loop_new(NULL);
    task_init(&owner, loop, NULL, &owner_type, NULL);
    task_start(&owner, &count_step);
    wakes_seen();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    task_free(&owner);
    loop_free(loop);
    return 0;
}

struct counter {
    struct bridge_end end;
    int resumed;
};

static void count_resume(struct bridge_end *end)
{
    container_of(end, struct counter, end)->resumed++;
}

#define COUNTER ((struct counter){.end.resume = count_resume})

/* A bridge that waits for the first `size` bytes of the data. */
static struct bridge *bridge_for(enum digest_algorithm algorithm, size_t size)
{
    struct digest digest;
    digest_compute(algorithm, data, size, &digest);
    return bridge_new(&owner, &digest, (int64_t)size);
}

static struct bridge *wrong_bridge_for(size_t size)
{
    struct digest digest;
    digest_compute(DIGEST_SHA256, "something else", 14, &digest);
    return bridge_new(&owner, &digest, (int64_t)size);
}

/* Pushes data[from..to) in pieces that the bridge takes. */
static void push(struct bridge *bridge, size_t from, size_t to)
{
    for (size_t len; from < to; from += len) {
        len = to - from < 16 * KIB ? to - from : 16 * KIB;
        assert_true(bridge_push(bridge, data + from, len));
    }
}

/* Takes what is to be had to `out`, checks it against the data; returns how it ended. */
static enum bridge_pull pull_all(struct bridge *bridge, bool trusting, size_t *ret_len)
{
    size_t from = (size_t)bridge_given(bridge), len;
    enum bridge_pull result;
    *ret_len = 0;
    while ((result = bridge_pull(bridge, out, 10000, trusting, &len)) == BRIDGE_DATA) {
        assert_in_range(len, 1, 10000);
        assert_memory_equal(out, data + from + *ret_len, len);
        *ret_len += len;
    }
    assert_int_equal(bridge_given(bridge), from + *ret_len);
    return result;
}

static const struct {
    size_t size, pushed, readable;
} held_back[] = {
    {1, 0, 0},
    {2, 1, 0},
    {64 * KIB, 64 * KIB - 1, 0},
    {64 * KIB + 1, 1, 1},
    {64 * KIB + 1, 64 * KIB, 1},
    {64 * KIB + 100, 50, 50},
    {64 * KIB + 100, 64 * KIB + 99, 100},
    {200000, 100, 100},
    {200000, 134464, 134464},
    {200000, 134465, 134464},
    {200000, 199999, 134464},
};

static void test_end_is_held_back_until_proven(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(held_back); i++) {
        size_t size = held_back[i].size, len;
        struct bridge *bridge = bridge_for(DIGEST_SHA256, size);
        push(bridge, 0, held_back[i].pushed);
        assert_int_equal(pull_all(bridge, false, &len), BRIDGE_NOTHING_NOW);
        assert_int_equal(len, held_back[i].readable);
        assert_int_equal(bridge_proof(bridge), BRIDGE_UNPROVEN);
        push(bridge, held_back[i].pushed, size);
        assert_int_equal(bridge_proof(bridge), BRIDGE_PROVEN);
        assert_int_equal(pull_all(bridge, false, &len), BRIDGE_END);
        assert_int_equal(len, size - held_back[i].readable);
        bridge_free(bridge);
    }
}

static void test_wrong_bytes_never_get_out_whole(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 64 * KIB, 64 * KIB + 1, 200000};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        size_t held = sizes[i] < BRIDGE_HOLD_BACK ? sizes[i] : BRIDGE_HOLD_BACK, len;
        struct error err = ERROR_INIT;
        struct bridge *bridge = wrong_bridge_for(sizes[i]);
        push(bridge, 0, sizes[i]);
        assert_int_equal(bridge_proof(bridge), BRIDGE_WRONG);
        assert_int_equal(wakes_seen(), 1);
        assert_int_equal(pull_all(bridge, false, &len), BRIDGE_NOTHING_NOW);
        assert_int_equal(len, sizes[i] - held);
        bridge_explain(bridge, &err);
        assert_int_equal(err.class, ERR_DIGEST);
        assert_non_null(strstr(err.text, bridge_digest(bridge)->text));
        assert_non_null(strstr(err.text, "other bytes"));
        bridge_free(bridge);
    }
}

/* One flipped bit anywhere in the middle of much is enough. */
static void test_a_flipped_bit_is_found(void **state)
{
    (void)state;
    size_t len;
    struct bridge *bridge = bridge_for(DIGEST_SHA256, 200000);
    push(bridge, 0, 100000);
    char flipped = (char)(data[100000] ^ 4);
    assert_true(bridge_push(bridge, &flipped, 1));
    push(bridge, 100001, 200000);
    assert_int_equal(bridge_proof(bridge), BRIDGE_WRONG);
    while (bridge_pull(bridge, out, 10000, false, &len) == BRIDGE_DATA)
        continue;
    assert_int_equal(bridge_given(bridge), 200000 - BRIDGE_HOLD_BACK);
    bridge_free(bridge);
}

static void test_trusting_target_gets_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(held_back); i++) {
        size_t len;
        struct bridge *bridge = bridge_for(DIGEST_SHA256, held_back[i].size);
        push(bridge, 0, held_back[i].pushed);
        assert_int_equal(pull_all(bridge, true, &len), BRIDGE_NOTHING_NOW);
        assert_int_equal(len, held_back[i].pushed);
        /* nothing that was given comes again when trust ends */
        assert_int_equal(pull_all(bridge, false, &len), BRIDGE_NOTHING_NOW);
        assert_int_equal(len, 0);
        push(bridge, held_back[i].pushed, held_back[i].size);
        assert_int_equal(pull_all(bridge, true, &len), BRIDGE_END);
        bridge_free(bridge);
    }
    struct bridge *bridge = wrong_bridge_for(100);
    size_t len;
    push(bridge, 0, 100);
    assert_int_equal(pull_all(bridge, true, &len), BRIDGE_NOTHING_NOW);
    assert_int_equal(len, 100);
    bridge_free(bridge);
}

static void test_empty_blob(void **state)
{
    (void)state;
    size_t len;
    struct error err = ERROR_INIT;
    struct bridge *bridge = bridge_for(DIGEST_SHA256, 0);
    assert_int_equal(bridge_proof(bridge), BRIDGE_PROVEN);
    assert_int_equal(wakes_seen(), 1);
    assert_int_equal(pull_all(bridge, false, &len), BRIDGE_END);
    bridge_reset(bridge);
    assert_int_equal(bridge_proof(bridge), BRIDGE_PROVEN);
    assert_true(bridge_push(bridge, "x", 1));
    assert_int_equal(bridge_proof(bridge), BRIDGE_WRONG);
    bridge_free(bridge);

    bridge = wrong_bridge_for(0);
    assert_int_equal(bridge_proof(bridge), BRIDGE_WRONG);
    assert_int_equal(pull_all(bridge, false, &len), BRIDGE_NOTHING_NOW);
    bridge_explain(bridge, &err);
    assert_int_equal(err.class, ERR_DIGEST);
    bridge_free(bridge);
}

static const struct {
    size_t size, first; /* pushed alone; the rest and one byte too many in one go */
} too_many[] = {{1, 0}, {1, 1}, {100, 0}, {100, 40}, {100, 100}, {100000, 99000}};

static void test_too_many_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(too_many); i++) {
        size_t size = too_many[i].size, held = size < BRIDGE_HOLD_BACK ? size : BRIDGE_HOLD_BACK;
        size_t len;
        struct error err = ERROR_INIT;
        struct bridge *bridge = bridge_for(DIGEST_SHA256, size);
        push(bridge, 0, too_many[i].first);
        wakes_seen();
        assert_true(bridge_push(bridge, data + too_many[i].first, size + 1 - too_many[i].first));
        assert_int_equal(bridge_proof(bridge), BRIDGE_WRONG);
        assert_int_equal(wakes_seen(), 1);
        assert_int_equal(bridge_received(bridge), size);
        assert_int_equal(pull_all(bridge, false, &len), BRIDGE_NOTHING_NOW);
        assert_int_equal(len, size - held);
        bridge_explain(bridge, &err);
        assert_int_equal(err.class, ERR_DIGEST);
        assert_non_null(strstr(err.text, "more than"));
        /* however much more comes, it is swallowed */
        for (int k = 0; k < 10; k++)
            assert_true(bridge_push(bridge, data, 64 * KIB));
        bridge_free(bridge);
    }
}

static void test_owner_is_woken_at_first_byte_and_proof(void **state)
{
    (void)state;
    struct bridge *bridge = bridge_for(DIGEST_SHA256, 100);
    assert_int_equal(wakes_seen(), 0);
    assert_true(bridge_push(bridge, data, 0));
    assert_int_equal(wakes_seen(), 0);
    push(bridge, 0, 1);
    assert_int_equal(wakes_seen(), 1);
    push(bridge, 1, 99);
    assert_int_equal(wakes_seen(), 0);
    push(bridge, 99, 100);
    assert_int_equal(wakes_seen(), 1);
    bridge_free(bridge);
}

static void test_source_pauses_and_is_resumed_once(void **state)
{
    (void)state;
    size_t len, size = 1024 * KIB;
    struct counter source = COUNTER;
    struct bridge *bridge = bridge_for(DIGEST_SHA256, size);
    bridge_attach_source(bridge, &source.end);
    push(bridge, 0, BRIDGE_RING);
    assert_true(bridge_has_room(bridge, 0));
    assert_false(bridge_has_room(bridge, 1));
    assert_false(bridge_push(bridge, data + BRIDGE_RING, 1));
    assert_int_equal(bridge_received(bridge), BRIDGE_RING);
    /* woken when there is room for more than a trickle */
    assert_int_equal(bridge_pull(bridge, out, 64 * KIB, false, &len), BRIDGE_DATA);
    assert_int_equal(len, 64 * KIB);
    assert_true(bridge_has_room(bridge, 64 * KIB));
    assert_false(bridge_has_room(bridge, 64 * KIB + 1));
    assert_int_equal(source.resumed, 0);
    assert_int_equal(bridge_pull(bridge, out, 64 * KIB, false, &len), BRIDGE_DATA);
    assert_int_equal(source.resumed, 1);
    assert_int_equal(bridge_pull(bridge, out, 64 * KIB, false, &len), BRIDGE_DATA);
    assert_int_equal(source.resumed, 1);
    push(bridge, BRIDGE_RING, BRIDGE_RING + 192 * KIB);
    assert_false(bridge_push(bridge, data, 1));
    /* who has left is not called */
    bridge_attach_source(bridge, NULL);
    pull_all(bridge, false, &len);
    bridge_attach_source(bridge, &source.end);
    pull_all(bridge, false, &len);
    assert_int_equal(source.resumed, 1);
    bridge_free(bridge);
}

static void test_target_pauses_and_is_resumed_once(void **state)
{
    (void)state;
    size_t len = 77;
    struct counter target = COUNTER;
    struct bridge *bridge = bridge_for(DIGEST_SHA256, 200000);
    bridge_attach_target(bridge, &target.end);
    push(bridge, 0, 10);
    assert_int_equal(target.resumed, 0);
    assert_int_equal(pull_all(bridge, false, &len), BRIDGE_NOTHING_NOW);
    assert_int_equal(len, 10);
    push(bridge, 10, 20);
    push(bridge, 20, 30);
    assert_int_equal(target.resumed, 1);
    pull_all(bridge, false, &len);
    assert_int_equal(len, 20);
    bridge_attach_target(bridge, NULL);
    push(bridge, 30, 40);
    assert_int_equal(target.resumed, 1);
    bridge_attach_target(bridge, &target.end);
    pull_all(bridge, false, &len);
    /* the last byte proves what was held back: that is a reason to go on, too */
    push(bridge, 40, 199999);
    pull_all(bridge, false, &len);
    target.resumed = 0;
    push(bridge, 199999, 200000);
    assert_int_equal(target.resumed, 1);
    assert_int_equal(pull_all(bridge, false, &len), BRIDGE_END);
    bridge_free(bridge);
}

static void test_rewind_while_byte_0_is_there(void **state)
{
    (void)state;
    size_t len;
    struct bridge *bridge = bridge_for(DIGEST_SHA256, 1024 * KIB);
    assert_true(bridge_rewind_target(bridge));
    push(bridge, 0, 100000);
    pull_all(bridge, false, &len);
    assert_int_equal(bridge_given(bridge), 100000);
    assert_true(bridge_rewind_target(bridge));
    assert_int_equal(bridge_given(bridge), 0);
    pull_all(bridge, false, &len); /* compares with the data from byte 0 */
    assert_int_equal(len, 100000);
    push(bridge, 100000, BRIDGE_RING);
    assert_true(bridge_rewind_target(bridge));
    assert_false(bridge_has_room(bridge, 1));
    pull_all(bridge, false, &len);
    assert_int_equal(len, BRIDGE_RING);
    push(bridge, BRIDGE_RING, BRIDGE_RING + 1);
    assert_false(bridge_rewind_target(bridge));
    assert_int_equal(bridge_given(bridge), BRIDGE_RING);
    bridge_free(bridge);
}

static void test_rewind_after_the_end(void **state)
{
    (void)state;
    size_t len;
    struct bridge *bridge = bridge_for(DIGEST_SHA256, 1000);
    push(bridge, 0, 1000);
    assert_int_equal(pull_all(bridge, false, &len), BRIDGE_END);
    assert_true(bridge_rewind_target(bridge));
    assert_int_equal(pull_all(bridge, false, &len), BRIDGE_END);
    assert_int_equal(len, 1000);
    bridge_free(bridge);
}

static void test_reset_starts_over(void **state)
{
    (void)state;
    size_t len;
    struct counter source = COUNTER, target = COUNTER;
    struct bridge *bridge = bridge_for(DIGEST_SHA256, 300000);
    bridge_attach_source(bridge, &source.end);
    bridge_attach_target(bridge, &target.end);
    for (int broken = 0; broken < 3; broken++) {
        /* half way, wrong at the end, too long */
        push(bridge, 5, 150000);
        while (bridge_pull(bridge, out, 10000, true, &len) == BRIDGE_DATA)
            continue;
        if (broken > 0)
            push(bridge, 0, 150005);
        if (broken > 1)
            push(bridge, 0, 1);
        assert_int_equal(bridge_proof(bridge), broken ? BRIDGE_WRONG : BRIDGE_UNPROVEN);
        bridge_reset(bridge);
        assert_int_equal(bridge_received(bridge), 0);
        assert_int_equal(bridge_given(bridge), 0);
        assert_int_equal(bridge_proof(bridge), BRIDGE_UNPROVEN);
    }
    push(bridge, 0, 200000);
    pull_all(bridge, false, &len);
    push(bridge, 200000, 300000);
    assert_int_equal(bridge_proof(bridge), BRIDGE_PROVEN);
    assert_int_equal(pull_all(bridge, false, &len), BRIDGE_END);
    assert_int_equal(bridge_given(bridge), 300000);
    bridge_free(bridge);
}

static void test_sha512(void **state)
{
    (void)state;
    size_t len;
    struct error err = ERROR_INIT;
    struct bridge *bridge = bridge_for(DIGEST_SHA512, 200000);
    push(bridge, 0, 200000);
    assert_int_equal(bridge_proof(bridge), BRIDGE_PROVEN);
    assert_int_equal(pull_all(bridge, false, &len), BRIDGE_END);
    bridge_reset(bridge);
    push(bridge, 1, 200001);
    assert_int_equal(bridge_proof(bridge), BRIDGE_WRONG);
    bridge_explain(bridge, &err);
    assert_non_null(strstr(err.text, "(they have sha512:"));
    bridge_free(bridge);
}

/* Two sides that pause as told, with pieces of random size; sometimes the target trusts, goes
 * back to byte 0, or is replaced by another. */
struct journey {
    struct bridge *bridge;
    struct counter source, target;
    size_t size, sent, taken, chunk;
    bool source_waits, target_waits, ended;
};

static void journey_send(struct journey *j)
{
    if (j->source_waits && !j->source.resumed)
        return;
    j->source_waits = false;
    j->source.resumed = 0;
    if (!j->chunk)
        j->chunk = 1 + random_below(random_below(2) ? 65536 : 1000);
    size_t len = j->size - j->sent < j->chunk ? j->size - j->sent : j->chunk;
    if (!len)
        return;
    bool room = bridge_has_room(j->bridge, len);
    bool taken = bridge_push(j->bridge, data + j->sent, len);
    assert_int_equal(taken, room);
    j->source_waits = !taken;
    if (taken) {
        j->sent += len;
        j->chunk = 0;
    }
    assert_int_equal(bridge_received(j->bridge), j->sent);
}

static void journey_take(struct journey *j)
{
    if (j->target_waits && !j->target.resumed)
        return;
    j->target.resumed = 0;
    size_t wanted = 1 + random_below(random_below(2) ? 65536 : 1000), len = 0;
    bool trusting = random_below(64) == 0;
    enum bridge_pull result = bridge_pull(j->bridge, out, wanted, trusting, &len);
    j->target_waits = result == BRIDGE_NOTHING_NOW;
    j->ended = result == BRIDGE_END;
    if (result != BRIDGE_DATA)
        return;
    assert_in_range(len, 1, wanted);
    assert_memory_equal(out, data + j->taken, len);
    j->taken += len;
    assert_true(j->taken <= j->sent);
    if (!trusting && bridge_proof(j->bridge) != BRIDGE_PROVEN)
        assert_true(j->taken + BRIDGE_HOLD_BACK <= j->size);
}

static void journey_disturb(struct journey *j)
{
    if (random_below(200) == 0 && bridge_rewind_target(j->bridge)) {
        assert_true(j->sent <= BRIDGE_RING);
        j->taken = 0;
        j->target_waits = false;
    }
    if (random_below(200) == 0) {
        bridge_attach_source(j->bridge, &j->source.end);
        j->source_waits = false;
    }
    if (random_below(200) == 0) {
        bridge_attach_target(j->bridge, &j->target.end);
        j->target_waits = false;
    }
}

static void test_random_sizes(void **state)
{
    (void)state;
    for (int round = 0; round < 60; round++) {
        struct journey j = {.size = random_below(round % 2 ? DATA_MAX : 2 * BRIDGE_HOLD_BACK),
                            .source = COUNTER,
                            .target = COUNTER};
        bool disturbed = round % 3 == 0;
        size_t speed = 1 + random_below(9); /* of ten: how often the source has its turn */
        j.bridge = bridge_for(DIGEST_SHA256, j.size);
        bridge_attach_source(j.bridge, &j.source.end);
        bridge_attach_target(j.bridge, &j.target.end);
        for (int turns = 0; !j.ended; turns++) {
            assert_in_range(turns, 0, 1000000); /* else both wait for each other */
            if (random_below(10) < speed)
                journey_send(&j);
            else
                journey_take(&j);
            if (disturbed)
                journey_disturb(&j);
        }
        assert_int_equal(j.taken, j.size);
        bridge_free(j.bridge);
        wakes_seen();
    }
}

/* Odd pieces, so that every one wraps somewhere else; the ring is kept nearly full. */
static void test_ring_wraps_anywhere(void **state)
{
    (void)state;
    static const size_t chunks[] = {1, 7, 4093, 16381, 65521, 65536};
    for (size_t i = 1; i < ARRAY_LEN(chunks); i++) {
        size_t size = 1500000, sent = 0, taken = 0, len;
        struct bridge *bridge = bridge_for(DIGEST_SHA256, size);
        while (taken < size) {
            while (sent < size) {
                len = size - sent < chunks[i] ? size - sent : chunks[i];
                if (!bridge_push(bridge, data + sent, len))
                    break;
                sent += len;
            }
            assert_int_equal(bridge_pull(bridge, out, chunks[i] + 2, false, &len), BRIDGE_DATA);
            assert_memory_equal(out, data + taken, len);
            taken += len;
        }
        assert_int_equal(bridge_pull(bridge, out, 1, false, &len), BRIDGE_END);
        bridge_free(bridge);
    }
}

static void test_free_of_nothing(void **state)
{
    (void)state;
    bridge_free(NULL);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_end_is_held_back_until_proven),
        TEST(test_wrong_bytes_never_get_out_whole),
        TEST(test_a_flipped_bit_is_found),
        TEST(test_trusting_target_gets_all),
        TEST(test_empty_blob),
        TEST(test_too_many_bytes),
        TEST(test_owner_is_woken_at_first_byte_and_proof),
        TEST(test_source_pauses_and_is_resumed_once),
        TEST(test_target_pauses_and_is_resumed_once),
        TEST(test_rewind_while_byte_0_is_there),
        TEST(test_rewind_after_the_end),
        TEST(test_reset_starts_over),
        TEST(test_sha512),
        TEST(test_random_sizes),
        TEST(test_ring_wraps_anywhere),
        TEST(test_free_of_nothing),
    };
    return cmocka_run_group_tests(tests, make_data, drop_data);
}
