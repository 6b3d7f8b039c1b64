/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sending a password to a realm is handing it over, so trust needs one of four reasons: the same
 * host, the same registrable domain, a realm known beforehand, or the user's word. Two addresses
 * are never of one domain; names without a registrable domain ("registry") only equal themselves.
 */
#include "auth/realm.h"

#include "base/str.h"
#include "net/address.h"

#include <libpsl.h>
#include <stdlib.h>
#include <string.h>

/* "ghcr.io." is "ghcr.io". */
static char *plain_host(const char *host)
{
    size_t len = strlen(host);
    return xstrndup(host, len && host[len - 1] == '.' ? len - 1 : len);
}

static bool is_same_domain(const char *a, const char *b)
{
    if (host_is_ip(a) || host_is_ip(b))
        return false;
    psl_ctx_t *list = psl_latest(NULL);
    if (!list)
        return false;
    const char *domain_a = psl_registrable_domain(list, a);
    const char *domain_b = psl_registrable_domain(list, b);
    bool same = domain_a && domain_b && str_eq(domain_a, domain_b);
    psl_free(list);
    return same;
}

static bool is_same_party(const char *registry, const char *realm)
{
    _cleanup_free_ char *a = plain_host(registry);
    _cleanup_free_ char *b = plain_host(realm);
    return str_eq(a, b) || (host_is_loopback(a) && host_is_loopback(b)) || is_same_domain(a, b);
}

static bool is_known_realm(const struct url *realm, const char *known)
{
    struct url url;
    if (!known || url_parse(known, &url, NULL) < 0)
        return false;
    bool same = url_same_origin(realm, &url);
    url_done(&url);
    return same;
}

static bool is_named_by_user(const struct url *realm, const struct realm_policy *policy)
{
    _cleanup_free_ char *with_port = xasprintf("%s:%d", realm->host, realm->port);
    for (size_t i = 0; i < policy->n_token_hosts; i++) {
        if (str_ieq(policy->token_hosts[i], realm->host) ||
            str_ieq(policy->token_hosts[i], with_port))
            return true;
    }
    return false;
}

static int check_scheme(const struct url *registry, const struct url *realm, struct error *err)
{
    if (str_eq(realm->scheme, "https") || str_eq(registry->scheme, "http"))
        return 0;
    return error_set(err, ERR_PROTOCOL,
                     "%s names the token realm %s, which is not encrypted: nothing is sent there",
                     registry->host, realm->host);
}

static char *warning_for(const struct url *registry, const struct url *realm)
{
    return xasprintf("%s asks for its credentials at %s, which is not known to belong to it: "
                     "trying without; if you trust %s, add it to token_hosts",
                     registry->host, realm->host, realm->host);
}

int realm_judge(const struct url *registry, const char *realm, const struct realm_policy *policy,
                struct realm *ret, struct error *err)
{
    struct url url;
    _cleanup_free_ char *base =
        xasprintf("%s://%s:%d/", registry->scheme, registry->host, registry->port);
    _cleanup_free_ char *absolute = url_resolve(base, realm);
    if (!absolute || url_parse(absolute, &url, NULL) < 0)
        return error_set(err, ERR_PROTOCOL,
                         "%s names a token realm that is no http or https URL: nothing is sent",
                         registry->host);
    int result = check_scheme(registry, &url, err);
    if (result == 0) {
        bool trusted = is_same_party(registry->host, url.host) ||
                       is_known_realm(&url, policy->known_realm) || is_named_by_user(&url, policy);
        *ret = (struct realm){.url = take_ptr(&absolute),
                              .is_trusted = trusted,
                              .warning = trusted ? NULL : warning_for(registry, &url)};
    }
    url_done(&url);
    return result;
}

void realm_done(struct realm *realm)
{
    free(realm->url);
    free(realm->warning);
    *realm = (struct realm){0};
}
