/* SPDX-License-Identifier: Apache-2.0 */
/* Timers, descriptors and deferred work in a real loop. Delays are real but short; only order is
 * looked at, never how long something took. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "net/loop.h"
#include "net/task.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct loop *loop;
static char story[256];

static void tell(char letter)
{
    size_t len = strlen(story);
    assert_true(len + 1 < sizeof(story));
    story[len] = letter;
    story[len + 1] = '\0';
}

static int setup(void **state)
{
    (void)state;
    loop = loop_new(NULL);
    assert_non_null(loop);
    story[0] = '\0';
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    loop_free(loop);
    return 0;
}

/* Each turn is a bar in the story. */
static bool turns_are_over(void *arg)
{
    tell('|');
    return --*(int *)arg <= 0;
}

static void run_turns(int turns)
{
    loop_run(loop, turns_are_over, &turns);
}

static bool story_is(void *arg)
{
    return strcmp(story, arg) == 0;
}

static void run_until(const char *expected)
{
    loop_run(loop, story_is, (void *)(uintptr_t)expected);
}

/* ---- timers ---- */

#define TIMERS 200

struct alarm {
    struct timer timer; /* first */
    bool set;
    int64_t due_ms;
};

static struct alarm alarms[TIMERS];
static size_t alarms_left;
static int64_t last_due_ms;

static void alarm_fired(struct timer *timer)
{
    struct alarm *alarm = container_of(timer, struct alarm, timer);
    assert_true(alarm->set);
    assert_int_equal(timer->due_ms, alarm->due_ms);
    assert_true(timer->due_ms <= clock_ms());
    assert_true(timer->due_ms >= last_due_ms);
    assert_int_equal(timer->place, 0);
    last_due_ms = timer->due_ms;
    alarm->set = false;
    alarms_left--;
}

static bool no_alarm_is_left(void *arg)
{
    (void)arg;
    return alarms_left == 0;
}

static void alarm_set(struct alarm *alarm, int64_t delay_ms)
{
    alarms_left += !alarm->set;
    alarm->timer.fire = alarm_fired;
    timer_set(loop, &alarm->timer, delay_ms);
    alarm->set = true;
    alarm->due_ms = alarm->timer.due_ms;
}

static void alarm_cancel(struct alarm *alarm)
{
    alarms_left -= alarm->set;
    timer_cancel(loop, &alarm->timer);
    assert_int_equal(alarm->timer.place, 0);
    alarm->set = false;
}

static void test_timers_fire_in_order(void **state)
{
    (void)state;
    uint32_t random = 7;
    for (int round = 0; round < 10; round++) {
        memset(alarms, 0, sizeof(alarms));
        alarms_left = 0;
        last_due_ms = 0;
        for (int i = 0; i < 10 * TIMERS; i++) {
            random = random * 1664525 + 1013904223;
            struct alarm *alarm = &alarms[(random >> 8) % TIMERS];
            if ((random >> 24) % 4)
                alarm_set(alarm, (random >> 16) % 20);
            else
                alarm_cancel(alarm);
        }
        assert_true(alarms_left > TIMERS / 2);
        loop_run(loop, no_alarm_is_left, NULL);
        for (size_t i = 0; i < TIMERS; i++)
            assert_false(alarms[i].set);
    }
}

struct letter_timer {
    struct timer timer; /* first */
    char letter;
    struct letter_timer *sets, *cancels;
};

static void letter_fired(struct timer *timer)
{
    struct letter_timer *l = container_of(timer, struct letter_timer, timer);
    tell(l->letter);
    if (l->sets)
        timer_set(loop, &l->sets->timer, 1);
    if (l->cancels)
        timer_cancel(loop, &l->cancels->timer);
}

#define LETTER_TIMER(letter_) ((struct letter_timer){.timer.fire = letter_fired, .letter = letter_})

static void test_timers_moved_and_cancelled(void **state)
{
    (void)state;
    struct letter_timer a = LETTER_TIMER('a'), b = LETTER_TIMER('b'), c = LETTER_TIMER('c');
    timer_set(loop, &a.timer, 3600000);
    timer_set(loop, &b.timer, 5);
    timer_set(loop, &c.timer, 3);
    timer_set(loop, &a.timer, 1); /* moved to the front */
    timer_cancel(loop, &c.timer);
    timer_cancel(loop, &c.timer);
    run_until("ab");
    timer_set(loop, &a.timer, -1000); /* the past is now */
    run_until("aba");
}

