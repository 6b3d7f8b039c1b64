/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of this floor share. */
#pragma once

#include "auth/challenge.h"
#include "auth/realm.h"
#include "auth/scope.h"
#include "base/map.h"
#include "base/vec.h"
#include "registry/certs.h"
#include "registry/registry.h"

/* What a registry wants for authorization, as far as known. */
enum registry_scheme { SCHEME_UNKNOWN, SCHEME_BASIC, SCHEME_BEARER };

struct registry {
    struct loop *loop;
    struct registry_options options;
    struct driver_instance *driver;
    char *api;          /* "https://registry-1.docker.io" */
    struct certs certs; /* of certs.d; what `options` points to */
    bool may_fall_back; /* loopback, nothing said: plain HTTP if there is no TLS */
    bool fell_back;
    struct slots *requests, *bodies;

    enum registry_scheme scheme;
    char *realm, *service;
    bool peer_is_public; /* who named the realm */
    bool realm_warned;
    struct map *tokens;       /* key of scopes -> struct token */
    bool has_host_credential; /* the same for every repository */
    struct credential host_credential;
    bool has_credentials;           /* some were found */
    bool has_stale;                 /* some were refused: pulls go on without */
    struct http_settings elsewhere; /* for other origins than the API's */

    struct map *no_mount_from; /* "target source": refused once; value is a marker */
    int self_probe;            /* enum ocync_tristate, learned */
    enum upload_mode upload;   /* never auto: what works, as far as known */
    int early_resets;          /* of PUTs with a body, since one as large worked */
    int64_t early_reset_bytes; /* the size of the last of them */
    int lists_referrers;       /* enum ocync_tristate, learned: is there a referrers API? */
};

struct repository {
    struct store store; /* first */
    struct registry *registry;
    bool writes; /* tokens ask for push too */
};

static inline struct repository *repository_of(struct store *store)
{
    return container_of(store, struct repository, store);
}

/* ---- tokens.c ---- */

/* The scopes that a request needs. */
struct auth_need {
    const char *repository; /* NULL: none */
    bool push;
    const char *mount_from; /* NULL: none */
};

/*
 * What to put into Authorization. 1: *ret_header is the whole value (NULL: send none); 0: being
 * fetched, `waiter` will be woken; negative: can't be had. `waiter` must be forgotten before it
 * goes.
 */
int tokens_get(struct registry *registry, const struct auth_need *need, struct task *waiter,
               const char **ret_header, struct error *err);
void tokens_forget_waiter(struct registry *registry, struct task *waiter);
/* The registry refused this header: never use it again. */
void tokens_refused(struct registry *registry, const struct auth_need *need, const char *header);
/* Does a text hold a credential or token of this registry? */
bool tokens_occur_in(const struct registry *registry, const char *text);
/* Learns from a 401. False when it asks for nothing that we can do. */
bool tokens_learn(struct registry *registry, const struct http_exchange *answer, struct error *err);
void tokens_free(struct registry *registry);

/* ---- plain_auth.c ---- */

/* The driver's auth flow, or the plain one. `args` outlives the task. */
struct flow_op *auth_start(struct registry *registry, struct task *parent,
                           struct ocync_token_args *args, const struct flow_hooks *hooks);

/* ---- answer.c ---- */

struct answer_context {
    enum ocync_action action;
    const char *repository, *reference; /* may be NULL */
};

/* Judges an answer that is no success: the driver first, then the plain rule. Fills *err with a
 * sentence for people and returns the class. */
int answer_judge(struct registry *registry, const struct answer_context *context,
                 const struct http_exchange *answer, struct error *err);

/* ---- request.c ---- */

struct request_spec {
    const char *method;
    const char *url; /* absolute, or a path that begins with "/v2/" */
    enum ocync_action action;
    const char *repository, *reference;
    bool push;              /* the token must allow it */
    const char *mount_from; /* the token must allow to pull there */
    const char *accept;
    const char *content_type;
    const char *range; /* "bytes=5-" */
    const char *if_match, *if_none_match;
    const char *content_range; /* "0-4" */
    const char *body;          /* outlives the request */
    size_t body_len;
    size_t answer_max;
    const struct http_upload *upload;
    const struct http_download *download;
    bool holds_slots;    /* the caller does: take none here */
    bool no_retry;       /* the caller decides on failures that may pass */
    bool no_credentials; /* the URL lies on another origin */
    bool public_only;    /* a public server named the URL */
};

/* A task: done with result 0 for a 2xx, else with the class of the failure. */
struct request {
    struct task task; /* first */
    struct registry *registry;
    struct request_spec spec;
    struct http_upload upload;
    struct http_download download;
    char *url, *method, *repository, *reference, *mount_from;
    char *accept, *content_type, *range, *if_match, *if_none_match;
    char *content_range;
    char *header;     /* the Authorization that was sent, wiped on free */
    bool credentials; /* still on the registry's own origin */
    bool public_only;
    int hops, attempts, challenges;
    bool fell_back;
    struct slot_claim claim;
    struct http_exchange *exchange; /* the last one */
};

/* Strings are copied, `body`, `upload` and `download` are not (the structs are). */
struct request *request_start(struct registry *registry, struct task *parent,
                              const struct request_spec *spec);
int request_status(const struct request *request); /* of the last answer; 0: none */
const char *request_header(const struct request *request, const char *name);

/* Does the URL lie on the origin of the registry's API? Only there may its credentials go. */
bool registry_owns(const struct registry *registry, const char *url);

/* ---- the verbs ---- */

struct store_op *manifest_head(struct store *store, const char *reference, struct task *parent);
struct store_op *manifest_get(struct store *store, const char *reference,
                              const struct digest *expected, const char *media_type,
                              struct task *parent);
struct store_op *manifest_put(struct store *store, const char *reference,
                              const struct manifest *manifest, struct task *parent);
/* With a precondition: see struct store_ops. */
struct store_op *manifest_put_if(struct store *store, const char *reference,
                                 const struct manifest *manifest, const struct digest *was,
                                 struct task *parent);
struct store_op *referrer_list(struct store *store, const struct digest *subject,
                               const struct store_referrers *receiver, struct task *parent);
struct store_op *tag_list(struct store *store, const struct store_tags *receiver,
                          struct task *parent);
struct store_op *blob_stat(struct store *store, const struct descriptor *blob, struct task *parent);
/* The same, for who holds slots already. */
struct store_op *blob_look(struct store *store, const struct descriptor *blob, bool holds_slots,
                           struct task *parent);
struct store_op *blob_read(struct store *store, const struct descriptor *blob, int64_t offset,
                           struct bridge *bridge, struct task *parent);
struct store_op *blob_authorize(struct store *store, bool writes, const char *mount_from,
                                struct task *parent);
/* By the driver's word and what was refused before. */
bool session_may_mount(const struct registry *registry, const char *to, const char *from);
struct store_op *session_begin(struct store *store, const struct descriptor *blob,
                               const struct store_begin_hint *hint, struct task *parent);
struct store_op *session_write(struct store *store, struct store_op *begin, struct bridge *bridge,
                               struct task *parent);
