/* SPDX-License-Identifier: Apache-2.0 */
/* registries and plugins: who is spoken to, and how. */
#include "base/str.h"
#include "config/custom.h"
#include "config/subst.h"
#include "config/values.h"

#include <strings.h>

void read_registries(struct read *r, const struct key *key, struct node *node, void *at)
{
    (void)at;
    if (!read_expects(r, node, NODE_MAP, "a map from names to registries"))
        return;
    for (size_t i = 0; i < node->items.len; i++) {
        struct node *child = node->items.items[i];
        struct config_registry *registry = arena_alloc(r->arena, sizeof(*registry));
        struct error err = ERROR_INIT;
        registry->alias = arena_strdup(r->arena, child->key);
        vec_add(&r->config->registries, registry);
        if (value_check_name(child->key, &err) < 0)
            problem_at_key(r->problems, child, "registries: %s; got \"%s\"", err.text, child->key);
        size_t mark = read_enter(r, ".%s", child->key);
        if (node_is_null(child))
            read_complain(r, child, "expected a map with at least url");
        else
            read_section(r, key->section, child, registry);
        read_leave(r, mark);
    }
}

void read_driver_options(struct read *r, const struct key *key, struct node *node, void *at)
{
    struct config_registry *registry = (struct config_registry *)(void *)((char *)at - key->offset);
    if (!read_expects(r, node, NODE_MAP, "a map from the driver's options to their values"))
        return;
    registry->driver_options =
        arena_alloc(r->arena, (node->items.len + 1) * sizeof(*registry->driver_options));
    for (size_t i = 0; i < node->items.len; i++) {
        struct node *child = node->items.items[i];
        size_t mark = read_enter(r, ".%s", child->key);
        child->is_secret |= name_looks_secret(child->key);
        if (!node_is_null(child) && read_expects(r, child, NODE_SCALAR, "a single value"))
            registry->driver_options[registry->n_driver_options++] = (struct config_setting){
                arena_strdup(r->arena, child->key), arena_strdup(r->arena, child->text)};
        read_leave(r, mark);
    }
}

void check_plugins(struct read *r, struct node *node, void *values)
{
    const struct config_plugins *plugins = values;
    if (plugins->dirs.len && !plugins->lock)
        read_complain(r, node_get(node, "dirs"),
                      "drivers are code, and a configuration file may name folders of them only "
                      "together with plugins.lock; write it with: ocync plugin lock");
}

/* ---- rules of one registry ---- */

/* HOST[:PORT] of the url, which stays as it is when it was wrong. */
static void host_of(struct read *r, struct node *node, bool plain_http, char **url)
{
    if (!*url || !node)
        return;
    if (!plain_http && strncasecmp(*url, "http://", 7) == 0)
        read_complain(r, node,
                      "TLS is never left out by a scheme; expected a host without one, "
                      "and plain_http: true where TLS is not spoken");
    if (plain_http && strncasecmp(*url, "https://", 8) == 0)
        read_complain(r, node, "https:// contradicts plain_http: true; keep one of them");
    _cleanup_free_ char *host = value_host_of_url(*url);
    *url = arena_strdup(r->arena, host);
}

static void check_hosts(struct read *r, struct node *node, struct config_registry *c)
{
    struct node *mirrors = node_get(node, "mirrors");
    host_of(r, node_get(node, "url"), c->plain_http, &c->url);
    host_of(r, node_get(node, "endpoint"), c->plain_http, &c->endpoint);
    for (size_t i = 0; i < c->mirrors.len; i++) {
        bool aligned = mirrors->kind == NODE_LIST && mirrors->items.len == c->mirrors.len;
        host_of(r, aligned ? mirrors->items.items[i] : mirrors, c->plain_http,
                &c->mirrors.items[i]);
    }
}

