/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an answer may send us: pure rules, applied before anything goes out. The rule that needs
 * the connected address (public_only of http.h) stays with the connection.
 */
#pragma once

#include "net/url.h"

#define REDIRECT_HOPS_MAX 10
#define LOCATION_MAX ((size_t)16 * 1024)

/* An answer that points elsewhere. */
struct redirect {
    const struct url *url; /* of the request that it answers */
    const char *method;
    int status;
    const char *location; /* NULL: the header is missing */
    int hops;             /* redirects followed so far for this request */
    bool peer_is_public;  /* the address that answered */
};

/* 301, 302, 303, 307 or 308. */
bool redirect_is_status(int status);

/*
 * The next URL (free it), and whether the credentials of the request may go there (same origin
 * only). ERR_PROTOCOL with a sentence when it must not be followed: more than REDIRECT_HOPS_MAX
 * hops, another method than GET and HEAD, from https to http (of the same host: upgraded to https
 * instead), user info, another scheme, from a public peer to a private address.
 */
int redirect_next(const struct redirect *redirect, char **ret_url, bool *ret_keep_credentials,
                  struct error *err);

/*
 * The URL (free it) that the `location` of an upload's answer means, seen from the URL that was
 * asked; every byte of its path and query is kept. From https to http only within the same host,
 * which is upgraded to https. ERR_PROTOCOL.
 */
int location_next(const char *request_url, const char *location, char **ret_url,
                  bool *ret_same_origin, struct error *err);
