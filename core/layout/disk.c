/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The work runs in the helper thread with copies of what it needs; only when it has ended does
 * the loop look at its outcome. Waiting for another process means sleeping in the loop, so other
 * jobs go on meanwhile, and it ends after layout->lock_wait_ms.
 */
#include "layout/disk.h"

#include "base/clock.h"

#include <unistd.h>

#define BUSY_RETRY_MS 5
#define BUSY_JITTER_MS 20

static enum step_result submit(struct task *task);
static enum step_result evaluate(struct task *task);
static enum step_result refuse(struct task *task);
static const struct step step_submit = {"submit", submit};
static const struct step step_evaluate = {"evaluate", evaluate};
static const struct step step_refuse = {"refuse", refuse};

static void work(struct job *job)
{
    struct disk *disk = container_of(job, struct disk, job);
    disk->result = disk->work(disk, &disk->err);
}

static void done(struct job *job)
{
    struct disk *disk = container_of(job, struct disk, job);
    disk->finished = true;
    task_wake(&disk->op.task);
}

void disk_start(struct disk *disk, struct store *store, struct task *parent,
                const struct task_type *type, const char *label, const struct step *first)
{
    disk->layout = layout_of(store);
    store_op_init(&disk->op, disk->layout->loop, parent, type, label);
    disk->job = (struct job){.work = work, .done = done};
    disk->made = -1;
    disk->err = ERROR_INIT;
    task_start(&disk->op.task, disk->layout->writable ? first : &step_refuse);
}

void disk_done(struct disk *disk)
{
    job_cancel(disk->layout->loop, &disk->job);
    if (disk->made >= 0)
        close(disk->made);
    store_op_done(&disk->op);
}

static enum step_result refuse(struct task *task)
{
    struct error err = ERROR_INIT;
    error_set(&err, ERR_INTERNAL, "%s was opened for reading", disk_of(task)->layout->store.name);
    return task_fail(task, &err);
}

enum step_result disk_run(struct disk *disk, int (*how)(struct disk *, struct error *),
                          const struct step *then)
{
    disk->work = how;
    disk->then = then;
    disk->busy_since = 0;
    return task_next(&disk->op.task, &step_submit);
}

static enum step_result submit(struct task *task)
{
    struct disk *disk = disk_of(task);
    disk->folder = layout_folder(disk->layout);
    disk->busy = disk->finished = false;
    job_submit(task->loop, &disk->job);
    return task_wait(task, &step_evaluate);
}

/* The first of several that made the folder at the same time wins. */
static void adopt(struct disk *disk)
{
    if (disk->made < 0)
        return;
    disk->layout->prepared = true;
    if (disk->layout->fd < 0)
        disk->layout->fd = take_fd(&disk->made);
}

static enum step_result wait_for_others(struct disk *disk)
{
    struct task *task = &disk->op.task;
    struct error err = ERROR_INIT;
    int64_t now = clock_ms();
    if (!disk->busy_since)
        disk->busy_since = now;
    if (now - disk->busy_since < disk->layout->lock_wait_ms)
        return task_sleep(task, BUSY_RETRY_MS + (int64_t)(clock_random() * BUSY_JITTER_MS),
                          &step_submit);
    error_set(&err, ERR_IO,
              "another process has kept %s/oci-layout locked for %lld s: `fuser -v` on that file "
              "names it; run again when it has ended",
              disk->layout->path, (long long)disk->layout->lock_wait_ms / 1000);
    return task_fail(task, &err);
}

static enum step_result evaluate(struct task *task)
{
    struct disk *disk = disk_of(task);
    if (!disk->finished)
        return task_wait(task, &step_evaluate);
    if (disk->result < 0)
        return task_fail(task, &disk->err);
    if (disk->busy)
        return wait_for_others(disk);
    adopt(disk);
    return task_next(task, disk->then);
}

static int prepare(struct disk *disk, struct error *err)
{
    return folder_prepare(disk->folder.path, &disk->made, &disk->busy, err);
}

enum step_result disk_prepare(struct disk *disk, const struct step *then)
{
    if (disk->layout->prepared)
        return task_next(&disk->op.task, then);
    return disk_run(disk, prepare, then);
}
