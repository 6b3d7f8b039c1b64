/* SPDX-License-Identifier: Apache-2.0 */
/* ocync copy: one reference from a registry or layout to another. */
#include "pipeline/copy.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "cmd/endpoint.h"
#include "cmd/session.h"
#include "layout/layout.h"
#include "report/run_report.h"

#include <stdlib.h>
#include <unistd.h>

struct copy_command_options {
    struct string_list platforms;
    bool keep_index, foreign_layers, dry_run, json;
    int64_t drain_ms;
};

static const struct option copy_table[] = {
    {"platform", 0, "OS/ARCH", OPTION_LIST, offsetof(struct copy_command_options, platforms),
     "of an index, copy only the image for this platform; repeated: an index of those"},
    {"keep-index", 0, NULL, OPTION_FLAG, offsetof(struct copy_command_options, keep_index),
     "with one --platform, copy an index of it all the same"},
    {"foreign-layers", 0, NULL, OPTION_FLAG, offsetof(struct copy_command_options, foreign_layers),
     "copy layers that registries need not hold, too"},
    {"dry-run", 0, NULL, OPTION_FLAG, offsetof(struct copy_command_options, dry_run),
     "say what would be copied; write nothing"},
    {"json", 0, NULL, OPTION_FLAG, offsetof(struct copy_command_options, json),
     "report as JSON on standard output"},
    {"drain-timeout", 0, "TIME", OPTION_DURATION, offsetof(struct copy_command_options, drain_ms),
     DRAIN_OPTION_HELP},
    {0},
};

/* Everything of one run of the command. */
struct copy_run {
    struct session session; /* first */
    struct copy_command_options options;
    struct side_options source_side, target_side;
    struct net_options net;
    struct endpoint source, target;
    VEC(struct platform) platforms;
    char *target_reference, *source_text, *target_text;
    struct run *shared;
    struct copy *copy;
};

/* ---- setting up ---- */

static int open_endpoints(struct copy_run *run, const struct string_list *operands,
                          struct error *err)
{
    const struct registry_hooks hooks = session_hooks(&run->session);
    const struct endpoint_request source = {.text = operands->list.items[0],
                                            .use = ENDPOINT_READ,
                                            .side = &run->source_side,
                                            .net = &run->net,
                                            .hooks = hooks};
    int result = endpoint_open(&run->session.ctx, &source, &run->source, err);
    if (result < 0)
        return result;
    const struct endpoint_request target = {.text = operands->list.items[1],
                                            .use = ENDPOINT_WRITE,
                                            .side = &run->target_side,
                                            .net = &run->net,
                                            .hooks = hooks,
                                            .share = &run->source,
                                            .share_side = &run->source_side};
    return endpoint_open(&run->session.ctx, &target, &run->target, err);
}

/* A target without a tag takes the source's; a source by digest alone is pushed by digest. */
static int choose_target_reference(struct copy_run *run, struct error *err)
{
    struct digest digest;
    const char *given = run->target.reference, *from = run->source.reference;
    bool source_by_digest = digest_parse(from, &digest, NULL) == 0;
    if (given && digest_parse(given, &digest, NULL) == 0 && !str_eq(given, from))
        return error_set(err, ERR_USAGE,
                         "a target by digest must have the digest of the source: %s", given);
    if (run->target.ref.tag)
        given = run->target.ref.tag;
    else if (!given && run->source.ref.tag)
        given = run->source.ref.tag;
    else if (!given && !source_by_digest)
        given = from;
    else
        given = NULL;
    run->target_reference = xstrdup(given);
    if (!given && run->target.ref.kind == REF_LAYOUT && source_by_digest)
        layout_set_root(run->target.store, &digest);
    return 0;
}

static int parse_platforms(struct copy_run *run, struct error *err)
{
    const struct string_list *given = &run->options.platforms;
    for (size_t i = 0; i < given->list.len; i++) {
        struct platform platform;
        int result = platform_parse(given->list.items[i], &platform, err);
        if (result < 0)
            return result;
        vec_add(&run->platforms, platform);
    }
    if (run->options.keep_index && !given->list.len)
        return error_set(err, ERR_USAGE, "--keep-index says something only with --platform");
    return 0;
}

static int set_up(struct copy_run *run, const struct string_list *operands, struct error *err)
{
    int result = parse_platforms(run, err);
    run->session.drain_ms = run->options.drain_ms;
    run->session.quiet = run->options.dry_run;
    if (result == 0)
        result = session_open(&run->session, err);
    if (result == 0)
        result = open_endpoints(run, operands, err);
    if (result == 0)
        result = choose_target_reference(run, err);
    if (result < 0)
        return result;
    run->source_text = endpoint_text(&run->source, run->source.reference);
    run->target_text = endpoint_text(&run->target, run->target_reference);
    return 0;
}

/* ---- running ---- */

