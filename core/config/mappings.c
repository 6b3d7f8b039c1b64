/* SPDX-License-Identifier: Apache-2.0 */
/* mappings, defaults and their parts: what is copied. */
#include "base/str.h"
#include "config/custom.h"
#include "config/values.h"

#include <inttypes.h>

void read_mappings(struct read *r, const struct key *key, struct node *node, void *at)
{
    (void)at;
    if (!read_expects(r, node, NODE_LIST, "a list of mappings"))
        return;
    if (!node->items.len)
        read_complain(r, node, "expected at least one mapping: there is nothing to copy");
    for (size_t i = 0; i < node->items.len; i++) {
        struct node *item = node->items.items[i];
        struct mapping_draft *draft = arena_alloc(r->arena, sizeof(*draft));
        draft->mapping.tags = TAG_RULES_INIT;
        draft->mapping.line = item->line;
        vec_add(&r->config->mappings, &draft->mapping);
        size_t mark = read_enter(r, "[%zu]", i);
        if (node_is_null(item))
            read_complain(r, item, "expected a map with at least from");
        else
            read_section(r, key->section, item, draft);
        read_leave(r, mark);
    }
}

void read_platforms(struct read *r, const struct key *key, struct node *node, void *at)
{
    if (node->kind == NODE_LIST && !node->items.len)
        read_complain(r, node,
                      "expected at least one platform, like linux/amd64; without this "
                      "key every platform is copied");
    else
        read_list(r, key, node, at);
}

/* ---- tags ---- */

static bool is_literal(const char *text)
{
    return strchr(text, '@') || strchr(text, ':') || !strpbrk(text, "*?[{\\");
}

/* One word of a plain list: a tag, a digest, TAG@DIGEST, or a glob. */
static void read_tag(struct read *r, const struct node *node, struct tag_rules *rules)
{
    struct error err = ERROR_INIT;
    char *text = read_text(r, node);
    if (!text)
        return;
    bool literal = is_literal(text);
    int result = literal ? select_check_exact(text, &err) : select_check_glob(text, &err);
    struct text_list *list = literal ? &rules->exact : &rules->globs;
    if (result < 0)
        read_complain_value(r, node, &err);
    else
        list->items[list->len++] = text;
}

static void read_tag_list(struct read *r, struct node *node, struct tag_rules *rules)
{
    size_t n = node->kind == NODE_LIST ? node->items.len : 1;
    if (!n)
        read_complain(r, node, "expected at least one tag; without this key every tag is copied");
    rules->exact.items = arena_alloc(r->arena, (n + 1) * sizeof(*rules->exact.items));
    rules->globs.items = arena_alloc(r->arena, (n + 1) * sizeof(*rules->globs.items));
    rules->exact.alloc = rules->globs.alloc = n + 1;
    if (node->kind == NODE_SCALAR) {
        read_tag(r, node, rules);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        size_t mark = read_enter(r, "[%zu]", i);
        read_tag(r, node->items.items[i], rules);
        read_leave(r, mark);
    }
}

/* Rules that are right one by one may still contradict each other. */
static void check_together(struct read *r, const struct node *node, const struct tag_rules *rules)
{
    _cleanup_(cleanup_selector_free) struct selector *selector = NULL;
    struct error err = ERROR_INIT;
    if (selector_new(rules, &selector, &err) < 0)
        read_complain_value(r, node, &err);
}

void read_tags(struct read *r, const struct key *key, struct node *node, void *at)
{
    size_t before = r->problems->errors.len;
    if (node->kind == NODE_MAP)
        read_section(r, key->section, node, at);
    else
        read_tag_list(r, node, at);
    if (r->problems->errors.len == before && !r->problems->n_dropped)
        check_together(r, node, at);
}

void check_rename(struct read *r, struct node *node, void *values)
{
    const struct tag_rules *rules = values;
    struct error err = ERROR_INIT;
    if (rules->rename_regex && rules->rename_replacement &&
        select_check_rename(rules->rename_regex, rules->rename_replacement, &err) < 0)
        read_complain_value(r, node_get(node, "regex"), &err);
}

static bool includes_something(const struct tag_rules *rules)
{
    return rules->include.len || rules->exact.len;
}

void check_tags(struct read *r, struct node *node, void *values)
{
    const struct tag_rules *rules = values;
    struct node *latest = node_get(node, "latest"), *min_age = node_get(node, "min_age");
    if (rules->latest >= 0 && rules->sort == TAG_SORT_NONE)
        read_complain(r, latest,
                      "latest needs sort: semver, alpha or created say which tags are "
                      "the latest");
    if (rules->latest >= 0 && rules->min_tags > rules->latest && !includes_something(rules))
        read_complain(r, node_get(node, "min_tags"),
                      "min_tags can't be met: latest keeps no more than %" PRIi64, rules->latest);
    if (rules->max_age_ms > 0 && rules->min_age_ms >= rules->max_age_ms)
        read_complain(r, min_age, "min_age must be below max_age, or no tag is of the right age");
}

void check_artifacts(struct read *r, struct node *node, void *values)
{
    const struct config_artifacts *artifacts = values;
    if (artifacts->require_artifacts && !artifacts->enabled)
        read_complain(r, node_get(node, "require_artifacts"),
                      "require_artifacts contradicts enabled: false; remove one of them");
}
