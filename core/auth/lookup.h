/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the credential for a registry. The first source that has one wins: the flags, then
 * $REGISTRY_AUTH_FILE, $DOCKER_AUTH_CONFIG, docker's config.json, then the auth.json of podman
 * and skopeo below $XDG_RUNTIME_DIR and $XDG_CONFIG_HOME.
 */
#pragma once

#include "auth/docker_config.h"
#include "net/task.h"

/* The environment variables that matter, so that tests decide; NULL or "": not set. */
struct credential_env {
    const char *registry_auth_file; /* REGISTRY_AUTH_FILE */
    const char *docker_auth_config; /* DOCKER_AUTH_CONFIG */
    const char *docker_config;      /* DOCKER_CONFIG */
    const char *home;               /* HOME */
    const char *xdg_runtime_dir;    /* XDG_RUNTIME_DIR */
    const char *xdg_config_home;    /* XDG_CONFIG_HOME */
    bool docker_only;               /* of these, only what docker itself reads */
};

struct credential_env credential_env_of_process(void);

/* The files of one run: each is read once, and warned about once when others may read it. */
struct credential_sources;
/* Copies what it needs of `env`. */
struct credential_sources *credential_sources_new(const struct credential_env *env);
void credential_sources_free(struct credential_sources *sources);

struct credential_query {
    struct credential_keys keys;    /* copied */
    const struct credential *given; /* of flag or config: wins, even when anonymous; or NULL */
    const char *auth_file;          /* of a flag; must be readable; may be NULL */
    int64_t helper_timeout_ms;      /* 0: 30 s */
};

/*
 * A task: when done with result 0, credential_lookup_result holds the answer, anonymous when no
 * source has one. Fails with ERR_CONFIG (a file is broken or unreadable, a helper is missing) or
 * ERR_AUTH (a helper failed). `sources` must outlive it.
 */
struct credential_lookup;
struct credential_lookup *credential_lookup_start(struct loop *loop, struct task *parent,
                                                  struct credential_sources *sources,
                                                  const struct credential_query *query);
struct task *credential_lookup_task(struct credential_lookup *lookup);
/* Is it the credential of the whole host: given, or a helper's, which knows no repositories? */
bool credential_lookup_is_for_host(const struct credential_lookup *lookup);
/* Owned by the lookup. */
const struct credential *credential_lookup_result(const struct credential_lookup *lookup);
