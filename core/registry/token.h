/* SPDX-License-Identifier: Apache-2.0 */
/* One token of a registry from the inside: tokens.c fetches and keeps it, identity.c knows whose it
 * is and where credentials may go for it. */
#pragma once

#include "registry/private.h"

struct token {
    struct task fetch; /* first */
    struct registry *registry;
    char *key, *repository;
    struct credential credential;
    bool fetching;
    struct scope_set scopes;
    bool pull_only;
    struct secret *header; /* NULL: none (yet), or none needed */
    bool valid;
    int64_t fetched_ms, expires_ms;
    int64_t failed_until_ms;
    VEC(struct task *) waiters;

    /* while fetching */
    struct credential_lookup *lookup;
    struct realm realm;
    struct url realm_url;
    bool on_own_host; /* the realm is: what was said of its TLS counts */
    struct flow_op *flow;
    struct ocync_token_args args;
    char *service; /* for args: a challenge may change the registry's meanwhile */
    const char **scope_texts;
    bool anonymous; /* stored credentials were refused: once more without */
    int attempts;
};

/* The value of an Authorization header that needs no exchange (Basic, or a token that the user
 * gave); wipe it; NULL: an exchange is needed. */
char *token_ready_header(const struct token *t);
/* The `attach` of its flow. */
int token_attach(void *arg, uint32_t kind, const char *target, struct curl_slist **headers,
                 struct error *err);
/* Fills realm and realm_url from what the registry named; nothing where it named none. */
int token_judge_realm(struct token *t, struct error *err);
