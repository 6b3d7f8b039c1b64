/* SPDX-License-Identifier: Apache-2.0 */
/* Who we are at one registry, and where we know it from. */
#pragma once

#include "base/error.h"
#include "base/secret.h"

enum credential_kind {
    CREDENTIAL_ANONYMOUS = 0,
    CREDENTIAL_BASIC,    /* user name and password */
    CREDENTIAL_BEARER,   /* a ready token, sent as it is: registrytoken, static token */
    CREDENTIAL_IDENTITY, /* a refresh token, good for tokens at the realm */
};

/* The user name by which helpers and files mark an identity token. */
#define CREDENTIAL_TOKEN_USER "<token>"

struct credential {
    enum credential_kind kind;
    char *username;        /* CREDENTIAL_BASIC; otherwise NULL */
    struct secret *secret; /* NULL for CREDENTIAL_ANONYMOUS */
    char *origin;          /* for messages: "--src-creds-file", a path; NULL: unknown */
};

/* User name and secret, the marker above turned into an identity token. ERR_CONFIG, naming
 * `origin`, for what no header can carry. `ret` must hold nothing. */
int credential_set(struct credential *ret, const char *username, const char *secret, size_t len,
                   const char *origin, struct error *err);
/* A ready bearer token. */
int credential_set_bearer(struct credential *ret, const char *token, size_t len, const char *origin,
                          struct error *err);
struct credential credential_copy(const struct credential *c);
void credential_done(struct credential *c);
/* For messages, without the secret: "user bob (from /home/bob/.docker/config.json)". Free it. */
char *credential_describe(const struct credential *c);
