/* SPDX-License-Identifier: Apache-2.0 */
/* A hash map from strings to pointers. Keys are copied; values belong to the caller. */
#pragma once

#include <stddef.h>

struct map;

struct map *map_new(void);
/* `free_value` (may be NULL) is called for every value left. */
void map_free(struct map *m, void (*free_value)(void *));
void *map_get(const struct map *m, const char *key);
/* Puts or replaces; returns the value that was there before, or NULL. */
void *map_put(struct map *m, const char *key, void *value);
/* Returns the value taken out, or NULL. */
void *map_remove(struct map *m, const char *key);
size_t map_size(const struct map *m);
/*
 * Walks in order of insertion: start with *pos = 0; returns NULL at the end. The map must not
 * change meanwhile.
 */
const char *map_next(const struct map *m, size_t *pos, void **ret_value);
