/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the writing operations share: blocking work in the helper thread, done again while another
 * process has the lock of the layout. The helper thread itself never waits for a lock.
 */
#pragma once

#include "layout/internal.h"
#include "net/job.h"

struct disk {
    struct store_op op; /* first */
    struct layout *layout;
    struct job job;
    const struct step *then;
    int64_t busy_since; /* 0: not waiting for another process */

    /* For `work`, which touches nothing else but the operation it belongs to. */
    int (*work)(struct disk *disk, struct error *err);
    struct folder folder;
    bool busy; /* the lock was taken: nothing was done */
    int made;  /* folder_prepare: the folder; -1: none */
    bool finished;
    int result;
    struct error err;
};

/* Starts `first`; a store opened for reading only fails instead. */
void disk_start(struct disk *disk, struct store *store, struct task *parent,
                const struct task_type *type, const char *label, const struct step *first);
/* For `release`: waits for running work. */
void disk_done(struct disk *disk);

static inline struct disk *disk_of(struct task *task)
{
    return container_of(task, struct disk, op.task);
}

/* For steps: `then` follows when the work has succeeded; the operation fails when it has not. */
enum step_result disk_run(struct disk *disk, int (*work)(struct disk *, struct error *),
                          const struct step *then);
/* Makes the layout unless that was done. */
enum step_result disk_prepare(struct disk *disk, const struct step *then);
