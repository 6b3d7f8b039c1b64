/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a blob into a bridge: one piece a turn of the loop, so that many copies share it. A
 * piece that the bridge has no room for is kept until it says so; the bridge does the hashing.
 */
#include "layout/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE ((size_t)64 * 1024)

struct reading {
    struct store_op op; /* first */
    struct layout *layout;
    struct digest digest;
    int64_t size, offset;  /* offset: of the next byte to read from the file */
    struct bridge *bridge; /* NULL: detached */
    struct bridge_end end;
    int fd;
    size_t len; /* of the piece at hand */
    char *piece;
};

static void detach(struct reading *reading)
{
    if (reading->bridge)
        bridge_attach_source(take_ptr(&reading->bridge), NULL);
}

static void release(struct task *task)
{
    struct reading *reading = container_of(task, struct reading, op.task);
    detach(reading);
    if (reading->fd >= 0)
        close(reading->fd);
    free(reading->piece);
    store_op_done(&reading->op);
    free(reading);
}

static void resume(struct bridge_end *end)
{
    task_wake(&container_of(end, struct reading, end)->op.task);
}

static enum step_result fail(struct reading *reading, const struct error *err)
{
    detach(reading);
    return task_fail(&reading->op.task, err);
}

/* ---- steps ---- */

static enum step_result open_file(struct task *task);
static enum step_result push(struct task *task);
static const struct step step_open = {"open", open_file};
static const struct step step_push = {"push", push};

static enum step_result open_file(struct task *task)
{
    struct reading *reading = container_of(task, struct reading, op.task);
    struct folder folder = layout_folder(reading->layout);
    struct error err = ERROR_INIT;
    int64_t size;
    if (folder.fd < 0) {
        error_set(&err, ERR_NOT_FOUND, "%s does not exist yet", reading->layout->store.name);
        return fail(reading, &err);
    }
    if (blob_open(&folder, &reading->digest, &reading->fd, &size, &err) < 0)
        return fail(reading, &err);
    if (size != reading->size) {
        error_set(&err, ERR_DIGEST, "%s in %s has %lld bytes; its manifest says %lld",
                  reading->digest.text, reading->layout->store.name, (long long)size,
                  (long long)reading->size);
        return fail(reading, &err);
    }
    return task_next(task, &step_push);
}

static int read_piece(struct reading *reading, struct error *err)
{
    const char *what = reading->digest.text, *where = reading->layout->store.name;
    ssize_t n;
    do
        n = pread(reading->fd, reading->piece, PIECE, reading->offset);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return error_set(err, ERR_IO, "can't read %s in %s: %s", what, where, strerror(errno));
    if (n == 0)
        return error_set(err, ERR_IO, "%s in %s became shorter while it was read", what, where);
    reading->len = (size_t)n;
    return 0;
}

static enum step_result push(struct task *task)
{
    struct reading *reading = container_of(task, struct reading, op.task);
    struct error err = ERROR_INIT;
    if (reading->offset >= reading->size) {
        detach(reading);
        return task_end(task);
    }
    if (!reading->len && read_piece(reading, &err) < 0)
        return fail(reading, &err);
    if (bridge_push(reading->bridge, reading->piece, reading->len)) {
        reading->offset += (int64_t)reading->len;
        reading->len = 0;
        task_wake(task);
    }
    return task_wait(task, &step_push);
}

struct store_op *layout_read(struct store *store, const struct descriptor *blob, int64_t offset,
                             struct bridge *bridge, struct task *parent)
{
    static const struct task_type type = {"layout-read", release};
    struct layout *layout = layout_of(store);
    struct reading *reading = xcalloc(1, sizeof(*reading));
    store_op_init(&reading->op, layout->loop, parent, &type, blob->digest.text);
    reading->layout = layout;
    reading->digest = blob->digest;
    reading->size = blob->size;
    reading->offset = offset;
    reading->fd = -1;
    reading->piece = xmalloc(PIECE);
    reading->end.resume = resume;
    reading->bridge = bridge;
    bridge_attach_source(bridge, &reading->end);
    task_start(&reading->op.task, &step_open);
    return &reading->op;
}
