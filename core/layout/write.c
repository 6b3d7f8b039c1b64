/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing a blob: `begin` makes the temporary file, `write` takes it over, drains the bridge into
 * it and has the helper thread give it its name, but only when the bridge has proven the digest
 * and every byte of it went through our hands.
 */
#include "layout/disk.h"

#include <stdlib.h>

#define PIECE ((size_t)64 * 1024)

/* ---- begin ---- */

struct beginning {
    struct disk disk; /* first */
    struct digest digest;
    int64_t size;
    struct upload upload; /* until `write` takes it */
};

static struct beginning *beginning_of(struct task *task)
{
    return container_of(disk_of(task), struct beginning, disk);
}

static void release_beginning(struct task *task)
{
    struct beginning *beginning = beginning_of(task);
    disk_done(&beginning->disk);
    upload_done(&beginning->upload);
    free(beginning);
}

static enum step_result look(struct task *task);
static enum step_result open_upload(struct task *task);
static const struct step step_look = {"look", look};
static const struct step step_open = {"open", open_upload};

static enum step_result look(struct task *task)
{
    struct beginning *beginning = beginning_of(task);
    struct folder folder = layout_folder(beginning->disk.layout);
    if (folder.fd >= 0 && blob_is_present(&folder, &beginning->digest, beginning->size)) {
        beginning->disk.op.found = true;
        return task_end(task);
    }
    return disk_prepare(&beginning->disk, &step_open);
}

static enum step_result open_upload(struct task *task)
{
    struct beginning *beginning = beginning_of(task);
    struct folder folder = layout_folder(beginning->disk.layout);
    struct error err = ERROR_INIT;
    if (upload_open_blob(&folder, &beginning->digest, &beginning->upload, &err) < 0)
        return task_fail(task, &err);
    return task_end(task);
}

struct store_op *layout_begin(struct store *store, const struct descriptor *blob,
                              const struct store_begin_hint *hint, struct task *parent)
{
    static const struct task_type type = {"layout-begin", release_beginning};
    struct beginning *beginning = xcalloc(1, sizeof(*beginning));
    (void)hint; /* looking costs nothing here, and there is nothing to mount from */
    beginning->digest = blob->digest;
    beginning->size = blob->size;
    beginning->upload = UPLOAD_NONE;
    disk_start(&beginning->disk, store, parent, &type, blob->digest.text, &step_look);
    return &beginning->disk.op;
}

/* ---- write ---- */

struct writing {
    struct disk disk; /* first */
    struct upload upload;
    struct bridge *bridge; /* NULL: detached */
    struct bridge_end end;
    int64_t written;
    char *piece;
};

static struct writing *writing_of(struct task *task)
{
    return container_of(disk_of(task), struct writing, disk);
}

static void detach(struct writing *writing)
{
    if (writing->bridge)
        bridge_attach_target(take_ptr(&writing->bridge), NULL);
}

static void release_writing(struct task *task)
{
    struct writing *writing = writing_of(task);
    detach(writing);
    disk_done(&writing->disk);
    upload_done(&writing->upload);
    free(writing->piece);
    free(writing);
}

static void resume(struct bridge_end *end)
{
    task_wake(&container_of(end, struct writing, end)->disk.op.task);
}

static enum step_result fail(struct writing *writing, const struct error *err)
{
    detach(writing);
    upload_done(&writing->upload);
    return task_fail(&writing->disk.op.task, err);
}

static enum step_result drain(struct task *task);
static enum step_result commit(struct task *task);
static enum step_result end(struct task *task);
static const struct step step_drain = {"drain", drain};
static const struct step step_commit = {"commit", commit};
static const struct step step_end = {"end", end};

static enum step_result drain(struct task *task)
{
    struct writing *writing = writing_of(task);
    struct error err = ERROR_INIT;
    size_t len = 0;
    if (writing->upload.fd < 0) {
        error_set(&err, ERR_INTERNAL, "%s: this upload was used before", task->label);
        return fail(writing, &err);
    }
    if (bridge_proof(writing->bridge) == BRIDGE_WRONG) {
        bridge_explain(writing->bridge, &err);
        return fail(writing, &err);
    }
    switch (bridge_pull(writing->bridge, writing->piece, PIECE, true, &len)) {
    case BRIDGE_NOTHING_NOW:
        return task_wait(task, &step_drain);
    case BRIDGE_END:
        return task_next(task, &step_commit);
    case BRIDGE_DATA:
        break;
    }
    if (upload_write(&writing->upload, writing->piece, len, &err) < 0)
        return fail(writing, &err);
    writing->written += (int64_t)len;
    task_wake(task);
    return task_wait(task, &step_drain);
}

static int commit_upload(struct disk *disk, struct error *err)
{
    return upload_commit(&container_of(disk, struct writing, disk)->upload, err);
}

static enum step_result commit(struct task *task)
{
    struct writing *writing = writing_of(task);
    struct error err = ERROR_INIT;
    if (writing->written != bridge_size(writing->bridge)) {
        error_set(&err, ERR_INTERNAL, "%s: %lld of %lld bytes reached the file", task->label,
                  (long long)writing->written, (long long)bridge_size(writing->bridge));
        return fail(writing, &err);
    }
    detach(writing);
    return disk_run(&writing->disk, commit_upload, &step_end);
}

static enum step_result end(struct task *task)
{
    return task_end(task);
}

struct store_op *layout_write(struct store *store, struct store_op *begin, struct bridge *bridge,
                              struct task *parent)
{
    static const struct task_type type = {"layout-write", release_writing};
    struct beginning *beginning = beginning_of(&begin->task);
    struct writing *writing = xcalloc(1, sizeof(*writing));
    writing->upload = beginning->upload;
    beginning->upload = UPLOAD_NONE;
    writing->piece = xmalloc(PIECE);
    writing->end.resume = resume;
    writing->bridge = bridge;
    bridge_attach_target(bridge, &writing->end);
    disk_start(&writing->disk, store, parent, &type, beginning->digest.text, &step_drain);
    return &writing->disk.op;
}
