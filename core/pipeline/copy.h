/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copying one reference: resolve -> plan -> mount -> upload -> push-manifest, each image of an
 * index on its own, the reference itself last.
 */
#pragma once

#include "base/map.h"
#include "pipeline/run.h"
#include "select/select.h"

/* What travels with an image besides what is in it. */
struct artifact_rules {
    struct text_list include, exclude; /* types; no include: every type */
    bool required;                     /* no image without one */
    bool deep;                         /* look at what is below unchanged images, too */
    int64_t recheck_ms;                /* the same, when the last look is older than this */
};

struct source_tags; /* see pipeline/run.h */

/* What is known of the target's tag beforehand. */
enum target_knowledge {
    TARGET_ASK,
    TARGET_LACKS, /* the tag */
    TARGET_HAS,   /* it; target_digest says which, if that is known */
};

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
    const struct artifact_rules *artifacts; /* NULL: none travel */
    struct source_tags *source_tags;        /* signatures may be among them; NULL: not listed */
    enum target_knowledge known;
    struct digest target_digest;
    bool only_missing; /* what the target has under that name stays */
};

/* Counted in blobs, bytes and manifests. */
struct copy_stats {
    int64_t blobs_copied, blobs_mounted, blobs_present, blobs_skipped;
    int64_t bytes_copied, bytes_mounted, bytes_planned;
    int64_t manifests_pushed, manifests_present;
    int64_t artifacts; /* that refer to the image, found at the source */
    int64_t retries;
};

/* A task. What the request points to outlives it. */
struct copy;
struct copy *copy_start(struct run *run, struct task *parent, const struct copy_request *request);
struct task *copy_task(struct copy *copy);
enum outcome copy_outcome(const struct copy *copy); /* COPIED, PRESENT, PLANNED or FAILED */
/* Where it failed, for reports: "resolve", "copy", "artifacts" or "push". */
const char *copy_failed_at(const struct copy *copy);
bool copy_is_new(const struct copy *copy);                 /* the target lacked the tag */
const struct digest *copy_digest(const struct copy *copy); /* of what was resolved; may be unset */
/* As it is now; complete once the task is done. */
struct copy_stats copy_stats(const struct copy *copy);
