/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docker's config.json and the auth.json of podman and skopeo, which share a format. Errors name
 * the file and the place in it, never its content.
 */
#pragma once

#include "auth/credential.h"

#define DOCKER_CONFIG_MAX ((size_t)1024 * 1024)

/* What a credential is looked up by. */
struct credential_keys {
    const char *host;        /* "ghcr.io", "registry.example:5000" */
    const char *repository;  /* for keys like "quay.io/org"; NULL: only whole hosts */
    const char *const *more; /* tried after `host`: "https://index.docker.io/v1/" */
    size_t n_more;
};

struct docker_config;

/* `origin` names the text in errors and in the credentials found. ERR_CONFIG. */
int docker_config_parse(const char *text, size_t len, const char *origin,
                        struct docker_config **ret, struct error *err);
void docker_config_free(struct docker_config *config);
/* Does it hold passwords or tokens? */
bool docker_config_has_secrets(const struct docker_config *config);
/*
 * The helper to ask before looking further: of credHelpers, else credsStore; NULL: none.
 * *ret_server is what to ask it for.
 */
const char *docker_config_helper(const struct docker_config *config,
                                 const struct credential_keys *keys, const char **ret_server);
/* The credential written in the file itself. 1: found, 0: none, ERR_CONFIG: the entry is broken. */
int docker_config_find(const struct docker_config *config, const struct credential_keys *keys,
                       struct credential *ret, struct error *err);

DEFINE_CLEANUP(struct docker_config *, docker_config_free)
