/* SPDX-License-Identifier: Apache-2.0 */
/*
 * May credentials of a registry go to the token realm that it names? The realm is chosen by a
 * server, so the answer is no unless there is a reason.
 */
#pragma once

#include "net/url.h"

#include <stddef.h>

/* Reasons beyond same host and same registrable domain; each may be missing. */
struct realm_policy {
    const char *known_realm;        /* of the driver's profile: its whole origin is trusted */
    const char *const *token_hosts; /* named by the user: HOST or HOST:PORT */
    size_t n_token_hosts;
};

struct realm {
    char *url;       /* absolute */
    bool is_trusted; /* false: an anonymous token may be asked for, nothing more */
    char *warning;   /* when not trusted: a sentence for people */
};

/* ERR_PROTOCOL: nothing may be sent there at all (no URL, user info, http although the registry
 * is https). `realm` may be relative to the registry. */
int realm_judge(const struct url *registry, const char *realm, const struct realm_policy *policy,
                struct realm *ret, struct error *err);
void realm_done(struct realm *realm);
