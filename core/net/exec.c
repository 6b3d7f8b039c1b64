/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A helper program is watched through a pidfd, its pipes through the loop; nothing here blocks.
 * The answer is complete when the program has ended: what it left in its output pipe is read
 * then, so a daemon that it started and that keeps the pipe open does not hold us up. Where there
 * are no pidfds (old kernels, sandboxes, valgrind), we look now and then. As output may be a secret
 * it lies in one block of the largest size, which is wiped and never moved. Invariant: `pid` is set
 * exactly as long as there is a process to reap.
 */
#include "net/exec.h"

#include "base/secret.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TIMEOUT_DEFAULT_MS 30000
#define LOOK_MS 20 /* without a pidfd */

extern char **environ;

struct exec_op {
    struct task task;
    char *program;
    int64_t timeout_ms;
    struct secret *input; /* NULL: none */
    size_t sent;

    pid_t pid;
    int pidfd, in, out; /* -1: closed */
    struct watch exited, writable, readable;
    struct timer limit, look;

    char *output;
    size_t output_len, output_max;
    int status;
    struct error err; /* class set: that is how it ends */
};

static void close_end(struct exec_op *op, int *fd, struct watch *watch)
{
    watch_remove(op->task.loop, watch);
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_all(struct exec_op *op)
{
    timer_cancel(op->task.loop, &op->limit);
    timer_cancel(op->task.loop, &op->look);
    close_end(op, &op->pidfd, &op->exited);
    close_end(op, &op->in, &op->writable);
    close_end(op, &op->out, &op->readable);
}

static void kill_group(const struct exec_op *op)
{
    if (op->pid)
        kill(-op->pid, SIGKILL);
}

static void reap(struct exec_op *op)
{
    int status = 0;
    pid_t got;
    do
        got = waitpid(op->pid, &status, 0);
    while (got < 0 && errno == EINTR);
    op->pid = 0;
    op->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* True: there may be more right now. */
static bool read_some(struct exec_op *op)
{
    char one_more;
    size_t room = op->output_max - op->output_len;
    ssize_t n = read(op->out, room ? op->output + op->output_len : &one_more, room ? room : 1);
    if (n < 0 && errno == EINTR)
        return true;
    if (n < 0 && errno == EAGAIN)
        return false;
    if (n <= 0) {
        close_end(op, &op->out, &op->readable);
        return false;
    }
    if (!room) {
        error_set(&op->err, ERR_TOO_LARGE, "%s wrote more than %zu bytes and was stopped",
                  op->program, op->output_max);
        close_end(op, &op->out, &op->readable);
        kill_group(op);
        return false;
    }
    op->output_len += (size_t)n;
    return true;
}

static void on_readable(struct watch *watch, short events)
{
    (void)events;
    read_some(container_of(watch, struct exec_op, readable));
}

/* Without SIGPIPE, whatever the program has done with that signal. */
static ssize_t write_quietly(int fd, const char *data, size_t len)
{
    sigset_t pipe_only, before, pending;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
    ssize_t n = write(fd, data, len);
    int why = errno;
    if (n < 0 && why == EPIPE && !sigismember(&pending, SIGPIPE))
        sigtimedwait(&pipe_only, NULL, &(struct timespec){0});
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = why;
    return n;
}

/* A program that does not care for its input is no failure. */
static void on_writable(struct watch *watch, short events)
{
    struct exec_op *op = container_of(watch, struct exec_op, writable);
    (void)events;
    ssize_t n = write_quietly(op->in, secret_reveal(op->input) + op->sent,
                              secret_len(op->input) - op->sent);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n > 0)
        op->sent += (size_t)n;
    if (n <= 0 || op->sent == secret_len(op->input))
        close_end(op, &op->in, &op->writable);
}

static void finish(struct exec_op *op)
{
    while (op->out >= 0 && read_some(op))
        ;
    reap(op);
    close_all(op);
    task_wake(&op->task);
}

static void on_exited(struct watch *watch, short events)
{
    (void)events;
    finish(container_of(watch, struct exec_op, exited));
}

static void on_look(struct timer *timer)
{
    struct exec_op *op = container_of(timer, struct exec_op, look);
    siginfo_t ended = {0};
    if (waitid(P_PID, (id_t)op->pid, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && !ended.si_pid)
        timer_set(op->task.loop, &op->look, LOOK_MS);
    else
        finish(op);
}

static void on_limit(struct timer *timer)
{
    struct exec_op *op = container_of(timer, struct exec_op, limit);
    if (!op->err.class)
        error_set(&op->err, ERR_TRANSIENT, "%s did not end within %lld s and was stopped",
                  op->program, (long long)(op->timeout_ms + 999) / 1000);
    kill_group(op);
}

static enum step_result step_wait(struct task *task);
static const struct step wait_for_end = {"wait", step_wait};

static enum step_result step_wait(struct task *task)
{
    struct exec_op *op = container_of(task, struct exec_op, task);
    if (op->pid)
        return task_wait(task, &wait_for_end);
    return op->err.class ? task_fail(task, &op->err) : task_end(task);
}

static void exec_release(struct task *task)
{
    struct exec_op *op = container_of(task, struct exec_op, task);
    kill_group(op);
    if (op->pid)
        reap(op);
    close_all(op);
    secret_free(op->input);
    explicit_bzero(op->output, op->output_len);
    free(op->output);
    free(op->program);
    task_done(task);
    free(op);
}

static const struct task_type exec_type = {"exec", exec_release};

static int is_program(const char *path)
{
    struct stat about;
    if (stat(path, &about) < 0)
        return errno == ENOTDIR ? ENOENT : errno;
    if (!S_ISREG(about.st_mode))
        return EACCES;
    return access(path, X_OK) < 0 ? errno : 0;
}

/* Looks in PATH, except in folders relative to where we happen to be. Returns errno. */
static int find_program(const char *name, char **ret)
{
    if (strchr(name, '/')) {
        *ret = xstrdup(name);
        return is_program(name);
    }
    const char *path = getenv("PATH");
    _cleanup_free_ char *folders = xstrdup(path ? path : "/usr/bin:/bin");
    char *rest = folders;
    int result = ENOENT;
    for (const char *folder; (folder = strsep(&rest, ":"));) {
        _cleanup_free_ char *file = xasprintf("%s/%s", folder, name);
        int why = *folder == '/' ? is_program(file) : ENOENT;
        if (!why) {
            *ret = take_ptr(&file);
            return 0;
        }
        if (why == EACCES)
            result = why;
    }
    return result;
}

/* The program gets the far ends as its standard input and output, and signals as new. Libraries
 * open descriptors without close-on-exec, so all others are closed. */
static int spawn(struct exec_op *op, const char *file, char *const *argv, int stdin_fd,
                 int stdout_fd)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t none, reset;
    sigemptyset(&none);
    sigemptyset(&reset);
    sigaddset(&reset, SIGPIPE);
    sigaddset(&reset, SIGINT);
    sigaddset(&reset, SIGTERM);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&how);
    if (stdin_fd >= 0)
        posix_spawn_file_actions_adddup2(&files, stdin_fd, STDIN_FILENO);
    else
        posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, stdout_fd, STDOUT_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    posix_spawnattr_setpgroup(&how, 0);
    posix_spawnattr_setsigmask(&how, &none);
    posix_spawnattr_setsigdefault(&how, &reset);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                       POSIX_SPAWN_SETSIGDEF);
    pid_t pid = 0;
    int why = posix_spawn(&pid, file, &files, &how, argv, environ);
    posix_spawnattr_destroy(&how);
    posix_spawn_file_actions_destroy(&files);
    if (!why)
        op->pid = pid;
    return why;
}

