/* SPDX-License-Identifier: Apache-2.0 */
/* One bridge with several targets, and the spool under it: all sides are the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/bridge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)
#define DATA_MAX (16 * MIB)

static struct loop *loop;
static char *data, *out;
static char folder[64];
static struct staging staging;

struct counter {
    struct bridge_end end;
    int resumed;
};

static void count_resume(struct bridge_end *end)
{
    container_of(end, struct counter, end)->resumed++;
}

#define COUNTER ((struct counter){.end.resume = count_resume})

static int make_data(void **state)
{
    (void)state;
    uint64_t seed = 88172645463325252u;
    data = xmalloc(DATA_MAX);
    out = xmalloc(DATA_MAX);
    for (size_t i = 0; i < DATA_MAX; i++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        data[i] = (char)seed;
    }
    loop = loop_new(NULL);
    snprintf(folder, sizeof(folder), "/tmp/test_fanout.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int drop_data(void **state)
{
    (void)state;
    free(data);
    free(out);
    loop_free(loop);
    return rmdir(folder); /* fails when a spool left its file there */
}

static int setup(void **state)
{
    (void)state;
    staging = (struct staging){.folder = folder, .limit = (int64_t)(64 * MIB)};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(staging.n_spools, 0);
    return 0;
}

static struct bridge *feeder_for(size_t size, struct staging *with)
{
    struct digest digest;
    digest_compute(DIGEST_SHA256, data, size, &digest);
    return bridge_new_shared(NULL, &digest, (int64_t)size, with);
}

/* Pushes data up to `to` as far as it is taken. */
static void push(struct bridge *feeder, size_t to)
{
    for (size_t at; (at = (size_t)bridge_received(feeder)) < to;) {
        size_t len = to - at < 16 * KIB ? to - at : 16 * KIB;
        if (!bridge_push(feeder, data + at, len))
            return;
    }
}

/* Takes up to `max` bytes and compares them; returns how many. */
static size_t pull(struct bridge *bridge, size_t max)
{
    size_t from = (size_t)bridge_given(bridge), done = 0, len;
    while (done < max) {
        size_t want = max - done < 10000 ? max - done : 10000;
        if (bridge_pull(bridge, out, want, false, &len) != BRIDGE_DATA)
            break;
        assert_memory_equal(out, data + from + done, len);
        done += len;
    }
    return done;
}

static bool at_end(struct bridge *bridge)
{
    size_t len;
    return bridge_pull(bridge, out, 1, false, &len) == BRIDGE_END;
}

static void test_targets_that_keep_pace_need_no_disk(void **state)
{
    (void)state;
    struct bridge *feeder = feeder_for(4 * MIB, &staging);
    struct bridge *a = bridge_join(feeder, NULL), *b = bridge_join(feeder, NULL);
    while (bridge_received(feeder) < (int64_t)(4 * MIB)) {
        push(feeder, 4 * MIB);
        assert_in_range(pull(a, 100 * KIB), 1, 100 * KIB);
        push(feeder, 4 * MIB);
        assert_in_range(pull(b, 100 * KIB), 1, 100 * KIB);
        assert_int_equal(staging.n_spools, 0);
    }
    pull(a, SIZE_MAX);
    pull(b, SIZE_MAX);
    assert_true(at_end(a));
    assert_true(at_end(b));
    bridge_free(feeder);
    bridge_free(a);
    bridge_free(b);
}

static void test_lone_target_sets_the_pace(void **state)
{
    (void)state;
    struct counter source = COUNTER;
    struct bridge *feeder = feeder_for(4 * MIB, &staging);
    struct bridge *a = bridge_join(feeder, NULL);
    bridge_attach_source(feeder, &source.end);
    push(feeder, 4 * MIB);
    assert_int_equal(bridge_received(feeder), BRIDGE_RING);
    assert_int_equal(pull(a, 127 * KIB), 127 * KIB);
    assert_int_equal(source.resumed, 0);
    assert_int_equal(pull(a, KIB), KIB);
    assert_int_equal(source.resumed, 1);
    assert_int_equal(staging.n_spools, 0);
    bridge_free(a);
    bridge_free(feeder);
}

