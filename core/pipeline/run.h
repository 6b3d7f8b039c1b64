/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run: many copies that share what they find out and what they move. A blob that several
 * images need is made present once per repository, and its bytes go once to each host.
 */
#pragma once

#include "net/retry.h"
#include "oci/store.h"
#include "pipeline/event.h"

struct run_options {
    bool foreign_layers; /* copy them too, instead of leaving them out */
    bool dry_run;
    struct retry_policy retry; /* of moving a blob */
    int64_t commit_wait_ms;    /* how long a target may need to commit a blob that it has whole,
                                  beyond the time limit of its answer */
    struct event_sink *sink;   /* may be NULL */
    const char *cache_dir;     /* for what slower targets have not read yet; NULL: nowhere */
    int64_t staging_limit;     /* of bytes there, over all transfers; 0: none */
    struct state *state;       /* what earlier runs found out; may be NULL */
};

struct run;
struct run *run_new(struct loop *loop, const struct run_options *options);
/* Its copies must be gone; the stores that they used must still be there. NULL is fine. */
void run_free(struct run *run);
/* Nothing new starts; what runs may end. Copies that are not complete end with ERR_CANCELLED. */
void run_drain(struct run *run);
/* Tags of a source as they are listed: who needs to know of one waits until all are there. They
 * belong to the run. */
struct source_tags;
struct source_tags *source_tags_new(struct run *run);
void source_tags_add(struct source_tags *tags, const char *tag);
void source_tags_complete(struct source_tags *tags);
/* Is a blob on its way at this moment? */
bool run_has_transfers(const struct run *run);
