/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Built on libyaml's events, because its documents keep no bounds. Copies of aliases are counted
 * before they are made, so a text of any cunning costs no more memory than the bounds say. A
 * duplicate key is noted and reading goes on; after a syntax error there is nothing to go on with.
 */
#include "config/yaml.h"

#include "base/map.h"
#include "base/str.h"

#include <yaml.h>

struct reader {
    yaml_parser_t parser;
    const char *text, *origin;
    size_t len;
    struct config_problems *problems;
    struct map *anchors; /* to nodes of the tree, complete ones only */
    size_t n_nodes, n_bytes;
    bool failed;
};

static struct node *fail(struct reader *r, const yaml_mark_t *at, const char *sentence)
{
    if (!r->failed)
        problem_at_place(r->problems, r->origin, at->line + 1, at->column + 1, "%s", sentence);
    r->failed = true;
    return NULL;
}

/* libyaml knows only the offset of bytes that are no text. */
static yaml_mark_t mark_of_offset(const struct reader *r, size_t offset)
{
    yaml_mark_t mark = {0};
    for (size_t i = 0; i < offset && i < r->len; i++) {
        mark.column++;
        if (r->text[i] == '\n') {
            mark.line++;
            mark.column = 0;
        }
    }
    return mark;
}

static bool next_event(struct reader *r, yaml_event_t *ret)
{
    if (yaml_parser_parse(&r->parser, ret))
        return true;
    const yaml_parser_t *p = &r->parser;
    const char *what = p->problem ? p->problem : "it can't be read";
    _cleanup_free_ char *sentence = NULL;
    if (p->error == YAML_READER_ERROR) {
        yaml_mark_t mark = mark_of_offset(r, p->problem_offset);
        sentence = xasprintf("this is not text in UTF-8: %s", what);
        fail(r, &mark, sentence);
    } else if (p->context) {
        sentence = xasprintf("this is not YAML: %s (%s that begins in line %zu)", what, p->context,
                             p->context_mark.line + 1);
        fail(r, &p->problem_mark, sentence);
    } else {
        sentence = xasprintf("this is not YAML: %s", what);
        fail(r, &p->problem_mark, sentence);
    }
    return false;
}

/* False, and the reason noted, when the tree would become too large. */
static bool count(struct reader *r, const yaml_mark_t *at, size_t nodes, size_t bytes)
{
    r->n_nodes += nodes;
    r->n_bytes += bytes;
    if (r->n_nodes <= YAML_NODES_MAX && r->n_bytes <= YAML_TEXT_MAX)
        return true;
    fail(r, at,
         "the file is too large: up to here it has more than 100000 values or 16 MiB of "
         "text, aliases counted where they are used; use fewer aliases or several files");
    return false;
}

static bool tag_is_standard(const char *tag)
{
    static const char prefix[] = "tag:yaml.org,2002:";
    static const char *const names[] = {"str", "int", "float", "bool", "null", "map", "seq"};
    if (!tag || str_eq(tag, "!"))
        return true;
    if (!str_has_prefix(tag, prefix))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_eq(tag + strlen(prefix), names[i]))
            return true;
    }
    return false;
}

static struct node *start(struct reader *r, enum node_kind kind, const yaml_event_t *event,
                          const char *tag, size_t bytes)
{
    const yaml_mark_t *at = &event->start_mark;
    if (!tag_is_standard(tag))
        return fail(r, at, "tags of YAML have no meaning here; leave the word with ! out");
    if (!count(r, at, 1, bytes))
        return NULL;
    struct node *n = node_new(kind, at->line + 1, at->column + 1);
    n->origin = r->origin;
    return n;
}

static struct node *read_scalar(struct reader *r, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    const char *tag = (const char *)event->data.scalar.tag;
    size_t len = event->data.scalar.length;
    if (memchr(text, '\0', len))
        return fail(r, &event->start_mark, "a text can't hold the character \\0");
    struct node *n = start(r, NODE_SCALAR, event, tag, len);
    if (!n)
        return NULL;
    n->is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
                  (!tag || str_has_suffix(tag, ":null"));
    node_set_text(n, text, len);
    return n;
}

static struct node *read_alias(struct reader *r, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;
    const yaml_mark_t *at = &event->start_mark;
    const struct node *named = map_get(r->anchors, name);
    if (!named) {
        _cleanup_free_ char *sentence = xasprintf(
            "no anchor &%s is complete before this alias; anchors stand before their use", name);
        return fail(r, at, sentence);
    }
    size_t nodes = 0, bytes = 0;
    node_measure(named, &nodes, &bytes);
    if (!count(r, at, nodes, bytes))
        return NULL;
    struct node *n = node_copy(named);
    n->line = at->line + 1;
    n->column = at->column + 1;
    return n;
}

static struct node *read_node(struct reader *r, const yaml_event_t *event, size_t depth);

static void note_anchor(struct reader *r, const yaml_char_t *anchor, struct node *n)
{
    if (anchor && n)
        map_put(r->anchors, (const char *)anchor, n);
}

static struct node *read_list(struct reader *r, const yaml_event_t *event, size_t depth)
{
    _cleanup_(cleanup_node_free) struct node *list =
        start(r, NODE_LIST, event, (const char *)event->data.sequence_start.tag, 0);
    while (list && !r->failed) {
        yaml_event_t next;
        if (!next_event(r, &next))
            return NULL;
        bool end = next.type == YAML_SEQUENCE_END_EVENT;
        struct node *child = end ? NULL : read_node(r, &next, depth + 1);
        yaml_event_delete(&next);
        if (end)
            return take_ptr(&list);
        if (child)
            vec_add(&list->items, child);
    }
    return NULL;
}