static void test_timers_set_and_cancelled_by_timers(void **state)
{
    (void)state;
    struct letter_timer a = LETTER_TIMER('a'), b = LETTER_TIMER('b'), c = LETTER_TIMER('c');
    struct letter_timer d = LETTER_TIMER('d');
    a.cancels = &b;
    a.sets = &c;
    timer_set(loop, &a.timer, 0);
    timer_set(loop, &b.timer, 1);
    timer_set(loop, &d.timer, 10);
    run_until("acd");
    c.sets = &d;
    d.sets = &c;
    timer_set(loop, &c.timer, 0);
    run_until("acdcdcd");
    timer_cancel(loop, &c.timer);
    timer_cancel(loop, &d.timer);
}

/* ---- deferred work ---- */

struct chore {
    struct deferred deferred; /* first */
    char letter;
    struct chore *queues, *cancels;
    int times; /* to queue itself again */
};

static void chore_run(struct deferred *deferred)
{
    struct chore *chore = container_of(deferred, struct chore, deferred);
    assert_false(deferred->queued);
    tell(chore->letter);
    if (chore->queues)
        deferred_queue(loop, &chore->queues->deferred);
    if (chore->cancels)
        deferred_cancel(loop, &chore->cancels->deferred);
    if (chore->times-- > 0)
        deferred_queue(loop, deferred);
}

#define CHORE(letter_) ((struct chore){.deferred.run = chore_run, .letter = letter_})

static void test_deferred_runs_in_order_once(void **state)
{
    (void)state;
    struct chore a = CHORE('a'), b = CHORE('b'), c = CHORE('c');
    deferred_queue(loop, &b.deferred);
    deferred_queue(loop, &a.deferred);
    deferred_queue(loop, &c.deferred);
    deferred_queue(loop, &b.deferred); /* keeps its place */
    run_turns(1);
    assert_string_equal(story, "bac|");
    loop_wakeup(loop); /* the next wait ends at once */
    run_turns(2);
    assert_string_equal(story, "bac|||");
}

static void test_deferred_again_is_the_next_turn(void **state)
{
    (void)state;
    struct chore a = CHORE('a'), b = CHORE('b');
    a.times = 2;
    a.queues = &b;
    deferred_queue(loop, &a.deferred);
    run_turns(4);
    /* b is asked for before a asks for itself again */
    assert_string_equal(story, "a|ba|ba|b|");
}

static void test_deferred_cancelled(void **state)
{
    (void)state;
    for (int victim = 0; victim < 3; victim++) {
        struct chore chores[] = {CHORE('a'), CHORE('b'), CHORE('c')};
        static const char *const left[] = {"bc|", "ac|", "ab|"};
        for (size_t i = 0; i < 3; i++)
            deferred_queue(loop, &chores[i].deferred);
        deferred_cancel(loop, &chores[victim].deferred);
        deferred_cancel(loop, &chores[victim].deferred);
        story[0] = '\0';
        run_turns(1);
        assert_string_equal(story, left[victim]);
    }
    struct chore a = CHORE('a'), b = CHORE('b'), c = CHORE('c');
    a.cancels = &b; /* in the middle of the walk */
    deferred_queue(loop, &a.deferred);
    deferred_queue(loop, &b.deferred);
    deferred_queue(loop, &c.deferred);
    story[0] = '\0';
    run_turns(1);
    assert_string_equal(story, "ac|");
}

/* A task is woken, it defers, and both happen before the loop may sleep. */
static struct chore *task_defers;

static enum step_result step_defer(struct task *task)
{
    tell('t');
    deferred_queue(loop, &task_defers->deferred);
    return task_end(task);
}

static void test_order_within_a_turn(void **state)
{
    (void)state;
    static const struct task_type type = {"task", task_done};
    static const struct step step = {"defer", step_defer};
    struct letter_timer a = LETTER_TIMER('a');
    struct chore c = CHORE('c');
    struct task task;
    task_init(&task, loop, NULL, &type, NULL);
    task_start(&task, &step);
    task_defers = &c;
    timer_set(loop, &a.timer, 0);
    run_turns(1);
    assert_string_equal(story, "atc|");
    task_free(&task);
}

/* ---- descriptors ---- */

struct pipe_watch {
    struct watch watch; /* first */
    int write_fd;
    char letter;
    short seen;
    bool keeps; /* leaves what there is to read */
    struct pipe_watch *removes, *adds;
};

static void pipe_ready(struct watch *watch, short events)
{
    struct pipe_watch *p = container_of(watch, struct pipe_watch, watch);
    char byte;
    tell(p->letter);
    p->seen = events;
    if (!p->keeps && events & POLLIN)
        assert_int_equal(read(watch->fd, &byte, 1), 1);
    if (p->removes)
        watch_remove(loop, &p->removes->watch);
    if (p->adds)
        watch_add(loop, &p->adds->watch);
    p->adds = NULL;
}

