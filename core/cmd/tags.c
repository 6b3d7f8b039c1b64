/* SPDX-License-Identifier: Apache-2.0 */
/* ocync tags: the tags of a repository or layout. */
#include "base/str.h"
#include "cmd/query.h"

#include <jansson.h>
#include <stdlib.h>

struct tags_options {
    bool json;
};

struct tag_names {
    VEC(char *) list;
};

static const struct option tags_table[] = {
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

static void print(const struct query *q, struct tag_names *names, bool json)
{
    if (names->list.len)
        qsort(names->list.items, names->list.len, sizeof(*names->list.items), by_name);
    if (json) {
        print_json(q, names);
        return;
    }
    for (size_t i = 0; i < names->list.len; i++)
        puts(names->list.items[i]);
}

static int list_tags(struct query *q, void *arg)
{
    const struct tags_options *options = arg;
    struct tag_names names = {0};
    const struct store_tags receiver = {.tag = add_tag, .arg = &names};
    struct store_op *op = q->endpoint.store->ops->tags(q->endpoint.store, &receiver, NULL);
    int code = query_wait(q, op);
    if (code == 0)
        print(q, &names, options->json);
    store_op_drop(&op);
    for (size_t i = 0; i < names.list.len; i++)
        free(names.list.items[i]);
    vec_done(&names.list);
    return code;
}

static int tags_main(const struct command *self, struct globals *globals, int argc, char **argv)
{
    struct tags_options options = {0};
    const struct option_group group = {"Options", tags_table, &options};
    return query_run(self, globals, &group, argc, argv, list_tags, &options);
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
