/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/pool.h"

#include "base/map.h"
#include "base/str.h"
#include "config/config.h"
#include "registry/mirrored.h"

#include <stdlib.h>
#include <string.h>

/* One registry as opened. */
struct opened {
    const struct config_registry *settings;
    struct registry *registry;
    struct credential credential;
    struct driver_setting *driver_settings; /* strings belong to the configuration */
};

struct pool {
    struct context *ctx;
    struct registry_hooks hooks;
    VEC(struct opened *) opened;
    VEC(struct opened *) mirrors;
    struct map *stores;   /* registry, repository and use -> struct store */
    struct map *mirrored; /* one of these -> the same read through mirrors */
};

struct pool *pool_new(struct context *ctx, struct registry_hooks hooks)
{
    struct pool *pool = xcalloc(1, sizeof(*pool));
    pool->ctx = ctx;
    pool->hooks = hooks;
    pool->stores = map_new();
    pool->mirrored = map_new();
    return pool;
}

static void opened_free(struct opened *o)
{
    registry_free(o->registry);
    credential_done(&o->credential);
    free(o->driver_settings);
    free(o);
}

static void free_store(void *store)
{
    store_free(store);
}

void pool_free(struct pool *pool)
{
    if (!pool)
        return;
    map_free(pool->mirrored, free_store);
    map_free(pool->stores, free_store);
    for (size_t i = 0; i < pool->mirrors.len; i++)
        opened_free(pool->mirrors.items[i]);
    vec_done(&pool->mirrors);
    for (size_t i = 0; i < pool->opened.len; i++)
        opened_free(pool->opened.items[i]);
    vec_done(&pool->opened);
    free(pool);
}

/* ---- are two aliases one registry? ---- */

static bool same_secret(const struct secret *a, const struct secret *b)
{
    return a == b || (a && b && str_eq(secret_reveal(a), secret_reveal(b)));
}

static bool same_list(const struct text_list *a, const struct text_list *b)
{
    if (a->len != b->len)
        return false;
    for (size_t i = 0; i < a->len; i++) {
        if (!str_eq(a->items[i], b->items[i]))
            return false;
    }
    return true;
}

static bool same_identity(const struct config_registry *a, const struct config_registry *b)
{
    return str_eq(a->url, b->url) && a->auth_type == b->auth_type &&
           str_eq(a->credentials.username, b->credentials.username) &&
           same_secret(a->credentials.password, b->credentials.password) &&
           same_secret(a->token, b->token) && str_eq(a->aws_profile, b->aws_profile) &&
           str_eq(a->driver, b->driver) && !a->n_driver_options && !b->n_driver_options;
}

static bool same_transport(const struct config_registry *a, const struct config_registry *b)
{
    return str_eq(a->endpoint, b->endpoint) && same_list(&a->mirrors, &b->mirrors) &&
           same_list(&a->token_hosts, &b->token_hosts) && a->plain_http == b->plain_http &&
           a->insecure == b->insecure && str_eq(a->ca_file, b->ca_file) &&
           str_eq(a->client_cert, b->client_cert) && str_eq(a->client_key, b->client_key) &&
           a->max_concurrent == b->max_concurrent && a->connect_timeout == b->connect_timeout &&
           a->stall_timeout == b->stall_timeout && a->retries == b->retries &&
           a->head_first == b->head_first && a->upload == b->upload &&
           a->http_version == b->http_version;
}

/* ---- opening ---- */

static int empty(const struct config_registry *r, const char *key, struct error *err)
{
    return error_set(err, ERR_CONFIG,
                     "registry %s: %s is empty; is the variable that it comes from set?", r->alias,
                     key);
}