static void check_tls(struct read *r, struct node *node, const struct config_registry *c)
{
    static const char *const files[] = {"ca_file", "client_cert", "client_key"};
    if (c->plain_http && c->insecure)
        read_complain(r, node_get(node, "insecure"),
                      "insecure and plain_http exclude each other: without TLS there is no "
                      "certificate to look at");
    for (size_t i = 0; c->plain_http && i < ARRAY_LEN(files); i++) {
        struct node *child = node_get(node, files[i]);
        if (!node_is_null(child))
            read_complain(r, child, "%s says nothing with plain_http: true; remove one of them",
                          files[i]);
    }
    if (c->insecure && c->ca_file)
        read_complain(r, node_get(node, "ca_file"),
                      "ca_file says nothing with insecure: true; remove one of them");
    if (c->client_key && !c->client_cert)
        read_complain(r, node_get(node, "client_key"), "client_key needs client_cert too");
}

/* Words of auth_type that a driver stands behind: none of them is part of ocync itself. */
static const char *driver_of(int word)
{
    switch (word) {
    case AUTH_WORD_ECR:
        return "ecr";
    case AUTH_WORD_GAR:
        return "gar";
    case AUTH_WORD_GCR:
        return "gcr";
    case AUTH_WORD_ACR:
        return "acr";
    default:
        return NULL;
    }
}

static void warn_about_ghcr(struct read *r, const struct node *node)
{
    for (size_t i = 0; i < r->problems->warnings.len; i++) {
        if (strstr(r->problems->warnings.items[i].text, "auth_type: ghcr"))
            return;
    }
    warning_at(r->problems, node,
               "auth_type: ghcr is deprecated and means docker_config; write "
               "docker_config, or static_token with a token");
}

static void check_auth_type(struct read *r, struct node *node, struct config_registry *c)
{
    struct node *type = node_get(node, "auth_type");
    const char *driver = driver_of(c->auth_type);
    if (driver)
        read_complain(r, type,
                      "auth_type: %s needs the driver \"%s\", which this ocync does not "
                      "have; see: ocync plugin list",
                      driver, driver);
    if (c->auth_type == AUTH_WORD_GHCR)
        warn_about_ghcr(r, type);
    if (c->auth_type == AUTH_WORD_GHCR)
        c->auth_type = CONFIG_AUTH_DOCKER_CONFIG;
    else if (c->auth_type == AUTH_WORD_TOKEN)
        c->auth_type = CONFIG_AUTH_STATIC_TOKEN;
    else if (c->auth_type == CONFIG_AUTH_AUTO && c->token)
        c->auth_type = CONFIG_AUTH_STATIC_TOKEN;
    else if (c->auth_type == CONFIG_AUTH_AUTO && c->credentials.password)
        c->auth_type = CONFIG_AUTH_BASIC;
}

/* What is given and what auth_type asks for must be the same. */
static void check_auth(struct read *r, struct node *node, struct config_registry *c)
{
    struct node *type = node_get(node, "auth_type");
    struct node *credentials = node_get(node, "credentials"), *token = node_get(node, "token");
    struct node *profile = node_get(node, "aws_profile");
    bool basic = !node_is_null(credentials), bearer = !node_is_null(token);
    if (!node_is_null(profile) && c->auth_type != AUTH_WORD_ECR)
        read_complain(r, profile, "aws_profile needs auth_type: ecr");
    check_auth_type(r, node, c);
    if (basic && bearer)
        read_complain(r, token, "credentials and token exclude each other; keep one");
    else if (c->auth_type == CONFIG_AUTH_BASIC && !basic)
        read_complain(r, type, "auth_type: basic needs credentials with username and password");
    else if (c->auth_type == CONFIG_AUTH_STATIC_TOKEN && !bearer)
        read_complain(r, type, "auth_type: %s needs token", type->text);
    else if (c->auth_type == CONFIG_AUTH_AUTO || driver_of(c->auth_type))
        return;
    else if (basic && c->auth_type != CONFIG_AUTH_BASIC)
        read_complain(r, credentials,
                      "credentials are not used with auth_type: %s; write basic, or remove them",
                      type->text);
    else if (bearer && c->auth_type != CONFIG_AUTH_STATIC_TOKEN)
        read_complain(r, token,
                      "token is not used with auth_type: %s; write static_token, or remove it",
                      type->text);
}

void check_registry(struct read *r, struct node *node, void *values)
{
    struct config_registry *registry = values;
    check_hosts(r, node, registry);
    check_tls(r, node, registry);
    check_auth(r, node, registry);
}