/* The source goes as fast as the fastest; the other one gets every byte, in order, later. */
static void test_slow_target_reads_on_from_the_spool(void **state)
{
    (void)state;
    struct bridge *feeder = feeder_for(8 * MIB, &staging);
    struct bridge *fast = bridge_join(feeder, NULL), *slow = bridge_join(feeder, NULL);
    pull(slow, 1);
    while (bridge_received(feeder) < (int64_t)(8 * MIB)) {
        push(feeder, 8 * MIB);
        assert_in_range(pull(fast, SIZE_MAX), 1, DATA_MAX);
        assert_in_range(pull(slow, 7 * KIB), 1, 7 * KIB);
    }
    pull(fast, SIZE_MAX);
    assert_true(at_end(fast));
    assert_int_equal(staging.n_spools, 1);
    bridge_free(fast);
    bridge_free(feeder); /* what came is there for whoever still reads */
    assert_false(at_end(slow));
    pull(slow, SIZE_MAX);
    assert_true(at_end(slow));
    assert_int_equal(bridge_given(slow), 8 * MIB);
    bridge_free(slow);
}

static void test_source_waits_for_who_is_fastest_now(void **state)
{
    (void)state;
    struct counter source = COUNTER;
    struct bridge *feeder = feeder_for(8 * MIB, &staging);
    struct bridge *fast = bridge_join(feeder, NULL), *slow = bridge_join(feeder, NULL);
    bridge_attach_source(feeder, &source.end);
    while (bridge_received(feeder) < (int64_t)(2 * MIB)) {
        push(feeder, 2 * MIB);
        pull(fast, SIZE_MAX);
    }
    bridge_free(fast);
    source.resumed = 0;
    assert_false(bridge_push(feeder, data, 1));
    pull(slow, 2 * MIB - BRIDGE_RING);
    assert_int_equal(source.resumed, 0);
    pull(slow, BRIDGE_RING / 2);
    assert_int_equal(source.resumed, 1);
    while (!at_end(slow)) {
        push(feeder, 8 * MIB);
        pull(slow, SIZE_MAX);
    }
    bridge_free(slow);
    bridge_free(feeder);
}

/* However much goes through, the file takes no more than the lag, and a little. */
static void test_consumed_part_takes_no_disk(void **state)
{
    (void)state;
    struct bridge *feeder = feeder_for(DATA_MAX, &staging);
    struct bridge *fast = bridge_join(feeder, NULL), *slow = bridge_join(feeder, NULL);
    int64_t most = 0;
    while (bridge_received(feeder) < (int64_t)DATA_MAX) {
        push(feeder, DATA_MAX);
        pull(fast, SIZE_MAX);
        while (bridge_received(feeder) - bridge_given(slow) > (int64_t)MIB)
            pull(slow, 10000);
        int64_t bytes = bridge_disk_bytes(feeder);
        most = bytes > most ? bytes : most;
    }
    assert_int_equal(staging.n_spools, 1);
    assert_in_range(most, 512 * KIB, 3 * MIB);
    bridge_free(fast);
    bridge_free(slow);
    bridge_free(feeder);
}

/* The same where holes can't be punched: the file is a ring of its share. */
static void test_file_never_outgrows_its_share(void **state)
{
    (void)state;
    staging.limit = (int64_t)MIB;
    struct spool *spool = spool_new(&staging, 12345);
    int64_t end = 12345 + (int64_t)(8 * MIB);
    for (int64_t at = 12345; at < end;) {
        size_t len = (size_t)(end - at < 50000 ? end - at : 50000);
        assert_in_range(spool_room(spool), len, MIB);
        assert_true(spool_put(spool, data + at, len));
        at += (int64_t)len;
        assert_int_equal(spool_to(spool), at);
        /* always 1 MiB - 50000 behind, so each place is used again at once */
        int64_t behind = at - (int64_t)(MIB - 50000);
        if (behind <= 12345)
            continue;
        len = (size_t)(behind - spool_from(spool));
        assert_true(spool_get(spool, spool_from(spool), out, len));
        assert_memory_equal(out, data + spool_from(spool), len);
        spool_let_go(spool, behind);
        assert_in_range(spool_disk_bytes(spool), 0, MIB);
    }
    spool_free(spool);
}

