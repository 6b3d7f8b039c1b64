/* SPDX-License-Identifier: Apache-2.0 */
#include "auth_fixture.h"

#include "base/clock.h"
#include "net/exec.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#define SH(script) ((const char *const[]){"/bin/sh", "-c", script, NULL})

static struct exec_op *run(const char *const *argv, const char *input, size_t max,
                           int64_t timeout_ms)
{
    struct exec_op *op = exec_start(fixture_loop, NULL,
                                    &(struct exec_request){.argv = argv,
                                                           .input = input,
                                                           .input_len = input ? strlen(input) : 0,
                                                           .output_max = max,
                                                           .timeout_ms = timeout_ms});
    fixture_run(exec_task(op));
    return op;
}

static void assert_no_children(void)
{
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
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

static const struct {
    const char *script, *input;
    int status;
    const char *output;
} answers[] = {
    {"cat; echo done", "hello", 0, "hellodone\n"},
    {"cat; echo done", NULL, 0, "done\n"},
    {"exit 7", "not read", 7, ""},
    {"echo out; echo err >&2; exit 1", NULL, 1, "out\n"},
    {"kill -TERM $$", NULL, 128 + SIGTERM, ""},
    {"exec <&-; echo deaf", "not read", 0, "deaf\n"},
    {"exec >&-; exit 3", NULL, 3, ""},
    /* its own process group, signals as new */
    {"test $(ps -o pgid= -p $$) = $$ && echo own", NULL, 0, "own\n"},
    /* a daemon that keeps the pipe does not hold us up */
    {"sleep 30 & echo $! >&2; echo early", NULL, 0, "early\n"},
};

static void test_answers(void **state)
{
    (void)state;
    size_t fds = count_fds();
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        _cleanup_free_ char *script =
            xasprintf("exec 2>>%s/err; %s", fixture_dir, answers[i].script);
        struct exec_op *op = run(SH(script), answers[i].input, 100, 20000);
        size_t len;
        assert_int_equal(exec_task(op)->result, 0);
        assert_string_equal(exec_output(op, &len), answers[i].output);
        assert_int_equal(len, strlen(answers[i].output));
        assert_int_equal(exec_status(op), answers[i].status);
        task_free(exec_task(op));
        assert_no_children();
        assert_int_equal(count_fds(), fds);
    }
    _cleanup_free_ char *sweep = xasprintf("kill $(grep -x '[0-9]*' %s/err)", fixture_dir);
    task_free(exec_task(run(SH(sweep), NULL, 0, 0)));
}

/* More than pipes hold, both ways at once; the program stops reading half way in the second. */
static void test_much_input_and_output(void **state)
{
    (void)state;
    size_t size = 1024 * 1024, len;
    char *input = xmalloc(size + 1);
    memset(input, 'x', size);
    input[size] = '\0';
    struct exec_op *op = run((const char *const[]){"cat", NULL}, input, size, 20000);
    assert_int_equal(exec_task(op)->result, 0);
    assert_string_equal(exec_output(op, &len), input);
    task_free(exec_task(op));
    op = run((const char *const[]){"head", "-c", "5", NULL}, input, size, 20000);
    assert_int_equal(exec_task(op)->result, 0);
    assert_string_equal(exec_output(op, &len), "xxxxx");
    task_free(exec_task(op));
    free(input);
}

static void test_output_is_bounded(void **state)
{
    (void)state;
    struct exec_op *op = run(SH("printf 12345"), NULL, 5, 20000);
    assert_int_equal(exec_task(op)->result, 0);
    task_free(exec_task(op));
    op = run(SH("printf 123456"), NULL, 5, 20000);
    assert_int_equal(exec_task(op)->result, ERR_TOO_LARGE);
    task_free(exec_task(op));
    op = run(SH("yes"), NULL, 100, 20000);
    assert_int_equal(exec_task(op)->result, ERR_TOO_LARGE);
    task_free(exec_task(op));
    assert_no_children();
}

/* Whoever holds the write end of the fifo is alive; all gone: end of file. */
static void test_time_limit_kills_the_group(void **state)
{
    (void)state;
    char byte;
    _cleanup_free_ char *fifo = fixture_path("fifo");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    int fd = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    _cleanup_free_ char *script =
        xasprintf("exec 9>%s; trap '' TERM; (sleep 30; :) & sleep 30; :", fifo);
    int64_t before = clock_ms();
    struct exec_op *op = run(SH(script), NULL, 100, 200);
    assert_int_equal(exec_task(op)->result, ERR_TRANSIENT);
    assert_non_null(strstr(exec_task(op)->err.text, "/bin/sh"));
    assert_true(clock_ms() - before >= 200);
    assert_true(clock_ms() - before < 10000);
    task_free(exec_task(op));
    assert_no_children();
    struct pollfd hung_up = {.fd = fd};
    assert_int_equal(poll(&hung_up, 1, 10000), 1);
    assert_int_equal(read(fd, &byte, 1), 0);
    close(fd);
}

