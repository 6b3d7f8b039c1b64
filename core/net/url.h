/* SPDX-License-Identifier: Apache-2.0 */
/* URLs, parsed by the library that will connect to them (no parser differentials). */
#pragma once

#include "base/error.h"

#include <stdbool.h>

struct url {
    char *scheme; /* "http" or "https" */
    char *host;   /* lower case; IPv6 in brackets */
    int port;     /* always set */
    char *path;   /* at least "/" */
    char *query;  /* without '?'; NULL: none */
};

/* Absolute http or https URL without user info. Fragments are dropped. */
int url_parse(const char *text, struct url *ret, struct error *err);
void url_done(struct url *url);

/* RFC 3986: `reference` seen from `base`; free the result; NULL for nonsense. */
char *url_resolve(const char *base, const char *reference);

/* Same scheme, host and port. */
bool url_same_origin(const struct url *a, const struct url *b);

/* scheme://host[:port]/path, every query value as ***: for logs and errors. Free it. */
char *url_redact(const char *text);

/* Percent-encoded; free it. */
char *url_encode(const char *text);
/* Appends "name=value" (value encoded) textually, every other byte kept. Free it. */
char *url_add_query(const char *url, const char *name, const char *value);
