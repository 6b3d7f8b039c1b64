/* SPDX-License-Identifier: Apache-2.0 */
/* ocync sync: everything that a configuration file maps. */
#include "pipeline/sync.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "cmd/config_file.h"
#include "cmd/pool.h"
#include "cmd/session.h"
#include "report/sync_report.h"
#include "select/glob.h"
#include "state/state.h"

#include <stdlib.h>

struct sync_command_options {
    struct string_list only;
    bool dry_run, json, fail_fast, missing, force_recursive, verify, foreign_layers;
    int64_t drain_ms;
};

static const struct option sync_table[] = {
    {"dry-run", 0, NULL, OPTION_FLAG, offsetof(struct sync_command_options, dry_run),
     "say what would be copied; write nothing"},
    {"json", 0, NULL, OPTION_FLAG, offsetof(struct sync_command_options, json),
     "report as JSON on standard output"},
    {"only", 0, "GLOB", OPTION_LIST, offsetof(struct sync_command_options, only),
     "only mappings whose source or target repository fits (repeatable)"},
    {"missing", 0, NULL, OPTION_FLAG, offsetof(struct sync_command_options, missing),
     "leave tags alone that a target has, whatever they stand for"},
    {"fail-fast", 0, NULL, OPTION_FLAG, offsetof(struct sync_command_options, fail_fast),
     "start nothing more after the first failure"},
    {"force-recursive", 0, NULL, OPTION_FLAG,
     offsetof(struct sync_command_options, force_recursive),
     "look for artifacts of every part of unchanged images, too"},
    {"verify", 0, NULL, OPTION_FLAG, offsetof(struct sync_command_options, verify),
     "believe nothing that earlier runs remember of the targets"},
    {"foreign-layers", 0, NULL, OPTION_FLAG, offsetof(struct sync_command_options, foreign_layers),
     "copy layers that registries need not hold, too"},
    {"drain-timeout", 0, "TIME", OPTION_DURATION, offsetof(struct sync_command_options, drain_ms),
     DRAIN_OPTION_HELP},
    {0},
};

/* One mapping of the configuration, made ready. */
struct ready {
    size_t place; /* in the configuration */
    struct selector *selector;
    VEC(struct store *) targets;
    VEC(struct platform) platforms;
    struct artifact_rules artifacts;
};

struct sync_run {
    struct session session; /* first */
    struct sync_command_options options;
    struct config *config;
    struct pool *pool;
    struct state *state;
    struct sync_report *report;
    VEC(struct ready *) ready;
    VEC(struct sync_mapping) mappings;
    struct run *shared;
    struct sync *sync;
};

/* ---- results ---- */

static void on_result(void *arg, const struct sync_result *result)
{
    struct sync_run *run = arg;
    sync_report_result(run->report, result);
    if (result->outcome == OUTCOME_FAILED)
        log_error("%s -> %s: %s", result->source, result->target, result->err->text);
}

/* A mapping that is not in the sync because it could not begin. */
static void mapping_failed(struct sync_run *run, size_t place, const struct error *err)
{
    const struct config_mapping *mapping = run->config->mappings.items[place];
    const struct sync_mapping_result result = {
        .mapping = place, .source = mapping->from, .err = err};
    sync_report_mapping(run->report, &result);
    log_error("%s: %s", mapping->from, err->text);
}

static void on_mapping(void *arg, const struct sync_mapping_result *given)
{
    struct sync_run *run = arg;
    struct sync_mapping_result result = *given;
    result.mapping = run->ready.items[given->mapping]->place;
    sync_report_mapping(run->report, &result);
    if (result.err && result.err->class != ERR_CANCELLED)
        log_error("%s: %s", result.source, result.err->text);
}

static void on_filtered(void *arg, size_t mapping, const struct selected_tag *tag)
{
    struct sync_run *run = arg;
    sync_report_filtered(run->report, run->ready.items[mapping]->place, tag);
}

/* ---- making mappings ready ---- */

static void ready_free(struct ready *ready)
{
    selector_free(ready->selector);
    for (size_t i = 0; i < ready->platforms.len; i++)
        platform_done(&ready->platforms.items[i]);
    vec_done(&ready->platforms);
    vec_done(&ready->targets);
    free(ready);
}

static int parse_platforms(const struct config_mapping *m, struct ready *ready, struct error *err)
{
    for (size_t i = 0; i < m->platforms.len; i++) {
        struct platform platform;
        int result = platform_parse(m->platforms.items[i], &platform, err);
        if (result < 0)
            return result;
        vec_add(&ready->platforms, platform);
    }
    return 0;
}

