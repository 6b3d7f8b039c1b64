/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A registry (one host, one principal) and its repositories as stores. Everything particular to
 * it comes from its driver; everything here is plain distribution protocol.
 */
#pragma once

#include "auth/lookup.h"
#include "driver/driver.h"
#include "net/http.h"
#include "net/retry.h"
#include "oci/ref.h"
#include "oci/store.h"

/* Told when a request is about to be tried again, for whoever logs. */
struct registry_hooks {
    void (*retrying)(void *arg, const char *sentence, int64_t delay_ms);
    void (*warning)(void *arg, const char *sentence);
    void *arg;
};

/* How the bytes of a blob are sent. */
enum upload_mode {
    UPLOAD_AUTO,  /* as the driver says, and where that is too much at once, in the next way */
    UPLOAD_PUT,   /* all in the PUT that commits */
    UPLOAD_PATCH, /* all in one PATCH */
    UPLOAD_CHUNK, /* in several */
};

/* What the user said about this registry. Strings and arrays outlive the registry. */
struct registry_options {
    const struct catalogue *catalogue;
    const char *driver; /* by name; NULL: by host */
    const struct driver_setting *driver_settings;
    size_t n_driver_settings;
    struct credential_sources *credentials;
    const struct credential *credential; /* given; NULL: look it up */
    const char *auth_file;               /* NULL: the usual places */
    const char *const *token_hosts;      /* more hosts that credentials may go to for tokens */
    size_t n_token_hosts;
    struct http_settings http;
    bool plain_http;
    const char *endpoint; /* HOST[:PORT] that requests go to; NULL: as the driver says */
    bool head_first;      /* a HEAD before every GET by tag */
    enum upload_mode upload;
    struct retry_policy retry;
    int max_requests; /* at once; 0: 32 */
    int max_bodies;   /* connections for blob bodies; 0: 16 */
    struct registry_hooks hooks;
};

struct registry;

/* `host` as users write it. ERR_PLUGIN when no driver serves it. */
int registry_new(struct loop *loop, const char *host, const struct registry_options *options,
                 struct registry **ret, struct error *err);
/* Its stores and operations must be gone. NULL is fine. */
void registry_free(struct registry *registry);
/* The canonical host: "docker.io". */
const char *registry_name(const struct registry *registry);
const char *registry_driver_name(const struct registry *registry);
/* Not auto. Fixes how blobs are sent, for one that was opened to read and gets written to, too. */
void registry_set_upload(struct registry *registry, enum upload_mode mode);

/* `name` as in a reference; the driver's prefix is applied ("nginx" -> "library/nginx"). With
 * `writes`, its tokens ask for push too. */
struct store *registry_repository(struct registry *registry, const char *name, bool writes);
