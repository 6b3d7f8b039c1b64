/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree as YAML again. Written so that reading it gives the same tree: whatever is not plainly
 * a word is quoted, and ${ is escaped.
 */
#include "base/str.h"
#include "config/config.h"
#include "config/node.h"
#include "config/yaml.h"

struct writer {
    struct buf out;
    bool show_secrets;
};

static bool is_plain_word(const char *text)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_";
    size_t len = strlen(text);
    if (!len || !strchr(first, *text))
        return false;
    if (text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_.:+-")])
        return false;
    return text[len - 1] != ':';
}

static void write_quoted(struct writer *w, const char *text)
{
    buf_add_char(&w->out, '"');
    for (const char *p = text; *p; p++) {
        if (str_has_prefix(p, "${"))
            buf_add_char(&w->out, '$');
        if (*p == '"' || *p == '\\')
            buf_printf(&w->out, "\\%c", *p);
        else if (*p == '\n')
            buf_add_str(&w->out, "\\n");
        else if ((unsigned char)*p < ' ' || *p == 0x7f)
            buf_printf(&w->out, "\\x%02x", (unsigned)*p);
        else
            buf_add_char(&w->out, *p);
    }
    buf_add_char(&w->out, '"');
}

static void write_scalar(struct writer *w, const struct node *n)
{
    const char *text = n->is_secret && !w->show_secrets ? SECRET_MASK : n->text;
    if (n->is_plain && is_plain_word(text))
        buf_add_str(&w->out, text);
    else
        write_quoted(w, text);
}

/* Nothing, or nothing but nulls, which are left out of maps. */
static bool is_empty(const struct node *n)
{
    for (size_t i = 0; i < n->items.len; i++) {
        if (!n->items.items[i]->key || !node_is_null(n->items.items[i]))
            return false;
    }
    return true;
}

static void write_node(struct writer *w, const struct node *n, int indent, bool in_line);

static void write_entry(struct writer *w, const struct node *child, int indent)
{
    if (is_plain_word(child->key) && child->key[0] > '9')
        buf_add_str(&w->out, child->key);
    else
        write_quoted(w, child->key);
    buf_add_char(&w->out, ':');
    if (child->kind == NODE_SCALAR || is_empty(child))
        buf_add_char(&w->out, ' ');
    else
        buf_add_char(&w->out, '\n');
    write_node(w, child, indent + 2, false);
}

/* `in_line`: something stands before it in its first line, and takes the place of the indent. */
static void write_items(struct writer *w, const struct node *n, int indent, bool in_line)
{
    for (size_t i = 0; i < n->items.len; i++) {
        const struct node *child = n->items.items[i];
        if (child->key && node_is_null(child))
            continue;
        if (!in_line)
            buf_printf(&w->out, "%*s", indent, "");
        in_line = false;
        if (child->key) {
            write_entry(w, child, indent);
        } else {
            buf_add_str(&w->out, "- ");
            write_node(w, child, indent + 2, true);
        }
    }
}

static void write_node(struct writer *w, const struct node *n, int indent, bool in_line)
{
    if (n->kind == NODE_SCALAR) {
        write_scalar(w, n);
        buf_add_char(&w->out, '\n');
    } else if (is_empty(n)) {
        buf_add_str(&w->out, n->kind == NODE_MAP ? "{}\n" : "[]\n");
    } else {
        write_items(w, n, indent, in_line);
    }
}

char *config_text(const struct config *config, bool show_secrets)
{
    /* Escapes and indents are short against what the bounds of reading allow. */
    struct writer w = {.out = BUF_INIT((size_t)YAML_TEXT_MAX * 8), .show_secrets = show_secrets};
    write_node(&w, config->document, 0, false);
    return buf_take(&w.out);
}
