/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries lie in a vector in order of insertion; a table of slots with linear probing holds
 * their indices. A removed entry keeps its place with a NULL key until the next rebuild.
 */
#include "base/map.h"

#include "base/alloc.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

struct entry {
    char *key; /* NULL: removed */
    void *value;
    uint64_t hash;
};

struct map {
    VEC(struct entry) entries;
    uint32_t *slots; /* index + 1, 0: free */
    size_t n_slots;  /* a power of two */
    size_t size;
};

/* FNV-1a: keys that peers choose can only slow a run down, and their number is bounded. */
static uint64_t hash_of(const char *key)
{
    uint64_t hash = 14695981039346656037u;
    for (const unsigned char *p = (const unsigned char *)key; *p; p++)
        hash = (hash ^ *p) * 1099511628211u;
    return hash;
}

struct map *map_new(void)
{
    struct map *m = xcalloc(1, sizeof(*m));
    m->n_slots = 16;
    m->slots = xcalloc(m->n_slots, sizeof(*m->slots));
    return m;
}

void map_free(struct map *m, void (*free_value)(void *))
{
    if (!m)
        return;
    for (size_t i = 0; i < m->entries.len; i++) {
        struct entry *e = &m->entries.items[i];
        if (e->key && free_value)
            free_value(e->value);
        free(e->key);
    }
    vec_done(&m->entries);
    free(m->slots);
    free(m);
}

static struct entry *find(const struct map *m, const char *key, uint64_t hash)
{
    for (size_t i = hash & (m->n_slots - 1); m->slots[i]; i = (i + 1) & (m->n_slots - 1)) {
        struct entry *e = &m->entries.items[m->slots[i] - 1];
        if (e->key && e->hash == hash && strcmp(e->key, key) == 0)
            return e;
    }
    return NULL;
}

static void slot_in(struct map *m, uint32_t index)
{
    size_t i = m->entries.items[index].hash & (m->n_slots - 1);
    while (m->slots[i])
        i = (i + 1) & (m->n_slots - 1);
    m->slots[i] = index + 1;
}

/* Drops removed entries and makes the table large enough for one more. */
static void rebuild(struct map *m)
{
    size_t kept = 0;
    for (size_t i = 0; i < m->entries.len; i++) {
        if (m->entries.items[i].key)
            m->entries.items[kept++] = m->entries.items[i];
    }
    m->entries.len = kept;
    while ((kept + 1) * 4 > m->n_slots)
        m->n_slots *= 2;
    free(m->slots);
    m->slots = xcalloc(m->n_slots, sizeof(*m->slots));
    for (size_t i = 0; i < kept; i++)
        slot_in(m, (uint32_t)i);
}

void *map_get(const struct map *m, const char *key)
{
    const struct entry *e = find(m, key, hash_of(key));
    return e ? e->value : NULL;
}

void *map_put(struct map *m, const char *key, void *value)
{
    uint64_t hash = hash_of(key);
    struct entry *e = find(m, key, hash);
    if (e) {
        void *old = e->value;
        e->value = value;
        return old;
    }
    if ((m->entries.len + 1) * 2 > m->n_slots)
        rebuild(m);
    vec_add(&m->entries, (struct entry){.key = xstrdup(key), .value = value, .hash = hash});
    slot_in(m, (uint32_t)m->entries.len - 1);
    m->size++;
    return NULL;
}

void *map_remove(struct map *m, const char *key)
{
    struct entry *e = find(m, key, hash_of(key));
    if (!e)
        return NULL;
    free(take_ptr(&e->key));
    m->size--;
    return take_ptr(&e->value);
}

size_t map_size(const struct map *m)
{
    return m->size;
}

const char *map_next(const struct map *m, size_t *pos, void **ret_value)
{
    while (*pos < m->entries.len) {
        const struct entry *e = &m->entries.items[(*pos)++];
        if (!e->key)
            continue;
        if (ret_value)
            *ret_value = e->value;
        return e->key;
    }
    return NULL;
}