static void test_cancelling_kills(void **state)
{
    (void)state;
    size_t fds = count_fds();
    struct exec_op *op =
        exec_start(fixture_loop, NULL,
                   &(struct exec_request){.argv = SH("sleep 30"), .input = "x", .input_len = 1});
    task_free(exec_task(op));
    assert_no_children();
    assert_int_equal(count_fds(), fds);
}

static void test_no_such_program(void **state)
{
    (void)state;
    static const struct {
        const char *program;
        int class;
    } cases[] = {
        {"ocync-no-such-program", ERR_NOT_FOUND},
        {"/nonexistent/program", ERR_NOT_FOUND},
        {"/etc/passwd", ERR_IO},
    };
    size_t fds = count_fds();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct exec_op *op = run((const char *const[]){cases[i].program, NULL}, "in", 10, 1000);
        assert_int_equal(exec_task(op)->result, cases[i].class);
        assert_non_null(strstr(exec_task(op)->err.text, cases[i].program));
        task_free(exec_task(op));
        assert_int_equal(count_fds(), fds);
    }
}

/* Nothing of ours but the three standard descriptors is open in the program. */
static void test_descriptors_do_not_leak(void **state)
{
    (void)state;
    int inheritable = dup(STDERR_FILENO);
    struct exec_op *other =
        exec_start(fixture_loop, NULL,
                   &(struct exec_request){
                       .argv = SH("sleep 30"), .input = "x", .input_len = 1, .output_max = 1});
    struct exec_op *op = run((const char *const[]){"ls", "/proc/self/fd", NULL}, NULL, 100, 20000);
    size_t len;
    assert_string_equal(exec_output(op, &len), "0\n1\n2\n3\n"); /* 3: the folder itself */
    task_free(exec_task(op));
    task_free(exec_task(other));
    close(inheritable);
}

/* A program in the folder that we are in does not run, even if PATH names that folder by ".". */
static void test_relative_folders_of_path_are_skipped(void **state)
{
    (void)state;
    _cleanup_free_ char *before = xstrdup(getenv("PATH"));
    _cleanup_free_ char *good = xasprintf(".::%s:/usr/bin:/bin", fixture_dir);
    size_t len;
    fixture_write("tool", 0700, "#!/bin/sh\necho ran\n");
    assert_int_equal(chdir(fixture_dir), 0);
    setenv("PATH", ".::/usr/bin:/bin", 1);
    struct exec_op *op = run((const char *const[]){"tool", NULL}, NULL, 10, 20000);
    assert_int_equal(exec_task(op)->result, ERR_NOT_FOUND);
    task_free(exec_task(op));
    setenv("PATH", good, 1);
    op = run((const char *const[]){"tool", NULL}, NULL, 10, 20000);
    assert_string_equal(exec_output(op, &len), "ran\n");
    task_free(exec_task(op));
    setenv("PATH", before, 1);
    assert_int_equal(chdir("/"), 0);
}

static const char *const sleepers[] = {"/bin/sh", "-c", "sleep 0.1; echo $0", "x", NULL};

static struct exec_op *several[20];

static bool all_done(void *arg)
{
    (void)arg;
    for (size_t i = 0; i < ARRAY_LEN(several); i++) {
        if (!exec_task(several[i])->done)
            return false;
    }
    return true;
}

static void test_many_at_once(void **state)
{
    (void)state;
    size_t len;
    struct exec_request request = {.argv = sleepers, .output_max = 10};
    for (size_t i = 0; i < ARRAY_LEN(several); i++)
        several[i] = exec_start(fixture_loop, NULL, &request);
    loop_run(fixture_loop, all_done, NULL);
    for (size_t i = 0; i < ARRAY_LEN(several); i++) {
        assert_string_equal(exec_output(several[i], &len), "x\n");
        task_free(exec_task(several[i]));
    }
    assert_no_children();
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_answers),
        WITH_FIXTURE(test_much_input_and_output),
        WITH_FIXTURE(test_output_is_bounded),
        WITH_FIXTURE(test_time_limit_kills_the_group),
        WITH_FIXTURE(test_cancelling_kills),
        WITH_FIXTURE(test_no_such_program),
        WITH_FIXTURE(test_descriptors_do_not_leak),
        WITH_FIXTURE(test_relative_folders_of_path_are_skipped),
        WITH_FIXTURE(test_many_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
