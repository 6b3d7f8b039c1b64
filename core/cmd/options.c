/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/options.h"

#include "base/nearest.h"
#include "base/str.h"

#include <string.h>

struct parse {
    const struct option_group *groups;
    size_t n_groups;
    int argc, next;
    char **argv;
};

static const struct option *find(const struct parse *p, const char *name, char letter,
                                 void **ret_values)
{
    for (size_t g = 0; g < p->n_groups; g++) {
        for (const struct option *o = p->groups[g].table; o->name; o++) {
            if (name ? str_eq(o->name, name) : o->letter && o->letter == letter) {
                *ret_values = p->groups[g].values;
                return o;
            }
        }
    }
    return NULL;
}

static int unknown(const struct parse *p, const char *name, struct error *err)
{
    struct string_list names = {0};
    for (size_t g = 0; g < p->n_groups; g++) {
        for (const struct option *o = p->groups[g].table; o->name; o++)
            vec_add(&names.list, o->name);
    }
    const char *near = nearest_word(name, names.list.items, names.list.len);
    if (near)
        error_set(err, ERR_USAGE, "unknown option --%s; did you mean --%s?", name, near);
    else
        error_set(err, ERR_USAGE, "unknown option --%s; see --help", name);
    vec_done(&names.list);
    return ERR_USAGE;
}

static int store_number(const struct option *o, void *at, const char *value, struct error *err)
{
    int64_t number;
    if (o->type == OPTION_DURATION) {
        if (str_to_duration_ms(value, &number) < 0)
            return error_set(err, ERR_USAGE, "--%s %s: expected a duration like 30s, 1.5m or 2h",
                             o->name, value);
        *(int64_t *)at = number;
        return 0;
    }
    if (str_to_int64(value, 0, 1000000, &number) < 0)
        return error_set(err, ERR_USAGE, "--%s %s: expected a number, 0 or more", o->name, value);
    *(int *)at = (int)number;
    return 0;
}

static int store(const struct option *o, void *values, const char *value, struct error *err)
{
    void *at = (char *)values + o->offset;
    switch (o->type) {
    case OPTION_FLAG:
        *(bool *)at = true;
        return 0;
    case OPTION_COUNT:
        ++*(int *)at;
        return 0;
    case OPTION_STRING:
        *(const char **)at = value;
        return 0;
    case OPTION_LIST:
        vec_add(&((struct string_list *)at)->list, value);
        return 0;
    default:
        return store_number(o, at, value, err);
    }
}

/* `value` is what came with "=" or behind the letter; else the next word is taken. */
static int apply(struct parse *p, const struct option *o, void *values, const char *value,
                 struct error *err)
{
    if (!o->arg && value)
        return error_set(err, ERR_USAGE, "--%s takes no value", o->name);
    if (o->arg && !value) {
        if (p->next >= p->argc)
            return error_set(err, ERR_USAGE, "--%s wants a value: %s", o->name, o->arg);
        value = p->argv[p->next++];
    }
    return store(o, values, value, err);
}

static int parse_long(struct parse *p, const char *word, struct error *err)
{
    const char *equals = strchr(word, '=');
    _cleanup_free_ char *name = equals ? xstrndup(word, (size_t)(equals - word)) : xstrdup(word);
    void *values;
    const struct option *o = find(p, name, 0, &values);
    return o ? apply(p, o, values, equals ? equals + 1 : NULL, err) : unknown(p, name, err);
}

static int parse_letters(struct parse *p, const char *letters, struct error *err)
{
    while (*letters) {
        void *values;
        const struct option *o = find(p, NULL, *letters, &values);
        if (!o)
            return error_set(err, ERR_USAGE, "unknown option -%c; see --help", *letters);
        letters++;
        const char *value = NULL;
        if (o->arg && *letters) {
            value = letters;
            letters = "";
        }
        int result = apply(p, o, values, value, err);
        if (result < 0)
            return result;
    }
    return 0;
}

int options_parse(const struct option_group *groups, size_t n_groups, int argc, char **argv,
                  bool stop_at_operand, struct string_list *ret_operands, struct error *err)
{
    struct parse p = {.groups = groups, .n_groups = n_groups, .argc = argc, .argv = argv};
    bool only_operands = false;
    while (p.next < argc) {
        const char *word = argv[p.next++];
        int result = 0;
        if (only_operands || word[0] != '-' || !word[1]) {
            vec_add(&ret_operands->list, word);
            only_operands |= stop_at_operand;
        } else if (str_eq(word, "--")) {
            only_operands = true;
        } else {
            result =
                word[1] == '-' ? parse_long(&p, word + 2, err) : parse_letters(&p, word + 1, err);
        }
        if (result < 0)
            return result;
    }
    return 0;
}

void options_print(FILE *out, const struct option_group *groups, size_t n_groups)
{
    for (size_t g = 0; g < n_groups; g++) {
        fprintf(out, "\n%s:\n", groups[g].title);
        for (const struct option *o = groups[g].table; o->name; o++) {
            char left[64];
            char letter[5] = "    ";
            if (o->letter)
                snprintf(letter, sizeof(letter), "-%c, ", o->letter);
            snprintf(left, sizeof(left), "%s--%s%s%s", letter, o->name, o->arg ? " " : "",
                     o->arg ? o->arg : "");
            fprintf(out, "  %-34s %s\n", left, o->help);
        }
    }
}
