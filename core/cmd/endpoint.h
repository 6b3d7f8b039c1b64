/* SPDX-License-Identifier: Apache-2.0 */
/* A source or a target from a reference and the options of its side. */
#pragma once

#include "cmd/command.h"
#include "oci/ref.h"
#include "oci/store.h"
#include "registry/registry.h"

/* How to reach one side. */
struct side_options {
    const char *ca_file, *client_cert, *client_key, *auth_file, *creds_file, *driver;
    struct string_list driver_options;
    bool insecure, plain_http;
    const char *upload; /* as enum upload_mode; NULL: auto. Of targets only */
};

/* Of both sides. */
struct net_options {
    int64_t connect_ms, stall_ms;
    int retries;
    struct string_list token_hosts;
};

#define NET_OPTIONS_DEFAULTS                                                                       \
    ((struct net_options){.connect_ms = 15000, .stall_ms = 60000, .retries = 5})

extern const struct option net_table[];
extern const struct option side_table[], source_table[], target_table[];

enum endpoint_use {
    ENDPOINT_LIST, /* all of it: no reference is chosen when none is given */
    ENDPOINT_READ,
    ENDPOINT_WRITE,
};

struct endpoint {
    struct ref ref;
    struct registry *registry; /* NULL: a layout; may be shared with another endpoint */
    bool shares_registry;
    struct store *store;
    char *reference; /* tag, or text of the digest; NULL: none given */
    struct credential credential;
    struct driver_setting *settings;
};

/* Where retries and warnings go. */
struct endpoint_request {
    const char *text; /* the reference */
    enum endpoint_use use;
    const struct side_options *side;
    const struct net_options *net;
    struct registry_hooks hooks;
    const struct endpoint *share; /* use its registry if it is the same and reached alike */
    const struct side_options *share_side;
};

/* "latest" stands for a missing tag of a registry's reference when reading. */
int endpoint_open(struct context *ctx, const struct endpoint_request *request, struct endpoint *ret,
                  struct error *err);
/* Operations on its store must be gone; a registry that it shares must outlive it. */
void endpoint_done(struct endpoint *endpoint);
/* "docker.io/library/nginx:latest"; free it. */
char *endpoint_text(const struct endpoint *endpoint, const char *reference);
