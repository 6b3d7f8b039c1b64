/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/signals.h"

#include <dirent.h>
#include <signal.h>
#include <unistd.h>

#define ARG ((void *)&arrived)

static struct loop *loop;
static int arrived[8];
static size_t n_arrived;

static void note(void *arg, int number)
{
    assert_ptr_equal(arg, ARG);
    assert_true(n_arrived < 8);
    arrived[n_arrived++] = number;
}

static bool have(void *arg)
{
    return n_arrived >= *(size_t *)arg;
}

static void run_until(size_t count)
{
    loop_run(loop, have, &count);
    assert_int_equal(n_arrived, count);
}

static int setup(void **state)
{
    (void)state;
    loop = loop_new(NULL);
    n_arrived = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    loop_free(loop);
    return 0;
}

static void test_signals_arrive_in_the_loop(void **state)
{
    (void)state;
    static const int numbers[] = {SIGINT, SIGTERM, SIGINT};
    struct signals *signals = signals_new(loop, note, ARG);
    for (size_t i = 0; i < 3; i++) {
        kill(getpid(), numbers[i]); /* nothing else happens to us */
        assert_int_equal(n_arrived, i);
        run_until(i + 1);
        assert_int_equal(arrived[i], numbers[i]);
    }
    signals_free(signals);
}

static void test_two_at_once(void **state)
{
    (void)state;
    struct signals *signals = signals_new(loop, note, ARG);
    kill(getpid(), SIGTERM);
    kill(getpid(), SIGINT);
    run_until(2);
    assert_int_equal(arrived[0] + arrived[1], SIGINT + SIGTERM);
    assert_int_not_equal(arrived[0], arrived[1]);
    signals_free(signals);
}

static size_t count_fds(void)
{
    size_t count = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static void test_nothing_is_left(void **state)
{
    (void)state;
    size_t fds = count_fds();
    signals_free(signals_new(loop, note, ARG));
    signals_free(NULL);
    assert_int_equal(count_fds(), fds);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_signals_arrive_in_the_loop),
        TEST(test_two_at_once),
        TEST(test_nothing_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
