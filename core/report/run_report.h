/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run did, item by item: one line each for people, or one JSON document as
 * conf/report.schema.json says.
 */
#pragma once

#include "pipeline/copy.h"

struct report_item {
    const char *source, *target;
    enum outcome outcome;
    struct digest digest;
    struct copy_stats stats;
    struct error err;
    int64_t duration_ms;
};

/* Decimal units, as people read them: "0.3 s", "2 m 13 s". */
void report_duration(int64_t ms, char *out, size_t size);

/* "a -> b: copied, 3 blobs ..." on stdout; nothing for an unchanged item. */
void report_print_text(const struct report_item *item);
/* The whole document on stdout. */
void report_print_json(const struct report_item *items, size_t n, int64_t duration_ms);
