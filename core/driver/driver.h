/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public face of this floor: which driver answers for a host, and what it says.
 *
 *     catalogue_new        what lies in the plugin folders, read from notes: nothing is loaded
 *     driver_for_host      picks a driver, loads it once, opens it for one registry
 *     driver_instance_*    the profile, judging answers
 *     driver_auth_start    a task that gets a token the driver's way
 *
 * Everything runs in the one thread of the program. Failures to find, trust or load a driver are
 * ERR_PLUGIN; wrong driver options are ERR_CONFIG.
 */
#pragma once

#include "base/error.h"
#include "base/secret.h"
#include "driver/note.h"

#include <ocync/driver.h>

struct curl_slist;
struct http_settings;
struct loop;
struct task;

/* ---- What is there ------------------------------------------------------------------------- */

struct catalogue;

/* Where to look, in this order. Strings are copied. */
struct catalogue_sources {
    const char *const *dirs; /* --plugin-dir, in order: each must be readable */
    size_t n_dirs;
    const char *env;            /* OCYNC_PLUGIN_DIR: folders separated by colons; NULL: none */
    const char *default_dir;    /* NULL: the folder that drivers are installed to */
    const char *const *trusted; /* --plugin-trust-dir: files there are loaded whoever owns them */
    size_t n_trusted;
};

enum plugin_state {
    PLUGIN_DRIVER,     /* may be chosen */
    PLUGIN_SHADOWED,   /* a driver; an earlier folder has one of the same name */
    PLUGIN_NOT_DRIVER, /* a shared object without a note: none of ours */
    PLUGIN_JUNK        /* malformed, or not what its file name says */
};

struct driver;

/* One file NAME.so of a plugin folder. Owned by the catalogue. */
struct plugin {
    char *path;
    char *name; /* of the file, without ".so" */
    size_t folder;
    bool builtin; /* lies in the default folder */
    enum plugin_state state;
    char *why;             /* a sentence for every state but PLUGIN_DRIVER, else NULL */
    struct note note;      /* PLUGIN_DRIVER and PLUGIN_SHADOWED */
    struct driver *driver; /* once loaded */
    bool override_said;
};

/* NULL when a folder of `dirs` can't be read (ERR_PLUGIN). */
struct catalogue *catalogue_new(const struct catalogue_sources *sources, struct error *err);
/* Instances and flows must be gone. Loaded code stays mapped. */
void catalogue_free(struct catalogue *catalogue);
/* Files in order of folder and name; NULL past the end. */
struct plugin *catalogue_at(const struct catalogue *catalogue, size_t index);
/* The first file of that name, whatever it is; NULL: none. */
struct plugin *catalogue_find(const struct catalogue *catalogue, const char *name);
/* The driver with the most specific claim on "name" or "name:port"; NULL: none. */
struct plugin *catalogue_match(const struct catalogue *catalogue, const char *host);

/* ---- Loading ------------------------------------------------------------------------------- */

/* A loaded driver: our own copies of its structs, fields that it does not have zeroed. */
struct driver {
    const struct plugin *plugin;
    struct ocync_driver api;      /* `options`, `profile` and `auth` point to our copies */
    struct ocync_profile profile; /* as declared; all zero when there is none */
    struct ocync_flow auth;
    struct ocync_option *options;
};

/* Runs the driver's code for the first time; later calls return the same one. */
int driver_load(const struct catalogue *catalogue, struct plugin *plugin,
                const struct driver **ret_driver, struct error *err);

/* ---- One registry -------------------------------------------------------------------------- */

/* A driver option as given by the user. */
struct driver_setting {
    const char *key, *value;
};

/* Time and chance for drivers, for tests. */
struct driver_services {
    int64_t (*now_ms)(void *arg);
    int64_t (*wall_clock_s)(void *arg);
    uint32_t (*random)(void *arg);
    void *arg;
};

struct driver_request {
    const char *host;   /* as users write it: "name" or "name:port" */
    const char *driver; /* by name; NULL: the most specific claim on the host */
    const struct driver_setting *settings;
    size_t n_settings;
    const struct driver_services *services; /* NULL: the real ones; copied otherwise */
};

/* A driver opened for one registry. */
struct driver_instance;

int driver_for_host(const struct catalogue *catalogue, const struct driver_request *request,
                    struct driver_instance **ret_instance, struct error *err);
/* Calls the driver's `close`. Its flows must be gone. NULL is fine. */
void driver_instance_free(struct driver_instance *instance);

const struct driver *driver_instance_driver(const struct driver_instance *instance);
const char *driver_instance_host(const struct driver_instance *instance);

/*
 * What the driver says of this registry, checked and with every default filled in: canonical_host
 * and api_host are never NULL, scopes_per_token is 1 to 10, tag_page_size 1 to 10000, `upload` is
 * PUT or PATCH, `mount` NEVER, SAME_OWNER or ANY, `mount_self_probes` a known value. The other
 * strings may be NULL.
 */
const struct ocync_profile *driver_instance_profile(const struct driver_instance *instance);

/*
 * Asks the driver what an answer that is not a success means: a final one, so not a 401 whose
 * challenge can still be met. `response->struct_size` need not be set. Returns 0 when the plain
 * rule shall decide, else a class with *err filled: status, time to wait, and the driver's sentence
 * (empty text: it has none, the caller's own serves).
 */
int driver_instance_classify(struct driver_instance *instance,
                             const struct ocync_response *response, struct error *err);

/* ---- Flows --------------------------------------------------------------------------------- */

/* What a flow may use of the caller. Copied; what it points to must outlive the flow. */
struct flow_hooks {
    const struct http_settings *http; /* NULL: HTTP effects fail */
    /* The URL of an HTTP effect may come from a public server: refuse private addresses. */
    bool public_only;
    /* Adds the header for a credential (enum ocync_credential, never NONE) to *headers, or says
     * why not: the flow gets the refusal as the result of its effect. NULL: all refused. */
    int (*attach)(void *arg, uint32_t credential, const char *url, struct curl_slist **headers,
                  struct error *err);
    /* Takes one row; NULL: ROW effects fail the flow. A failure ends the flow. */
    int (*row)(void *arg, const char *const *row, size_t n_row, struct error *err);
    void *arg;
};

/* What DONE of an auth flow carried. */
struct flow_token {
    struct secret *text;
    char *scheme;           /* of the Authorization header: "Bearer", "Basic" */
    int64_t lifetime_ms;    /* always positive */
    struct secret *refresh; /* NULL: none */
};

struct flow_op;

bool driver_instance_has_auth(const struct driver_instance *instance);
/*
 * Starts the driver's auth flow as a task; it must have one. `args` and what it points to must
 * outlive the task; args->struct_size need not be set, so it is changed here. Once the task is
 * done with result 0, flow_token holds the token.
 */
struct flow_op *driver_auth_start(struct loop *loop, struct task *parent,
                                  struct driver_instance *instance, struct ocync_token_args *args,
                                  const struct flow_hooks *hooks);
struct task *flow_task(struct flow_op *op);
/* Owned by the flow. */
const struct flow_token *flow_token(const struct flow_op *op);