/* A key and its value, into the map. */
static void read_entry(struct reader *r, const yaml_event_t *event, struct node *map,
                       struct map *seen, size_t depth)
{
    _cleanup_(cleanup_node_free) struct node *key = read_node(r, event, depth + 1);
    if (!key)
        return;
    if (key->kind != NODE_SCALAR) {
        fail(r, &event->start_mark, "a key must be a text, not a list or a map");
        return;
    }
    const struct node *before = map_put(seen, key->text, key);
    if (before)
        problem_at(r->problems, key, "the key \"%s\" stands here for the second time; keep one",
                   key->text);
    yaml_event_t next;
    if (!next_event(r, &next))
        return;
    struct node *value = read_node(r, &next, depth + 1);
    yaml_event_delete(&next);
    if (value)
        node_put(map, key->text, value, key);
}

static struct node *read_map(struct reader *r, const yaml_event_t *event, size_t depth)
{
    _cleanup_(cleanup_node_free) struct node *map =
        start(r, NODE_MAP, event, (const char *)event->data.mapping_start.tag, 0);
    struct map *seen = map_new();
    bool end = false;
    while (map && !r->failed && !end) {
        yaml_event_t next;
        if (!next_event(r, &next))
            break;
        end = next.type == YAML_MAPPING_END_EVENT;
        if (!end)
            read_entry(r, &next, map, seen, depth);
        yaml_event_delete(&next);
    }
    map_free(seen, NULL);
    return end && !r->failed ? take_ptr(&map) : NULL;
}

static struct node *read_node(struct reader *r, const yaml_event_t *event, size_t depth)
{
    struct node *n;
    if (depth > YAML_DEPTH_MAX)
        return fail(r, &event->start_mark, "this is nested too deeply: 64 levels are the most");
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return read_alias(r, event);
    case YAML_SCALAR_EVENT:
        n = read_scalar(r, event);
        note_anchor(r, event->data.scalar.anchor, n);
        return n;
    case YAML_SEQUENCE_START_EVENT:
        n = read_list(r, event, depth);
        note_anchor(r, event->data.sequence_start.anchor, n);
        return n;
    case YAML_MAPPING_START_EVENT:
        n = read_map(r, event, depth);
        note_anchor(r, event->data.mapping_start.anchor, n);
        return n;
    default:
        return fail(r, &event->start_mark, "a value is missing here");
    }
}

/* ---- merge keys ---- */

/* Moves what the map lacks out of `from`; depth and size are bounded already. */
static void take_missing(struct node *map, struct node *from)
{
    for (size_t i = 0; i < from->items.len;) {
        struct node *child = from->items.items[i];
        if (node_get(map, child->key)) {
            i++;
            continue;
        }
        vec_remove(&from->items, i);
        vec_add(&map->items, child);
    }
}

static void merge_value(struct reader *r, struct node *map, struct node *merged)
{
    if (merged->kind == NODE_MAP) {
        take_missing(map, merged);
        return;
    }
    bool right = merged->kind == NODE_LIST;
    for (size_t i = 0; right && i < merged->items.len; i++) {
        right = merged->items.items[i]->kind == NODE_MAP;
        if (right)
            take_missing(map, merged->items.items[i]);
    }
    if (!right)
        problem_at(r->problems, merged,
                   "<< takes a map or a list of maps, mostly an alias like *name");
}

/* From the leaves up, so that what is merged is merged itself. */
static void resolve_merges(struct reader *r, struct node *n)
{
    for (size_t i = 0; i < n->items.len; i++)
        resolve_merges(r, n->items.items[i]);
    for (size_t i = 0; n->kind == NODE_MAP && i < n->items.len; i++) {
        if (!str_eq(n->items.items[i]->key, "<<"))
            continue;
        _cleanup_(cleanup_node_free) struct node *merged = n->items.items[i];
        vec_remove(&n->items, i);
        merge_value(r, n, merged);
        return;
    }
}

/* ---- the document ---- */

static bool expect(struct reader *r, yaml_event_type_t type, const char *sentence)
{
    yaml_event_t event;
    if (!next_event(r, &event))
        return false;
    bool right = event.type == type;
    if (!right)
        fail(r, &event.start_mark, sentence);
    yaml_event_delete(&event);
    return right;
}

static struct node *read_document(struct reader *r)
{
    yaml_event_t event;
    if (!expect(r, YAML_STREAM_START_EVENT, "this is not YAML") || !next_event(r, &event))
        return NULL;
    yaml_event_type_t first = event.type;
    yaml_event_delete(&event);
    if (first == YAML_STREAM_END_EVENT)
        return node_new(NODE_MAP, 1, 1);
    if (!next_event(r, &event))
        return NULL;
    _cleanup_(cleanup_node_free) struct node *root = read_node(r, &event, 1);
    yaml_event_delete(&event);
    if (!root || !expect(r, YAML_DOCUMENT_END_EVENT, "this is not YAML") ||
        !expect(r, YAML_STREAM_END_EVENT, "a second document begins here; put everything into one"))
        return NULL;
    return take_ptr(&root);
}

struct node *yaml_read(const char *text, size_t len, const char *origin,
                       struct config_problems *problems)
{
    struct reader r = {.text = text, .len = len, .origin = origin, .problems = problems};
    if (len > YAML_BYTES_MAX) {
        problem_at_place(problems, origin, 0, 0, "the file is larger than 4 MiB");
        return NULL;
    }
    if (!yaml_parser_initialize(&r.parser)) {
        problem_at_place(problems, origin, 0, 0, "out of memory");
        return NULL;
    }
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
    r.anchors = map_new();
    _cleanup_(cleanup_node_free) struct node *root = read_document(&r);
    map_free(r.anchors, NULL);
    yaml_parser_delete(&r.parser);
    if (root)
        resolve_merges(&r, root);
    return take_ptr(&root);
}
