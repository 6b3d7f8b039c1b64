/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trees of bounded depth (see yaml.c), so recursion is fine here. Any text may turn out to be a
 * secret later on, so all of them are wiped.
 */
#include "config/node.h"

#include "base/secret.h"
#include "base/str.h"

struct node *node_new(enum node_kind kind, size_t line, size_t column)
{
    struct node *n = xcalloc(1, sizeof(*n));
    n->kind = kind;
    n->line = line;
    n->column = column;
    return n;
}

struct node *node_new_scalar(const char *text, const struct node *like)
{
    struct node *n = node_new(NODE_SCALAR, like->line, like->column);
    n->origin = like->origin;
    n->is_plain = true;
    n->text = xstrdup(text);
    return n;
}

void node_free(struct node *n)
{
    if (!n)
        return;
    for (size_t i = 0; i < n->items.len; i++)
        node_free(n->items.items[i]);
    vec_done(&n->items);
    secret_wipe_str(n->text);
    free(n->key);
    free(n);
}

struct node *node_copy(const struct node *n)
{
    struct node *copy = node_new(n->kind, n->line, n->column);
    copy->is_plain = n->is_plain;
    copy->is_secret = n->is_secret;
    copy->is_inherited = n->is_inherited;
    copy->origin = n->origin;
    copy->text = xstrdup(n->text);
    for (size_t i = 0; i < n->items.len; i++) {
        const struct node *child = n->items.items[i];
        struct node *twin = node_copy(child);
        twin->key = xstrdup(child->key);
        twin->key_line = child->key_line;
        twin->key_column = child->key_column;
        vec_add(&copy->items, twin);
    }
    return copy;
}

void node_measure(const struct node *n, size_t *count, size_t *bytes)
{
    ++*count;
    *bytes += n->text ? strlen(n->text) : 0;
    *bytes += n->key ? strlen(n->key) : 0;
    for (size_t i = 0; i < n->items.len; i++)
        node_measure(n->items.items[i], count, bytes);
}

void node_mark_inherited(struct node *n)
{
    n->is_inherited = true;
    for (size_t i = 0; i < n->items.len; i++)
        node_mark_inherited(n->items.items[i]);
}

void node_set_text(struct node *n, const char *text, size_t len)
{
    secret_wipe_str(n->text);
    n->text = xstrndup(text, len);
}

void node_put(struct node *map, const char *key, struct node *child, const struct node *place)
{
    child->key = xstrdup(key);
    child->key_line = place->line;
    child->key_column = place->column;
    vec_add(&map->items, child);
}

struct node *node_get(const struct node *map, const char *key)
{
    if (!map || map->kind != NODE_MAP)
        return NULL;
    for (size_t i = 0; i < map->items.len; i++) {
        if (str_eq(map->items.items[i]->key, key))
            return map->items.items[i];
    }
    return NULL;
}

void node_drop(struct node *parent, size_t index)
{
    node_free(parent->items.items[index]);
    vec_remove(&parent->items, index);
}

bool node_is_null(const struct node *n)
{
    if (!n)
        return true;
    if (n->kind != NODE_SCALAR || !n->is_plain)
        return false;
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (str_eq(n->text, words[i]))
            return true;
    }
    return false;
}

static bool child_equal(const struct node *parent_a, const struct node *parent_b, size_t i)
{
    const struct node *a = parent_a->items.items[i];
    const struct node *b =
        parent_a->kind == NODE_MAP ? node_get(parent_b, a->key) : parent_b->items.items[i];
    return b && node_equal(a, b);
}

bool node_equal(const struct node *a, const struct node *b)
{
    if (node_is_null(a) || node_is_null(b))
        return node_is_null(a) && node_is_null(b);
    if (a->kind != b->kind || !str_eq(a->text, b->text) || a->items.len != b->items.len)
        return false;
    for (size_t i = 0; i < a->items.len; i++) {
        if (!child_equal(a, b, i))
            return false;
    }
    return true;
}

const char *node_kind_name(const struct node *n)
{
    if (node_is_null(n))
        return "nothing";
    return n->kind == NODE_MAP ? "a map" : n->kind == NODE_LIST ? "a list" : "text";
}
