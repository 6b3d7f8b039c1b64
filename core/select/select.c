/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pipeline over all tags of a repository. Every tag keeps its verdict with it, so that a dry
 * run can tell; nothing is thrown away. Order: judge by name, sort, walk down the sorted ones until
 * there are enough, put together, rename.
 */
#include "select/selector.h"

#include "base/arena.h"
#include "base/map.h"
#include "base/str.h"
#include "base/vec.h"
#include "oci/ref.h"
#include "select/version.h"

#include <stdlib.h>
#include <string.h>

#define WARNINGS_MAX 50

struct item {
    struct selected_tag out;
    enum tag_created created;
    int64_t created_ms;
    size_t place;    /* in the source's order */
    bool named;      /* kept whatever the pipeline says */
    bool is_version; /* `version` is set */
    struct version version;
};

struct work {
    const struct selector *selector;
    int64_t now_ms;
    struct item *items;
    size_t n_items;
    struct map *by_name;      /* to its item */
    struct item **candidates; /* of the pipeline, in its order */
    size_t n_candidates;
    size_t n_listed; /* items that the source listed */
    struct selection *ret;
};

/* ---- collecting ---- */

static void add_item(struct work *w, const char *name, const struct tag_input *in)
{
    struct item *item = &w->items[w->n_items];
    item->place = w->n_items++;
    item->out.tag = name;
    if (in) {
        item->created = in->created;
        item->created_ms = in->created_ms;
    }
    if (!name)
        return;
    item->is_version = version_parse(name, &item->version);
    if (map_get(w->by_name, name))
        item->out.rule = SELECT_DUPLICATE;
    else
        map_put(w->by_name, name, item);
}

static void add_exact(struct work *w)
{
    for (size_t i = 0; i < w->selector->exact.len; i++) {
        const struct exact_tag *exact = &w->selector->exact.items[i];
        if (!exact->tag || !map_get(w->by_name, exact->tag))
            add_item(w, exact->tag, NULL);
        struct item *item =
            exact->tag ? map_get(w->by_name, exact->tag) : &w->items[w->n_items - 1];
        item->out.digest = exact->digest;
    }
}

static void collect(struct work *w, const struct tag_input *tags, size_t n_tags)
{
    const struct text_list *globs = &w->selector->rules->globs;
    w->items = xcalloc(n_tags + w->selector->exact.len + globs->len + 1, sizeof(*w->items));
    w->by_name = map_new();
    for (size_t i = 0; i < n_tags; i++)
        add_item(w, tags[i].name, &tags[i]);
    w->n_listed = w->n_items;
    add_exact(w);
    if (selector_needs_list(w->selector))
        return;
    for (size_t i = 0; i < globs->len; i++) {
        if (!map_get(w->by_name, globs->items[i]))
            add_item(w, globs->items[i], NULL);
    }
}

/* ---- the pipeline ---- */

/* Fills in rule and detail; *ret_named: kept whatever else is said. True: it passes by its name. */
static bool judge_name(const struct selector *selector, struct selected_tag *out, bool *ret_named)
{
    out->rule = stage_by_name(selector, out->tag, &out->detail);
    bool passes = out->rule == SELECT_ALL;
    enum select_rule named = stage_named(selector, out->tag);
    *ret_named = named != SELECT_ALL;
    if (*ret_named) {
        out->rule = named;
        out->detail = NULL;
    }
    return passes;
}

static bool judge(const struct work *w, struct item *item)
{
    if (item->out.rule == SELECT_DUPLICATE)
        return false;
    if (!item->out.tag) {
        item->named = true;
        item->out.rule = SELECT_EXACT;
        return false;
    }
    bool passes = judge_name(w->selector, &item->out, &item->named);
    /* Without a limit it makes no difference whether the pipeline would keep it as well. */
    return passes && (!item->named || w->selector->rules->latest >= 0);
}

static void judge_all(struct work *w)
{
    w->candidates = xcalloc(w->n_items + 1, sizeof(struct item *));
    for (size_t i = 0; i < w->n_items; i++) {
        if (judge(w, &w->items[i]))
            w->candidates[w->n_candidates++] = &w->items[i];
    }
}

static int by_name(const struct item *a, const struct item *b)
{
    return strcmp(b->out.tag, a->out.tag);
}

static int compare_alpha(const void *a, const void *b)
{
    return by_name(*(struct item *const *)a, *(struct item *const *)b);
}

static int compare_semver(const void *a, const void *b)
{
    const struct item *left = *(struct item *const *)a, *right = *(struct item *const *)b;
    if (left->is_version != right->is_version)
        return left->is_version ? -1 : 1;
    int order = left->is_version ? version_compare(&right->version, &left->version) : 0;
    return order ? order : by_name(left, right);
}