static int read_credential(const struct config_registry *r, struct credential *ret,
                           struct error *err)
{
    const char *secret;
    switch (r->auth_type) {
    case CONFIG_AUTH_BASIC:
        secret = r->credentials.password ? secret_reveal(r->credentials.password) : "";
        if (str_empty(r->credentials.username))
            return empty(r, "credentials.username", err);
        if (!*secret)
            return empty(r, "credentials.password", err);
        return credential_set(ret, r->credentials.username, secret, strlen(secret),
                              "the configuration", err);
    case CONFIG_AUTH_STATIC_TOKEN:
        secret = r->token ? secret_reveal(r->token) : "";
        if (!*secret)
            return empty(r, "token", err);
        return credential_set_bearer(ret, secret, strlen(secret), "the configuration", err);
    default:
        return 0;
    }
}

static struct driver_setting *driver_settings(const struct config_registry *r)
{
    struct driver_setting *settings = xcalloc(r->n_driver_options + 1, sizeof(*settings));
    for (size_t i = 0; i < r->n_driver_options; i++) {
        settings[i].key = r->driver_options[i].key;
        settings[i].value = r->driver_options[i].value;
    }
    return settings;
}

static enum upload_mode upload_mode(int upload)
{
    static const enum upload_mode modes[] = {[CONFIG_UPLOAD_AUTO] = UPLOAD_AUTO,
                                             [CONFIG_UPLOAD_PUT] = UPLOAD_PUT,
                                             [CONFIG_UPLOAD_PATCH] = UPLOAD_PATCH,
                                             [CONFIG_UPLOAD_CHUNK] = UPLOAD_CHUNK};
    return modes[upload];
}

static enum http_version http_version(int version)
{
    static const enum http_version versions[] = {[CONFIG_HTTP_AUTO] = HTTP_VERSION_AUTO,
                                                 [CONFIG_HTTP_1_1] = HTTP_VERSION_1_1,
                                                 [CONFIG_HTTP_2] = HTTP_VERSION_2};
    return versions[version];
}

static struct registry_options options_of(const struct pool *pool, const struct opened *o)
{
    const struct config_registry *r = o->settings;
    bool is_given = r->auth_type == CONFIG_AUTH_ANONYMOUS || r->auth_type == CONFIG_AUTH_BASIC ||
                    r->auth_type == CONFIG_AUTH_STATIC_TOKEN;
    struct registry_options options = {
        .catalogue = pool->ctx->catalogue,
        .driver = r->driver,
        .driver_settings = o->driver_settings,
        .n_driver_settings = r->n_driver_options,
        .credentials = r->auth_type == CONFIG_AUTH_DOCKER_CONFIG ? pool->ctx->docker_credentials
                                                                 : pool->ctx->credentials,
        .credential = is_given ? &o->credential : NULL,
        .token_hosts = (const char *const *)r->token_hosts.items,
        .n_token_hosts = r->token_hosts.len,
        .http = {.ca_file = r->ca_file,
                 .client_cert = r->client_cert,
                 .client_key = r->client_key,
                 .insecure = r->insecure,
                 .connect_ms = r->connect_timeout,
                 .stall_ms = r->stall_timeout,
                 .version = http_version(r->http_version),
                 .resolve = pool->ctx->resolve,
                 .user_agent = OCYNC_USER_AGENT},
        .plain_http = r->plain_http,
        .endpoint = r->endpoint,
        .head_first = r->head_first,
        .upload = upload_mode(r->upload),
        .retry = RETRY_DEFAULTS,
        .max_requests = (int)r->max_concurrent,
        .max_bodies = pool->ctx->globals->jobs,
        .hooks = pool->hooks,
    };
    options.retry.retries = (int)r->retries;
    return options;
}

/* What only drivers that are not there would heed is refused, not passed over. */
static int check_support(const struct config_registry *r, struct error *err)
{
    if (r->aws_profile)
        return error_set(err, ERR_CONFIG,
                         "registry %s: aws_profile needs a driver that knows AWS credentials, and "
                         "there is none",
                         r->alias);
    return 0;
}

