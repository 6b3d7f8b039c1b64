/* SPDX-License-Identifier: Apache-2.0 */
/* A sorted array of text keys, each with a value: small, ordered (tag lists want byte order) and
 * quick enough for the thousands of entries a test makes. */
#ifndef REGISTRY_MAP_H
#define REGISTRY_MAP_H

#include <stdbool.h>
#include <stddef.h>

struct map_entry {
    char *key;
    void *value;
};

struct map {
    struct map_entry *entries; /* in strcmp order */
    size_t count;
    size_t cap;
    void (*free_value)(void *value);
};

void map_init(struct map *map, void (*free_value)(void *value));
void map_done(struct map *map);
/* NULL if there is none. */
void *map_get(const struct map *map, const char *key);
/* Takes `value`; frees the one it replaces. */
void map_set(struct map *map, const char *key, void *value);
bool map_remove(struct map *map, const char *key);
/* Index of the first entry whose key is greater than `key`. */
size_t map_after(const struct map *map, const char *key);

#endif
