/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Byte N of the blob lies at N modulo the capacity, so the file never grows beyond it: it is a
 * fixed ring wherever the file system can't punch holes, and elsewhere the consumed part is punched
 * out as well. from <= to <= from + capacity; [punched, from) is what awaits a punch.
 *
 * All of it runs in the loop. What is written at once is at most a ring of the bridge, it goes to
 * the page cache and is never synced, as nobody reads it after us; holes are punched in pieces of
 * at least 1 MiB.
 */
#include "net/spool.h"

#include "base/alloc.h"
#include "base/str.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHARE_MIN ((int64_t)1024 * 1024)
#define PUNCH_MIN ((int64_t)1024 * 1024)
#define BLOCK ((int64_t)4096)

struct spool {
    struct staging *staging;
    int fd;
    int64_t capacity; /* a multiple of BLOCK */
    int64_t from, to, punched;
};

bool staging_is_on(const struct staging *staging)
{
    return staging && staging->folder && staging->limit > 0;
}

static int64_t share_of(const struct staging *staging)
{
    int64_t share = staging->limit / (int64_t)(staging->n_spools ? staging->n_spools : 1);
    return share > SHARE_MIN ? share : SHARE_MIN;
}

/* Some file systems know no unnamed files. */
static int open_unnamed(const char *folder)
{
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0)
        return fd;
    _cleanup_free_ char *path = xasprintf("%s/spool-XXXXXX", folder);
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        (void)unlink(path);
    return fd;
}

struct spool *spool_new(struct staging *staging, int64_t offset)
{
    int fd = open_unnamed(staging->folder);
    if (fd < 0)
        return NULL;
    struct spool *s = xcalloc(1, sizeof(*s));
    staging->n_spools++;
    s->staging = staging;
    s->fd = fd;
    s->capacity = share_of(staging) / BLOCK * BLOCK;
    s->from = s->to = s->punched = offset;
    return s;
}

void spool_free(struct spool *s)
{
    if (!s)
        return;
    s->staging->n_spools--;
    (void)close(s->fd);
    free(s);
}

int64_t spool_from(const struct spool *s)
{
    return s->from;
}

int64_t spool_to(const struct spool *s)
{
    return s->to;
}

int64_t spool_room(const struct spool *s)
{
    int64_t share = share_of(s->staging);
    return (share < s->capacity ? share : s->capacity) - (s->to - s->from);
}

/* The part of a stretch that lies in one piece in the file. */
static int64_t in_one_piece(const struct spool *s, int64_t offset, int64_t len)
{
    int64_t rest = s->capacity - offset % s->capacity;
    return len < rest ? len : rest;
}

bool spool_put(struct spool *s, const char *data, size_t len)
{
    while (len) {
        size_t piece = (size_t)in_one_piece(s, s->to, (int64_t)len);
        ssize_t n = pwrite(s->fd, data, piece, (off_t)(s->to % s->capacity));
        if (n <= 0)
            return false;
        s->to += n;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

bool spool_get(const struct spool *s, int64_t offset, char *to, size_t len)
{
    while (len) {
        size_t piece = (size_t)in_one_piece(s, offset, (int64_t)len);
        ssize_t n = pread(s->fd, to, piece, (off_t)(offset % s->capacity));
        if (n <= 0)
            return false;
        offset += n;
        to += n;
        len -= (size_t)n;
    }
    return true;
}

/* Whole blocks only: the block where `from` lies may hold bytes that are still needed. That a file
 * system can't do it is no failure. */
static void punch(struct spool *s)
{
    int64_t end = s->from / BLOCK * BLOCK;
    if (s->punched < s->to - s->capacity)
        s->punched = s->to - s->capacity; /* was written over */
    while (s->punched < end) {
        int64_t len = in_one_piece(s, s->punched, end - s->punched);
        (void)fallocate(s->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                        (off_t)(s->punched % s->capacity), (off_t)len);
        s->punched += len;
    }
}

void spool_let_go(struct spool *s, int64_t offset)
{
    if (offset <= s->from)
        return;
    s->from = offset;
    if (s->to < s->from)
        s->to = s->from;
    if (s->from - s->punched >= PUNCH_MIN)
        punch(s);
}

int64_t spool_disk_bytes(const struct spool *s)
{
    struct stat st;
    return fstat(s->fd, &st) == 0 ? (int64_t)st.st_blocks * 512 : 0;
}
