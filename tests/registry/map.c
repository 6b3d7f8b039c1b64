/* SPDX-License-Identifier: Apache-2.0 */
/* A sorted array of text keys, each with a value. */
#include "map.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"

void map_init(struct map *map, void (*free_value)(void *value))
{
    *map = (struct map){.free_value = free_value};
}

void map_done(struct map *map)
{
    for (size_t i = 0; i < map->count; i++) {
        map->free_value(map->entries[i].value);
        free(map->entries[i].key);
    }
    free(map->entries);
    map->entries = NULL;
    map->count = map->cap = 0;
}

/* Index of the first entry which is not smaller than `key`. */
static size_t lower_bound(const struct map *map, const char *key)
{
    size_t low = 0, high = map->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(map->entries[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct map *map, size_t index, const char *key)
{
    return index < map->count && strcmp(map->entries[index].key, key) == 0;
}

void *map_get(const struct map *map, const char *key)
{
    size_t index = lower_bound(map, key);

    return is_at(map, index, key) ? map->entries[index].value : NULL;
}

static void insert(struct map *map, size_t index, const char *key, void *value)
{
    if (map->count == map->cap) {
        map->cap = map->cap * 2 + 8;
        map->entries = xrealloc(map->entries, map->cap * sizeof(*map->entries));
    }
    memmove(map->entries + index + 1, map->entries + index,
            (map->count - index) * sizeof(*map->entries));
    map->entries[index] = (struct map_entry){.key = xstrdup(key), .value = value};
    map->count++;
}

void map_set(struct map *map, const char *key, void *value)
{
    size_t index = lower_bound(map, key);

    if (!is_at(map, index, key)) {
        insert(map, index, key, value);
        return;
    }
    map->free_value(map->entries[index].value);
    map->entries[index].value = value;
}

bool map_remove(struct map *map, const char *key)
{
    size_t index = lower_bound(map, key);

    if (!is_at(map, index, key))
        return false;
    map->free_value(map->entries[index].value);
    free(map->entries[index].key);
    map->count--;
    memmove(map->entries + index, map->entries + index + 1,
            (map->count - index) * sizeof(*map->entries));
    return true;
}

size_t map_after(const struct map *map, const char *key)
{
    size_t index = lower_bound(map, key);

    return is_at(map, index, key) ? index + 1 : index;
}
