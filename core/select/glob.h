/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Globs as the configuration writes them; a glob describes a whole text.
 *     *       any run, also an empty one          [ab] [a-f]    one of these
 *     ?       any one character                   [!ab] [^ab]   one, but none of these
 *     {a,b}   one of these globs (may nest)       \*            the character itself
 * Matching takes time proportional to pattern times text, whatever the pattern.
 */
#pragma once

#include "base/error.h"

#define GLOB_LENGTH_MAX 256
#define GLOB_DEPTH_MAX 8 /* braces within braces */

struct glob;

/* `fold`: upper and lower case letters are the same. ERR_CONFIG with the place in the pattern. */
int glob_new(const char *pattern, bool fold, struct glob **ret, struct error *err);
void glob_free(struct glob *glob);
DEFINE_CLEANUP(struct glob *, glob_free)

bool glob_matches(const struct glob *glob, const char *text);
/* The pattern that it was made from. */
const char *glob_text(const struct glob *glob);
/* A pattern that can match nothing but itself: none of * ? [ { and no backslash. */
bool glob_is_literal(const char *pattern);