static void test_share_is_of_all_spools(void **state)
{
    (void)state;
    staging.limit = (int64_t)(10 * MIB);
    struct spool *a = spool_new(&staging, 0);
    assert_int_equal(spool_room(a), 10 * MIB);
    struct spool *b = spool_new(&staging, 0);
    assert_int_equal(spool_room(a), 5 * MIB);
    assert_true(spool_put(a, data, MIB));
    assert_int_equal(spool_room(a), 4 * MIB);
    assert_int_equal(spool_room(b), 5 * MIB);
    staging.limit = 1;
    assert_int_equal(spool_room(b), MIB);
    spool_free(a);
    spool_free(b);
}

static void test_who_falls_too_far_is_left_behind(void **state)
{
    (void)state;
    staging.limit = (int64_t)(2 * MIB);
    struct bridge *feeder = feeder_for(8 * MIB, &staging);
    struct bridge *fast = bridge_join(feeder, NULL), *mid = bridge_join(feeder, NULL);
    struct bridge *slow = bridge_join(feeder, NULL);
    while (bridge_received(feeder) < (int64_t)(8 * MIB)) {
        push(feeder, 8 * MIB);
        pull(fast, SIZE_MAX);
        while (bridge_received(feeder) - bridge_given(mid) > (int64_t)MIB)
            assert_in_range(pull(mid, 10000), 1, 10000);
        int64_t lag = bridge_received(feeder) - bridge_given(slow);
        assert_true(bridge_is_left_behind(slow) == (lag > (int64_t)(2 * MIB + BRIDGE_RING)));
    }
    assert_true(bridge_is_left_behind(slow));
    assert_int_equal(pull(slow, SIZE_MAX), 0);
    assert_false(bridge_rewind_target(slow));
    pull(fast, SIZE_MAX);
    pull(mid, SIZE_MAX);
    assert_true(at_end(fast));
    assert_true(at_end(mid));
    bridge_free(fast);
    bridge_free(mid);
    bridge_free(slow);
    bridge_free(feeder);
}

/* A folder that is not there, or is full: as if there were no room. */
static void test_disk_that_fails_leaves_behind(void **state)
{
    (void)state;
    staging.folder = "/nonexistent/folder";
    struct bridge *feeder = feeder_for(8 * MIB, &staging);
    struct bridge *fast = bridge_join(feeder, NULL), *slow = bridge_join(feeder, NULL);
    while (bridge_received(feeder) < (int64_t)(8 * MIB)) {
        push(feeder, 8 * MIB);
        pull(fast, SIZE_MAX);
    }
    assert_true(bridge_is_left_behind(slow));
    assert_false(bridge_can_be_joined(feeder));
    pull(fast, SIZE_MAX);
    assert_true(at_end(fast));
    bridge_free(fast);
    bridge_free(slow);
    bridge_free(feeder);
}

static void test_joining_late(void **state)
{
    (void)state;
    struct bridge *feeder = feeder_for(4 * MIB, &staging);
    struct bridge *first = bridge_join(feeder, NULL);
    bridge_keep_start(feeder, true);
    while (bridge_received(feeder) < (int64_t)(4 * MIB)) {
        push(feeder, 4 * MIB);
        pull(first, SIZE_MAX);
    }
    pull(first, SIZE_MAX);
    assert_true(at_end(first));
    bridge_free(first);
    assert_true(bridge_can_be_joined(feeder));
    struct bridge *late = bridge_join(feeder, NULL);
    bridge_keep_start(feeder, false);
    pull(late, 4 * MIB);
    assert_true(at_end(late));
    assert_false(bridge_can_be_joined(feeder));
    assert_null(bridge_join(feeder, NULL));
    bridge_keep_start(feeder, true); /* it does not come back */
    assert_false(bridge_can_be_joined(feeder));
    bridge_free(late);
    bridge_free(feeder);
}