static struct pipe_watch pipe_watch(char letter)
{
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
    return (struct pipe_watch){
        .watch = {.fd = fds[0], .events = POLLIN, .ready = pipe_ready},
        .write_fd = fds[1],
        .letter = letter,
    };
}

static void pipe_close(struct pipe_watch *p)
{
    watch_remove(loop, &p->watch);
    close(p->watch.fd);
    if (p->write_fd >= 0)
        close(p->write_fd);
}

static void pipe_send(struct pipe_watch *p)
{
    assert_int_equal(write(p->write_fd, "x", 1), 1);
}

static void test_watches(void **state)
{
    (void)state;
    struct pipe_watch a = pipe_watch('a'), b = pipe_watch('b');
    watch_add(loop, &a.watch);
    watch_add(loop, &b.watch);
    pipe_send(&b);
    run_turns(2);
    assert_string_equal(story, "|b|");
    assert_int_equal(b.seen, POLLIN);
    pipe_send(&a);
    pipe_send(&b);
    run_turns(2);
    assert_string_equal(story, "|b||ab|");
    /* what is left to be read is told again */
    a.keeps = true;
    pipe_send(&a);
    run_turns(3);
    assert_string_equal(story, "|b||ab||a|a|");
    pipe_close(&a);
    pipe_close(&b);
}

static void test_watch_is_told_of_the_end(void **state)
{
    (void)state;
    struct pipe_watch a = pipe_watch('a');
    watch_add(loop, &a.watch);
    close(a.write_fd);
    a.write_fd = -1;
    run_turns(2);
    assert_string_equal(story, "|a|");
    assert_true(a.seen & POLLHUP);
    pipe_close(&a);
}

static void test_watch_for_writing(void **state)
{
    (void)state;
    struct pipe_watch a = pipe_watch('a');
    struct watch watch = {.fd = a.write_fd, .events = POLLOUT, .ready = pipe_ready};
    struct pipe_watch out = {.watch = watch, .letter = 'w', .write_fd = -1};
    watch_add(loop, &out.watch);
    run_turns(2);
    assert_string_equal(story, "|w|");
    assert_int_equal(out.seen, POLLOUT);
    watch_remove(loop, &out.watch);
    pipe_close(&a);
}

static void test_watches_removed_in_ready(void **state)
{
    (void)state;
    struct pipe_watch a = pipe_watch('a'), b = pipe_watch('b'), c = pipe_watch('c');
    struct pipe_watch *all[] = {&a, &b, &c};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        watch_add(loop, &all[i]->watch);
        pipe_send(all[i]);
        all[i]->keeps = true;
    }
    a.removes = &b; /* further down in the same look */
    c.removes = &c;
    run_turns(3);
    assert_string_equal(story, "|ac|a|");
    watch_remove(loop, &b.watch); /* once more */
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        pipe_close(all[i]);
}

static void test_watches_added_in_ready(void **state)
{
    (void)state;
    struct pipe_watch a = pipe_watch('a'), b = pipe_watch('b');
    watch_add(loop, &a.watch);
    pipe_send(&a);
    pipe_send(&b);
    a.adds = &b;
    run_turns(3);
    assert_string_equal(story, "|a|b|");
    /* removed and added again in one go: its turn comes with the next look */
    story[0] = '\0';
    pipe_send(&a);
    pipe_send(&a);
    a.removes = a.adds = &a;
    run_turns(3);
    assert_string_equal(story, "|a|a|");
    pipe_close(&a);
    pipe_close(&b);
}

/* ---- the wait ---- */

static void *wake_from_thread(void *arg)
{
    loop_wakeup(arg);
    return NULL;
}

static void test_wakeup_ends_the_wait(void **state)
{
    (void)state;
    pthread_t thread;
    struct letter_timer never = LETTER_TIMER('x');
    timer_set(loop, &never.timer, 3600000);
    assert_int_equal(pthread_create(&thread, NULL, wake_from_thread, loop), 0);
    run_turns(2);
    assert_string_equal(story, "||");
    pthread_join(thread, NULL);
    timer_cancel(loop, &never.timer);
}

static void test_free_of_nothing(void **state)
{
    (void)state;
    loop_free(NULL);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_timers_fire_in_order),
        TEST(test_timers_moved_and_cancelled),
        TEST(test_timers_set_and_cancelled_by_timers),
        TEST(test_deferred_runs_in_order_once),
        TEST(test_deferred_again_is_the_next_turn),
        TEST(test_deferred_cancelled),
        TEST(test_order_within_a_turn),
        TEST(test_watches),
        TEST(test_watch_is_told_of_the_end),
        TEST(test_watch_for_writing),
        TEST(test_watches_removed_in_ready),
        TEST(test_watches_added_in_ready),
        TEST(test_wakeup_ends_the_wait),
        TEST(test_free_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
