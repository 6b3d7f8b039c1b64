/* SPDX-License-Identifier: Apache-2.0 */
/* What subcommands have in common: global options, help, and the run's context. */
#include "cmd/command.h"

#include "base/log.h"
#include "base/str.h"
#include "net/task.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct option global_table[] = {
    {"config", 'c', "FILE", OPTION_STRING, offsetof(struct globals, config),
     "the configuration file (- is standard input)"},
    {"set", 0, "KEY=VALUE", OPTION_LIST, offsetof(struct globals, set),
     "set a key of the configuration file (repeatable)"},
    {"plugin-dir", 0, "DIR", OPTION_LIST, offsetof(struct globals, plugin_dirs),
     "look for drivers here first (repeatable)"},
    {"plugin-trust-dir", 0, "DIR", OPTION_LIST, offsetof(struct globals, plugin_trust_dirs),
     "load drivers from here whoever may write to it (repeatable)"},
    {"resolve", 0, "HOST:PORT:ADDR", OPTION_LIST, offsetof(struct globals, resolve),
     "use this address for the host, as curl does (repeatable)"},
    {"jobs", 'j', "N", OPTION_INT, offsetof(struct globals, jobs),
     "blobs in transfer at once for each host (default 16)"},
    {"events", 0, "FILE", OPTION_STRING, offsetof(struct globals, events),
     "append every event to FILE, one JSON object a line"},
    {"verbose", 'v', NULL, OPTION_COUNT, offsetof(struct globals, verbose),
     "say more; twice: every change of step"},
    {"quiet", 'q', NULL, OPTION_FLAG, offsetof(struct globals, quiet), "say only what failed"},
    {"log-format", 0, "text|json", OPTION_STRING, offsetof(struct globals, log_format),
     "form of log lines (default text)"},
    {"color", 0, "auto|always|never", OPTION_STRING, offsetof(struct globals, color),
     "colour log lines (default auto; NO_COLOR is honoured)"},
    {"help", 'h', NULL, OPTION_FLAG, offsetof(struct globals, help), "show this help"},
    {0},
};

struct option_group globals_group(struct globals *globals)
{
    return (struct option_group){"Global options", global_table, globals};
}

void command_help(FILE *out, const struct command *self, const struct option_group *groups,
                  size_t n_groups)
{
    fprintf(out, "Usage: ocync [options] %s%s%s\n\n%s\n", self->name, *self->operands ? " " : "",
            self->operands, self->description);
    if (self->alias)
        fprintf(out, "\nAlias: %s\n", self->alias);
    options_print(out, groups, n_groups);
}

static bool wants_color(const struct globals *g)
{
    if (g->color && !str_eq(g->color, "auto"))
        return str_eq(g->color, "always");
    return str_empty(getenv("NO_COLOR")) && isatty(STDERR_FILENO) &&
           !str_eq(getenv("TERM"), "dumb");
}

static int apply_globals(const struct globals *g, struct error *err)
{
    if (g->log_format && !str_eq(g->log_format, "text") && !str_eq(g->log_format, "json"))
        return error_set(err, ERR_USAGE, "--log-format %s: expected text or json", g->log_format);
    if (g->color && !str_eq(g->color, "auto") && !str_eq(g->color, "always") &&
        !str_eq(g->color, "never"))
        return error_set(err, ERR_USAGE, "--color %s: expected auto, always or never", g->color);
    if (g->quiet && g->verbose)
        return error_set(err, ERR_USAGE, "--quiet and --verbose exclude each other");
    log_set_format(str_eq(g->log_format, "json") ? LOG_JSON : LOG_TEXT);
    log_set_color(wants_color(g));
    log_set_level(g->quiet          ? LOG_ERROR
                  : g->verbose == 0 ? LOG_INFO
                  : g->verbose == 1 ? LOG_DEBUG
                                    : LOG_TRACE);
    return 0;
}

/* A global option that a command can't heed is refused rather than ignored. */
static int check_globals(const struct command *self, const struct globals *g, struct error *err)
{
    const char *option = !self->reads_config && g->config         ? "--config"
                         : !self->reads_config && g->set.list.len ? "--set"
                         : !self->writes_events && g->events      ? "--events"
                                                                  : NULL;
    if (!option)
        return 0;
    return error_set(err, ERR_USAGE, "%s means nothing to ocync %s", option, self->name);
}

