/* SPDX-License-Identifier: Apache-2.0 */
#include "config/problems.h"

#include "base/str.h"

#include <stdio.h>

#define QUOTED_MAX 80

_printf_(5, 0) static void add_error(struct config_problems *p, const char *origin, size_t line,
                                     size_t column, const char *fmt, va_list args)
{
    if (p->errors.len >= CONFIG_PROBLEMS_MAX) {
        p->n_dropped++;
        return;
    }
    struct config_problem problem = {xstrdup(origin), line, column, xvasprintf(fmt, args)};
    vec_add(&p->errors, problem);
}

void problem_at_place(struct config_problems *p, const char *origin, size_t line, size_t column,
                      const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    add_error(p, origin, line, column, fmt, args);
    va_end(args);
}

void problem_at(struct config_problems *p, const struct node *node, const char *fmt, ...)
{
    va_list args;
    if (node->is_inherited)
        return;
    va_start(args, fmt);
    add_error(p, node->origin, node->line, node->column, fmt, args);
    va_end(args);
}

void problem_at_key(struct config_problems *p, const struct node *node, const char *fmt, ...)
{
    va_list args;
    if (node->is_inherited)
        return;
    va_start(args, fmt);
    add_error(p, node->origin, node->key_line, node->key_column, fmt, args);
    va_end(args);
}

void warning_at(struct config_problems *p, const struct node *node, const char *fmt, ...)
{
    if (node->is_inherited || p->warnings.len >= CONFIG_PROBLEMS_MAX)
        return;
    va_list args;
    va_start(args, fmt);
    struct config_problem problem = {xstrdup(node->origin), node->line, node->column,
                                     xvasprintf(fmt, args)};
    va_end(args);
    vec_add(&p->warnings, problem);
}

static bool stands_behind(const struct config_problem *a, const struct config_problem *b)
{
    if (!a->origin != !b->origin)
        return a->origin;
    if (a->line != b->line)
        return a->line > b->line;
    return a->column > b->column;
}

/* Few, and mostly in order already; problems at one place keep theirs. */
static void sort(struct config_problem *items, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        for (size_t k = i; k > 0 && stands_behind(&items[k - 1], &items[k]); k--) {
            struct config_problem swap = items[k];
            items[k] = items[k - 1];
            items[k - 1] = swap;
        }
    }
}

void problems_sort(struct config_problems *p)
{
    sort(p->errors.items, p->errors.len);
    sort(p->warnings.items, p->warnings.len);
}

static void free_texts(struct config_problem *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(items[i].origin);
        free(items[i].text);
    }
}

void config_problems_done(struct config_problems *p)
{
    free_texts(p->errors.items, p->errors.len);
    free_texts(p->warnings.items, p->warnings.len);
    vec_done(&p->errors);
    vec_done(&p->warnings);
    free(p->file);
    *p = (struct config_problems){0};
}

char *config_problem_text(const struct config_problems *problems, const struct config_problem *p)
{
    if (p->origin)
        return xasprintf("%s: %s", p->origin, p->text);
    if (!p->line)
        return xasprintf("%s: %s", problems->file, p->text);
    return xasprintf("%s:%zu:%zu: %s", problems->file, p->line, p->column, p->text);
}

char *node_quoted(const struct node *n)
{
    if (n->is_secret)
        return xstrdup(SECRET_MASK);
    if (node_is_null(n) || n->kind != NODE_SCALAR)
        return xstrdup(node_kind_name(n));
    char text[QUOTED_MAX];
    str_escape(n->text, text, sizeof(text));
    return xasprintf("\"%s%s\"", text, strlen(text) < strlen(n->text) ? "..." : "");
}
