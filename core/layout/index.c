/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index is kept as the JSON tree that was read, and only the entry of our own tag is touched:
 * whatever others wrote, keys that we never heard of included, survives.
 */
#include "layout/index.h"

#include "base/map.h"
#include "base/str.h"
#include "oci/ref.h"

#include <string.h>

#define LISTED_MAX 10

json_t *index_new(void)
{
    return json_pack("{s:i, s:s, s:[]}", "schemaVersion", 2, "mediaType",
                     "application/vnd.oci.image.index.v1+json", "manifests");
}

int index_check(const json_t *index, const char *what, struct error *err)
{
    const json_t *entries = json_object_get(index, "manifests"), *entry;
    size_t i;
    if (json_integer_value(json_object_get(index, "schemaVersion")) != 2)
        return error_set(err, ERR_PROTOCOL, "%s: schemaVersion 2 was expected", what);
    if (!json_is_array(entries))
        return error_set(err, ERR_PROTOCOL, "%s: an array `manifests` was expected", what);
    json_array_foreach(entries, i, entry)
    {
        if (!json_is_object(entry))
            return error_set(err, ERR_PROTOCOL, "%s: entry %zu of `manifests` is no object", what,
                             i);
    }
    return 0;
}

/* ---- one entry ---- */

static const char *name_of(const json_t *entry)
{
    const json_t *annotations = json_object_get(entry, "annotations");
    return annotations ? json_member_string(annotations, INDEX_REF_NAME) : NULL;
}

#define TAG_MAX 129 /* with its NUL */

/* "v1" in "v1", "host:5000/repo:v1" and "repo:v1@sha256:..."; false: nothing there is a tag. */
static bool tag_part(const char *name, char out[TAG_MAX])
{
    _cleanup_free_ char *whole = xstrndup(name, strcspn(name, "@"));
    const char *slash = strrchr(whole, '/');
    const char *last = slash ? slash + 1 : whole;
    const char *colon = strchr(last, ':');
    if (slash && !colon)
        return false;
    const char *tag = colon ? colon + 1 : last;
    if (!tag_is_valid(tag))
        return false;
    memcpy(out, tag, strlen(tag) + 1);
    return true;
}

static bool has_tag(const json_t *entry, const char *tag)
{
    char part[TAG_MAX];
    const char *name = name_of(entry);
    return name && tag_part(name, part) && str_eq(part, tag);
}

static int read_entry(const json_t *entry, const char *what, struct index_entry *ret,
                      struct error *err)
{
    struct index_entry found = {.media_type = json_member_string(entry, "mediaType")};
    const json_t *size = json_object_get(entry, "size");
    const char *text = json_member_string(entry, "digest");
    if (!text || !json_is_integer(size) || json_integer_value(size) < 0)
        return error_set(err, ERR_PROTOCOL, "%s: an entry of index.json lacks a digest or size",
                         what);
    int r = digest_parse(text, &found.digest, err);
    if (r < 0) {
        error_wrap(err, "%s: index.json", what);
        return r;
    }
    found.size = json_integer_value(size);
    *ret = found;
    return 0;
}

/* ---- looking for one ---- */

/* The names, or digests where there are none, for a sentence. */
static void list_entries(const json_t *entries, struct error *err)
{
    const json_t *entry;
    size_t i, n = json_array_size(entries);
    json_array_foreach(entries, i, entry)
    {
        if (i == LISTED_MAX)
            break;
        const char *name = name_of(entry), *digest = json_member_string(entry, "digest");
        error_append(err, "%s%s", i ? ", " : "", name ? name : digest ? digest : "?");
    }
    if (n > LISTED_MAX)
        error_append(err, " and %zu more", n - LISTED_MAX);
}

static bool is_named(const json_t *entry, const char *name)
{
    return str_eq(name_of(entry), name);
}

/* The only entry of that kind: 1; none: 0; ERR_PROTOCOL when they name different manifests. */
static int find_only(const json_t *entries, bool (*matches)(const json_t *, const char *),
                     const char *name, const char *what, const json_t **ret, struct error *err)
{
    const json_t *entry, *found = NULL;
    size_t i;
    json_array_foreach(entries, i, entry)
    {
        if (!matches(entry, name))
            continue;
        if (found &&
            !json_equal(json_object_get(found, "digest"), json_object_get(entry, "digest")))
            return error_set(err, ERR_PROTOCOL,
                             "%s has several manifests named %s: name one by its digest", what,
                             name);
        if (!found)
            found = entry;
    }
    *ret = found;
    return found ? 1 : 0;
}

int index_find(const json_t *index, const char *name, const char *what, struct index_entry *ret,
               struct error *err)
{
    const json_t *entries = json_object_get(index, "manifests"), *entry;
    int r = find_only(entries, is_named, name, what, &entry, err);
    if (r == 0)
        r = find_only(entries, has_tag, name, what, &entry, err);
    if (r > 0)
        return read_entry(entry, what, ret, err);
    if (r < 0)
        return r;
    error_set(err, ERR_NOT_FOUND, "%s has no tag %s; ", what, name);
    error_append(err, json_array_size(entries) ? "it has " : "it is empty");
    list_entries(entries, err);
    return ERR_NOT_FOUND;
}

