/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/endpoint.h"

#include "auth/credential_file.h"
#include "base/str.h"
#include "layout/layout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENDPOINT_NAME_MAX 4200

const struct option net_table[] = {
    {"token-host", 0, "HOST", OPTION_LIST, offsetof(struct net_options, token_hosts),
     "credentials may go to this host for tokens (repeatable)"},
    {"connect-timeout", 0, "TIME", OPTION_DURATION, offsetof(struct net_options, connect_ms),
     "give up connecting after TIME (default 15s)"},
    {"stall-timeout", 0, "TIME", OPTION_DURATION, offsetof(struct net_options, stall_ms),
     "give up a transfer under 1 KiB/s for TIME (default 60s)"},
    {"retries", 0, "N", OPTION_INT, offsetof(struct net_options, retries),
     "tries after the first (default 5)"},
    {0},
};

/* The same options for every side, under another prefix. */
// clang-format off
#define SIDE(prefix, name, arg, type, field, help)                                                 \
    {prefix name, 0, arg, type, offsetof(struct side_options, field), help}
#define SIDE_OPTIONS(p)                                                                            \
    SIDE(p, "ca-file", "FILE", OPTION_STRING, ca_file,                                             \
         "trust the certificates in FILE, instead of the system's"),                               \
    SIDE(p, "client-cert", "FILE", OPTION_STRING, client_cert, "client certificate (PEM)"),        \
    SIDE(p, "client-key", "FILE", OPTION_STRING, client_key, "key of the client certificate"),     \
    SIDE(p, "insecure", NULL, OPTION_FLAG, insecure, "do not verify TLS certificates"),            \
    SIDE(p, "plain-http", NULL, OPTION_FLAG, plain_http, "speak HTTP without TLS"),                \
    SIDE(p, "authfile", "FILE", OPTION_STRING, auth_file,                                          \
         "credentials: a docker config or containers auth file"),                                  \
    SIDE(p, "creds-file", "FILE", OPTION_STRING, creds_file,                                       \
         "credentials: user:password or a token (- is standard input)"),                           \
    SIDE(p, "driver", "NAME", OPTION_STRING, driver, "use this driver, whatever the host"),        \
    SIDE(p, "driver-option", "KEY=VALUE", OPTION_LIST, driver_options,                             \
         "set an option of the driver (repeatable)")
// clang-format on

const struct option side_table[] = {SIDE_OPTIONS(""), {0}};
const struct option source_table[] = {SIDE_OPTIONS("src-"), {0}};
const struct option target_table[] = {
    SIDE_OPTIONS("dest-"),
    {"upload", 0, "WAY", OPTION_STRING, offsetof(struct side_options, upload),
     "send blobs by put, patch or chunk (default auto)"},
    {0},
};

static int parse_upload(const char *text, enum upload_mode *ret, struct error *err)
{
    static const char *const words[] = {[UPLOAD_AUTO] = "auto",
                                        [UPLOAD_PUT] = "put",
                                        [UPLOAD_PATCH] = "patch",
                                        [UPLOAD_CHUNK] = "chunk"};
    *ret = UPLOAD_AUTO;
    for (size_t i = 0; text && i < sizeof(words) / sizeof(words[0]); i++) {
        if (str_eq(text, words[i])) {
            *ret = (enum upload_mode)i;
            return 0;
        }
    }
    if (!text)
        return 0;
    return error_set(err, ERR_USAGE, "--upload %s: expected auto, put, patch or chunk", text);
}

static int parse_settings(const struct side_options *side, struct endpoint *e, struct error *err)
{
    e->settings = xcalloc(side->driver_options.list.len + 1, sizeof(*e->settings));
    for (size_t i = 0; i < side->driver_options.list.len; i++) {
        const char *text = side->driver_options.list.items[i];
        const char *equals = strchr(text, '=');
        if (!equals || equals == text)
            return error_set(err, ERR_USAGE, "driver option %s: expected KEY=VALUE", text);
        e->settings[i].key = xstrndup(text, (size_t)(equals - text));
        e->settings[i].value = equals + 1;
    }
    return 0;
}

static struct registry_options
registry_options_of(struct context *ctx, const struct endpoint_request *r, const struct endpoint *e)
{
    struct registry_options o = {
        .catalogue = ctx->catalogue,
        .driver = r->side->driver,
        .driver_settings = e->settings,
        .n_driver_settings = r->side->driver_options.list.len,
        .credentials = ctx->credentials,
        .credential = r->side->creds_file ? &e->credential : NULL,
        .auth_file = r->side->auth_file,
        .token_hosts = r->net->token_hosts.list.items,
        .n_token_hosts = r->net->token_hosts.list.len,
        .http = {.ca_file = r->side->ca_file,
                 .client_cert = r->side->client_cert,
                 .client_key = r->side->client_key,
                 .insecure = r->side->insecure,
                 .connect_ms = r->net->connect_ms,
                 .stall_ms = r->net->stall_ms,
                 .resolve = ctx->resolve,
                 .user_agent = OCYNC_USER_AGENT},
        .plain_http = r->side->plain_http,
        .retry = RETRY_DEFAULTS,
        .max_bodies = ctx->globals->jobs,
        .hooks = r->hooks,
    };
    o.retry.retries = r->net->retries;
    return o;
}

