/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Servers list actions in any order and clients must not care: actions are kept sorted, so two
 * scopes that mean the same have the same text.
 */
#include "auth/scope.h"

#include "base/str.h"

#include <string.h>

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorts and joins `words`, each once. */
static char *join_sorted(char **words, size_t n, char separator)
{
    struct buf joined = BUF_INIT(SIZE_MAX);
    if (n)
        qsort(words, n, sizeof(*words), compare_text);
    for (size_t i = 0; i < n; i++) {
        if (i && str_eq(words[i], words[i - 1]))
            continue;
        if (joined.len)
            buf_add_char(&joined, separator);
        buf_add_str(&joined, words[i]);
    }
    return buf_take(&joined);
}

static char *canonical_actions(const char *a, const char *b)
{
    _cleanup_free_ char *text = b ? xasprintf("%s,%s", a, b) : xstrdup(a);
    VEC(char *) words = {0};
    char *rest = text;
    for (char *word; (word = strsep(&rest, ","));) {
        if (*word)
            vec_add(&words, word);
    }
    char *joined = join_sorted(words.items, words.len, ',');
    vec_done(&words);
    return joined;
}

static bool is_clean(const char *text)
{
    for (const char *p = text; *p; p++) {
        if ((unsigned char)*p <= ' ' || *p == 0x7f)
            return false;
    }
    return true;
}

/* "repository(plugin)": the class says nothing about rights. */
static char *type_without_class(const char *text, size_t len)
{
    const char *class = memchr(text, '(', len);
    return xstrndup(text, class ? (size_t)(class - text) : len);
}

int scope_parse(const char *text, struct scope *ret, struct error *err)
{
    if (!*text || !is_clean(text))
        return error_set(err, ERR_PROTOCOL, "the token scope '%s' is empty or has white space",
                         text);
    const char *first = strchr(text, ':'), *last = strrchr(text, ':');
    if (first == last) {
        *ret = (struct scope){.type = xstrdup(text)};
        return 0;
    }
    struct scope scope = {
        .type = type_without_class(text, (size_t)(first - text)),
        .name = xstrndup(first + 1, (size_t)(last - first - 1)),
        .actions = canonical_actions(last + 1, NULL),
    };
    if (!*scope.type || !*scope.name || !*scope.actions) {
        scope_done(&scope);
        return error_set(err, ERR_PROTOCOL,
                         "the token scope '%s' is not of the form type:name:actions", text);
    }
    *ret = scope;
    return 0;
}

void scope_done(struct scope *scope)
{
    free(scope->type);
    free(scope->name);
    free(scope->actions);
    *scope = (struct scope){0};
}

char *scope_text(const struct scope *scope)
{
    if (!scope->name)
        return xstrdup(scope->type);
    return xasprintf("%s:%s:%s", scope->type, scope->name, scope->actions);
}

static bool is_same_resource(const struct scope *a, const struct scope *b)
{
    return str_eq(a->type, b->type) && str_eq(a->name, b->name);
}

static bool has_action(const char *actions, const char *action, size_t len)
{
    while (*actions) {
        size_t n = strcspn(actions, ",");
        if (n == len && memcmp(actions, action, len) == 0)
            return true;
        actions += n + (actions[n] == ',');
    }
    return false;
}

bool scope_covers(const struct scope *have, const struct scope *want)
{
    if (!is_same_resource(have, want))
        return false;
    if (!want->name || has_action(have->actions, "*", 1))
        return true;
    for (const char *p = want->actions; *p;) {
        size_t n = strcspn(p, ",");
        if (!has_action(have->actions, p, n))
            return false;
        p += n + (p[n] == ',');
    }
    return true;
}

static struct scope *find_resource(const struct scope_set *set, const struct scope *scope)
{
    for (size_t i = 0; i < set->list.len; i++) {
        if (is_same_resource(&set->list.items[i], scope))
            return &set->list.items[i];
    }
    return NULL;
}

void scope_set_add(struct scope_set *set, const struct scope *scope)
{
    struct scope *mine = find_resource(set, scope);
    if (!mine) {
        vec_add(&set->list, (struct scope){.type = xstrdup(scope->type),
                                           .name = xstrdup(scope->name),
                                           .actions = xstrdup(scope->actions)});
    } else if (scope->name) {
        char *both = canonical_actions(mine->actions, scope->actions);
        free(mine->actions);
        mine->actions = both;
    }
}

void scope_set_add_repository(struct scope_set *set, const char *repository, bool push)
{
    struct scope scope = {.type = xstrdup("repository"),
                          .name = xstrdup(repository),
                          .actions = xstrdup(push ? "pull,push" : "pull")};
    scope_set_add(set, &scope);
    scope_done(&scope);
}

int scope_set_add_text(struct scope_set *set, const char *text, struct error *err)
{
    struct scope_set found = {0};
    _cleanup_free_ char *copy = xstrdup(text);
    char *rest = copy;
    int result = 0;
    for (char *word; result == 0 && (word = strsep(&rest, " "));) {
        struct scope scope;
        if (!*word)
            continue;
        result = scope_parse(word, &scope, err);
        if (result == 0) {
            scope_set_add(&found, &scope);
            scope_done(&scope);
        }
    }
    for (size_t i = 0; result == 0 && i < found.list.len; i++)
        scope_set_add(set, &found.list.items[i]);
    scope_set_done(&found);
    return result;
}

static size_t count_repositories(const struct scope_set *set)
{
    size_t count = 0;
    for (size_t i = 0; i < set->list.len; i++) {
        if (set->list.items[i].name && str_eq(set->list.items[i].type, "repository"))
            count++;
    }
    return count;
}

bool scope_set_join(struct scope_set *set, const struct scope_set *more, size_t max)
{
    struct scope_set both = {0};
    for (size_t i = 0; i < set->list.len; i++)
        scope_set_add(&both, &set->list.items[i]);
    for (size_t i = 0; i < more->list.len; i++)
        scope_set_add(&both, &more->list.items[i]);
    bool fits = count_repositories(&both) <= max;
    if (fits) {
        struct scope_set old = *set;
        *set = both;
        both = old;
    }
    scope_set_done(&both);
    return fits;
}

bool scope_set_covers(const struct scope_set *have, const struct scope_set *want)
{
    for (size_t i = 0; i < want->list.len; i++) {
        const struct scope *mine = find_resource(have, &want->list.items[i]);
        if (!mine || !scope_covers(mine, &want->list.items[i]))
            return false;
    }
    return true;
}

char *scope_set_key(const struct scope_set *set)
{
    VEC(char *) texts = {0};
    for (size_t i = 0; i < set->list.len; i++)
        vec_add(&texts, scope_text(&set->list.items[i]));
    char *key = join_sorted(texts.items, texts.len, ' ');
    for (size_t i = 0; i < texts.len; i++)
        free(texts.items[i]);
    vec_done(&texts);
    return key;
}

void scope_set_done(struct scope_set *set)
{
    for (size_t i = 0; i < set->list.len; i++)
        scope_done(&set->list.items[i]);
    vec_done(&set->list);
}
