/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of files and scripts, and running one task to its end. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/str.h"
#include "net/task.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char fixture_dir[64];
static struct loop *fixture_loop;
static int fixture_lines; /* log lines since the last look */

static inline void fixture_count_line(void)
{
    fixture_lines++;
}

static inline int fixture_setup(void **state)
{
    (void)state;
    snprintf(fixture_dir, sizeof(fixture_dir), "/tmp/ocync-unit-XXXXXX");
    assert_non_null(mkdtemp(fixture_dir));
    fixture_loop = loop_new(NULL);
    assert_non_null(fixture_loop);
    log_set_hooks(fixture_count_line, NULL);
    fixture_lines = 0;
    return 0;
}

static inline int fixture_unlink(const char *path, const struct stat *st, int type,
                                 struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    return remove(path);
}

static inline int fixture_teardown(void **state)
{
    (void)state;
    loop_free(fixture_loop);
    log_set_hooks(NULL, NULL);
    return nftw(fixture_dir, fixture_unlink, 8, FTW_DEPTH | FTW_PHYS);
}

/* The path below the folder; free it. */
static inline char *fixture_path(const char *name)
{
    return xasprintf("%s/%s", fixture_dir, name);
}

/* Folders on the way are made. */
static inline void fixture_write(const char *name, mode_t mode, const char *text)
{
    _cleanup_free_ char *path = fixture_path(name);
    for (char *slash = strchr(path + strlen(fixture_dir) + 1, '/'); slash;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static inline bool fixture_is_done(void *arg)
{
    return ((const struct task *)arg)->done;
}

static inline void fixture_run(struct task *task)
{
    loop_run(fixture_loop, fixture_is_done, task);
}