static bool same_side(const struct side_options *a, const struct side_options *b)
{
    return str_eq(a->ca_file, b->ca_file) && str_eq(a->client_cert, b->client_cert) &&
           str_eq(a->client_key, b->client_key) && str_eq(a->auth_file, b->auth_file) &&
           str_eq(a->creds_file, b->creds_file) && str_eq(a->driver, b->driver) &&
           a->insecure == b->insecure && a->plain_http == b->plain_http &&
           a->driver_options.list.len == 0 && b->driver_options.list.len == 0;
}

/* A file that was named must be there, whether the registry wants credentials or not. */
static int check_auth_file(const char *what, const char *path, struct error *err)
{
    if (!path || !*path || access(path, R_OK) == 0)
        return 0;
    return error_set(err, ERR_CONFIG, "%s %s: %s", what, path, strerror(errno));
}

static int open_registry(struct context *ctx, const struct endpoint_request *r, struct endpoint *e,
                         struct error *err)
{
    enum upload_mode upload;
    int result = parse_upload(r->side->upload, &upload, err);
    if (result == 0)
        result = parse_settings(r->side, e, err);
    if (result == 0)
        result = check_auth_file("auth file", r->side->auth_file, err);
    if (result == 0)
        result = check_auth_file("REGISTRY_AUTH_FILE", getenv("REGISTRY_AUTH_FILE"), err);
    if (result < 0)
        return result;
    struct registry_options options = registry_options_of(ctx, r, e);
    options.upload = upload;
    result = registry_new(ctx->loop, e->ref.host, &options, &e->registry, err);
    if (result < 0)
        return result;
    const struct endpoint *other = r->share;
    if (other && other->registry && same_side(r->side, r->share_side) &&
        str_eq(registry_name(other->registry), registry_name(e->registry))) {
        registry_free(e->registry);
        e->registry = other->registry;
        e->shares_registry = true;
        if (upload)
            registry_set_upload(e->registry, upload);
    } else if (r->side->creds_file) {
        result = credential_file_read(r->side->creds_file, &e->credential, err);
    }
    e->store = registry_repository(e->registry, e->ref.repository, r->use == ENDPOINT_WRITE);
    return result;
}

static int open_layout(struct context *ctx, const struct endpoint_request *r, struct endpoint *e,
                       struct error *err)
{
    enum layout_mode mode = r->use == ENDPOINT_WRITE ? LAYOUT_WRITE : LAYOUT_READ;
    int result = layout_open(ctx->loop, e->ref.path, mode, ctx->globals->jobs, &e->store, err);
    if (result < 0 || e->reference || r->use != ENDPOINT_READ)
        return result;
    return layout_default_reference(e->store, &e->reference, err);
}

int endpoint_open(struct context *ctx, const struct endpoint_request *r, struct endpoint *ret,
                  struct error *err)
{
    struct endpoint e = {0};
    int result = ref_parse(r->text, &e.ref, err);
    if (result < 0)
        return result;
    if (digest_is_set(&e.ref.digest))
        e.reference = xstrdup(e.ref.digest.text);
    else if (e.ref.tag)
        e.reference = xstrdup(e.ref.tag);
    else if (e.ref.kind == REF_REGISTRY && r->use == ENDPOINT_READ)
        e.reference = xstrdup("latest");
    *ret = e;
    result =
        e.ref.kind == REF_LAYOUT ? open_layout(ctx, r, ret, err) : open_registry(ctx, r, ret, err);
    if (result < 0)
        endpoint_done(ret);
    return result;
}

void endpoint_done(struct endpoint *e)
{
    store_free(e->store);
    if (!e->shares_registry)
        registry_free(e->registry);
    credential_done(&e->credential);
    for (size_t i = 0; e->settings && e->settings[i].key; i++)
        free((char *)(uintptr_t)e->settings[i].key);
    free(e->settings);
    free(e->reference);
    ref_done(&e->ref);
    *e = (struct endpoint){0};
}

char *endpoint_text(const struct endpoint *e, const char *reference)
{
    char name[ENDPOINT_NAME_MAX]; /* the path of a layout may hold any byte */
    str_escape(e->store->name, name, sizeof(name));
    if (!reference)
        return xstrdup(name);
    char separator = strchr(reference, ':') ? '@' : ':';
    return xasprintf("%s%c%s", name, separator, reference);
}
