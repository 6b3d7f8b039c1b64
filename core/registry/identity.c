/* SPDX-License-Identifier: Apache-2.0 */
/* Whose token it is: the credential behind it, and the hosts that may see that credential. */
#include "registry/token.h"

#include "base/str.h"

#include <openssl/evp.h>
#include <string.h>

static char *basic_header(const struct credential *c)
{
    char *pair = xasprintf("%s:%s", c->username, secret_reveal(c->secret));
    size_t len = strlen(pair);
    char *encoded = xmalloc(len * 4 / 3 + 8);
    EVP_EncodeBlock((unsigned char *)encoded, (const unsigned char *)pair, (int)len);
    char *header = xasprintf("Basic %s", encoded);
    secret_wipe_str(pair);
    secret_wipe_str(encoded);
    return header;
}

static char *bearer_header(const struct credential *c)
{
    return xasprintf("Bearer %s", secret_reveal(c->secret));
}

/* A ready header needs no exchange: Basic, or a token that the user gave. */
char *token_ready_header(const struct token *t)
{
    const struct credential *c = &t->credential;
    if (driver_instance_has_auth(t->registry->driver))
        return NULL;
    if (c->kind == CREDENTIAL_BEARER)
        return bearer_header(c);
    return t->registry->scheme == SCHEME_BASIC && c->kind == CREDENTIAL_BASIC ? basic_header(c)
                                                                              : NULL;
}

/* Credentials go to the origin of the trusted realm, or where no realm was named to that of the
 * registry; a flow that aims elsewhere gets none. */
static bool may_attach(const struct token *t, const char *target)
{
    struct url url;
    if (!t->realm.url)
        return registry_owns(t->registry, target);
    if (!t->realm.is_trusted || url_parse(target, &url, NULL) < 0)
        return false;
    bool same = url_same_origin(&url, &t->realm_url);
    url_done(&url);
    return same;
}

int token_attach(void *arg, uint32_t kind, const char *target, struct curl_slist **headers,
                 struct error *err)
{
    struct token *t = arg;
    const struct credential *c = &t->credential;
    bool is_basic = kind == OCYNC_CREDENTIAL_BASIC && c->kind == CREDENTIAL_BASIC;
    bool is_bearer = kind == OCYNC_CREDENTIAL_BEARER && c->kind == CREDENTIAL_BEARER;
    if (!may_attach(t, target))
        return error_set(err, ERR_AUTH, "credentials may not go there");
    if (t->anonymous || (!is_basic && !is_bearer))
        return error_set(err, ERR_AUTH, "there is no credential of that kind");
    char *value = is_basic ? basic_header(c) : bearer_header(c);
    char *line = xasprintf("Authorization: %s", value);
    *headers = curl_slist_append(*headers, line);
    secret_wipe_str(value);
    secret_wipe_str(line);
    return 0;
}

int token_judge_realm(struct token *t, struct error *err)
{
    struct registry *r = t->registry;
    const struct realm_policy policy = {
        .known_realm = driver_instance_profile(r->driver)->token_realm,
        .token_hosts = r->options.token_hosts,
        .n_token_hosts = r->options.n_token_hosts,
    };
    struct url api;
    if (!r->realm)
        return 0; /* the driver's flow knows where to go */
    int result = url_parse(r->api, &api, err);
    if (result < 0)
        return result;
    result = realm_judge(&api, r->realm, &policy, &t->realm, err);
    if (result == 0)
        result = url_parse(t->realm.url, &t->realm_url, err);
    if (result == 0)
        t->on_own_host = str_eq(api.host, t->realm_url.host);
    url_done(&api);
    if (result == 0 && !t->realm.is_trusted && !r->realm_warned && r->options.hooks.warning &&
        t->credential.kind != CREDENTIAL_ANONYMOUS) {
        r->realm_warned = true;
        r->options.hooks.warning(r->options.hooks.arg, t->realm.warning);
    }
    return result;
}
