/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading never stops at a problem: it notes it and leaves the field as it was, so that one pass
 * finds everything. Secret values are marked before anything could quote them.
 */
#include "config/keys.h"

#include "base/nearest.h"
#include "base/str.h"
#include "config/subst.h"
#include "config/values.h"

#include <stdio.h>

#define NAMES_MAX 40

size_t read_enter(struct read *r, const char *fmt, ...)
{
    va_list args;
    size_t mark = r->path_len;
    va_start(args, fmt);
    int len = vsnprintf(r->path + mark, sizeof(r->path) - mark, fmt, args);
    va_end(args);
    r->path_len += (size_t)len;
    if (r->path_len >= sizeof(r->path))
        r->path_len = sizeof(r->path) - 1;
    return mark;
}

void read_leave(struct read *r, size_t mark)
{
    r->path_len = mark;
    r->path[mark] = '\0';
}

void read_complain(struct read *r, const struct node *node, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    _cleanup_free_ char *sentence = xvasprintf(fmt, args);
    va_end(args);
    problem_at(r->problems, node, "%s%s%s", r->path, *r->path ? ": " : "", sentence);
}

bool read_expects(struct read *r, const struct node *node, enum node_kind kind, const char *what)
{
    if (node->kind == kind)
        return true;
    read_complain(r, node, "expected %s, got %s", what, node_kind_name(node));
    return false;
}

/* ---- one value ---- */

/* Sentences that begin with "expected" do not quote the value; others may. */
void read_complain_value(struct read *r, const struct node *node, const struct error *err)
{
    _cleanup_free_ char *quoted = node_quoted(node);
    if (str_has_prefix(err->text, "expected "))
        read_complain(r, node, "%s; got %s", err->text, quoted);
    else if (node->is_secret)
        read_complain(r, node, "the secret value that stands here does not have the right form");
    else
        read_complain(r, node, "%s", err->text);
}

char *read_text(struct read *r, const struct node *node)
{
    if (!read_expects(r, node, NODE_SCALAR, "a text"))
        return NULL;
    if (!*node->text || node_is_null(node)) {
        read_complain(r, node, "expected a text that is not empty");
        return NULL;
    }
    return arena_strdup(r->arena, node->text);
}

static char *read_checked(struct read *r, const struct key *key, struct node *node)
{
    struct error err = ERROR_INIT;
    char *text = read_text(r, node);
    if (!text || !key->check || key->check(text, &err) == 0)
        return text;
    read_complain_value(r, node, &err);
    return NULL;
}

static char *read_path(struct read *r, const struct node *node)
{
    char *text = read_text(r, node);
    if (!text)
        return NULL;
    _cleanup_free_ char *path = path_from(r->folder, text);
    return arena_strdup(r->arena, path);
}

static void warn_if_empty(struct read *r, const struct node *node)
{
    if (!*node->text)
        warning_at(r->problems, node,
                   "%s is empty: this registry can't be used until its variable is set", r->path);
}

static void read_secret(struct read *r, struct node *node, struct secret **ret)
{
    node->is_secret = true;
    if (!read_expects(r, node, NODE_SCALAR, "a text"))
        return;
    warn_if_empty(r, node);
    *ret = secret_new(node->text);
    vec_add(&r->config->secrets, *ret);
}

static void read_login(struct read *r, const struct node *node, char **ret)
{
    if (!read_expects(r, node, NODE_SCALAR, "a text"))
        return;
    warn_if_empty(r, node);
    *ret = arena_strdup(r->arena, node->text);
}

/* Values that are more than their text. */
static void read_parsed(struct read *r, const struct key *key, const struct node *node, void *at)
{
    struct error err = ERROR_INIT;
    int result = 0;
    if (!read_expects(r, node, NODE_SCALAR, "a single value"))
        return;
    if (key->type == KEY_BOOL)
        result = value_bool(node->text, at, &err);
    else if (key->type == KEY_NUMBER)
        result = value_number(node->text, key->min, key->max, at, &err);
    else if (key->type == KEY_DURATION)
        result = value_duration(node->text, key->min, at, &err);
    else if (key->type == KEY_SIZE)
        result = value_size(node->text, at, &err);
    else
        result = value_word(node->text, key->words, at, &err);
    if (result < 0)
        read_complain_value(r, node, &err);
}

/* ---- lists ---- */

static void add_item(struct read *r, const struct key *key, struct node *node,
                     struct text_list *list)
{
    char *text = key->type == KEY_PATHS ? read_path(r, node) : read_checked(r, key, node);
    if (text)
        list->items[list->len++] = text;
}

