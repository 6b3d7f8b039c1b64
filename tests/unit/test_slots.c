/* SPDX-License-Identifier: Apache-2.0 */
/* Claims over pools; waiters are tasks that write their letter down when they are woken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/slots.h"

#include <string.h>

#define CLAIMS 12

struct waiter {
    struct task task; /* first */
    char letter;
};

static struct loop *loop;
static struct waiter waiters[CLAIMS];
static struct slot_claim claims[CLAIMS];
static struct slots *a, *b;
static char woken[64];

static enum step_result step_write(struct task *task);
static const struct step write_step = {"write", step_write};

static enum step_result step_write(struct task *task)
{
    size_t len = strlen(woken);
    assert_true(len + 1 < sizeof(woken));
    woken[len] = container_of(task, struct waiter, task)->letter;
    woken[len + 1] = '\0';
    return task_wait(task, &write_step);
}

static const struct task_type waiter_type = {"waiter", task_done};

static int setup(void **state)
{
    (void)state;
    loop = loop_new(NULL);
    for (size_t i = 0; i < CLAIMS; i++) {
        claims[i] = (struct slot_claim){0};
        waiters[i].letter = (char)('a' + i);
        task_init(&waiters[i].task, loop, NULL, &waiter_type, NULL);
        task_start(&waiters[i].task, &write_step);
    }
    tasks_run_ready(loop);
    woken[0] = '\0';
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < CLAIMS; i++) {
        slot_claim_drop(&claims[i]);
        task_free(&waiters[i].task);
    }
    slots_free(a);
    slots_free(b);
    a = b = NULL;
    loop_free(loop);
    return 0;
}

/* Claims one permit for each letter of `pools`, for claim `i`. */
static bool take(size_t i, const char *pools)
{
    for (; *pools; pools++)
        slot_claim_add(&claims[i], *pools == 'a' ? a : *pools == 'b' ? b : NULL);
    bool held = slot_claim_take(&claims[i], &waiters[i].task);
    assert_int_equal(held, claims[i].held);
    return held;
}

/* Who was woken by giving back claim `i`. */
static const char *drop(size_t i)
{
    woken[0] = '\0';
    slot_claim_drop(&claims[i]);
    assert_false(claims[i].held);
    tasks_run_ready(loop);
    return woken;
}

static void test_up_to_the_limit(void **state)
{
    (void)state;
    a = slots_new(2);
    assert_true(take(0, "a"));
    assert_true(take(1, "a"));
    assert_false(take(2, "a"));
    assert_int_equal(slots_in_use(a), 2);
    tasks_run_ready(loop);
    assert_string_equal(woken, ""); /* who gets it at once is not woken */
    assert_string_equal(drop(0), "c");
    assert_true(claims[2].held);
    assert_int_equal(slots_in_use(a), 2);
    assert_string_equal(drop(1), "");
    assert_string_equal(drop(2), "");
    assert_int_equal(slots_in_use(a), 0);
}

static void test_all_or_nothing(void **state)
{
    (void)state;
    a = slots_new(2);
    b = slots_new(1);
    assert_true(take(0, "b"));
    assert_false(take(1, "ab"));
    assert_int_equal(slots_in_use(a), 0); /* nothing is held while waiting */
    assert_true(take(2, "a"));            /* room beside what the one in front needs */
    assert_false(take(3, "a"));           /* the last permit is kept for it */
    assert_string_equal(drop(0), "b");
    assert_int_equal(slots_in_use(a), 2);
    assert_int_equal(slots_in_use(b), 1);
    assert_string_equal(drop(1), "d");
    assert_int_equal(slots_in_use(b), 0);
}

static void test_first_come_first_served(void **state)
{
    (void)state;
    a = slots_new(1);
    assert_true(take(0, "a"));
    for (size_t i = 1; i < 6; i++)
        assert_false(take(i, "a"));
    for (size_t i = 0; i < 5; i++) {
        const char next[] = {waiters[i + 1].letter, '\0'};
        assert_string_equal(drop(i), next);
    }
}

/* A claim that needs much waits in front of a stream of small ones: they can't pass it. */
static void test_large_claim_is_not_starved(void **state)
{
    (void)state;
    a = slots_new(3);
    assert_true(take(0, "a"));
    assert_true(take(1, "a"));
    assert_false(take(2, "aaa"));
    assert_false(take(3, "a"));
    assert_false(take(4, "a"));
    assert_string_equal(drop(0), "");
    assert_string_equal(drop(1), "c");
    assert_int_equal(slots_in_use(a), 3);
    assert_string_equal(drop(2), "de");
}

static void test_other_pools_go_on_meanwhile(void **state)
{
    (void)state;
    a = slots_new(1);
    b = slots_new(1);
    assert_true(take(0, "a"));
    assert_false(take(1, "a"));
    assert_true(take(2, "b"));
    assert_false(take(3, "ab"));
    assert_string_equal(drop(2), "");
    assert_false(take(4, "b")); /* claim 3 came first */
    assert_string_equal(drop(0), "b");
    assert_string_equal(drop(1), "d");
    assert_string_equal(drop(3), "e");
}