static int open_stores(struct sync_run *run, const struct config_mapping *m, struct ready *ready,
                       struct store **ret_source, struct error *err)
{
    int result = pool_store(run->pool, m->source, m->from, false, ret_source, err);
    for (size_t i = 0; result == 0 && i < m->n_targets; i++) {
        struct store *target;
        result = pool_store(run->pool, m->targets[i], m->to, true, &target, err);
        if (result == 0)
            vec_add(&ready->targets, target);
    }
    return result;
}

static int make_ready(struct sync_run *run, const struct config_mapping *m, struct ready *ready,
                      struct error *err)
{
    struct store *source = NULL;
    int result = selector_new(&m->tags, &ready->selector, err);
    if (result == 0)
        result = parse_platforms(m, ready, err);
    if (result == 0)
        result = open_stores(run, m, ready, &source, err);
    if (result < 0)
        return result;
    ready->artifacts = (struct artifact_rules){.include = m->artifacts.include,
                                               .exclude = m->artifacts.exclude,
                                               .required = m->artifacts.require_artifacts,
                                               .deep = run->options.force_recursive,
                                               .recheck_ms = m->artifacts.recheck};
    vec_add(&run->mappings,
            (struct sync_mapping){.source = source,
                                  .targets = ready->targets.items,
                                  .n_targets = ready->targets.len,
                                  .selector = ready->selector,
                                  .lists_targets = m->tags.immutable,
                                  .platforms = ready->platforms.items,
                                  .n_platforms = ready->platforms.len,
                                  .artifacts = m->artifacts.enabled ? &ready->artifacts : NULL});
    return 0;
}

static bool is_asked_for(const struct sync_run *run, const struct config_mapping *m)
{
    const struct string_list *only = &run->options.only;
    for (size_t i = 0; i < only->list.len; i++) {
        struct glob *glob = NULL;
        if (glob_new(only->list.items[i], false, &glob, NULL) < 0)
            continue;
        bool fits = glob_matches(glob, m->from) || glob_matches(glob, m->to);
        glob_free(glob);
        if (fits)
            return true;
    }
    return !only->list.len;
}

static void ready_all(struct sync_run *run)
{
    for (size_t i = 0; i < run->config->mappings.len; i++) {
        const struct config_mapping *m = run->config->mappings.items[i];
        struct error err = ERROR_INIT;
        if (!is_asked_for(run, m))
            continue;
        struct ready *ready = xcalloc(1, sizeof(*ready));
        ready->place = i;
        if (make_ready(run, m, ready, &err) == 0) {
            vec_add(&run->ready, ready);
        } else {
            ready_free(ready);
            mapping_failed(run, i, &err);
        }
    }
}

static int check_only(const struct sync_run *run, struct error *err)
{
    for (size_t i = 0; i < run->options.only.list.len; i++) {
        struct glob *glob = NULL;
        int result = glob_new(run->options.only.list.items[i], false, &glob, err);
        if (result < 0) {
            err->class = ERR_USAGE;
            return error_wrap(err, "--only");
        }
        glob_free(glob);
    }
    return 0;
}

/* ---- the run ---- */

static void open_state(struct sync_run *run)
{
    const struct config_global *global = &run->config->global;
    const struct state_options options = {
        .folder = global->cache_dir, .ttl_ms = global->cache_ttl, .distrust = run->options.verify};
    char *warning = NULL;
    if (run->options.dry_run && !global->cache_dir)
        return;
    run->state = state_open(run->session.ctx.loop, &options, &warning);
    if (warning)
        log_warn("%s", warning);
    free(warning);
}

static void start_run(struct sync_run *run)
{
    const struct config *config = run->config;
    struct run_options options = {
        .foreign_layers = run->options.foreign_layers,
        .dry_run = run->options.dry_run,
        .retry = RETRY_DEFAULTS,
        .sink = &run->session.sinks.sink,
        .state = run->state,
        .cache_dir = state_folder(run->state),
        .staging_limit = config->global.staging_size_limit,
    };
    options.retry.retries = 0;
    for (size_t i = 0; i < config->registries.len; i++) {
        const struct config_registry *r = config->registries.items[i];
        if (r->retries > options.retry.retries)
            options.retry.retries = (int)r->retries;
        if (r->stall_timeout > options.commit_wait_ms)
            options.commit_wait_ms = r->stall_timeout;
    }
    run->shared = run_new(run->session.ctx.loop, &options);
}

static void on_drain(void *arg)
{
    sync_drain(((struct sync_run *)arg)->sync);
}