static int open_registry(struct pool *pool, const struct config_registry *settings,
                         struct opened **ret, struct error *err)
{
    struct opened *o = xcalloc(1, sizeof(*o));
    o->settings = settings;
    o->driver_settings = driver_settings(settings);
    int result = check_support(settings, err);
    if (result == 0)
        result = read_credential(settings, &o->credential, err);
    if (result == 0) {
        const struct registry_options options = options_of(pool, o);
        result = registry_new(pool->ctx->loop, settings->url, &options, &o->registry, err);
        if (result < 0)
            error_wrap(err, "registry %s", settings->alias);
    }
    if (result < 0)
        opened_free(o);
    else
        *ret = o;
    return result;
}

int pool_registry(struct pool *pool, const struct config_registry *settings, struct registry **ret,
                  struct error *err)
{
    for (size_t i = 0; i < pool->opened.len; i++) {
        const struct config_registry *other = pool->opened.items[i]->settings;
        if (other == settings ||
            (same_identity(other, settings) && same_transport(other, settings))) {
            *ret = pool->opened.items[i]->registry;
            return 0;
        }
    }
    struct opened *o;
    int result = open_registry(pool, settings, &o, err);
    if (result < 0)
        return result;
    vec_add(&pool->opened, o);
    *ret = o->registry;
    return 0;
}

/* A mirror is a host of its own: nothing of the registry's credentials is for it. */
static int mirror_store(struct pool *pool, const char *host, const char *repository,
                        struct store **ret, struct error *err)
{
    _cleanup_free_ char *key = xasprintf("mirror %s %s", host, repository);
    *ret = map_get(pool->stores, key);
    if (*ret)
        return 0;
    struct opened *o = xcalloc(1, sizeof(*o));
    const struct registry_options options = {
        .catalogue = pool->ctx->catalogue,
        .credentials = pool->ctx->credentials,
        .http = {.resolve = pool->ctx->resolve, .user_agent = OCYNC_USER_AGENT},
        .max_bodies = pool->ctx->globals->jobs,
        .hooks = pool->hooks,
    };
    int result = registry_new(pool->ctx->loop, host, &options, &o->registry, err);
    vec_add(&pool->mirrors, o);
    if (result < 0)
        return error_wrap(err, "mirror %s", host);
    *ret = registry_repository(o->registry, repository, false);
    map_put(pool->stores, key, *ret);
    return 0;
}

static int through_mirrors(struct pool *pool, const struct config_registry *settings,
                           struct store *origin, struct store **ret, struct error *err)
{
    _cleanup_free_ char *key = xasprintf("mirrored %p", (void *)origin);
    VEC(struct store *) mirrors = {0};
    int result = 0;
    *ret = map_get(pool->mirrored, key);
    for (size_t i = 0; !*ret && result == 0 && i < settings->mirrors.len; i++) {
        struct store *mirror;
        result = mirror_store(pool, settings->mirrors.items[i], origin->repository, &mirror, err);
        if (result == 0)
            vec_add(&mirrors, mirror);
    }
    if (!*ret && result == 0) {
        *ret = store_mirrored(mirrors.items, mirrors.len, origin);
        map_put(pool->mirrored, key, *ret);
    }
    vec_done(&mirrors);
    return result;
}

int pool_store(struct pool *pool, const struct config_registry *settings, const char *repository,
               bool writes, struct store **ret, struct error *err)
{
    struct registry *registry;
    int result = pool_registry(pool, settings, &registry, err);
    if (result < 0)
        return result;
    _cleanup_free_ char *key =
        xasprintf("%p %c %s", (void *)registry, writes ? 'w' : 'r', repository);
    *ret = map_get(pool->stores, key);
    if (!*ret) {
        *ret = registry_repository(registry, repository, writes);
        map_put(pool->stores, key, *ret);
    }
    return writes || !settings->mirrors.len ? 0 : through_mirrors(pool, settings, *ret, ret, err);
}
