/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of registries and groups become pointers. A name that no registry has but that looks like
 * a host stands for that host, reached as if it were configured with nothing but its url.
 */
#include "base/map.h"
#include "base/nearest.h"
#include "base/str.h"
#include "config/custom.h"
#include "oci/ref.h"

#define NAMES_MAX 400

static struct config_registry *find_registry(const struct read *r, const char *alias)
{
    for (size_t i = 0; i < r->config->registries.len; i++) {
        if (str_eq(r->config->registries.items[i]->alias, alias))
            return r->config->registries.items[i];
    }
    return NULL;
}

static bool looks_like_host(const char *name)
{
    return (strpbrk(name, ".:") || str_ieq(name, "localhost")) && host_is_valid(name);
}

static struct config_registry *add_implicit(struct read *r, const char *name)
{
    struct config_registry *registry = arena_alloc(r->arena, sizeof(*registry));
    _cleanup_free_ char *host = str_lower(name);
    _cleanup_(cleanup_node_free) struct node *node = node_new(NODE_MAP, 0, 0);
    registry->alias = arena_strdup(r->arena, name);
    registry->is_implicit = true;
    node_put(node, "url", node_new_scalar(host, node), node);
    fill_section(&section_registry, node);
    read_section(r, &section_registry, node, registry);
    vec_add(&r->config->registries, registry);
    return registry;
}

/* What a name may stand for, and what it was found to be so far. */
struct targets {
    bool may_be_groups;
    const struct node *groups; /* NULL: none are configured */
    VEC(const struct config_registry *) list;
};

static size_t known_names(const struct read *r, const struct targets *t, const char **names)
{
    size_t n = 0;
    for (size_t i = 0; i < r->config->registries.len && n < NAMES_MAX; i++) {
        if (!r->config->registries.items[i]->is_implicit)
            names[n++] = r->config->registries.items[i]->alias;
    }
    for (size_t i = 0; t && t->groups && i < t->groups->items.len && n < NAMES_MAX; i++)
        names[n++] = t->groups->items.items[i]->key;
    return n;
}

/* `t` NULL: the name of a source. */
static void complain_unknown(struct read *r, const struct node *node, const struct targets *t)
{
    const char *names[NAMES_MAX];
    const char *near = nearest_word(node->text, names, known_names(r, t, names));
    bool groups = t && t->may_be_groups;
    const char *kind = groups ? "registry or target group" : "registry";
    _cleanup_free_ char *quoted = node_quoted(node);
    if (near && !node->is_secret)
        read_complain(r, node, "no %s has the name %s; did you mean \"%s\"?", kind, quoted, near);
    else
        read_complain(r, node,
                      "no %s has the name %s; expected a name under registries%s, or a "
                      "host like docker.io",
                      kind, quoted, groups ? " or target_groups" : "");
}

/* A text that may be a name; anything else was noted when it was read. */
static bool is_name(const struct node *node)
{
    return node && !node_is_null(node) && node->kind == NODE_SCALAR && *node->text;
}

static struct config_registry *look_up(struct read *r, const struct node *node)
{
    if (!is_name(node))
        return NULL;
    struct config_registry *registry = find_registry(r, node->text);
    return !registry && looks_like_host(node->text) ? add_implicit(r, node->text) : registry;
}

/* NULL with the problem noted. */
static struct config_registry *resolve(struct read *r, const struct node *node,
                                       const struct targets *t)
{
    struct config_registry *registry = look_up(r, node);
    if (!registry && is_name(node))
        complain_unknown(r, node, t);
    return registry;
}

/* ---- targets ---- */

static bool same_place(const struct config_registry *a, const struct config_registry *b)
{
    return a == b || (a->url && str_eq(a->url, b->url));
}

/* A place that is there already is a problem of `node`, which names it again. */
static void add_target(struct read *r, const struct node *node, struct targets *t,
                       const struct config_registry *registry)
{
    for (size_t i = 0; registry && i < t->list.len; i++) {
        const struct config_registry *other = t->list.items[i];
        if (!same_place(other, registry))
            continue;
        read_complain(r, node, "%s is among the targets already%s%s; keep one", registry->alias,
                      other == registry ? "" : ", under the name ",
                      other == registry ? "" : other->alias);
        return;
    }
    if (registry)
        vec_add(&t->list, registry);
}

/* An item of a list is a registry before it is a group; a single name the other way round. */
static void add_name(struct read *r, const struct node *node, struct targets *t, bool group_first)
{
    const struct node *group = node->kind == NODE_SCALAR ? node_get(t->groups, node->text) : NULL;
    bool registry = node->kind == NODE_SCALAR && find_registry(r, node->text);
    if (group && registry && group_first)
        warning_at(r->problems, node,
                   "%s: \"%s\" is a target group and a registry; the group is "
                   "meant here",
                   r->path, node->text);
    if (!group || (registry && !group_first)) {
        add_target(r, node, t, resolve(r, node, t));
        return;
    }
    for (size_t i = 0; i < group->items.len; i++)
        add_target(r, node, t, look_up(r, group->items.items[i]));
    if (group->kind == NODE_SCALAR)
        add_target(r, node, t, look_up(r, group));
}

static void add_names(struct read *r, const struct node *node, struct targets *t)
{
    if (is_name(node))
        add_name(r, node, t, true);
    for (size_t i = 0; node && node->kind == NODE_LIST && i < node->items.len; i++) {
        size_t mark = read_enter(r, "[%zu]", i);
        add_name(r, node->items.items[i], t, false);
        read_leave(r, mark);
    }
}

