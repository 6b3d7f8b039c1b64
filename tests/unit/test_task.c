/* SPDX-License-Identifier: Apache-2.0 */
/* Machines that write down their steps: "a1" is step 1 of machine a. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "net/task.h"

#include <stdlib.h>

enum ending { ENDS, FAILS, FAILS_WITHOUT_CLASS, WAITS, SLEEPS, NAPS };

struct machine {
    struct task task; /* first */
    const char *name;
    struct machine *child;  /* freed with it */
    struct task *wakes;     /* woken in step 1 */
    struct machine **kills; /* freed in step 1 */
    struct machine *starts; /* started in step 1 */
    enum ending then;
};

static struct loop *loop;
static struct buf story;
static int released;

static struct machine *machine_of(struct task *task)
{
    return container_of(task, struct machine, task);
}

static void machine_release(struct task *task)
{
    struct machine *m = machine_of(task);
    if (m->child)
        task_free(&m->child->task);
    task_done(task);
    released++;
    free(m);
}

static const struct task_type machine_type = {"machine", machine_release};

static void tell(const struct machine *m, const char *step)
{
    assert_int_equal(buf_printf(&story, "%s%s%s", story.len ? " " : "", m->name, step), 0);
}

static enum step_result step_2(struct task *task)
{
    tell(machine_of(task), "2");
    return task_end(task);
}

static const struct step second = {"second", step_2};

static enum step_result step_1(struct task *task)
{
    struct machine *m = machine_of(task);
    struct error err = ERROR_INIT;
    tell(m, "1");
    if (m->kills) {
        task_free(&(*m->kills)->task);
        *m->kills = NULL;
    }
    task_wake(m->wakes);
    switch (m->then) {
    case ENDS:
        return task_next(task, &second);
    case FAILS:
        error_set(&err, ERR_NOT_FOUND, "%s found nothing", m->name);
        return task_fail(task, &err);
    case FAILS_WITHOUT_CLASS:
        return task_fail(task, &err);
    case WAITS:
        return task_wait(task, &second);
    default:
        return task_sleep(task, m->then == NAPS ? 1 : 3600000, &second);
    }
}

static const struct step first = {"first", step_1};

static enum step_result step_0(struct task *task)
{
    struct machine *m = machine_of(task);
    tell(m, "0");
    if (m->starts)
        task_start(&m->starts->task, &first);
    return task_next(task, &first);
}

static const struct step zeroth = {"zeroth", step_0};

static struct machine *machine_new(const char *name, struct task *parent)
{
    struct machine *m = xcalloc(1, sizeof(*m));
    task_init(&m->task, loop, parent, &machine_type, name);
    m->name = name;
    return m;
}

static struct machine *machine_start(const char *name, enum ending then)
{
    struct machine *m = machine_new(name, NULL);
    m->then = then;
    task_start(&m->task, &first);
    return m;
}

static void machine_free(struct machine *m)
{
    task_free(&m->task);
}

static bool task_is_done(void *arg)
{
    return ((const struct task *)arg)->done;
}

static int setup(void **state)
{
    (void)state;
    loop = loop_new(NULL);
    story = BUF_INIT(1000);
    released = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_false(tasks_any_ready(loop));
    loop_free(loop);
    buf_done(&story);
    return 0;
}

/* What happened in one turn. */
#define assert_turn(expected)                                                                      \
    do {                                                                                           \
        tasks_run_ready(loop);                                                                     \
        assert_string_equal(buf_str(&story), expected);                                            \
        buf_clear(&story);                                                                         \
    } while (0)

static void test_steps_follow_at_once(void **state)
{
    (void)state;
    struct machine *a = machine_new("a", NULL), *b = machine_new("b", NULL);
    task_start(&a->task, &zeroth);
    task_start(&b->task, &zeroth);
    assert_true(tasks_any_ready(loop));
    assert_string_equal(buf_str(&story), ""); /* starting runs nothing */
    assert_turn("a0 a1 a2 b0 b1 b2");
    assert_false(tasks_any_ready(loop));
    assert_true(a->task.done && b->task.done);
    assert_int_equal(a->task.result, 0);
    machine_free(a);
    machine_free(b);
    assert_int_equal(released, 2);
}