static void run_sync(struct sync_run *run)
{
    const struct sync_options options = {
        .max_items = (size_t)run->config->global.max_concurrent_transfers,
        .only_missing = run->options.missing,
        .fail_fast = run->options.fail_fast,
        .receiver = {.result = on_result,
                     .mapping = on_mapping,
                     .filtered = on_filtered,
                     .arg = run},
    };
    start_run(run);
    run->sync = sync_start(run->shared, run->mappings.items, run->mappings.len, &options);
    run->session.draining = on_drain;
    run->session.arg = run;
    session_run(&run->session, run->shared, sync_task(run->sync));
    if (!sync_task(run->sync)->done)
        sync_abandon(run->sync);
}

/* The first that fits, as docs/ocync-sync.1 says. */
static int exit_code(const struct sync_run *run)
{
    const struct sync_report *report = run->report;
    if (run->session.signal)
        return exit_code_of_signal(run->session.signal);
    if (sync_report_any_failed_with(report, ERR_PLUGIN))
        return EXIT_PLUGIN;
    if (sync_report_any_failed_with(report, ERR_CONFIG))
        return EXIT_CONFIG;
    if (!sync_report_n_failed(report))
        return EXIT_OK;
    if (sync_report_only_failed_with(report, ERR_AUTH, ERR_DENIED))
        return EXIT_AUTH;
    return sync_report_any_succeeded(report) ? EXIT_SOME_FAILED : EXIT_ALL_FAILED;
}

static int report(struct sync_run *run)
{
    session_end_progress(&run->session);
    sync_report_print(run->report, clock_ms() - run->session.started_ms,
                      run->session.request_retries);
    return exit_code(run);
}

static int set_up(struct sync_run *run, struct error *err)
{
    const struct globals *globals = run->session.ctx.globals;
    const struct sync_report_options options = {.quiet = globals->quiet,
                                                .json = run->options.json,
                                                .dry_run = run->options.dry_run,
                                                .verbose =
                                                    globals->verbose > 0 || run->options.dry_run};
    run->session.drain_ms = run->options.drain_ms;
    run->session.quiet = run->options.dry_run;
    run->session.started_ms = clock_ms();
    int result = check_only(run, err);
    if (result == 0 && run->config->plugins.lock)
        result = error_set(err, ERR_PLUGIN, "plugins.lock: locked plugin sets are not supported");
    if (result == 0 && run->config->global.keep_tokens)
        result = error_set(err, ERR_CONFIG, "keep_tokens: keeping tokens is not supported");
    if (result == 0)
        result = session_open(&run->session, err);
    if (result < 0)
        return result;
    run->report = sync_report_new(&options);
    run->pool = pool_new(&run->session.ctx, session_hooks(&run->session));
    return 0;
}

static int tear_down(struct sync_run *run, int code)
{
    sync_free(run->sync);
    run_free(run->shared);
    for (size_t i = 0; i < run->ready.len; i++)
        ready_free(run->ready.items[i]);
    vec_done(&run->ready);
    vec_done(&run->mappings);
    pool_free(run->pool);
    state_close(run->state);
    sync_report_free(run->report);
    return session_close(&run->session, code);
}

static int sync_with_config(struct sync_run *run, struct globals *globals)
{
    struct error err = ERROR_INIT;
    if (context_init(&run->session.ctx, globals, &err) < 0)
        return command_fail(&err);
    if (set_up(run, &err) < 0)
        return tear_down(run, command_fail(&err));
    open_state(run);
    ready_all(run);
    run_sync(run);
    return tear_down(run, report(run));
}

static int sync_main(const struct command *self, struct globals *globals, int argc, char **argv)
{
    struct sync_run run = {.options.drain_ms = DRAIN_MS_DEFAULT};
    const struct option_group groups[] = {
        {"Options", sync_table, &run.options},
        globals_group(globals),
    };
    struct string_list operands = {0};
    int code;
    if (command_parse(self, globals, groups, ARRAY_LEN(groups), argc, argv, 0, 1, &operands,
                      &code) == 0) {
        code = config_file_open(globals, operands.list.len ? operands.list.items[0] : NULL,
                                &run.config);
        if (code == EXIT_OK)
            code = sync_with_config(&run, globals);
    }
    config_free(run.config);
    vec_done(&operands.list);
    vec_done(&run.options.only.list);
    return code;
}

const struct command command_sync = {
    .name = "sync",
    .operands = "[FILE]",
    .summary = "copy everything that a configuration file maps",
    .description =
        "Brings every target of every mapping up to date: tags that are missing there or that\n"
        "stand for something else are copied, the others cost a look. What fails stops nothing\n"
        "else. A run that is interrupted, in whatever way, is completed by the next one.",
    .reads_config = true,
    .writes_events = true,
    .run = sync_main,
};
