/* SPDX-License-Identifier: Apache-2.0 */
/* A blob from the inside: blob.c makes it present, lead.c knows who moves the bytes to a host. */
#pragma once

#include "pipeline/private.h"

struct blob {
    struct task task; /* first */
    struct run *run;
    struct store *source, *target;
    struct descriptor descriptor; /* digest and size only */
    bool update;
    enum outcome outcome;
    struct waiters waiters; /* images, and blobs that we lead */
    struct blob *leader;    /* whom we wait for */
    struct store *has_it;   /* of that host, to mount from; NULL: none */
    struct transfer *transfer;
    char *mount_from; /* a repository of the target's host that has it; NULL: none known */
    struct store_op *read_right, *write_right;
    struct slot_claim claim;
    bool claims_source; /* the claim has, or asks for, the slot of the source */
    struct store_op *stat, *begin;
    struct upload *upload;
    int tries, damaged, reopenings;
    int64_t retries;
    bool doubted; /* ask the target, whatever we believe */
    bool started;
    struct error broke;     /* why it is looked at again */
    int64_t commit_wait_ms; /* all bytes were sent and no answer came: look for so long */
};

static inline struct blob *blob_of(struct task *task)
{
    return container_of(task, struct blob, task);
}

extern const struct step
    blob_authorize_step; /* in blob.c: tokens, slots, then a mount or a session */

/* ---- lead.c ---- */

extern const struct step blob_lead_step;
/* Somebody else may lead. True: it did. */
bool lead_stop(struct blob *blob);
/* The source is a repository of the target's host, and mounting from it may work. */
bool lead_can_mount_source(const struct blob *blob);
/* A repository of the host that an earlier run saw it in; free it. NULL: none. */
char *lead_remembered_home(const struct blob *blob);
