/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs that can be held: the thread waits inside `work` until the test opens the gate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/job.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct note {
    struct job job; /* first */
    char letter;
    bool gated;
    struct note *submits; /* in `done` */
    struct job *cancels;  /* in `done` */
};

static struct loop *loop;
static pthread_t loop_thread;
static sem_t begun, gate;
static char worked[64]; /* by the thread; read after `done` or job_cancel only */
static char told[64];   /* by the loop */
static sigset_t blocked_in_thread;

static void append(char *text, char letter)
{
    size_t len = strlen(text);
    text[len] = letter;
    text[len + 1] = '\0';
}

static void note_work(struct job *job)
{
    struct note *n = container_of(job, struct note, job);
    if (n->gated) {
        sem_post(&begun);
        sem_wait(&gate);
    }
    pthread_sigmask(SIG_SETMASK, NULL, &blocked_in_thread);
    if (pthread_equal(pthread_self(), loop_thread))
        append(worked, '!');
    append(worked, n->letter);
}

static void note_done(struct job *job)
{
    struct note *n = container_of(job, struct note, job);
    assert_true(pthread_equal(pthread_self(), loop_thread));
    assert_int_equal(job->state, JOB_IDLE);
    append(told, n->letter);
    if (n->submits)
        job_submit(loop, &n->submits->job);
    if (n->cancels)
        job_cancel(loop, n->cancels);
    n->submits = NULL;
}

#define NOTE(letter_)                                                                              \
    ((struct note){.job = {.work = note_work, .done = note_done}, .letter = letter_})

static bool told_is(void *arg)
{
    return strcmp(told, arg) == 0;
}

static void run_until(const char *expected)
{
    loop_run(loop, told_is, (void *)(uintptr_t)expected);
}

static int setup(void **state)
{
    (void)state;
    loop = loop_new(NULL);
    loop_thread = pthread_self();
    sem_init(&begun, 0, 0);
    sem_init(&gate, 0, 0);
    worked[0] = told[0] = '\0';
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    loop_free(loop);
    sem_destroy(&begun);
    sem_destroy(&gate);
    return 0;
}

static void test_work_in_thread_done_in_loop(void **state)
{
    (void)state;
    struct note a = NOTE('a');
    job_submit(loop, &a.job);
    run_until("a");
    assert_string_equal(worked, "a"); /* no '!' */
    /* the same job again */
    job_submit(loop, &a.job);
    run_until("aa");
}

static void test_jobs_run_in_order(void **state)
{
    (void)state;
    struct note notes[] = {NOTE('a'), NOTE('b'), NOTE('c'), NOTE('d')};
    for (size_t i = 0; i < ARRAY_LEN(notes); i++)
        job_submit(loop, &notes[i].job);
    run_until("abcd");
    assert_string_equal(worked, "abcd");
}

static void test_job_submitted_in_done(void **state)
{
    (void)state;
    struct note a = NOTE('a'), b = NOTE('b');
    a.submits = &b;
    b.submits = &a;
    job_submit(loop, &a.job);
    run_until("aba");
    assert_string_equal(worked, "aba");
}

static void test_cancel_queued(void **state)
{
    (void)state;
    for (int victim = 1; victim < 4; victim++) {
        static const char *const left[] = {NULL, "acd", "abd", "abc"};
        struct note notes[] = {NOTE('a'), NOTE('b'), NOTE('c'), NOTE('d')};
        notes[0].gated = true;
        worked[0] = told[0] = '\0';
        for (size_t i = 0; i < ARRAY_LEN(notes); i++)
            job_submit(loop, &notes[i].job);
        sem_wait(&begun);
        job_cancel(loop, &notes[victim].job);
        assert_int_equal(notes[victim].job.state, JOB_IDLE);
        sem_post(&gate);
        run_until(left[victim]);
        assert_string_equal(worked, left[victim]);
    }
}

static void *open_gate(void *arg)
{
    (void)arg;
    sem_wait(&begun);
    sem_post(&gate);
    return NULL;
}

/* The memory may go once job_cancel returns: the work has ended by then. */
static void test_cancel_running_waits(void **state)
{
    (void)state;
    pthread_t opener;
    struct note a = NOTE('a'), b = NOTE('b');
    a.gated = true;
    job_submit(loop, &a.job);
    sem_wait(&begun);
    sem_post(&begun); /* for the opener, who lets it go while we wait */
    assert_int_equal(pthread_create(&opener, NULL, open_gate, NULL), 0);
    job_cancel(loop, &a.job);
    assert_string_equal(worked, "a");
    pthread_join(opener, NULL);
    memset(&a, 0xff, sizeof(a));
    job_submit(loop, &b.job);
    run_until("b"); /* `done` of the cancelled one is never called */
}

static void test_cancel_finished(void **state)
{
    (void)state;
    struct note a = NOTE('a'), b = NOTE('b'), c = NOTE('c');
    c.gated = true;
    job_submit(loop, &a.job);
    job_submit(loop, &b.job);
    job_submit(loop, &c.job);
    sem_wait(&begun); /* a and b have ended, nobody has told */
    a.cancels = &b.job;
    sem_post(&gate);
    run_until("ac");
    assert_string_equal(worked, "abc");
}

static void test_cancel_idle(void **state)
{
    (void)state;
    struct note a = NOTE('a');
    job_cancel(loop, &a.job);
    job_submit(loop, &a.job);
    run_until("a");
    job_cancel(loop, &a.job);
    assert_int_equal(a.job.state, JOB_IDLE);
}

/* A loop that goes waits for the running job, and drops the others. */
static void test_loop_freed_with_jobs(void **state)
{
    (void)state;
    pthread_t opener;
    struct note a = NOTE('a'), b = NOTE('b');
    a.gated = true;
    job_submit(loop, &a.job);
    job_submit(loop, &b.job);
    sem_wait(&begun);
    sem_post(&begun);
    assert_int_equal(pthread_create(&opener, NULL, open_gate, NULL), 0);
    loop_free(loop);
    loop = NULL;
    pthread_join(opener, NULL);
    assert_int_equal(worked[0], 'a');
    assert_string_equal(told, "");
}

static void test_thread_takes_no_signals(void **state)
{
    (void)state;
    struct note a = NOTE('a');
    job_submit(loop, &a.job);
    run_until("a");
    assert_int_equal(sigismember(&blocked_in_thread, SIGINT), 1);
    assert_int_equal(sigismember(&blocked_in_thread, SIGTERM), 1);
    assert_int_equal(sigismember(&blocked_in_thread, SIGCHLD), 1);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_work_in_thread_done_in_loop),
        TEST(test_jobs_run_in_order),
        TEST(test_job_submitted_in_done),
        TEST(test_cancel_queued),
        TEST(test_cancel_running_waits),
        TEST(test_cancel_finished),
        TEST(test_cancel_idle),
        TEST(test_loop_freed_with_jobs),
        TEST(test_thread_takes_no_signals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
