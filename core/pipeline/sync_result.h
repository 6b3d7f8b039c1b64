/* SPDX-License-Identifier: Apache-2.0 */
/* What became of one tag at one target, handed out as soon as it is known. */
#pragma once

#include "pipeline/copy.h"

/* Why an item was left as it is. */
enum sync_skip {
    SYNC_SKIP_NONE,
    SYNC_SKIP_SAME,      /* the target has that digest */
    SYNC_SKIP_IMMUTABLE, /* the target lists a tag that the mapping calls immutable */
    SYNC_SKIP_EXISTS,    /* only missing tags are asked for */
};

/* Lives until the call that hands it out returns. */
struct sync_result {
    size_t mapping;              /* its place in the request */
    const char *source, *target; /* for people: "docker.io/library/nginx:1.27" */
    const char *source_host, *target_host;
    enum outcome outcome; /* COPIED, PRESENT, PLANNED, FAILED or INTERRUPTED */
    enum sync_skip skip;
    bool is_new;                 /* the target lacked the tag; a dry run says so, too */
    const struct digest *digest; /* may be unset */
    struct copy_stats stats;     /* what this item did itself: shared work counts once */
    const struct error *err;     /* NULL: no failure */
    const char *failed_at;       /* "list", "resolve", "copy", "artifacts"; NULL: no failure */
    int64_t duration_ms;
};

/* A mapping whose tags could not even be told: one of these, and no items. */
struct sync_mapping_result {
    size_t mapping;
    const char *source;          /* the repository */
    size_t n_listed, n_selected; /* tags */
    const struct error *err;     /* NULL: no failure */
};