static void start_copy(struct copy_run *run)
{
    const struct copy_request request = {
        .source = run->source.store,
        .target = run->target.store,
        .source_reference = run->source.reference,
        .target_reference = run->target_reference,
        .source_text = run->source_text,
        .target_text = run->target_text,
        .platforms = run->platforms.items,
        .n_platforms = run->platforms.len,
        .keep_index = run->options.keep_index,
    };
    struct run_options options = {
        .foreign_layers = run->options.foreign_layers,
        .dry_run = run->options.dry_run,
        .retry = RETRY_DEFAULTS,
        .sink = &run->session.sinks.sink,
    };
    options.retry.retries = run->net.retries;
    options.commit_wait_ms = run->net.stall_ms;
    run->session.started_ms = clock_ms();
    run->shared = run_new(run->session.ctx.loop, &options);
    run->copy = copy_start(run->shared, NULL, &request);
}

static struct report_item result_of(const struct copy_run *run)
{
    const struct task *task = copy_task(run->copy);
    struct report_item item = {
        .source = run->source_text,
        .target = run->target_text,
        .outcome = copy_outcome(run->copy),
        .digest = *copy_digest(run->copy),
        .stats = copy_stats(run->copy),
        .err = task->err,
        .duration_ms = clock_ms() - run->session.started_ms,
    };
    item.stats.retries += run->session.request_retries;
    bool finished = item.outcome == OUTCOME_COPIED || item.outcome == OUTCOME_PRESENT ||
                    item.outcome == OUTCOME_PLANNED;
    if (run->session.signal && !(task->done && finished)) {
        item.outcome = OUTCOME_INTERRUPTED;
        error_set(&item.err, ERR_CANCELLED, "interrupted; run it again to complete the copy");
    }
    return item;
}

static int report(struct copy_run *run)
{
    const struct report_item item = result_of(run);
    bool failed = item.outcome == OUTCOME_FAILED || item.outcome == OUTCOME_INTERRUPTED;
    session_emit(&run->session, &(struct event){.kind = EVENT_IMAGE_END,
                                                .source = item.source,
                                                .target = item.target,
                                                .digest = &item.digest,
                                                .outcome = item.outcome,
                                                .err = failed ? &item.err : NULL});
    session_end_progress(&run->session);
    if (run->options.json)
        report_print_json(&item, 1, item.duration_ms);
    else if (!run->session.ctx.globals->quiet)
        report_print_text(&item);
    if (failed)
        log_error("%s -> %s: %s", item.source, item.target, item.err.text);
    if (item.outcome == OUTCOME_INTERRUPTED)
        return exit_code_of_signal(run->session.signal);
    return failed ? exit_code_of(item.err.class) : EXIT_OK;
}

static int run_copy(struct copy_run *run)
{
    start_copy(run);
    session_run(&run->session, run->shared, copy_task(run->copy));
    int code = report(run);
    task_free(copy_task(run->copy));
    run_free(run->shared);
    return code;
}

static int tear_down(struct copy_run *run, int code)
{
    endpoint_done(&run->target);
    endpoint_done(&run->source);
    for (size_t i = 0; i < run->platforms.len; i++)
        platform_done(&run->platforms.items[i]);
    vec_done(&run->platforms);
    free(run->target_reference);
    free(run->source_text);
    free(run->target_text);
    return session_close(&run->session, code);
}

/* What could not even begin is in the report, too. */
static int refused(const struct copy_run *run, const struct string_list *operands,
                   const struct error *err)
{
    const struct report_item item = {.source = operands->list.items[0],
                                     .target = operands->list.items[1],
                                     .outcome = OUTCOME_FAILED,
                                     .err = *err};
    if (run->options.json)
        report_print_json(&item, 1, 0);
    return command_fail(err);
}

static int copy_main(const struct command *self, struct globals *globals, int argc, char **argv)
{
    struct copy_run run = {.net = NET_OPTIONS_DEFAULTS, .options.drain_ms = DRAIN_MS_DEFAULT};
    const struct option_group groups[] = {
        {"Options", copy_table, &run.options},
        {"Source", source_table, &run.source_side},
        {"Target", target_table, &run.target_side},
        {"Network", net_table, &run.net},
        globals_group(globals),
    };
    struct string_list operands = {0};
    struct error err = ERROR_INIT;
    int code;
    if (command_parse(self, globals, groups, ARRAY_LEN(groups), argc, argv, 2, 2, &operands,
                      &code) == 0) {
        if (context_init(&run.session.ctx, globals, &err) < 0)
            code = command_fail(&err);
        else if (set_up(&run, &operands, &err) < 0)
            code = tear_down(&run, refused(&run, &operands, &err));
        else
            code = tear_down(&run, run_copy(&run));
    }
    vec_done(&operands.list);
    vec_done(&run.options.platforms.list);
    vec_done(&run.source_side.driver_options.list);
    vec_done(&run.target_side.driver_options.list);
    vec_done(&run.net.token_hosts.list);
    return code;
}

const struct command command_copy = {
    .name = "copy",
    .alias = "cp",
    .operands = "SOURCE TARGET",
    .summary = "copy an image or artifact",
    .description =
        "Copies an image, an index with all its platforms, or an artifact, byte for byte.\n"
        "SOURCE and TARGET are references as docker writes them, or oci:DIR[:TAG] for an\n"
        "OCI image layout on disk. A target without a tag takes the source's tag.",
    .writes_events = true,
    .run = copy_main,
};
