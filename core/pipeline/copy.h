/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copying one reference: resolve -> plan -> mount -> upload -> push-manifest, each image of an
 * index on its own, the reference itself last.
 */
#pragma once

#include "pipeline/run.h"

struct copy_request {
    struct store *source, *target;
    const char *source_reference;          /* tag, or text of a digest */
    const char *target_reference;          /* NULL: the digest of what is copied */
    const char *source_text, *target_text; /* for people and reports */
    /* Of an index, only what these ask for: one, that image itself; several, or with keep_index,
     * an index of those. None: everything. */
    const struct platform *platforms;
    size_t n_platforms;
    bool keep_index;
};

/* Counted in blobs, bytes and manifests. */
struct copy_stats {
    int64_t blobs_copied, blobs_mounted, blobs_present, blobs_skipped;
    int64_t bytes_copied, bytes_planned;
    int64_t manifests_pushed, manifests_present;
    int64_t retries;
};

/* A task. What the request points to outlives it. */
struct copy;
struct copy *copy_start(struct run *run, struct task *parent, const struct copy_request *request);
struct task *copy_task(struct copy *copy);
enum outcome copy_outcome(const struct copy *copy);        /* COPIED, PRESENT, PLANNED or FAILED */
const struct digest *copy_digest(const struct copy *copy); /* of what was resolved; may be unset */
/* As it is now; complete once the task is done. */
struct copy_stats copy_stats(const struct copy *copy);
