/* SPDX-License-Identifier: Apache-2.0 */
/* A subcommand, and what all of them get. */
#pragma once

#include "auth/lookup.h"
#include "cmd/exit.h"
#include "cmd/options.h"
#include "driver/driver.h"
#include "net/http.h"

/* Options that every subcommand takes, before its name or after it. */
struct globals {
    struct string_list plugin_dirs, plugin_trust_dirs, resolve, set;
    int jobs;
    const char *config, *events, *log_format, *color;
    int verbose;
    bool quiet, help;
};

/* What a run has, made from the globals. */
struct context {
    struct globals *globals;
    struct loop *loop;
    struct catalogue *catalogue;
    struct credential_sources *credentials;
    struct credential_sources *docker_credentials; /* only the places that docker reads */
    struct curl_slist *resolve;
};

struct command {
    const char *name, *alias; /* alias may be NULL */
    const char *operands;     /* "SOURCE TARGET" */
    const char *summary;      /* one line */
    const char *description;  /* for --help */
    bool reads_config;        /* --config and --set mean something to it */
    bool writes_events;       /* --events does */
    /* Returns the exit code. argv begins behind the name. */
    int (*run)(const struct command *self, struct globals *globals, int argc, char **argv);
};

extern const struct command command_copy, command_tags, command_inspect, command_plugin,
    command_version, command_validate, command_expand, command_sync, command_cache;
/* All of them, NULL-terminated. */
extern const struct command *const commands[];

#define OCYNC_USER_AGENT "ocync/" PACKAGE_VERSION

struct option_group globals_group(struct globals *globals);

/*
 * Parses the options of a subcommand (its own groups and the globals), sets up the log, and
 * answers --help. 0: go on with *ret_operands, which has n_min to n_max words; else *ret_exit is
 * set and an error, if any, was said.
 */
int command_parse(const struct command *self, struct globals *globals,
                  const struct option_group *groups, size_t n_groups, int argc, char **argv,
                  size_t n_min, size_t n_max, struct string_list *ret_operands, int *ret_exit);
void command_help(FILE *out, const struct command *self, const struct option_group *groups,
                  size_t n_groups);

int context_init(struct context *ctx, struct globals *globals, struct error *err);
/* Stores, registries and tasks must be gone. */
void context_done(struct context *ctx);

/* Says the error and returns its exit code. */
int command_fail(const struct error *err);

/* Runs the loop until the task is done. */
void context_run(struct context *ctx, const struct task *task);