bool index_find_digest(const json_t *index, const struct digest *digest, struct index_entry *ret)
{
    const json_t *entry;
    size_t i;
    json_array_foreach(json_object_get(index, "manifests"), i, entry)
    {
        if (str_eq(json_member_string(entry, "digest"), digest->text) &&
            read_entry(entry, "", ret, NULL) == 0)
            return true;
    }
    return false;
}

int index_default(const json_t *index, const char *what, char **ret, struct error *err)
{
    const json_t *entries = json_object_get(index, "manifests");
    size_t n = json_array_size(entries);
    if (n == 0)
        return error_set(err, ERR_NOT_FOUND, "%s is empty: there is nothing to read", what);
    if (n > 1) {
        error_set(err, ERR_USAGE, "%s holds several images, name one (%s:TAG): ", what, what);
        list_entries(entries, err);
        return ERR_USAGE;
    }
    char part[TAG_MAX];
    struct index_entry only;
    const json_t *entry = json_array_get(entries, 0);
    const char *name = name_of(entry);
    int r = read_entry(entry, what, &only, err);
    if (r == 0)
        *ret = xstrdup(name && tag_part(name, part) ? part : only.digest.text);
    return r;
}

/* Tag part to the digest that all entries with that part share, or to `ambiguous`. */
static struct map *collect_tag_parts(const json_t *entries, void *ambiguous)
{
    struct map *parts = map_new();
    const json_t *entry;
    size_t i;
    json_array_foreach(entries, i, entry)
    {
        char part[TAG_MAX];
        const char *name = name_of(entry);
        if (!name || !tag_part(name, part))
            continue;
        json_t *digest = json_object_get(entry, "digest");
        void *other = map_put(parts, part, digest ? digest : ambiguous);
        if (other && (other == ambiguous || !json_equal(other, digest)))
            map_put(parts, part, ambiguous);
    }
    return parts;
}

void index_each_tag(const json_t *index, void (*tag)(void *arg, const char *tag), void *arg)
{
    static char ambiguous, shown_before;
    const json_t *entries = json_object_get(index, "manifests"), *entry;
    struct map *parts = collect_tag_parts(entries, &ambiguous), *seen = map_new();
    size_t i;
    json_array_foreach(entries, i, entry)
    {
        char part[TAG_MAX];
        const char *name = name_of(entry);
        if (!name)
            continue;
        bool is_enough = tag_part(name, part) && map_get(parts, part) != &ambiguous;
        const char *shown = is_enough ? part : name;
        if (!map_put(seen, shown, &shown_before))
            tag(arg, shown);
    }
    map_free(parts, NULL);
    map_free(seen, NULL);
}

/* ---- changing it ---- */

static json_t *entry_new(const struct manifest *manifest, const char *tag)
{
    json_t *entry = json_pack("{s:s, s:s, s:I}", "mediaType", manifest->media_type, "digest",
                              manifest->digest.text, "size", (json_int_t)manifest->len);
    if (manifest->artifact_type)
        json_object_set_new(entry, "artifactType", json_string(manifest->artifact_type));
    if (tag)
        json_object_set_new(entry, "annotations", json_pack("{s:s}", INDEX_REF_NAME, tag));
    return entry;
}

static bool says_the_same(const json_t *entry, const json_t *wanted)
{
    static const char *const keys[] = {"mediaType", "digest", "size", "artifactType"};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        const json_t *a = json_object_get(entry, keys[i]), *b = json_object_get(wanted, keys[i]);
        if (a != b && !json_equal(a, b))
            return false;
    }
    return true;
}

bool index_set_tag(json_t *index, const char *tag, const struct manifest *manifest)
{
    json_t *entries = json_object_get(index, "manifests");
    _cleanup_(cleanup_json_decref) json_t *wanted = entry_new(manifest, tag);
    bool placed = false, changed = false;
    for (size_t i = 0; i < json_array_size(entries);) {
        json_t *entry = json_array_get(entries, i);
        if (!is_named(entry, tag)) {
            i++;
        } else if (placed) {
            json_array_remove(entries, i);
            changed = true;
        } else {
            placed = true;
            if (!says_the_same(entry, wanted)) {
                json_array_set(entries, i, wanted);
                changed = true;
            }
            i++;
        }
    }
    if (!placed)
        json_array_append(entries, wanted);
    return changed || !placed;
}

bool index_add_root(json_t *index, const struct manifest *manifest)
{
    struct index_entry found;
    if (index_find_digest(index, &manifest->digest, &found))
        return false;
    json_array_append_new(json_object_get(index, "manifests"), entry_new(manifest, NULL));
    return true;
}
