/* SPDX-License-Identifier: Apache-2.0 */
/* Only regular files: a pipe or a device could keep the thread for ever. */
#include "driver/flow_file.h"

#include "base/secret.h"
#include "base/str.h"
#include "net/task.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(struct file_read *read, enum error_class class, const char *why)
{
    read->failed = true;
    return error_set(&read->err, class, "file %s can't be read: %s", read->path, why);
}

static int open_file(struct file_read *read)
{
    int fd = open(read->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd >= 0)
        return fd;
    if (errno != ENOENT && errno != ENOTDIR)
        fail(read, errno == EACCES ? ERR_DENIED : ERR_IO, strerror(errno));
    return -1;
}

/* Reads up to one byte more than allowed, to know when there is more. */
static void read_content(struct file_read *read, int fd)
{
    char *text = xmalloc(read->cap + 2);
    size_t len = 0;
    ssize_t n = 1;
    while (n > 0 && len <= read->cap) {
        n = pread(fd, text + len, read->cap + 1 - len, (off_t)len);
        if (n > 0)
            len += (size_t)n;
    }
    text[len] = '\0';
    read->text = text;
    read->len = len;
    if (n < 0)
        fail(read, ERR_IO, strerror(errno));
    else if (len > read->cap)
        fail(read, ERR_TOO_LARGE, "it is larger than the driver expects");
}

static void work(struct job *job)
{
    struct file_read *read = container_of(job, struct file_read, job);
    struct stat st;
    _cleanup_close_ int fd = open_file(read);
    if (fd < 0)
        return;
    if (fstat(fd, &st))
        fail(read, ERR_IO, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        fail(read, ERR_IO, "it is not a regular file");
    else
        read_content(read, fd);
}

static void worked(struct job *job)
{
    struct file_read *read = container_of(job, struct file_read, job);
    read->done = true;
    task_wake(read->waiter);
}

void file_read_start(struct file_read *read, struct task *waiter, const char *path, size_t cap)
{
    *read = (struct file_read){.job = {.work = work, .done = worked},
                               .waiter = waiter,
                               .path = xstrdup(path),
                               .cap = cap,
                               .err = ERROR_INIT};
    job_submit(waiter->loop, &read->job);
}

void file_read_done(struct file_read *read, struct loop *loop)
{
    if (!read->path)
        return;
    job_cancel(loop, &read->job);
    if (read->text)
        explicit_bzero(read->text, read->len);
    free(read->text);
    free(read->path);
    *read = (struct file_read){0};
}
