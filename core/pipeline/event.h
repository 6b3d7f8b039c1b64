/* SPDX-License-Identifier: Apache-2.0 */
/* What happens in a run, for whoever reports it. Strings live until `emit` returns. */
#pragma once

#include "oci/digest.h"

enum event_kind {
    EVENT_IMAGE_START, /* source, target */
    EVENT_IMAGE_PLAN,  /* source, target, digest; size: bytes of blobs named so far */
    EVENT_IMAGE_END,   /* source, target, digest, outcome, err */
    EVENT_MANIFEST,    /* target, digest, size, outcome */
    EVENT_BLOB_PLAN,   /* target, digest, size: it will be looked at */
    EVENT_BLOB_START,  /* target, digest, size: a transfer or mount begins */
    EVENT_BLOB_BYTES,  /* target, digest, size, bytes: so far */
    EVENT_BLOB_END,    /* target, digest, size, outcome, err */
    EVENT_REREAD,      /* source, target, digest, size: the target fell behind the others that
                          read with it, and reads the blob again */
    EVENT_RETRY,       /* text, delay_ms */
    EVENT_WARNING,     /* text */
};

enum outcome {
    OUTCOME_NONE,
    OUTCOME_COPIED,  /* bytes were sent */
    OUTCOME_MOUNTED, /* the target took it from another of its repositories */
    OUTCOME_PRESENT, /* it was there already */
    OUTCOME_SKIPPED, /* a foreign layer, left out */
    OUTCOME_PLANNED, /* a dry run: it would be copied */
    OUTCOME_FAILED,
    OUTCOME_INTERRUPTED,
};

struct event {
    enum event_kind kind;
    const char *source, *target;
    const struct digest *digest;
    int64_t size, bytes, delay_ms;
    enum outcome outcome;
    const struct error *err;
    const char *text;
};

struct event_sink {
    void (*emit)(struct event_sink *sink, const struct event *event);
};

/* "copied", "mounted"... as in reports and the events file. */
const char *outcome_name(enum outcome outcome);