static void test_joining_without_being_expected(void **state)
{
    (void)state;
    struct bridge *feeder = feeder_for(4 * MIB, &staging);
    struct bridge *first = bridge_join(feeder, NULL);
    push(feeder, BRIDGE_RING);
    pull(first, SIZE_MAX);
    struct bridge *second = bridge_join(feeder, NULL);
    assert_non_null(second);
    assert_int_equal(pull(second, SIZE_MAX), BRIDGE_RING);
    push(feeder, BRIDGE_RING + 1);
    assert_false(bridge_can_be_joined(feeder));
    bridge_keep_start(feeder, true); /* too late to matter */
    while (!at_end(second)) {
        push(feeder, 4 * MIB);
        pull(first, SIZE_MAX);
        pull(second, SIZE_MAX);
    }
    assert_int_equal(staging.n_spools, 0);
    bridge_free(first);
    bridge_free(second);
    bridge_free(feeder);
}

/* Who is expected loses its place before who reads already. */
static void test_start_is_given_up_first(void **state)
{
    (void)state;
    staging.limit = (int64_t)MIB;
    struct bridge *feeder = feeder_for(4 * MIB, &staging);
    struct bridge *fast = bridge_join(feeder, NULL), *slow = bridge_join(feeder, NULL);
    bridge_keep_start(feeder, true);
    while (bridge_received(feeder) < (int64_t)(4 * MIB)) {
        push(feeder, 4 * MIB);
        pull(fast, SIZE_MAX);
        while (bridge_received(feeder) - bridge_given(slow) > (int64_t)(MIB / 2))
            pull(slow, 10000);
    }
    assert_false(bridge_is_left_behind(slow));
    assert_false(bridge_can_be_joined(feeder));
    pull(slow, SIZE_MAX);
    assert_true(at_end(slow));
    bridge_free(fast);
    bridge_free(slow);
    bridge_free(feeder);
}

/* Small blobs take little memory and stay whole. */
static void test_small_blob_stays(void **state)
{
    (void)state;
    struct bridge *feeder = feeder_for(1000, NULL);
    struct bridge *first = bridge_join(feeder, NULL);
    assert_int_equal(bridge_memory(feeder), 1000);
    push(feeder, 1000);
    assert_int_equal(pull(first, SIZE_MAX), 1000);
    bridge_free(first);
    struct bridge *late = bridge_join(feeder, NULL);
    assert_int_equal(pull(late, SIZE_MAX), 1000);
    assert_true(at_end(late));
    bridge_free(late);
    bridge_free(feeder);
}

static void test_wrong_bytes_reach_nobody_whole(void **state)
{
    (void)state;
    struct digest digest;
    digest_compute(DIGEST_SHA256, "other", 5, &digest);
    struct bridge *feeder = bridge_new_shared(NULL, &digest, (int64_t)(2 * MIB), &staging);
    struct bridge *fast = bridge_join(feeder, NULL), *slow = bridge_join(feeder, NULL);
    bridge_keep_start(feeder, true);
    while (bridge_received(feeder) < (int64_t)(2 * MIB)) {
        push(feeder, 2 * MIB);
        pull(fast, SIZE_MAX);
    }
    struct bridge *ends[] = {fast, slow};
    for (size_t i = 0; i < 2; i++) {
        pull(ends[i], SIZE_MAX);
        assert_int_equal(bridge_given(ends[i]), 2 * MIB - BRIDGE_HOLD_BACK);
        assert_int_equal(bridge_proof(ends[i]), BRIDGE_WRONG);
    }
    assert_false(bridge_can_be_joined(feeder));
    bridge_free(fast);
    bridge_free(slow);
    bridge_free(feeder);
}