static void test_waiting_until_woken(void **state)
{
    (void)state;
    struct machine *a = machine_start("a", WAITS);
    assert_turn("a1");
    assert_turn("");
    task_wake(&a->task);
    task_wake(&a->task);
    assert_string_equal(buf_str(&story), "");
    assert_turn("a2");
    assert_turn("");
    machine_free(a);
}

static void test_waking_what_can_t_be_woken(void **state)
{
    (void)state;
    struct machine *a = machine_new("a", NULL);
    task_wake(NULL);
    task_wake(&a->task); /* not started */
    assert_turn("");
    task_start(&a->task, &first);
    assert_turn("a1 a2");
    task_wake(&a->task); /* done */
    assert_turn("");
    machine_free(a);
    task_free(NULL);
}

/* The wake-up is not lost, and is not answered before the step has ended. */
static void test_woken_while_running(void **state)
{
    (void)state;
    struct machine *a = machine_start("a", WAITS);
    a->wakes = &a->task;
    assert_turn("a1");
    assert_turn("a2");
    assert_true(a->task.done);
    machine_free(a);
}

/* Done is done, whoever woke it in its last step; a new start finds a clean slate. */
static void test_woken_in_its_last_step(void **state)
{
    (void)state;
    struct machine *a = machine_start("a", ENDS);
    a->wakes = &a->task;
    assert_turn("a1 a2");
    assert_true(a->task.done);
    assert_turn("");
    task_start(&a->task, &second);
    assert_turn("a2");
    assert_turn("");
    machine_free(a);
}

static void test_started_in_a_turn_runs_in_the_next(void **state)
{
    (void)state;
    struct machine *a = machine_new("a", NULL), *b = machine_new("b", NULL);
    a->starts = b;
    task_start(&a->task, &zeroth);
    assert_turn("a0 a1 a2");
    assert_turn("b1 b2");
    machine_free(a);
    machine_free(b);
}

/* Two that wake each other for ever leave the loop its turns. */
static enum step_result step_ping(struct task *task);
static const struct step ping = {"ping", step_ping};

static enum step_result step_ping(struct task *task)
{
    tell(machine_of(task), "");
    task_wake(machine_of(task)->wakes);
    return task_wait(task, &ping);
}

static void test_a_turn_ends(void **state)
{
    (void)state;
    struct machine *a = machine_new("a", NULL), *b = machine_new("b", NULL);
    a->wakes = &b->task;
    b->wakes = &a->task;
    task_start(&a->task, &ping);
    task_start(&b->task, &ping);
    assert_turn("a b");
    assert_turn("a");
    assert_turn("b");
    machine_free(a);
    machine_free(b);
}

static void test_sleeping(void **state)
{
    (void)state;
    struct machine *a = machine_start("a", NAPS);
    loop_run(loop, task_is_done, &a->task);
    assert_turn("a1 a2");
    machine_free(a);
    /* woken before its time: the alarm is off */
    a = machine_start("a", SLEEPS);
    assert_turn("a1");
    assert_int_not_equal(a->task.alarm.place, 0);
    task_wake(&a->task);
    assert_turn("a2");
    assert_int_equal(a->task.alarm.place, 0);
    machine_free(a);
}

static void test_parent_is_woken(void **state)
{
    (void)state;
    struct machine *parent = machine_start("p", WAITS);
    parent->child = machine_new("c", &parent->task);
    assert_turn("p1");
    task_start(&parent->child->task, &first);
    assert_turn("c1 c2");
    assert_turn("p2");
    machine_free(parent);
    assert_int_equal(released, 2);
}

static void test_child_that_ends_in_the_turn_of_its_parent(void **state)
{
    (void)state;
    struct machine *parent = machine_start("p", WAITS);
    parent->child = machine_new("c", &parent->task);
    task_start(&parent->child->task, &first);
    assert_turn("p1 c1 c2");
    assert_turn("p2");
    machine_free(parent);
}

