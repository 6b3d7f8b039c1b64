/* SPDX-License-Identifier: Apache-2.0 */
/* Rules made ready: what selector.c builds and select.c walks through. Not for others. */
#pragma once

#include "select/glob.h"
#include "select/rename.h"
#include "select/select.h"
#include "select/tag_regex.h"
#include "select/version_range.h"

struct glob_list {
    struct glob **items;
    size_t len, alloc;
};

struct regex_list {
    struct tag_regex **items;
    size_t len, alloc;
};

struct exact_tag {
    char *tag;    /* NULL: by digest alone */
    char *digest; /* NULL: any */
};

struct selector {
    const struct tag_rules *rules;
    struct {
        struct exact_tag *items;
        size_t len, alloc;
    } exact;
    struct glob_list globs, include, exclude, default_excludes;
    struct glob_list prereleases; /* empty where the built-in list does not apply */
    struct regex_list regexes;
    struct version_range *range;
    struct glob *immutable;
    struct rename *rename;
};

/* What the name of a tag alone decides: SELECT_ALL when it passes every stage up to the excludes.
 * *ret_detail becomes the pattern at fault, or NULL. */
enum select_rule stage_by_name(const struct selector *selector, const char *tag,
                               const char **ret_detail);
/* SELECT_EXACT or SELECT_INCLUDE when the tag is asked for by its name and not excluded;
 * SELECT_ALL otherwise. */
enum select_rule stage_named(const struct selector *selector, const char *tag);

/* The first glob of the list that fits, or NULL. */
const char *glob_list_find(const struct glob_list *list, const char *tag);
/* Is the tag itself an item of the list, without wildcards? */
bool glob_list_names(const struct glob_list *list, const char *tag);