static void test_same_pool_twice(void **state)
{
    (void)state;
    a = slots_new(3);
    assert_true(take(0, "aa"));
    assert_int_equal(slots_in_use(a), 2);
    assert_false(take(1, "aa"));
    assert_string_equal(drop(0), "b");
    assert_int_equal(slots_in_use(a), 2);
    assert_string_equal(drop(1), "");
    assert_int_equal(slots_in_use(a), 0);
}

static void test_claim_larger_than_the_pool_is_served_alone(void **state)
{
    (void)state;
    a = slots_new(1);
    assert_true(take(0, "aa"));
    assert_int_equal(slots_in_use(a), 2);
    assert_false(take(1, "a"));
    assert_false(take(2, "aa"));
    assert_string_equal(drop(0), "b"); /* not both */
    assert_int_equal(slots_in_use(a), 1);
    assert_string_equal(drop(1), "c");
    assert_int_equal(slots_in_use(a), 2);
    assert_string_equal(drop(2), "");
}

static void test_dropping_while_waiting(void **state)
{
    (void)state;
    a = slots_new(2);
    assert_true(take(0, "a"));
    assert_false(take(1, "aa"));
    assert_false(take(2, "a"));
    assert_string_equal(drop(1), "c"); /* it stood in the way */
    assert_int_equal(slots_in_use(a), 2);
    assert_false(take(3, "a"));
    assert_false(take(4, "a"));
    assert_false(take(5, "a"));
    assert_string_equal(drop(4), ""); /* in the middle of the line, */
    assert_string_equal(drop(5), ""); /* at its end */
    assert_string_equal(drop(0), "d");
    assert_string_equal(drop(2), "");
    assert_int_equal(slots_in_use(a), 1);
}

static void test_dropping_twice_and_taking_again(void **state)
{
    (void)state;
    a = slots_new(1);
    for (int i = 0; i < 3; i++) {
        assert_true(take(0, "a"));
        drop(0);
        drop(0);
        assert_int_equal(slots_in_use(a), 0);
    }
}

static void test_no_pool_at_all(void **state)
{
    (void)state;
    a = slots_new(1);
    assert_true(take(0, "-"));
    assert_true(take(1, "-a-"));
    assert_int_equal(slots_in_use(a), 1);
    slots_free(NULL);
}

/* A task that goes while it waits takes its claim along; the next in line is served. */
static void test_a_waiter_that_goes(void **state)
{
    (void)state;
    a = slots_new(1);
    assert_true(take(0, "a"));
    assert_false(take(1, "a"));
    assert_false(take(2, "a"));
    slot_claim_drop(&claims[0]); /* b was given it, but has not run yet */
    assert_true(claims[1].held);
    slot_claim_drop(&claims[1]);
    task_free(&waiters[1].task);
    tasks_run_ready(loop);
    assert_string_equal(woken, "c");
    assert_int_equal(slots_in_use(a), 1);
}

/* Limits hold and everybody is served, whatever the order. */
static void test_random_claims(void **state)
{
    (void)state;
    static const char *const kinds[] = {"a", "b", "ab", "aa", "abb", "aabb"};
    uint32_t random = 1;
    int served = 0;
    a = slots_new(4);
    b = slots_new(3);
    for (int round = 0; round < 20000; round++) {
        random = random * 1664525 + 1013904223;
        size_t i = (random >> 8) % CLAIMS;
        if (claims[i].held)
            served++;
        if (claims[i].held || claims[i].waiting)
            slot_claim_drop(&claims[i]);
        else
            take(i, kinds[(random >> 20) % ARRAY_LEN(kinds)]);
        int in_a = 0, in_b = 0;
        for (size_t k = 0; k < CLAIMS; k++) {
            for (int n = 0; n < claims[k].n_pools && claims[k].held; n++)
                *(claims[k].pools[n] == a ? &in_a : &in_b) += 1;
        }
        assert_int_equal(slots_in_use(a), in_a);
        assert_int_equal(slots_in_use(b), in_b);
        assert_in_range(in_a, 0, 4);
        assert_in_range(in_b, 0, 3);
    }
    assert_true(served > 1000);
    for (size_t k = 0; k < CLAIMS; k++)
        slot_claim_drop(&claims[k]);
    assert_int_equal(slots_in_use(a) + slots_in_use(b), 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_up_to_the_limit),
        TEST(test_all_or_nothing),
        TEST(test_first_come_first_served),
        TEST(test_large_claim_is_not_starved),
        TEST(test_other_pools_go_on_meanwhile),
        TEST(test_same_pool_twice),
        TEST(test_claim_larger_than_the_pool_is_served_alone),
        TEST(test_dropping_while_waiting),
        TEST(test_dropping_twice_and_taking_again),
        TEST(test_no_pool_at_all),
        TEST(test_a_waiter_that_goes),
        TEST(test_random_claims),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
