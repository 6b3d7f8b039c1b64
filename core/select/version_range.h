/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ranges of versions:
 *     >=1.25, <1.27        comma or space: both        ^1.25     >=1.25, <2      ^0.3   >=0.3, <0.4
 *     1.25 || >=1.27       either ("," binds tighter)  ~1.25.3   >=1.25.3, <1.26 ~1     >=1, <2
 * Operators: >= <= > < = (also when there is none) ^ ~. Bounds are numbers with dots, with or
 * without "v"; missing numbers are 0. Only the prefix of a tag is looked at, so 1.25-alpine is in
 * every range that 1.25 is in.
 */
#pragma once

#include "base/error.h"

#define VERSION_RANGE_LENGTH_MAX 512

struct version;
struct version_range;

/* ERR_CONFIG with the character at fault. */
int version_range_new(const char *text, struct version_range **ret, struct error *err);
void version_range_free(struct version_range *range);
DEFINE_CLEANUP(struct version_range *, version_range_free)

bool version_range_has(const struct version_range *range, const struct version *version);
const char *version_range_text(const struct version_range *range);