static void test_failing(void **state)
{
    (void)state;
    struct machine *parent = machine_start("p", WAITS);
    struct machine *c = parent->child = machine_new("c", &parent->task);
    c->then = FAILS;
    task_start(&c->task, &first);
    assert_turn("p1 c1");
    assert_true(c->task.done);
    assert_int_equal(c->task.result, ERR_NOT_FOUND);
    assert_int_equal(c->task.err.class, ERR_NOT_FOUND);
    assert_string_equal(c->task.err.text, "c found nothing");
    assert_turn("p2");
    machine_free(parent);

    struct machine *d = machine_start("d", FAILS_WITHOUT_CLASS);
    assert_turn("d1");
    assert_int_equal(d->task.result, ERR_INTERNAL);
    machine_free(d);
}

static void test_starting_again_after_the_end(void **state)
{
    (void)state;
    struct machine *a = machine_start("a", ENDS);
    assert_turn("a1 a2");
    task_start(&a->task, &second);
    assert_false(a->task.done);
    assert_turn("a2");
    assert_true(a->task.done);
    machine_free(a);
}

/* Freed at any place of the queue: the others run, in order. */
static void test_cancelled_while_queued(void **state)
{
    (void)state;
    static const char *const left[] = {"b1 b2 c1 c2", "a1 a2 c1 c2", "a1 a2 b1 b2"};
    for (size_t victim = 0; victim < 3; victim++) {
        struct machine *m[] = {machine_start("a", ENDS), machine_start("b", ENDS),
                               machine_start("c", ENDS)};
        machine_free(m[victim]);
        struct machine *last = machine_start("d", ENDS);
        _cleanup_free_ char *expected = xasprintf("%s d1 d2", left[victim]);
        assert_turn(expected);
        for (size_t i = 0; i < 3; i++) {
            if (i != victim)
                machine_free(m[i]);
        }
        machine_free(last);
    }
    struct machine *only = machine_start("a", ENDS);
    machine_free(only);
    only = machine_start("b", ENDS);
    assert_turn("b1 b2");
    machine_free(only);
}

static bool turns_are_over(void *arg)
{
    return --*(int *)arg == 0;
}

static void test_cancelled_while_waiting_or_asleep(void **state)
{
    (void)state;
    int turns = 3;
    struct machine *a = machine_start("a", WAITS), *b = machine_start("b", NAPS);
    struct machine *c = machine_start("c", ENDS);
    c->kills = &b;
    assert_turn("a1 b1 c1 c2");
    assert_null(b);
    machine_free(a);
    assert_int_equal(released, 2);
    /* the alarm is off: nothing of the freed one is touched */
    struct machine *d = machine_start("d", NAPS);
    loop_run(loop, task_is_done, &d->task);
    loop_wakeup(loop);
    turns = 1;
    loop_run(loop, turns_are_over, &turns);
    assert_turn("d1 d2");
    machine_free(c);
    machine_free(d);
}

/* One task frees another that is ready in the same turn, in front of it or behind. */
static void test_cancelled_by_another_in_its_turn(void **state)
{
    (void)state;
    struct machine *a = machine_start("a", ENDS), *b = machine_start("b", ENDS);
    struct machine *c = machine_start("c", ENDS);
    a->kills = &b;
    assert_turn("a1 a2 c1 c2");
    machine_free(a);
    machine_free(c);
    a = machine_start("a", WAITS);
    b = machine_start("b", ENDS);
    a->wakes = &a->task; /* ready again when b frees it */
    b->kills = &a;
    assert_turn("a1 b1 b2");
    assert_turn("");
    machine_free(b);
}

static void test_label_is_copied(void **state)
{
    (void)state;
    char label[] = "blob";
    struct machine *a = machine_new(label, NULL);
    label[0] = 'X';
    assert_string_equal(a->task.label, "blob");
    machine_free(a);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_steps_follow_at_once),
        TEST(test_waiting_until_woken),
        TEST(test_waking_what_can_t_be_woken),
        TEST(test_woken_while_running),
        TEST(test_woken_in_its_last_step),
        TEST(test_started_in_a_turn_runs_in_the_next),
        TEST(test_a_turn_ends),
        TEST(test_sleeping),
        TEST(test_parent_is_woken),
        TEST(test_child_that_ends_in_the_turn_of_its_parent),
        TEST(test_failing),
        TEST(test_starting_again_after_the_end),
        TEST(test_cancelled_while_queued),
        TEST(test_cancelled_while_waiting_or_asleep),
        TEST(test_cancelled_by_another_in_its_turn),
        TEST(test_label_is_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
