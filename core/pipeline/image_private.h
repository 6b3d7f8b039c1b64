/* SPDX-License-Identifier: Apache-2.0 */
/* An image from the inside: image.c decides, parts.c knows what it consists of. */
#pragma once

#include "pipeline/private.h"

/* A blob that the image needs; only one image counts a shared one as its own. */
struct part {
    struct blob *blob;
    bool is_ours;
};

struct child {
    struct image *image;
    bool is_ours;
};

struct image {
    struct task task; /* first */
    struct run *run;
    struct store *source, *target;
    struct descriptor descriptor; /* media type, digest and size; the type is owned */
    struct fetch *fetch;
    int depth;
    struct budget *budget;
    struct waiters waiters;
    size_t n_users;
    struct store_op *op;
    VEC(struct part) parts;
    VEC(struct child) children;
    enum outcome outcome;
    bool update, wants_push, is_pushed, subject_noted;
    bool refetched;          /* from our own source */
    bool doubts;             /* looking at everything again */
    bool doubted;            /* did so once */
    struct copy_stats stats; /* of parts that were left */
};

static inline struct image *image_of(struct task *task)
{
    return container_of(task, struct image, task);
}

/* ---- parts.c ---- */

/* Everything that its manifest names is wanted at the target from now on. */
void parts_begin(struct image *image);
/* What failed of it, a real failure before an interruption; NULL: nothing so far. */
const struct task *parts_failed(const struct image *image, bool *ret_all_done);
/* Counts them and lets them go. */
void parts_leave(struct image *image);