void read_list(struct read *r, const struct key *key, struct node *node, struct text_list *ret)
{
    bool single = node->kind == NODE_SCALAR;
    size_t n = single ? 1 : node->items.len;
    if (!single && !read_expects(r, node, NODE_LIST, "a text or a list of texts"))
        return;
    *ret = (struct text_list){.items = arena_alloc(r->arena, (n + 1) * sizeof(*ret->items)),
                              .alloc = n + 1};
    if (single) {
        add_item(r, key, node, ret);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        size_t mark = read_enter(r, "[%zu]", i);
        add_item(r, key, node->items.items[i], ret);
        read_leave(r, mark);
    }
}

/* ---- sections ---- */

const struct key *section_key(const struct section *section, const char *name)
{
    for (const struct key *key = section->keys; key->name; key++) {
        if (str_eq(key->name, name))
            return key;
    }
    return NULL;
}

/* Keys that other versions or tools know, and what to write instead. */
static bool hint_at_other(const char *name, struct buf *hint)
{
    static const struct {
        const char *name, *hint;
    } hints[] = {
        {"semver_prerelease", "it is gone: prereleases are left out where semver or latest is set, "
                              "and include brings them back"},
        {"target", "write targets, with one name or a list"},
    };
    for (size_t i = 0; i < ARRAY_LEN(hints); i++) {
        if (str_eq(hints[i].name, name))
            return buf_add_str(hint, hints[i].hint) == 0;
    }
    return false;
}

static bool hint_at_place(const char *name, struct buf *hint)
{
    for (const struct section *const *s = config_sections; *s; s++) {
        if (section_key(*s, name))
            buf_printf(hint, "%s%s", hint->len ? " or " : "it belongs under ", (*s)->place);
    }
    return hint->len;
}

static void hint_at_keys(const struct section *section, const char *name, struct buf *hint)
{
    const char *names[NAMES_MAX];
    size_t n = 0;
    for (const struct key *key = section->keys; key->name && n < NAMES_MAX; key++)
        names[n++] = key->name;
    const char *near = nearest_word(name, names, n);
    if (near)
        buf_printf(hint, "did you mean \"%s\"?", near);
    for (size_t i = 0; !near && i < n; i++)
        buf_printf(hint, "%s%s", i ? ", " : "expected one of ", names[i]);
}

static void complain_unknown(struct read *r, const struct section *section,
                             const struct node *child)
{
    struct buf hint = BUF_INIT(ERROR_TEXT_MAX);
    if (!hint_at_other(child->key, &hint) && !hint_at_place(child->key, &hint))
        hint_at_keys(section, child->key, &hint);
    problem_at_key(r->problems, child, "%s%sunknown key \"%s\"; %s", r->path, *r->path ? ": " : "",
                   child->key, buf_str(&hint));
    buf_done(&hint);
}

static void read_key(struct read *r, const struct key *key, struct node *node, void *at)
{
    switch (key->type) {
    case KEY_TEXT:
        *(char **)at = read_checked(r, key, node);
        break;
    case KEY_PATH:
        *(char **)at = read_path(r, node);
        break;
    case KEY_SECRET:
        read_secret(r, node, at);
        break;
    case KEY_LOGIN:
        read_login(r, node, at);
        break;
    case KEY_LIST:
    case KEY_PATHS:
        read_list(r, key, node, at);
        break;
    case KEY_SECTION:
        read_section(r, key->section, node, at);
        break;
    case KEY_CUSTOM:
        key->read(r, key, node, at);
        break;
    default:
        read_parsed(r, key, node, at);
    }
}

static void read_keys(struct read *r, const struct section *section, struct node *node,
                      void *values)
{
    for (const struct key *key = section->keys; key->name; key++) {
        void *at = (char *)values + key->offset;
        struct node *child = node_get(node, key->name);
        size_t mark = read_enter(r, "%s%s", *r->path ? "." : "", key->name);
        if (key->type == KEY_NUMBER)
            *(int64_t *)at = key->unset;
        if (!node_is_null(child))
            read_key(r, key, child, at);
        else if (key->is_required && node)
            read_complain(r, child ? child : node, "it is missing, and can't be left out");
        read_leave(r, mark);
    }
}

void read_section(struct read *r, const struct section *section, struct node *node, void *values)
{
    if (node_is_null(node))
        node = NULL;
    if (node && !read_expects(r, node, NODE_MAP, "a map of keys and values"))
        node = NULL;
    for (size_t i = 0; node && i < node->items.len; i++) {
        const struct node *child = node->items.items[i];
        if (!section_key(section, child->key))
            complain_unknown(r, section, child);
    }
    read_keys(r, section, node, values);
    if (node && section->check)
        section->check(r, node, values);
}
