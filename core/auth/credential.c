/* SPDX-License-Identifier: Apache-2.0 */
/* Checks here, once for all sources, that what was found can be sent without being misread. */
#include "auth/credential.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

static bool has_control(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return true;
    }
    return false;
}

/* What a header takes without quoting. */
static bool is_token(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] <= ' ' || text[i] >= 0x7f)
            return false;
    }
    return len > 0;
}

int credential_set(struct credential *ret, const char *username, const char *secret, size_t len,
                   const char *origin, struct error *err)
{
    bool identity = str_eq(username, CREDENTIAL_TOKEN_USER);
    if (strchr(username, ':') || has_control(username, strlen(username)))
        return error_set(err, ERR_CONFIG,
                         "%s: the user name has a colon or control characters: correct it", origin);
    if (memchr(secret, '\0', len) || (identity && !is_token(secret, len)))
        return error_set(err, ERR_CONFIG,
                         "%s: the %s has characters that can't be sent: correct it", origin,
                         identity ? "identity token" : "password");
    *ret = (struct credential){.kind = identity ? CREDENTIAL_IDENTITY : CREDENTIAL_BASIC,
                               .username = xstrdup(identity ? NULL : username),
                               .secret = secret_new_len(secret, len),
                               .origin = xstrdup(origin)};
    return 0;
}

int credential_set_bearer(struct credential *ret, const char *token, size_t len, const char *origin,
                          struct error *err)
{
    if (!is_token(token, len))
        return error_set(err, ERR_CONFIG,
                         "%s: the token is empty or has characters that can't be sent: correct it",
                         origin);
    *ret = (struct credential){
        .kind = CREDENTIAL_BEARER, .secret = secret_new_len(token, len), .origin = xstrdup(origin)};
    return 0;
}

struct credential credential_copy(const struct credential *c)
{
    return (struct credential){.kind = c->kind,
                               .username = xstrdup(c->username),
                               .secret = secret_dup(c->secret),
                               .origin = xstrdup(c->origin)};
}

void credential_done(struct credential *c)
{
    free(c->username);
    secret_free(c->secret);
    free(c->origin);
    *c = (struct credential){0};
}

char *credential_describe(const struct credential *c)
{
    static const char *const kinds[] = {
        [CREDENTIAL_ANONYMOUS] = "no credentials",
        [CREDENTIAL_BASIC] = "user",
        [CREDENTIAL_BEARER] = "a ready token",
        [CREDENTIAL_IDENTITY] = "an identity token",
    };
    bool named = c->kind == CREDENTIAL_BASIC;
    return xasprintf("%s%s%s%s%s%s", kinds[c->kind], named ? " " : "", named ? c->username : "",
                     c->origin ? " (from " : "", c->origin ? c->origin : "", c->origin ? ")" : "");
}