static void report_spawn(struct exec_op *op, int why)
{
    if (why == ENOENT)
        error_set(&op->err, ERR_NOT_FOUND,
                  strchr(op->program, '/') ? "%s: no such program" : "%s: no such program in PATH",
                  op->program);
    else
        error_set(&op->err, ERR_IO, "can't run %s: %s", op->program, strerror(why));
}

/* A pipe whose end number `ours` does not block; the program's end does. Returns errno. */
static int pipe_for(int ours, int *ret_ours, int *ret_theirs)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) < 0)
        return errno;
    fcntl(fds[ours], F_SETFL, O_NONBLOCK);
    *ret_ours = fds[ours];
    *ret_theirs = fds[!ours];
    return 0;
}

static int launch(struct exec_op *op, char *const *argv)
{
    _cleanup_close_ int stdin_fd = -1;
    _cleanup_close_ int stdout_fd = -1;
    _cleanup_free_ char *file = NULL;
    int why = find_program(argv[0], &file);
    if (!why && op->input)
        why = pipe_for(1, &op->in, &stdin_fd);
    if (!why)
        why = pipe_for(0, &op->out, &stdout_fd);
    if (!why)
        why = spawn(op, file, argv, stdin_fd, stdout_fd);
    if (why)
        return why;
    op->pidfd = (int)syscall(SYS_pidfd_open, op->pid, 0);
    return 0;
}

static void watch_all(struct exec_op *op)
{
    struct loop *loop = op->task.loop;
    op->exited = (struct watch){.fd = op->pidfd, .events = POLLIN, .ready = on_exited};
    op->readable = (struct watch){.fd = op->out, .events = POLLIN, .ready = on_readable};
    op->writable = (struct watch){.fd = op->in, .events = POLLOUT, .ready = on_writable};
    if (op->pidfd >= 0)
        watch_add(loop, &op->exited);
    else
        timer_set(loop, &op->look, LOOK_MS);
    watch_add(loop, &op->readable);
    if (op->in >= 0)
        watch_add(loop, &op->writable);
    timer_set(loop, &op->limit, op->timeout_ms);
}

struct exec_op *exec_start(struct loop *loop, struct task *parent,
                           const struct exec_request *request)
{
    struct exec_op *op = xcalloc(1, sizeof(*op));
    task_init(&op->task, loop, parent, &exec_type, request->argv[0]);
    op->program = xstrdup(request->argv[0]);
    op->timeout_ms = request->timeout_ms ? request->timeout_ms : TIMEOUT_DEFAULT_MS;
    op->limit.fire = on_limit;
    op->look.fire = on_look;
    op->pidfd = op->in = op->out = -1;
    op->output_max = request->output_max;
    op->output = xmalloc(op->output_max + 1);
    if (request->input && request->input_len)
        op->input = secret_new_len(request->input, request->input_len);
    int why = launch(op, (char *const *)(uintptr_t)request->argv);
    if (why) {
        report_spawn(op, why);
        close_all(op);
    } else {
        watch_all(op);
    }
    task_start(&op->task, &wait_for_end);
    return op;
}

struct task *exec_task(struct exec_op *op)
{
    return op ? &op->task : NULL;
}

int exec_status(const struct exec_op *op)
{
    return op->status;
}

const char *exec_output(const struct exec_op *op, size_t *ret_len)
{
    op->output[op->output_len] = '\0';
    *ret_len = op->output_len;
    return op->output;
}