static int compare_created(const void *a, const void *b)
{
    const struct item *left = *(struct item *const *)a, *right = *(struct item *const *)b;
    bool left_known = left->created == TAG_CREATED_KNOWN;
    bool right_known = right->created == TAG_CREATED_KNOWN;
    if (left_known != right_known)
        return left_known ? -1 : 1;
    if (left_known && left->created_ms != right->created_ms)
        return left->created_ms > right->created_ms ? -1 : 1;
    return by_name(left, right);
}

static void sort_candidates(struct work *w)
{
    static int (*const orders[])(const void *, const void *) = {
        [TAG_SORT_NONE] = NULL,
        [TAG_SORT_ALPHA] = compare_alpha,
        [TAG_SORT_SEMVER] = compare_semver,
        [TAG_SORT_CREATED] = compare_created,
    };
    if (orders[w->selector->rules->sort])
        qsort(w->candidates, w->n_candidates, sizeof(struct item *),
              orders[w->selector->rules->sort]);
}

static enum select_rule judge_age(const struct work *w, const struct item *item)
{
    const struct tag_rules *rules = w->selector->rules;
    if ((!rules->min_age_ms && !rules->max_age_ms) || item->created == TAG_CREATED_UNKNOWN)
        return SELECT_ALL;
    if (item->created == TAG_CREATED_NONE)
        return SELECT_NO_TIME;
    if (rules->min_age_ms && item->created_ms > w->now_ms - rules->min_age_ms)
        return SELECT_MIN_AGE;
    if (rules->max_age_ms && item->created_ms < w->now_ms - rules->max_age_ms)
        return SELECT_MAX_AGE;
    return SELECT_ALL;
}

/* By creation every time is needed before there is an order at all. */
static void ask_for_order(struct work *w)
{
    const struct tag_rules *rules = w->selector->rules;
    for (size_t i = 0; rules->sort == TAG_SORT_CREATED && i < w->n_candidates; i++)
        w->candidates[i]->out.needs_created = w->candidates[i]->created == TAG_CREATED_UNKNOWN;
}

/* Down the order until there are enough: nobody asks for the times of what comes behind. */
static void walk(struct work *w)
{
    const struct tag_rules *rules = w->selector->rules;
    size_t most = rules->latest < 0 ? SIZE_MAX : (size_t)rules->latest, taken = 0;
    bool by_age = rules->min_age_ms || rules->max_age_ms;
    if (most)
        ask_for_order(w);
    for (size_t i = 0; i < w->n_candidates; i++) {
        struct item *item = w->candidates[i];
        enum select_rule rule = taken < most ? judge_age(w, item) : SELECT_LATEST;
        if (rule == SELECT_ALL) {
            taken++;
            if (by_age && item->created == TAG_CREATED_UNKNOWN)
                item->out.needs_created = true;
        }
        if (!item->named)
            item->out.rule = rule;
        item->out.kept = rule == SELECT_ALL;
    }
}

/* ---- the result ---- */

static void warn(struct work *w, const char *fmt, ...) _printf_(2, 3);

static void warn(struct work *w, const char *fmt, ...)
{
    struct text_list *warnings = &w->ret->warnings;
    if (w->ret->n_lacking || warnings->len > WARNINGS_MAX)
        return;
    if (warnings->len == WARNINGS_MAX) {
        vec_add(warnings, arena_strdup(w->ret->arena, "further warnings are left out"));
        return;
    }
    va_list args;
    va_start(args, fmt);
    vec_add(warnings, arena_vprintf(w->ret->arena, fmt, args));
    va_end(args);
}

static bool is_immutable(const struct selector *selector, const char *target)
{
    return selector->immutable && glob_matches(selector->immutable, target);
}

static void drop(struct item *item, enum select_rule rule, const char *detail)
{
    item->out.kept = false;
    item->out.rule = rule;
    item->out.detail = detail;
}

/* The tag's name at the target; the tag itself when the expression does not describe it. */
static const char *new_name(struct work *w, const struct item *item, size_t *n_renamed)
{
    _cleanup_free_ char *name = rename_apply(w->selector->rename, item->out.tag);
    if (!name)
        return item->out.tag;
    ++*n_renamed;
    return arena_strdup(w->ret->arena, name);
}

static void take_name(struct work *w, struct item *item, struct map *taken, const char *name)
{
    const struct item *other = map_get(taken, name);
    item->out.target = name;
    if (!tag_is_valid(name)) {
        drop(item, SELECT_RENAME_INVALID, name);
        warn(w, "tag \"%s\" would be renamed to \"%s\", which can't be a tag: it is left out",
             item->out.tag, name);
    } else if (other) {
        drop(item, SELECT_RENAME_TAKEN, name);
        warn(w, "tags \"%s\" and \"%s\" would both be \"%s\" at the target: the second is left out",
             other->out.tag, item->out.tag, name);
    } else {
        map_put(taken, name, item);
    }
}