/* Registries stand before groups in the table, so they are known here. */
void read_target_groups(struct read *r, const struct key *key, struct node *node, void *at)
{
    (void)key;
    (void)at;
    const struct key plain = {.type = KEY_LIST};
    if (!read_expects(r, node, NODE_MAP, "a map from names to lists of registries"))
        return;
    for (size_t i = 0; i < node->items.len; i++) {
        struct node *group = node->items.items[i];
        struct text_list ignored = {0};
        struct targets members = {0};
        size_t mark = read_enter(r, ".%s", group->key);
        if (node_is_null(group) || (group->kind == NODE_LIST && !group->items.len))
            read_complain(r, group, "expected at least one registry");
        else
            read_list(r, &plain, group, &ignored);
        add_names(r, group, &members);
        vec_done(&members.list);
        read_leave(r, mark);
    }
}

/* ---- mappings ---- */

static void resolve_source(struct read *r, struct node *node, struct config_mapping *m)
{
    struct node *source = node_get(node, "source");
    size_t mark = read_enter(r, ".source");
    if (node_is_null(source))
        read_complain(r, source ? source : node,
                      "it is missing; name a registry here or under defaults");
    m->source = resolve(r, source, NULL);
    read_leave(r, mark);
}

static void resolve_targets(struct read *r, struct node *node, const struct node *groups,
                            struct config_mapping *m)
{
    struct node *names = node_get(node, "targets");
    struct targets t = {.may_be_groups = true, .groups = groups};
    size_t mark = read_enter(r, ".targets");
    if (node_is_null(names) || (names->kind == NODE_LIST && !names->items.len))
        read_complain(r, names ? names : node,
                      "it is missing; name a registry, a target group or a list of them here or "
                      "under defaults");
    add_names(r, names, &t);
    m->targets = arena_alloc(r->arena, (t.list.len + 1) * sizeof(*m->targets));
    for (size_t i = 0; i < t.list.len; i++)
        m->targets[m->n_targets++] = t.list.items[i];
    vec_done(&t.list);
    read_leave(r, mark);
}

static void check_itself(struct read *r, struct node *node, const struct config_mapping *m)
{
    for (size_t i = 0; m->source && i < m->n_targets; i++) {
        if (same_place(m->source, m->targets[i]) && m->from && str_eq(m->from, m->to) &&
            !m->tags.rename_regex)
            read_complain(r, node,
                          "%s/%s would be copied onto itself; give it another to, "
                          "target or rename",
                          m->source->url, m->from);
    }
}

/* The defaults are judged where they stand; a mapping's copies of them are silent. */
static void check_defaults(struct read *r, struct node *root)
{
    struct node *defaults = node_get(root, "defaults");
    struct targets t = {.may_be_groups = true, .groups = node_get(root, "target_groups")};
    size_t mark = read_enter(r, "defaults.source");
    resolve(r, node_get(defaults, "source"), NULL);
    read_leave(r, mark);
    mark = read_enter(r, "defaults.targets");
    add_names(r, node_get(defaults, "targets"), &t);
    read_leave(r, mark);
    vec_done(&t.list);
}

/* ---- mappings that say the same twice ---- */

static bool share_target(const struct config_mapping *a, const struct config_mapping *b)
{
    for (size_t i = 0; i < a->n_targets; i++) {
        for (size_t k = 0; k < b->n_targets; k++) {
            if (same_place(a->targets[i], b->targets[k]))
                return true;
        }
    }
    return false;
}

static bool same_selection(const struct node *a, const struct node *b)
{
    return node_equal(node_get(a, "tags"), node_get(b, "tags")) &&
           node_equal(node_get(a, "platforms"), node_get(b, "platforms"));
}

/* Compared with the last mapping between the same repositories, which is enough to find one of a
 * kind however many there are. */
static void check_repeats(struct read *r, struct node *mappings)
{
    struct map *seen = map_new();
    for (size_t i = 0; i < r->config->mappings.len; i++) {
        struct config_mapping *m = r->config->mappings.items[i];
        if (!m->source || !m->source->url || !m->from || !m->to)
            continue;
        _cleanup_free_ char *key = xasprintf("%s %s %s", m->source->url, m->from, m->to);
        struct node *node = mappings->items.items[i], *before = map_put(seen, key, node);
        size_t k = 0;
        while (before && mappings->items.items[k] != before)
            k++;
        if (before && same_selection(node, before) && share_target(m, r->config->mappings.items[k]))
            read_complain(r, node,
                          "mappings[%zu] copies the same tags of %s to the same place as "
                          "mappings[%zu] (line %zu); remove one",
                          i, m->from, k, before->line);
    }
    map_free(seen, NULL);
}

void references_resolve(struct read *r, struct node *root)
{
    struct node *mappings = node_get(root, "mappings"), *groups = node_get(root, "target_groups");
    check_defaults(r, root);
    if (!mappings || mappings->kind != NODE_LIST)
        return;
    for (size_t i = 0; i < r->config->mappings.len; i++) {
        struct node *node = mappings->items.items[i];
        if (node->kind != NODE_MAP)
            continue;
        size_t mark = read_enter(r, "mappings[%zu]", i);
        resolve_source(r, node, r->config->mappings.items[i]);
        resolve_targets(r, node, groups, r->config->mappings.items[i]);
        check_itself(r, node, r->config->mappings.items[i]);
        read_leave(r, mark);
    }
    check_repeats(r, mappings);
}
