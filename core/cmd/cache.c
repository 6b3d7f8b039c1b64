/* SPDX-License-Identifier: Apache-2.0 */
/* ocync cache: what earlier runs remember. */
#include "base/str.h"
#include "cmd/config_file.h"
#include "state/state.h"

#include <jansson.h>
#include <stdlib.h>

struct cache_options {
    const char *dir;
    bool json;
};

static const struct option cache_table[] = {
    {"cache-dir", 0, "DIR", OPTION_STRING, offsetof(struct cache_options, dir),
     "the folder, instead of the one in the configuration"},
    {"json", 0, NULL, OPTION_FLAG, offsetof(struct cache_options, json),
     "print a JSON object on standard output"},
    {0},
};

static void print_stats_json(const struct state_stats *s)
{
    json_t *o = json_pack(
        "{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "path", s->path, "journal", s->journal,
        "file_bytes", (json_int_t)s->file_bytes, "repositories", (json_int_t)s->n_repositories,
        "blobs", (json_int_t)s->n_blobs, "vouched_blobs", (json_int_t)s->n_vouched, "manifests",
        (json_int_t)s->n_manifests, "manifest_bytes", (json_int_t)s->manifest_bytes,
        "artifact_checks", (json_int_t)s->n_checks);
    json_dumpf(o, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(o);
}

static void print_stats(const struct state_stats *s)
{
    char file[16], manifests[16];
    str_bytes((uint64_t)s->file_bytes, file, sizeof(file));
    str_bytes((uint64_t)s->manifest_bytes, manifests, sizeof(manifests));
    printf("path:          %s\n", s->path);
    printf("size:          %s (journal: %s)\n", file, s->journal);
    printf("repositories:  %lld\n", (long long)s->n_repositories);
    printf("blobs:         %lld, of which manifests vouch for %lld\n", (long long)s->n_blobs,
           (long long)s->n_vouched);
    printf("manifests:     %lld, %s\n", (long long)s->n_manifests, manifests);
    printf("artifact looks: %lld\n", (long long)s->n_checks);
}

static int show_stats(const char *folder, bool json, struct error *err)
{
    struct state_stats stats;
    int result = state_stats(folder, &stats, err);
    if (result < 0)
        return result;
    if (json)
        print_stats_json(&stats);
    else
        print_stats(&stats);
    state_stats_done(&stats);
    return 0;
}

static int clear(const char *folder, const struct globals *globals, bool json, struct error *err)
{
    int64_t freed = 0;
    char text[16];
    int result = state_clear(folder, &freed, err);
    if (result < 0)
        return result;
    str_bytes((uint64_t)(freed > 0 ? freed : 0), text, sizeof(text));
    if (json)
        printf("{\"freed_bytes\": %lld}\n", (long long)(freed > 0 ? freed : 0));
    else if (!globals->quiet)
        printf("cleared, %s freed\n", text);
    return 0;
}

static int run_action(const char *action, const char *folder, const struct globals *globals,
                      bool json)
{
    struct error err = ERROR_INIT;
    int result;
    if (str_eq(action, "stats"))
        result = show_stats(folder, json, &err);
    else if (str_eq(action, "clear"))
        result = clear(folder, globals, json, &err);
    else
        result = error_set(&err, ERR_USAGE, "cache %s: expected stats or clear", action);
    return result < 0 ? command_fail(&err) : EXIT_OK;
}

static int cache_main(const struct command *self, struct globals *globals, int argc, char **argv)
{
    struct cache_options options = {0};
    const struct option_group groups[] = {
        {"Options", cache_table, &options},
        globals_group(globals),
    };
    struct string_list operands = {0};
    _cleanup_(cleanup_config_free) struct config *config = NULL;
    int code;
    if (command_parse(self, globals, groups, ARRAY_LEN(groups), argc, argv, 1, 1, &operands,
                      &code) == 0) {
        code = globals->config ? config_file_open(globals, NULL, &config) : EXIT_OK;
        const char *folder = options.dir ? options.dir : config ? config->global.cache_dir : NULL;
        if (code == EXIT_OK)
            code = run_action(operands.list.items[0], folder, globals, options.json);
    }
    vec_done(&operands.list);
    return code;
}

const struct command command_cache = {
    .name = "cache",
    .operands = "stats|clear",
    .summary = "show or clear what earlier runs remember",
    .description =
        "Shows how much is remembered between runs, or forgets it. It only ever saves requests:\n"
        "without it, the next run looks at everything anew and does the same.",
    .reads_config = true,
    .run = cache_main,
};
