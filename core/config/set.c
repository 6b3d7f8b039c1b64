/* SPDX-License-Identifier: Apache-2.0 */
/* The key is taken apart first; then the tree is walked, and what is missing on the way is made. */
#include "config/set.h"

#include "base/str.h"
#include "config/yaml.h"

struct word {
    char *text;
    bool is_index; /* from [N]; a bare number is one where there is a list */
};

struct key_path {
    VEC(struct word) words;
};

static void path_done(struct key_path *path)
{
    for (size_t i = 0; i < path->words.len; i++)
        free(path->words.items[i].text);
    vec_done(&path->words);
}

/* Where the key ends: the first = outside of quotes. NULL: nowhere. */
static const char *find_equals(const char *text)
{
    char quote = 0;
    for (; *text; text++) {
        if (*text == '\\' && text[1])
            text++;
        else if (quote)
            quote = *text == quote ? 0 : quote;
        else if (*text == '"' || *text == '\'')
            quote = *text;
        else if (*text == '=')
            return text;
    }
    return NULL;
}

char *set_label(const char *text)
{
    const char *equals = find_equals(text);
    _cleanup_free_ char *key = equals ? xstrndup(text, (size_t)(equals - text)) : xstrdup(text);
    return xasprintf("--set %s", equals ? key : "");
}

/* One word, up to a dot or bracket outside of quotes; NULL when a quote is left open. */
static const char *parse_word(const char *p, const char *end, struct buf *word)
{
    char quote = 0;
    for (; p < end; p++) {
        if (*p == '\\' && p + 1 < end)
            buf_add_char(word, *++p);
        else if (quote && *p == quote)
            quote = 0;
        else if (!quote && (*p == '"' || *p == '\''))
            quote = *p;
        else if (!quote && (*p == '.' || *p == '['))
            break;
        else
            buf_add_char(word, *p);
    }
    return quote ? NULL : p;
}

static const char *parse_index(const char *p, const char *end, struct buf *word)
{
    for (p++; p < end && *p >= '0' && *p <= '9'; p++)
        buf_add_char(word, *p);
    return p < end && *p == ']' && word->len ? p + 1 : NULL;
}

static bool parse_path(const char *p, const char *end, struct key_path *ret)
{
    bool first = true;
    while (p && (p < end || first)) {
        struct buf word = BUF_INIT(YAML_BYTES_MAX);
        bool index = *p == '[' && !first;
        if (!first && !index && *p++ != '.')
            p = NULL;
        if (p)
            p = index ? parse_index(p, end, &word) : parse_word(p, end, &word);
        bool good = p && word.len && ret->words.len < YAML_DEPTH_MAX;
        vec_add(&ret->words, (struct word){buf_take(&word), index});
        if (!good)
            return false;
        first = false;
    }
    return p;
}

/* ---- the value ---- */

static struct node *read_value(const char *text, const char *label,
                               struct config_problems *problems)
{
    struct node *value;
    if (*text && strchr("[{\"'", *text)) {
        value = yaml_read(text, strlen(text), label, problems);
    } else {
        value = node_new(NODE_SCALAR, 0, 0);
        value->is_plain = true;
        node_set_text(value, text, strlen(text));
    }
    if (value)
        value->origin = label;
    return value;
}

/* ---- the tree ---- */

struct walk {
    const char *label;
    struct config_problems *problems;
};

static bool complain(const struct walk *w, const struct word *word, const struct node *parent)
{
    if (parent->kind == NODE_LIST)
        problem_at_place(w->problems, w->label, 0, 0,
                         "\"%s\" stands for an item of a list that has %zu; expected a number "
                         "from 0 to %zu",
                         word->text, parent->items.len, parent->items.len);
    else
        problem_at_place(w->problems, w->label, 0, 0,
                         "\"%s\" would stand in %s; set that as a whole", word->text,
                         parent->kind == NODE_MAP ? "a map, which has no numbered items"
                                                  : "a text, which holds nothing else");
    return false;
}

/* The parent takes the shape that the word needs if there is nothing in it yet. */
static void shape(struct node *parent, const struct word *word)
{
    if (parent->kind != NODE_SCALAR || !node_is_null(parent))
        return;
    secret_wipe_str(take_ptr(&parent->text));
    parent->kind = word->is_index || str_eq(word->text, "0") ? NODE_LIST : NODE_MAP;
}

/* Where the word leads, made if need be; NULL with a problem. */
static struct node **slot_of(const struct walk *w, struct node *parent, const struct word *word)
{
    int64_t index;
    shape(parent, word);
    if (parent->kind == NODE_LIST) {
        if (str_to_int64(word->text, 0, (int64_t)parent->items.len, &index) < 0) {
            complain(w, word, parent);
            return NULL;
        }
        if ((size_t)index == parent->items.len)
            vec_add(&parent->items, read_value("", w->label, w->problems));
        return &parent->items.items[index];
    }
    if (parent->kind != NODE_MAP || word->is_index) {
        complain(w, word, parent);
        return NULL;
    }
    for (size_t i = 0; i < parent->items.len; i++) {
        if (str_eq(parent->items.items[i]->key, word->text))
            return &parent->items.items[i];
    }
    struct node *child = read_value("", w->label, w->problems);
    node_put(parent, word->text, child, child);
    return &parent->items.items[parent->items.len - 1];
}

static void replace(struct node **slot, struct node *value)
{
    value->key = take_ptr(&(*slot)->key);
    node_free(*slot);
    *slot = value;
}

bool set_value(struct node *root, const char *text, const char *label,
               struct config_problems *problems)
{
    const struct walk w = {label, problems};
    const char *equals = find_equals(text);
    _cleanup_(path_done) struct key_path path = {0};
    if (!equals || !parse_path(text, equals, &path)) {
        problem_at_place(problems, label, 0, 0,
                         "expected KEY=VALUE with a key like registries.hub.url, "
                         "mappings[0].from or registries.\"a.b\".url");
        return false;
    }
    _cleanup_(cleanup_node_free) struct node *value = read_value(equals + 1, label, problems);
    struct node **slot = &root;
    for (size_t i = 0; value && slot && i < path.words.len; i++)
        slot = slot_of(&w, *slot, &path.words.items[i]);
    if (!value || !slot)
        return false;
    replace(slot, take_ptr(&value));
    return true;
}
