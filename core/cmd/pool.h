/* SPDX-License-Identifier: Apache-2.0 */
/* The registries of a configuration, each opened once, and stores of their repositories. */
#pragma once

#include "cmd/command.h"
#include "config/config.h"
#include "oci/store.h"
#include "registry/registry.h"

struct pool;
struct pool *pool_new(struct context *ctx, struct registry_hooks hooks);
/* Operations on its stores must be gone. NULL is fine. */
void pool_free(struct pool *pool);

/* Aliases of one host with equal settings are one registry. Errors name the alias. */
int pool_registry(struct pool *pool, const struct config_registry *settings, struct registry **ret,
                  struct error *err);
/* The same store for the same question; it belongs to the pool. */
int pool_store(struct pool *pool, const struct config_registry *settings, const char *repository,
               bool writes, struct store **ret, struct error *err);
