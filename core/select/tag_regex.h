/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POSIX extended regular expressions over tags. An expression describes a whole tag: "1\.2" fits
 * 1.2 and not 1.25; write ".*" where anything may stand. Perl's shorthands (\d, (?:...)) and
 * back-references are refused with a hint, as POSIX gives them another meaning or none.
 */
#pragma once

#include "base/error.h"

#include <regex.h>

#define TAG_REGEX_LENGTH_MAX 256
#define TAG_REGEX_SIZE_MAX 2000 /* characters after writing out all {n,m} */
#define TAG_REGEX_DEPTH_MAX 16  /* parentheses within parentheses */
#define TAG_REGEX_GROUPS 10     /* $0 to $9 */

struct tag_regex;

int tag_regex_new(const char *pattern, struct tag_regex **ret, struct error *err); /* ERR_CONFIG */
void tag_regex_free(struct tag_regex *regex);
DEFINE_CLEANUP(struct tag_regex *, tag_regex_free)

/* `groups` may be NULL; else it gets where $0 to $9 lie in the tag. */
bool tag_regex_matches(const struct tag_regex *regex, const char *tag,
                       regmatch_t groups[TAG_REGEX_GROUPS]);
size_t tag_regex_groups(const struct tag_regex *regex); /* pairs of parentheses */
const char *tag_regex_text(const struct tag_regex *regex);
