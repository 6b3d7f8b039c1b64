/* SPDX-License-Identifier: Apache-2.0 */
/* A registry from its driver's profile and the user's options, and its repositories as stores. */
#include "registry/registry.h"

#include "net/address.h"
#include "registry/private.h"

#include <stdlib.h>
#include <string.h>

#define REQUESTS_DEFAULT 32
#define BODIES_DEFAULT 16

static char *api_url(struct registry *registry)
{
    const struct ocync_profile *profile = driver_instance_profile(registry->driver);
    const char *host = registry->options.endpoint ? registry->options.endpoint : profile->api_host;
    const char *scheme = registry->options.plain_http ? "http"
                         : profile->api_scheme        ? profile->api_scheme
                                                      : "https";
    return xasprintf("%s://%s", scheme, host);
}

/* "localhost:5000" -> "localhost"; brackets stay. Free it. */
static char *without_port(const char *host)
{
    const char *colon = strrchr(host, ':');
    const char *bracket = strrchr(host, ']');
    return colon && colon > bracket ? xstrndup(host, (size_t)(colon - host)) : xstrdup(host);
}

static bool falls_back(const struct registry *registry)
{
    const struct registry_options *o = &registry->options;
    const struct ocync_profile *profile = driver_instance_profile(registry->driver);
    _cleanup_free_ char *name = without_port(o->endpoint ? o->endpoint : profile->api_host);
    return !o->plain_http && !profile->api_scheme && !o->http.ca_file && !o->http.insecure &&
           !o->http.client_cert && host_is_loopback(name);
}

/* What lies in certs.d serves where the user named nothing. A host that is known there speaks TLS,
 * so it never falls back. */
static int use_certs(struct registry *registry, bool *ret_known, struct error *err)
{
    struct registry_options *o = &registry->options;
    const char *host = o->endpoint ? o->endpoint : registry_name(registry);
    *ret_known = false;
    if (o->plain_http)
        return 0;
    int result = certs_find(host, getenv("HOME"), &registry->certs, ret_known, err);
    if (result < 0)
        return result;
    if (!o->http.ca_file && registry->certs.ca_file) {
        o->http.ca_file = registry->certs.ca_file;
        o->http.ca_is_added = true;
    }
    if (!o->http.client_cert) {
        o->http.client_cert = registry->certs.client_cert;
        o->http.client_key = registry->certs.client_key;
    }
    return 0;
}

int registry_new(struct loop *loop, const char *host, const struct registry_options *options,
                 struct registry **ret, struct error *err)
{
    const struct driver_request request = {
        .host = host,
        .driver = options->driver,
        .settings = options->driver_settings,
        .n_settings = options->n_driver_settings,
    };
    struct driver_instance *driver;
    int result = driver_for_host(options->catalogue, &request, &driver, err);
    if (result < 0)
        return result;
    const struct ocync_profile *profile = driver_instance_profile(driver);
    struct registry *registry = xcalloc(1, sizeof(*registry));
    registry->loop = loop;
    registry->options = *options;
    registry->driver = driver;
    bool in_certs_d;
    result = use_certs(registry, &in_certs_d, err);
    if (result < 0) {
        driver_instance_free(driver);
        free(registry);
        return result;
    }
    registry->api = api_url(registry);
    /* What the user said of this registry's TLS says nothing of the hosts that it points to. */
    registry->elsewhere = registry->options.http;
    registry->elsewhere.client_cert = registry->elsewhere.client_key = NULL;
    registry->elsewhere.insecure = false;
    registry->elsewhere.ca_is_added = true;
    registry->may_fall_back = !in_certs_d && falls_back(registry);
    registry->requests =
        slots_new(options->max_requests ? options->max_requests : REQUESTS_DEFAULT);
    registry->bodies = slots_new(options->max_bodies ? options->max_bodies : BODIES_DEFAULT);
    registry->upload = options->upload                         ? options->upload
                       : profile->upload == OCYNC_UPLOAD_PATCH ? UPLOAD_PATCH
                                                               : UPLOAD_PUT;
    registry->tokens = map_new();
    registry->no_mount_from = map_new();
    registry->lists_referrers = OCYNC_UNSET;
    registry->self_probe = (int)profile->mount_self_probes;
    if (profile->token_realm) {
        registry->scheme = SCHEME_BEARER;
        registry->realm = xstrdup(profile->token_realm);
        registry->service = xstrdup(profile->token_service);
    }
    *ret = registry;
    return 0;
}

void registry_free(struct registry *registry)
{
    if (!registry)
        return;
    tokens_free(registry);
    map_free(registry->no_mount_from, NULL);
    driver_instance_free(registry->driver);
    slots_free(registry->requests);
    slots_free(registry->bodies);
    credential_done(&registry->host_credential);
    certs_done(&registry->certs);
    free(registry->api);
    free(registry->realm);
    free(registry->service);
    free(registry);
}

const char *registry_name(const struct registry *registry)
{
    return driver_instance_profile(registry->driver)->canonical_host;
}

const char *registry_driver_name(const struct registry *registry)
{
    return driver_instance_driver(registry->driver)->api.name;
}

void registry_set_upload(struct registry *registry, enum upload_mode mode)
{
    registry->options.upload = registry->upload = mode;
}

bool registry_owns(const struct registry *registry, const char *text)
{
    struct url api, url;
    if (url_parse(registry->api, &api, NULL) < 0)
        return false;
    bool same = false;
    if (url_parse(text, &url, NULL) == 0) {
        same = url_same_origin(&api, &url);
        url_done(&url);
    }
    url_done(&api);
    return same;
}

/* ---- repositories ---- */

static void repository_free(struct store *store)
{
    free(store->name);
    free(store->repository);
    free(repository_of(store));
}

static bool probe_finds(const struct store *store)
{
    const struct registry *registry = store->host;
    return registry->self_probe == OCYNC_YES;
}

static bool can_mount(const struct store *store, const char *from)
{
    return session_may_mount(store->host, store->repository, from);
}

static const struct store_ops repository_ops = {
    .free = repository_free,
    .head = manifest_head,
    .get = manifest_get,
    .put = manifest_put,
    .put_if = manifest_put_if,
    .referrers = referrer_list,
    .tags = tag_list,
    .stat = blob_stat,
    .authorize = blob_authorize,
    .read = blob_read,
    .begin = session_begin,
    .write = session_write,
};

struct store *registry_repository(struct registry *registry, const char *name, bool writes)
{
    const char *prefix = driver_instance_profile(registry->driver)->repository_prefix;
    struct repository *r = xcalloc(1, sizeof(*r));
    bool prefixed = prefix && !strchr(name, '/');
    r->registry = registry;
    r->writes = writes;
    r->store = (struct store){
        .ops = &repository_ops,
        .repository = xasprintf("%s%s", prefixed ? prefix : "", name),
        .host = registry,
        .requests = registry->requests,
        .bodies = registry->bodies,
        .head_first = registry->options.head_first,
        .probe_finds = probe_finds,
        .can_mount = can_mount,
    };
    r->store.name = xasprintf("%s/%s", registry_name(registry), r->store.repository);
    r->store.registry_name = registry_name(registry);
    return &r->store;
}
