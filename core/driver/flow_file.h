/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a small file on the helper thread, for FILE effects. */
#pragma once

#include "base/error.h"
#include "net/job.h"

struct task;

struct file_read {
    struct job job;
    struct task *waiter;
    char *path;
    size_t cap;
    bool done;
    /* When done: the content, or `failed` with *err, or neither when there is no such file. */
    char *text;
    size_t len;
    bool failed;
    struct error err;
};

/* Embed it, zeroed. Wakes `waiter` at the end. */
void file_read_start(struct file_read *read, struct task *waiter, const char *path, size_t cap);
/* Cancels, wipes and frees; for one that was never started, too. */
void file_read_done(struct file_read *read, struct loop *loop);