static void test_without_staging_the_slowest_sets_the_pace(void **state)
{
    (void)state;
    struct counter source = COUNTER;
    staging.limit = 0;
    struct bridge *feeder = feeder_for(2 * MIB, &staging);
    struct bridge *fast = bridge_join(feeder, NULL), *slow = bridge_join(feeder, NULL);
    bridge_attach_source(feeder, &source.end);
    push(feeder, 2 * MIB);
    pull(fast, SIZE_MAX);
    assert_int_equal(bridge_received(feeder), BRIDGE_RING);
    assert_int_equal(source.resumed, 0);
    pull(slow, BRIDGE_RING / 2);
    assert_int_equal(source.resumed, 1);
    while (!at_end(slow)) {
        push(feeder, 2 * MIB);
        pull(fast, SIZE_MAX);
        pull(slow, 100 * KIB);
    }
    assert_true(at_end(fast));
    bridge_free(fast);
    bridge_free(slow);
    bridge_free(feeder);
}

static void test_idle_target_is_left_behind_without_staging(void **state)
{
    (void)state;
    struct counter source = COUNTER;
    struct bridge *feeder = feeder_for(2 * MIB, NULL);
    struct bridge *fast = bridge_join(feeder, NULL), *slow = bridge_join(feeder, NULL);
    bridge_attach_source(feeder, &source.end);
    push(feeder, 2 * MIB);
    pull(fast, SIZE_MAX);
    for (int i = 0; i < 20; i++) {
        bridge_drop_idle(feeder); /* a trickle is progress */
        pull(slow, 1);
    }
    assert_false(bridge_is_left_behind(slow));
    bridge_drop_idle(feeder);
    for (int i = 0; i < 4; i++)
        bridge_drop_idle(feeder);
    assert_false(bridge_is_left_behind(slow));
    assert_int_equal(source.resumed, 0);
    bridge_drop_idle(feeder);
    assert_true(bridge_is_left_behind(slow));
    assert_int_equal(source.resumed, 1);
    /* nobody is left that it holds up */
    push(feeder, 2 * MIB);
    for (int i = 0; i < 20; i++)
        bridge_drop_idle(feeder);
    assert_false(bridge_is_left_behind(fast));
    bridge_free(fast);
    bridge_free(slow);
    bridge_free(feeder);
}

/* A request that was lost early is sent again from byte 0, if somebody else still needs that. */
static void test_rewind_from_the_spool(void **state)
{
    (void)state;
    struct bridge *feeder = feeder_for(2 * MIB, &staging);
    struct bridge *fast = bridge_join(feeder, NULL);
    bridge_keep_start(feeder, true);
    while (bridge_received(feeder) < (int64_t)MIB) {
        push(feeder, MIB);
        pull(fast, SIZE_MAX);
    }
    assert_true(bridge_rewind_target(fast));
    bridge_keep_start(feeder, false);
    assert_int_equal(pull(fast, SIZE_MAX), MIB);
    assert_false(bridge_rewind_target(fast));
    bridge_free(fast);
    bridge_free(feeder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_targets_that_keep_pace_need_no_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lone_target_sets_the_pace, setup, teardown),
        cmocka_unit_test_setup_teardown(test_slow_target_reads_on_from_the_spool, setup, teardown),
        cmocka_unit_test_setup_teardown(test_source_waits_for_who_is_fastest_now, setup, teardown),
        cmocka_unit_test_setup_teardown(test_consumed_part_takes_no_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(test_file_never_outgrows_its_share, setup, teardown),
        cmocka_unit_test_setup_teardown(test_share_is_of_all_spools, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_falls_too_far_is_left_behind, setup, teardown),
        cmocka_unit_test_setup_teardown(test_disk_that_fails_leaves_behind, setup, teardown),
        cmocka_unit_test_setup_teardown(test_joining_late, setup, teardown),
        cmocka_unit_test_setup_teardown(test_joining_without_being_expected, setup, teardown),
        cmocka_unit_test_setup_teardown(test_start_is_given_up_first, setup, teardown),
        cmocka_unit_test_setup_teardown(test_small_blob_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_bytes_reach_nobody_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(test_without_staging_the_slowest_sets_the_pace, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_idle_target_is_left_behind_without_staging, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_rewind_from_the_spool, setup, teardown),
    };
    return cmocka_run_group_tests(tests, make_data, drop_data);
}
