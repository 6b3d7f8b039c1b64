/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Versions as image tags write them: "v1.27.6-eks-1-27-14", "25.0.3_9-jre-alpine". What precedes
 * the first "-" is the prefix, numbers separated by "." or "_"; the rest is the suffix. A suffix
 * is more often a variant than a prerelease, so only whole versions are ordered by it; ranges look
 * at the prefix alone.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A view: as long-lived as the text it was read from. */
struct version {
    const char *prefix; /* without the leading "v" */
    size_t prefix_len;
    const char *suffix; /* from the first "-" on; "" when there is none */
};

/* False: the text is no version. Numbers of the prefix must fit into 64 bits. */
bool version_parse(const char *text, struct version *ret);

/*
 * <0, 0, >0. Prefixes by number, a missing one is 0; then no suffix above any suffix; then the
 * suffixes piece by piece, cut at . - _ and between digits and other characters: numbers by value
 * and below words, words by their bytes, fewer pieces below more.
 */
int version_compare(const struct version *a, const struct version *b);
int version_compare_prefix(const struct version *a, const struct version *b);
