/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index.json in memory. Entries and keys that are not ours stay as they are; an entry that makes
 * no sense disturbs only who asks for it.
 */
#pragma once

#include "oci/json.h"
#include "oci/manifest.h"

#define INDEX_REF_NAME "org.opencontainers.image.ref.name"

/* What one entry says; the strings belong to the index. */
struct index_entry {
    struct digest digest;
    int64_t size;
    const char *media_type; /* NULL: not said */
};

json_t *index_new(void);
/* The shape that everything below relies on. ERR_PROTOCOL; `what` names the document. */
int index_check(const json_t *index, const char *what, struct error *err);

/*
 * The entry with that name; else the only one whose name ends in that tag ("host/repo:TAG").
 * ERR_NOT_FOUND lists what is there; ERR_PROTOCOL: ambiguous, or no sound entry.
 */
int index_find(const json_t *index, const char *name, const char *what, struct index_entry *ret,
               struct error *err);
/* Any entry with that digest. */
bool index_find_digest(const json_t *index, const struct digest *digest, struct index_entry *ret);
/* See layout_default_reference. */
int index_default(const json_t *index, const char *what, char **ret, struct error *err);
/* Every name once: the tag in it where that is enough to find the entry, else the whole name. */
void index_each_tag(const json_t *index, void (*tag)(void *arg, const char *tag), void *arg);

/* Both say whether anything had to change. */
bool index_set_tag(json_t *index, const char *tag, const struct manifest *manifest);
bool index_add_root(json_t *index, const struct manifest *manifest);