static void rename_all(struct work *w, struct item **kept, size_t n_kept)
{
    size_t n_renamed = 0;
    struct map *taken = map_new();
    for (size_t i = 0; i < n_kept; i++) {
        struct item *item = kept[i];
        if (!item->out.tag)
            continue;
        if (w->selector->rename)
            take_name(w, item, taken, new_name(w, item, &n_renamed));
        else
            item->out.target = item->out.tag;
        item->out.immutable = is_immutable(w->selector, item->out.target);
    }
    map_free(taken, NULL);
    if (w->selector->rename && n_kept && !n_renamed)
        warn(w, "tags.rename describes none of the selected tags (an expression must fit a whole "
                "tag): all keep their names");
}

/* What is named first, in the source's order; then the pipeline's, in its own. */
static size_t list_kept(struct work *w, struct item **ret)
{
    size_t n = 0;
    for (size_t i = 0; i < w->n_items; i++) {
        if (w->items[i].named) {
            w->items[i].out.kept = true;
            ret[n++] = &w->items[i];
        }
    }
    for (size_t i = 0; i < w->n_candidates; i++) {
        if (w->candidates[i]->out.kept && !w->candidates[i]->named)
            ret[n++] = w->candidates[i];
    }
    return n;
}

static void add_result(struct work *w, const struct item *item)
{
    struct selection *ret = w->ret;
    ret->tags[ret->n_tags++] = item->out;
    ret->n_kept += item->out.kept;
}

static void put_together(struct work *w)
{
    _cleanup_free_ struct item **kept = xcalloc(w->n_items + 1, sizeof(struct item *));
    for (size_t i = 0; i < w->n_items; i++)
        w->ret->n_lacking += w->items[i].out.needs_created;
    size_t n_kept = list_kept(w, kept);
    rename_all(w, kept, n_kept);
    w->ret->tags = xcalloc(w->n_items + 1, sizeof(*w->ret->tags));
    for (size_t i = 0; i < n_kept; i++) {
        if (kept[i]->out.kept)
            add_result(w, kept[i]);
    }
    for (size_t i = 0; i < w->n_items; i++) {
        if (!w->items[i].out.kept)
            add_result(w, &w->items[i]);
    }
}

static void warn_missing(struct work *w, const char *key, const struct text_list *names)
{
    for (size_t i = 0; i < names->len; i++) {
        const char *name = names->items[i];
        if (glob_is_literal(name) && !map_get(w->by_name, name))
            warn(w, "the source has no tag \"%s\", which tags.%s names", name, key);
    }
}

static void warn_of_rules(struct work *w)
{
    const struct selector *s = w->selector;
    const struct tag_rules *rules = s->rules;
    bool narrows = rules->globs.len || rules->regexes.len || rules->exact.len || rules->semver ||
                   rules->latest >= 0 || rules->exclude.len || rules->default_excludes.len ||
                   selector_needs_created(s);
    warn_missing(w, "include", &rules->include);
    warn_missing(w, "glob", &rules->globs);
    if (rules->include.len && !narrows)
        warn(w, "tags.include alone leaves nothing out: every tag is selected; to copy only these, "
                "write them under tags.glob or as a plain list");
    if (!w->ret->n_kept)
        warn(w, "none of the source's %zu tags is selected", w->n_listed);
}

void select_tags(const struct selector *selector, const struct tag_input *tags, size_t n_tags,
                 int64_t now_ms, struct selection *ret)
{
    *ret = (struct selection){.arena = arena_new()};
    struct work w = {.selector = selector, .now_ms = now_ms, .ret = ret};
    collect(&w, tags, n_tags);
    judge_all(&w);
    sort_candidates(&w);
    walk(&w);
    put_together(&w);
    warn_of_rules(&w);
    ret->too_few = ret->n_kept < (size_t)selector->rules->min_tags;
    map_free(w.by_name, NULL);
    free(w.candidates);
    free(w.items);
}

void selection_done(struct selection *selection)
{
    free(selection->tags);
    vec_done(&selection->warnings);
    if (selection->arena)
        arena_free(selection->arena);
    *selection = (struct selection){.arena = NULL};
}

bool selector_decides_alone(const struct selector *selector)
{
    const struct tag_rules *rules = selector->rules;
    return !rules->exact.len && !selector->rename && !selector_needs_created(selector) &&
           rules->sort == TAG_SORT_NONE && rules->min_tags == 0;
}

void selector_judge(const struct selector *selector, const char *tag, struct selected_tag *ret)
{
    bool named;
    *ret = (struct selected_tag){.tag = tag};
    ret->kept = judge_name(selector, ret, &named) || named;
    ret->target = ret->kept ? tag : NULL;
    ret->immutable = ret->kept && is_immutable(selector, tag);
}
