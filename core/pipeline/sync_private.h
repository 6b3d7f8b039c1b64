/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of a sync share: listings of sources, lanes to targets, items. */
#pragma once

#include "pipeline/private.h"
#include "pipeline/sync.h"

/* A tag, or digest, that is copied. Strings are owned. */
struct chosen {
    char *tag, *digest; /* one at least; the digest is what the tag must have */
    char *target;       /* NULL: by digest */
    bool immutable;
};

/* One mapping on its way. */
struct listing {
    struct task task; /* first */
    struct sync *sync;
    const struct sync_mapping *mapping;
    size_t place;
    struct store_op *op;
    struct source_tags *artifact_tags; /* of signatures and such */
    VEC(char *) names;                 /* until all are known */
    struct created_times *times;
    VEC(struct chosen) chosen; /* grows while tags come in */
    size_t n_listed;
    bool is_complete;
};

/* One mapping to one target. */
struct lane {
    struct task task; /* first: finds out what the target has */
    struct sync *sync;
    struct listing *listing;
    struct store *target;
    size_t next; /* of listing->chosen */
    size_t n_running;
    bool is_open, is_probing; /* what the target has is known; is being asked for */
    struct store_op *op;
    struct map *names; /* that the target lists; NULL: ask about each */
    bool first_lacks;  /* the answer about the first */
    bool first_has;
    struct digest first_digest;
};

struct sync {
    struct task task; /* first */
    struct run *run;
    struct sync_options options;
    size_t n_mappings, n_lanes, n_items, n_failed;
    struct listing *listings;
    struct lane *lanes;
    VEC(struct item *) running;
    size_t n_known;
};

/* ---- listing.c ---- */
void listing_start(struct listing *listing);
void listing_done(struct listing *listing);
void chosen_done(struct chosen *chosen);

/* ---- lane.c ---- */
/* Asks the target what it has, once there is something to ask about. */
void lane_probe(struct lane *lane);
/* What is known of the target's `next` tag. */
enum target_knowledge lane_knows(const struct lane *lane, const struct chosen *chosen,
                                 struct digest *ret_digest);
bool lane_lists(const struct lane *lane, const char *tag);
void lane_done(struct lane *lane);

/* ---- created.c: when images were made ---- */

struct created_times;
/* A task: looks at each tag whose time `selection` lacks. `names` outlive it. */
struct created_times *created_start(struct run *run, struct store *source, struct task *parent,
                                    const struct selection *selection, char *const *names,
                                    size_t n_names);
const struct task *created_task(const struct created_times *times);
const struct tag_input *created_inputs(const struct created_times *times); /* once done */
void created_free(struct created_times *times);                            /* NULL is fine */

/* "2026-03-01T12:00:00.5+01:00" as milliseconds since the epoch; false for anything else. */
bool created_parse(const char *text, int64_t *ret_ms);