static int check_operands(const struct command *self, const struct string_list *operands,
                          size_t n_min, size_t n_max, struct error *err)
{
    size_t n = operands->list.len;
    if (n < n_min)
        return error_set(err, ERR_USAGE, "too few arguments; usage: ocync %s %s", self->name,
                         self->operands);
    if (n > n_max)
        return error_set(err, ERR_USAGE, "too many arguments, from \"%s\" on; usage: ocync %s %s",
                         operands->list.items[n_max], self->name, self->operands);
    return 0;
}

int command_parse(const struct command *self, struct globals *globals,
                  const struct option_group *groups, size_t n_groups, int argc, char **argv,
                  size_t n_min, size_t n_max, struct string_list *ret_operands, int *ret_exit)
{
    struct error err = ERROR_INIT;
    int result = options_parse(groups, n_groups, argc, argv, false, ret_operands, &err);
    if (result == 0 && globals->help) {
        command_help(stdout, self, groups, n_groups);
        *ret_exit = EXIT_OK;
        return -1;
    }
    if (result == 0)
        result = apply_globals(globals, &err);
    if (result == 0)
        result = check_globals(self, globals, &err);
    if (result == 0)
        result = check_operands(self, ret_operands, n_min, n_max, &err);
    if (result < 0)
        *ret_exit = command_fail(&err);
    return result;
}

int command_fail(const struct error *err)
{
    log_error("%s", err->text);
    return exit_code_of(err->class);
}

/* ---- context ---- */

static struct curl_slist *resolve_list(const struct globals *g)
{
    struct curl_slist *list = NULL;
    for (size_t i = 0; i < g->resolve.list.len; i++)
        list = curl_slist_append(list, g->resolve.list.items[i]);
    return list;
}

/* libcurl ignores what it can't read, so look first. */
static int check_resolve(const struct globals *g, struct error *err)
{
    for (size_t i = 0; i < g->resolve.list.len; i++) {
        const char *entry = g->resolve.list.items[i];
        const char *first = strchr(entry, ':');
        const char *second = first ? strchr(first + 1, ':') : NULL;
        if (!second || first == entry || second == first + 1 || !second[1])
            return error_set(err, ERR_USAGE, "--resolve %s: expected HOST:PORT:ADDRESS", entry);
    }
    return 0;
}

int context_init(struct context *ctx, struct globals *globals, struct error *err)
{
    const struct catalogue_sources sources = {
        .dirs = globals->plugin_dirs.list.items,
        .n_dirs = globals->plugin_dirs.list.len,
        .env = getenv("OCYNC_PLUGIN_DIR"),
        .trusted = globals->plugin_trust_dirs.list.items,
        .n_trusted = globals->plugin_trust_dirs.list.len,
    };
    struct credential_env env = credential_env_of_process();
    *ctx = (struct context){.globals = globals};
    int result = check_resolve(globals, err);
    if (result == 0)
        result = http_global_init(err);
    if (result < 0)
        return result;
    ctx->catalogue = catalogue_new(&sources, err);
    if (ctx->catalogue)
        ctx->loop = loop_new(err);
    if (!ctx->loop) {
        context_done(ctx);
        return err->class;
    }
    ctx->credentials = credential_sources_new(&env);
    env.docker_only = true;
    ctx->docker_credentials = credential_sources_new(&env);
    ctx->resolve = resolve_list(globals);
    return 0;
}

void context_done(struct context *ctx)
{
    if (ctx->credentials)
        credential_sources_free(ctx->credentials);
    if (ctx->docker_credentials)
        credential_sources_free(ctx->docker_credentials);
    if (ctx->catalogue)
        catalogue_free(ctx->catalogue);
    loop_free(ctx->loop);
    curl_slist_free_all(ctx->resolve);
    http_global_done();
}

static bool task_is_done(void *arg)
{
    return ((const struct task *)arg)->done;
}

void context_run(struct context *ctx, const struct task *task)
{
    loop_run(ctx->loop, task_is_done, (void *)(uintptr_t)task);
}
