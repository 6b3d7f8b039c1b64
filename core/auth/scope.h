/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Token scopes: "repository:library/nginx:pull,push". Text that is no resource scope ("aws") is
 * kept whole in `type` and equals only itself.
 */
#pragma once

#include "base/error.h"
#include "base/vec.h"

struct scope {
    char *type;    /* "repository"; a class in parentheses is dropped */
    char *name;    /* NULL: not a resource scope */
    char *actions; /* sorted, without duplicates, joined by commas: "pull,push" */
};

/* Several scopes, at most one for each type and name, in order of their first appearance: the
 * most important one goes first. */
struct scope_set {
    VEC(struct scope) list;
};

/* ERR_PROTOCOL for empty text, empty parts, white space and control characters. */
int scope_parse(const char *text, struct scope *ret, struct error *err);
void scope_done(struct scope *scope);
/* Free it. */
char *scope_text(const struct scope *scope);
/* Whoever holds `have` may do all that `want` says; "*" covers every action. */
bool scope_covers(const struct scope *have, const struct scope *want);

/* Merges into the scope of the same type and name, or appends a copy. */
void scope_set_add(struct scope_set *set, const struct scope *scope);
/* "repository:NAME:pull" or "...:pull,push". */
void scope_set_add_repository(struct scope_set *set, const char *repository, bool push);
/* Adds every scope of a text separated by spaces (as in challenges); nothing on failure. */
int scope_set_add_text(struct scope_set *set, const char *text, struct error *err);
/* Adds all of `more`, unless the result would name more than `max` repositories (`set` is left as
 * it was then). */
bool scope_set_join(struct scope_set *set, const struct scope_set *more, size_t max);
bool scope_set_covers(const struct scope_set *have, const struct scope_set *want);
/* Canonical: sorted, joined by spaces; equal sets have equal keys. Free it. */
char *scope_set_key(const struct scope_set *set);
void scope_set_done(struct scope_set *set);
