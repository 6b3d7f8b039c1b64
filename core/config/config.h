/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration file as checked structs: whoever holds a struct config need not check anything
 * again. Every reference is resolved, every default filled in, every name follows its grammar.
 *
 * Strings live as long as the config. NULL or -1 means "not set" where that is said.
 */
#pragma once

#include "base/error.h"
#include "base/secret.h"
#include "base/vec.h"
#include "select/select.h"

#include <stdbool.h>
#include <stddef.h>

/* ---- global -------------------------------------------------------------------------------- */

struct config_global {
    int64_t max_concurrent_transfers; /* images in work at once; 1 to 10000, default 32 */
    char *cache_dir;                  /* a folder; NULL: ocync in the user's cache folder (XDG) */
    int64_t cache_ttl;          /* milliseconds that knowledge of blobs is believed; 0: for ever;
                                   default 12 h */
    int64_t staging_size_limit; /* bytes on disk for slower targets, over all transfers; 0: none;
                                   default 2 GiB */
    bool keep_tokens;           /* keep short-lived tokens between runs; default false */
};

struct config_plugins {
    struct text_list dirs; /* folders of drivers; never without `lock` */
    char *lock;            /* the file that pins the drivers; NULL: none */
};

/* ---- registries ---------------------------------------------------------------------------- */

enum config_auth {
    CONFIG_AUTH_AUTO, /* default: look the credential up */
    CONFIG_AUTH_ANONYMOUS,
    CONFIG_AUTH_BASIC,        /* `username` and `password` are set */
    CONFIG_AUTH_STATIC_TOKEN, /* `token` is set */
    CONFIG_AUTH_DOCKER_CONFIG,
};

enum config_upload {
    CONFIG_UPLOAD_AUTO,
    CONFIG_UPLOAD_PUT,
    CONFIG_UPLOAD_PATCH,
    CONFIG_UPLOAD_CHUNK
};
enum config_http { CONFIG_HTTP_AUTO, CONFIG_HTTP_1_1, CONFIG_HTTP_2 };

struct config_setting {
    char *key, *value;
};

struct config_credentials {
    char *username;          /* may be empty where a variable was: refuse to use it then */
    struct secret *password; /* the same */
};

struct config_registry {
    char *alias;      /* the name that mappings use; the host if `is_implicit` */
    bool is_implicit; /* a mapping names the host itself: everything is default */
    char *url;        /* HOST[:PORT], without scheme, in lower case */

    char *driver;                          /* by name; NULL: the most specific claim on the host */
    struct config_setting *driver_options; /* unchecked: the driver's table says what they mean */
    size_t n_driver_options;

    char *endpoint;           /* HOST[:PORT] that requests go to instead of `url`; NULL: none */
    struct text_list mirrors; /* HOST[:PORT], tried in order before the registry, for reading */

    int auth_type;                         /* enum config_auth */
    struct config_credentials credentials; /* NULLs: none */
    struct secret *token;                  /* NULL: none; may be empty where a variable was */
    char *aws_profile;                     /* NULL: none */
    struct text_list token_hosts;          /* HOST[:PORT]: credentials may go there for tokens */

    bool plain_http, insecure; /* default false; never both */
    char *ca_file;             /* PEM; NULL: the system's */
    char *client_cert;         /* PEM; NULL: none */
    char *client_key;          /* PEM; NULL: it stands in client_cert */

    int64_t max_concurrent;  /* requests at once; 1 to 1000, default 32 */
    int64_t connect_timeout; /* milliseconds, 1 or more; default 15 s */
    int64_t stall_timeout;   /* milliseconds under 1 KiB/s, 1 or more; default 60 s */
    int64_t retries;         /* tries after the first; 0 to 100, default 5 */
    bool head_first;         /* HEAD before every GET of a manifest; default false */
    int upload;              /* enum config_upload; default auto: learn it */
    int http_version;        /* enum config_http; default auto: 2 for small requests */
};

/* ---- What is copied ------------------------------------------------------------------------ */

struct config_artifacts {
    bool enabled;                      /* referrers travel with their image; default true */
    struct text_list include, exclude; /* artifact types; no include: every type */
    bool require_artifacts;            /* an image without one is not copied; default false */
    int64_t recheck; /* milliseconds between looks at unchanged images; default 24 h */
};

struct config_mapping {
    char *from, *to; /* repositories; `to` defaults to `from` */
    const struct config_registry *source;
    const struct config_registry **targets; /* one or more, all different */
    size_t n_targets;
    struct tag_rules tags;
    struct text_list platforms; /* os/arch[/variant]; empty: all */
    struct config_artifacts artifacts;
    size_t line; /* in the file, for messages; 0: from the command line */
};

struct config {
    struct config_global global;
    struct config_plugins plugins;
    VEC(struct config_registry *) registries; /* in the order of the file, implicit ones last */
    VEC(struct config_mapping *) mappings;

    /* Private. */
    struct node *document;
    struct arena *arena;
    VEC(struct secret *) secrets;
    VEC(char *) labels;
};

/* ---- Reading ------------------------------------------------------------------------------- */

/* Sentences, each with its place: "ocync.yaml:3:5: ..." or "--set KEY: ...". Free with
 * config_problems_done. */
struct config_problem {
    char *origin; /* "--set KEY"; NULL: the file */
    size_t line, column;
    char *text;
};

struct config_problems {
    char *file;
    VEC(struct config_problem) errors, warnings;
    size_t n_dropped; /* errors beyond CONFIG_PROBLEMS_MAX */
};

#define CONFIG_PROBLEMS_MAX 100

void config_problems_done(struct config_problems *problems);
/* "FILE:LINE:COLUMN: sentence"; free it. */
char *config_problem_text(const struct config_problems *problems, const struct config_problem *p);

struct config_request {
    const char *file;        /* "-": standard input */
    const char *const *sets; /* KEY=VALUE, applied in this order */
    size_t n_sets;
};

/* Every error of the file is collected, in the order of the file. 0 or ERR_CONFIG. `problems` is
 * zeroed by the caller, and may hold warnings after success. */
int config_load(const struct config_request *request, struct config **ret,
                struct config_problems *problems);
/* The same for text in memory; relative paths in it count from the folder of request->file. */
int config_load_text(const struct config_request *request, const char *text, size_t len,
                     struct config **ret, struct config_problems *problems);
void config_free(struct config *config); /* NULL is fine */

/* The effective configuration as YAML: what was given, variables and defaults filled in. Reading
 * it gives the same again. Secrets are *** unless `show_secrets`. Free it. */
char *config_text(const struct config *config, bool show_secrets);

DEFINE_CLEANUP(struct config *, config_free)
