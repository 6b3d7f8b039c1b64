/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many mappings, tags and targets at once, with no barrier between them: a blob may move while the
 * last tag is still being listed. One mapping, tag or target that fails stops no other.
 */
#pragma once

#include "pipeline/sync_result.h"

struct sync_mapping {
    struct store *source;
    struct store *const *targets;
    size_t n_targets;
    const struct selector *selector;
    bool lists_targets; /* what is immutable there need not be asked for */
    const struct platform *platforms;
    size_t n_platforms;
    const struct artifact_rules *artifacts; /* NULL: none travel */
};

/* Called in the loop's thread, outside of any machine's step. */
struct sync_receiver {
    void (*result)(void *arg, const struct sync_result *result);
    void (*mapping)(void *arg, const struct sync_mapping_result *result);
    /* Of every tag that was listed and is not copied; may be NULL. */
    void (*filtered)(void *arg, size_t mapping, const struct selected_tag *tag);
    /* How many items are known so far; may be NULL. */
    void (*total)(void *arg, size_t n_items);
    void *arg;
};

struct sync_options {
    size_t max_items; /* in work at once; 1 or more */
    bool only_missing;
    bool fail_fast; /* the first failure drains the run */
    struct sync_receiver receiver;
};

struct sync;
/* A task; never fails. `mappings` and what they point to outlive it. */
struct sync *sync_start(struct run *run, const struct sync_mapping *mappings, size_t n,
                        const struct sync_options *options);
struct task *sync_task(struct sync *sync);
/* Nothing new starts; what was not begun is handed out as interrupted. */
void sync_drain(struct sync *sync);
/* Hands out everything that is not complete as interrupted: for a run that ends at once. */
void sync_abandon(struct sync *sync);
void sync_free(struct sync *sync);
