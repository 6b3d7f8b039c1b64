/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that a long run remembers of a blob that is done: 40 bytes and its place in a table of slots.
 * Digests are spread evenly, so their first bytes are the hash. Of a SHA-512 its first half is
 * kept, which is as hard to forge as a SHA-256. One that was removed keeps its place without a
 * store.
 */
#include "pipeline/private.h"

#include <stdlib.h>

#define RAW_BYTES 32

struct fact {
    unsigned char digest[RAW_BYTES];
    struct store *target; /* NULL: removed */
};

struct present {
    VEC(struct fact) facts;
    uint32_t *slots; /* index + 1, 0: free */
    size_t n_slots;  /* a power of two */
};

static unsigned char nibble(char c)
{
    return (unsigned char)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static struct fact fact_of(struct store *target, const struct digest *digest)
{
    struct fact fact = {.target = target};
    const char *hex = digest_hex(digest);
    for (size_t i = 0; i < RAW_BYTES; i++)
        fact.digest[i] = (unsigned char)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
    return fact;
}

static size_t first_slot(const struct present *p, const struct fact *fact)
{
    uint64_t hash;
    memcpy(&hash, fact->digest, sizeof(hash));
    return hash & (p->n_slots - 1);
}

struct present *present_new(void)
{
    struct present *p = xcalloc(1, sizeof(*p));
    p->n_slots = 64;
    p->slots = xcalloc(p->n_slots, sizeof(*p->slots));
    return p;
}

void present_free(struct present *p)
{
    if (!p)
        return;
    vec_done(&p->facts);
    free(p->slots);
    free(p);
}

static void slot_in(struct present *p, size_t index)
{
    size_t i = first_slot(p, &p->facts.items[index]);
    while (p->slots[i])
        i = (i + 1) & (p->n_slots - 1);
    p->slots[i] = (uint32_t)index + 1;
}

static void grow(struct present *p)
{
    p->n_slots *= 2;
    free(p->slots);
    p->slots = xcalloc(p->n_slots, sizeof(*p->slots));
    for (size_t i = 0; i < p->facts.len; i++)
        slot_in(p, i);
}

/* The next fact about that digest, at or after the nth slot of its row; NULL at the end. */
static struct fact *next_fact(const struct present *p, const struct fact *about, size_t *pos)
{
    size_t first = first_slot(p, about);
    uint32_t index;
    while ((index = p->slots[(first + *pos) & (p->n_slots - 1)])) {
        struct fact *fact = &p->facts.items[index - 1];
        ++*pos;
        if (memcmp(fact->digest, about->digest, RAW_BYTES) == 0)
            return fact;
    }
    return NULL;
}

static struct fact *find(const struct present *p, const struct store *target,
                         const struct digest *digest)
{
    struct fact about = fact_of(NULL, digest), *fact;
    size_t pos = 0;
    while ((fact = next_fact(p, &about, &pos))) {
        if (fact->target == target)
            return fact;
    }
    return NULL;
}

void present_add(struct present *p, struct store *target, const struct digest *digest)
{
    if (find(p, target, digest))
        return;
    struct fact *removed = find(p, NULL, digest);
    if (removed) {
        removed->target = target;
        return;
    }
    if ((p->facts.len + 1) * 2 > p->n_slots)
        grow(p);
    vec_add(&p->facts, fact_of(target, digest));
    slot_in(p, p->facts.len - 1);
}

void present_remove(struct present *p, const struct store *target, const struct digest *digest)
{
    struct fact *fact = find(p, target, digest);
    if (fact)
        fact->target = NULL;
}

bool present_has(const struct present *p, const struct store *target, const struct digest *digest)
{
    return find(p, target, digest);
}

struct store *present_next(const struct present *p, const struct digest *digest, size_t *pos)
{
    const struct fact about = fact_of(NULL, digest), *fact;
    while ((fact = next_fact(p, &about, pos))) {
        if (fact->target)
            return fact->target;
    }
    return NULL;
}
