/* SPDX-License-Identifier: Apache-2.0 */
/* Repositories loaded from OCI layouts on disk. */
#ifndef REGISTRY_SEED_H
#define REGISTRY_SEED_H

#include <jansson.h>
#include <stdbool.h>

#include "store.h"

/* `seed` is the path of a layout whose ref names are "repository:tag", or an object of
 * repository -> path of a layout whose ref names are tags. On a mistake the caller frees the
 * explanation; what was loaded before it stays. */
bool seed_load(struct store *store, json_t *seed, char **ret_error);

#endif
