/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Defaults go into the tree, before it is read: so there is one place where they are applied, and
 * what `expand` prints is what was read. Copies of the file's own defaults are marked as inherited,
 * because their mistakes are reported where they stand. Nothing here minds wrong shapes: reading
 * complains about those.
 */
#include "base/str.h"
#include "config/custom.h"

void fill_strip(struct node *node)
{
    for (size_t i = 0; i < node->items.len;) {
        const char *key = node->items.items[i]->key;
        if (key && str_has_prefix(key, "x-"))
            node_drop(node, i);
        else
            fill_strip(node->items.items[i++]);
    }
}

static void put(struct node *map, const char *key, struct node *child)
{
    for (size_t i = 0; i < map->items.len; i++) {
        if (str_eq(map->items.items[i]->key, key)) {
            node_drop(map, i); /* it was null */
            break;
        }
    }
    node_put(map, key, child, map);
}

static struct node *put_map(struct node *map, const char *key)
{
    struct node *child = node_new(NODE_MAP, map->line, map->column);
    child->origin = map->origin;
    put(map, key, child);
    return child;
}

static bool has_fallbacks(const struct section *section)
{
    for (const struct key *key = section->keys; key->name; key++) {
        if (key->fallback)
            return true;
    }
    return false;
}

/* Into the order of the table; what it does not have goes last. */
static void sort_keys(const struct section *section, struct node *node)
{
    size_t done = 0;
    for (const struct key *key = section->keys; key->name; key++) {
        for (size_t i = done; i < node->items.len; i++) {
            struct node *child = node->items.items[i];
            if (!str_eq(child->key, key->name))
                continue;
            memmove(&node->items.items[done + 1], &node->items.items[done],
                    (i - done) * sizeof(*node->items.items));
            node->items.items[done++] = child;
            break;
        }
    }
}

void fill_section(const struct section *section, struct node *node)
{
    for (const struct key *key = section->keys; key->name; key++) {
        struct node *child = node_get(node, key->name);
        bool absent = node_is_null(child);
        if (key->type == KEY_SECTION) {
            if (absent && has_fallbacks(key->section))
                child = put_map(node, key->name);
            if (child && child->kind == NODE_MAP)
                fill_section(key->section, child);
        } else if (absent && key->fallback) {
            put(node, key->name, node_new_scalar(key->fallback, node));
        }
    }
    sort_keys(section, node);
}

static void inherit(struct node *map, const char *key, const struct node *from)
{
    if (node_is_null(from) || !node_is_null(node_get(map, key)))
        return;
    struct node *copy = node_copy(from);
    node_mark_inherited(copy);
    put(map, key, copy);
}

/* Rule by rule, but for `exclude`: a mapping's own counts for more than the defaults'. */
static void inherit_tags(struct node *mapping, const struct node *defaults)
{
    const struct node *from = node_get(defaults, "tags");
    struct node *tags = node_get(mapping, "tags");
    if (node_is_null(from) || (!node_is_null(tags) && tags->kind != NODE_MAP))
        return;
    if (from->kind != NODE_MAP) {
        inherit(mapping, "tags", from);
        return;
    }
    if (node_is_null(tags))
        (tags = put_map(mapping, "tags"))->is_inherited = true;
    for (size_t i = 0; i < from->items.len; i++) {
        if (!str_eq(from->items.items[i]->key, "exclude"))
            inherit(tags, from->items.items[i]->key, from->items.items[i]);
    }
}

static void fill_mapping(struct node *mapping, const struct node *defaults)
{
    static const char *const whole[] = {"source", "targets", "platforms", "artifacts"};
    inherit(mapping, "to", node_get(mapping, "from"));
    for (size_t i = 0; i < ARRAY_LEN(whole); i++)
        inherit(mapping, whole[i], node_get(defaults, whole[i]));
    inherit_tags(mapping, defaults);
    fill_section(&section_mapping, mapping);
}

void fill_document(struct node *root)
{
    struct node *registries = node_get(root, "registries"), *mappings = node_get(root, "mappings");
    fill_section(&section_config, root);
    for (size_t i = 0; registries && i < registries->items.len; i++) {
        if (registries->items.items[i]->kind == NODE_MAP)
            fill_section(&section_registry, registries->items.items[i]);
    }
    for (size_t i = 0; mappings && i < mappings->items.len; i++) {
        if (mappings->items.items[i]->kind == NODE_MAP)
            fill_mapping(mappings->items.items[i], node_get(root, "defaults"));
    }
}
