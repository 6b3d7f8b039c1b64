/* SPDX-License-Identifier: Apache-2.0 */
/* ocync tags: the tags of a repository or layout. */
#include "base/str.h"
#include "cmd/query.h"
#include "select/select.h"

#include <jansson.h>
#include <stdlib.h>

struct tags_options {
    bool json;
    struct string_list globs, regexes, include, exclude;
    const char *semver, *sort;
    int latest;
};

#define LATEST_UNSET (-1)

struct tag_names {
    VEC(char *) list;
};

static const struct option tags_table[] = {
    {"glob", 0, "GLOB", OPTION_LIST, offsetof(struct tags_options, globs),
     "only tags that fit: * ? [a-z] {a,b} (repeatable)"},
    {"regex", 0, "REGEX", OPTION_LIST, offsetof(struct tags_options, regexes),
     "only tags that a regular expression fits whole (repeatable)"},
    {"semver", 0, "RANGE", OPTION_STRING, offsetof(struct tags_options, semver),
     "only versions in this range: \">=1.2, <2\", ^1.2, ~1.2.3"},
    {"include", 0, "GLOB", OPTION_LIST, offsetof(struct tags_options, include),
     "these tags too (repeatable)"},
    {"exclude", 0, "GLOB", OPTION_LIST, offsetof(struct tags_options, exclude),
     "not these tags (repeatable)"},
    {"sort", 0, "alpha|semver", OPTION_STRING, offsetof(struct tags_options, sort),
     "newest first: by bytes, or by version"},
    {"latest", 0, "N", OPTION_INT, offsetof(struct tags_options, latest),
     "only the first N of the order (needs --sort)"},
    {"json", 0, NULL, OPTION_FLAG, offsetof(struct tags_options, json),
     "print a JSON object with the repository and its tags"},
    {0},
};

static void add_tag(void *arg, const char *tag)
{
    struct tag_names *names = arg;
    vec_add(&names->list, xstrdup(tag));
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void print_json(const struct query *q, const struct tag_names *names)
{
    json_t *tags = json_array();
    for (size_t i = 0; i < names->list.len; i++)
        json_array_append_new(tags, json_string(names->list.items[i]));
    _cleanup_free_ char *name = endpoint_text(&q->endpoint, NULL);
    json_t *document = json_pack("{s:s, s:o}", "name", name, "tags", tags);
    json_dumpf(document, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(document);
}

static void print(const struct query *q, const struct tag_names *names, bool json)
{
    if (json) {
        print_json(q, names);
        return;
    }
    for (size_t i = 0; i < names->list.len; i++)
        puts(names->list.items[i]);
}

static void names_done(struct tag_names *names)
{
    for (size_t i = 0; i < names->list.len; i++)
        free(names->list.items[i]);
    vec_done(&names->list);
}

/* ---- selection ---- */

static struct text_list as_texts(const struct string_list *list)
{
    return (struct text_list){.items = (char **)(uintptr_t)list->list.items, .len = list->list.len};
}

static bool selects(const struct tags_options *o)
{
    return o->globs.list.len || o->regexes.list.len || o->include.list.len || o->exclude.list.len ||
           o->semver || o->sort || o->latest != LATEST_UNSET;
}

static int rules_of(const struct tags_options *o, struct tag_rules *ret, struct error *err)
{
    *ret = TAG_RULES_INIT;
    if (o->sort && !str_eq(o->sort, "alpha") && !str_eq(o->sort, "semver"))
        return error_set(err, ERR_USAGE, "--sort %s: expected alpha or semver", o->sort);
    if (o->latest != LATEST_UNSET && !o->sort)
        return error_set(err, ERR_USAGE, "--latest needs --sort: latest by what?");
    ret->globs = as_texts(&o->globs);
    ret->regexes = as_texts(&o->regexes);
    ret->include = as_texts(&o->include);
    ret->exclude = as_texts(&o->exclude);
    ret->semver = (char *)(uintptr_t)o->semver;
    ret->sort = !o->sort                    ? TAG_SORT_NONE
                : str_eq(o->sort, "semver") ? TAG_SORT_SEMVER
                                            : TAG_SORT_ALPHA;
    ret->latest = o->latest;
    return 0;
}

/* Keeps what the rules keep, in their order. */
static void select_names(const struct selector *selector, struct tag_names *names)
{
    VEC(struct tag_input) inputs = {0};
    struct selection selection;
    struct tag_names kept = {0};
    for (size_t i = 0; i < names->list.len; i++)
        vec_add(&inputs, (struct tag_input){.name = names->list.items[i]});
    select_tags(selector, inputs.items, inputs.len, 0, &selection);
    for (size_t i = 0; i < selection.n_kept; i++)
        vec_add(&kept.list, xstrdup(selection.tags[i].tag));
    selection_done(&selection);
    vec_done(&inputs);
    names_done(names);
    *names = kept;
}

/* The rules in the making of which something is wrong are the user's words: ERR_USAGE. */
static int make_selector(const struct tags_options *options, struct tag_rules *rules,
                         struct selector **ret, struct error *err)
{
    int result = rules_of(options, rules, err);
    if (result == 0 && selector_new(rules, ret, err) < 0) {
        err->class = ERR_USAGE;
        result = ERR_USAGE;
    }
    return result;
}

static int list_tags(struct query *q, void *arg)
{
    const struct tags_options *options = arg;
    struct tag_rules rules;
    _cleanup_(cleanup_selector_free) struct selector *selector = NULL;
    struct error err = ERROR_INIT;
    if (make_selector(options, &rules, &selector, &err) < 0)
        return command_fail(&err);
    struct tag_names names = {0};
    const struct store_tags receiver = {.tag = add_tag, .arg = &names};
    struct store_op *op = q->endpoint.store->ops->tags(q->endpoint.store, &receiver, NULL);
    int code = query_wait(q, op);
    if (names.list.len)
        qsort(names.list.items, names.list.len, sizeof(*names.list.items), by_name);
    if (selects(options))
        select_names(selector, &names);
    if (code == 0)
        print(q, &names, options->json);
    store_op_drop(&op);
    names_done(&names);
    return code;
}

static int tags_main(const struct command *self, struct globals *globals, int argc, char **argv)
{
    struct tags_options options = {.latest = LATEST_UNSET};
    const struct option_group group = {"Options", tags_table, &options};
    int code = query_run(self, globals, ENDPOINT_LIST, &group, argc, argv, list_tags, &options);
    vec_done(&options.globs.list);
    vec_done(&options.regexes.list);
    vec_done(&options.include.list);
    vec_done(&options.exclude.list);
    return code;
}

const struct command command_tags = {
    .name = "tags",
    .alias = "ls",
    .operands = "REPOSITORY",
    .summary = "list the tags of a repository",
    .description =
        "Lists the tags of a repository, or of an OCI image layout (oci:DIR), sorted by\n"
        "name, one a line.",
    .run = tags_main,
};
