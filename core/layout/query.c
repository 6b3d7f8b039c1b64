/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a look at the disk answers at once: head, get, tags, stat. Each is one step that reads
 * small files; nothing is kept between two of them, because other processes may write meanwhile.
 */
#include "layout/internal.h"

#include "base/str.h"
#include "layout/index.h"
#include "layout/whole.h"
#include "oci/referrers.h"

#include <stdlib.h>

struct query {
    struct store_op op; /* first */
    struct layout *layout;
    int (*answer)(struct query *query, struct error *err);
    char *reference;        /* head, get */
    struct digest expected; /* get: may be unset. stat: the blob */
    int64_t size;           /* stat */
    char *media_type;       /* get: what the parent says; may be NULL */
    struct store_tags receiver;
    struct store_referrers referrers;
};

/* A manifest that a reference leads to. */
struct place {
    struct digest digest;
    int64_t size;     /* -1: index.json does not say */
    char *media_type; /* NULL: index.json does not say; owned */
};

static void release(struct task *task)
{
    struct query *query = container_of(task, struct query, op.task);
    free(query->reference);
    free(query->media_type);
    store_op_done(&query->op);
    free(query);
}

static enum step_result answer(struct task *task)
{
    struct query *query = container_of(task, struct query, op.task);
    struct error err = ERROR_INIT;
    return query->answer(query, &err) < 0 ? task_fail(task, &err) : task_end(task);
}

static struct query *query_new(struct store *store, const char *label, struct task *parent,
                               int (*how)(struct query *, struct error *))
{
    static const struct task_type type = {"layout-query", release};
    static const struct step step_answer = {"answer", answer};
    struct layout *layout = layout_of(store);
    struct query *query = xcalloc(1, sizeof(*query));
    store_op_init(&query->op, layout->loop, parent, &type, label);
    query->layout = layout;
    query->answer = how;
    task_start(&query->op.task, &step_answer);
    return query;
}

/* ---- references ---- */

/* Every manifest is reached through the folder as it is now. */
static int locate_digest(const struct layout *layout, const json_t *index, struct place *place,
                         struct error *err)
{
    struct index_entry entry;
    if (index_find_digest(index, &place->digest, &entry)) {
        place->size = entry.size;
        place->media_type = xstrdup(entry.media_type);
    } else if (digest_equal(&place->digest, &layout->root)) {
        return error_set(err, ERR_NOT_FOUND, "index.json of %s has no entry for %s",
                         layout->store.name, place->digest.text);
    }
    return 0;
}

/* Fills `ret` only on success. */
static int locate(const struct layout *layout, const char *reference, struct place *ret,
                  struct error *err)
{
    struct folder folder = layout_folder(layout);
    struct place place = {.size = -1};
    struct index_entry entry;
    _cleanup_(cleanup_json_decref) json_t *index = NULL;
    if (layout->fd < 0)
        return error_set(err, ERR_NOT_FOUND, "%s does not exist yet", layout->store.name);
    int r = folder_load_index(&folder, layout->writable, &index, err);
    if (r < 0)
        return r;
    if (digest_parse(reference, &place.digest, NULL) == 0) {
        r = locate_digest(layout, index, &place, err);
    } else {
        r = index_find(index, reference, layout->store.name, &entry, err);
        if (r == 0) {
            place = (struct place){.digest = entry.digest, .size = entry.size};
            place.media_type = xstrdup(entry.media_type);
        }
    }
    if (r == 0)
        *ret = place;
    return r;
}

static int answer_head(struct query *query, struct error *err)
{
    struct layout *layout = query->layout;
    struct folder folder = layout_folder(layout);
    struct place place = {0};
    int64_t size;
    _cleanup_close_ int fd = -1;
    int r = locate(layout, query->reference, &place, err);
    if (r < 0)
        return r == ERR_NOT_FOUND ? 0 : r;
    query->op.media_type = place.media_type;
    /* An entry whose blob is missing or cut off is no manifest that anybody could get. */
    if (blob_open(&folder, &place.digest, &fd, &size, NULL) < 0 ||
        (place.size >= 0 && place.size != size))
        return 0;
    /* A target must not take for complete what is not. */
    if (layout->writable && !manifest_is_whole(&folder, &place.digest))
        return 0;
    query->op.digest = place.digest;
    query->op.size = size;
    query->op.found = true;
    return 0;
}

static int load_manifest(struct query *query, const struct place *place, struct error *err)
{
    struct layout *layout = query->layout;
    struct folder folder = layout_folder(layout);
    const char *media_type = query->media_type ? query->media_type : place->media_type;
    _cleanup_free_ char *bytes = NULL;
    size_t len;
    if (digest_is_set(&query->expected) && !digest_equal(&query->expected, &place->digest))
        return error_set(err, ERR_DIGEST, "%s is %s in %s; %s was expected", query->reference,
                         place->digest.text, layout->store.name, query->expected.text);
    int r = blob_load(&folder, &place->digest, MANIFEST_MAX, &bytes, &len, err);
    if (r < 0)
        return r;
    if (place->size >= 0 && place->size != (int64_t)len)
        return error_set(err, ERR_DIGEST, "manifest %s has %zu bytes in %s; index.json says %lld",
                         place->digest.text, len, layout->store.name, (long long)place->size);
    r = manifest_parse(bytes, len, media_type, &place->digest, &query->op.manifest, err);
    if (r < 0)
        error_wrap(err, "%s", layout->store.name);
    return r;
}

static int answer_get(struct query *query, struct error *err)
{
    struct place place = {0};
    int r = locate(query->layout, query->reference, &place, err);
    if (r < 0)
        return r;
    r = load_manifest(query, &place, err);
    free(place.media_type);
    return r;
}

static int answer_tags(struct query *query, struct error *err)
{
    struct layout *layout = query->layout;
    struct folder folder = layout_folder(layout);
    _cleanup_(cleanup_json_decref) json_t *index = NULL;
    if (layout->fd < 0)
        return 0;
    int r = folder_load_index(&folder, layout->writable, &index, err);
    if (r == 0)
        index_each_tag(index, query->receiver.tag, query->receiver.arg);
    return r;
}

/* A layout keeps no list of its own: it is under the tag, as other tools write and read it. */
static int answer_referrers(struct query *query, struct error *err)
{
    query->op.by_fallback_tag = true;
    int r = answer_get(query, err);
    if (r == ERR_NOT_FOUND)
        return 0;
    const struct manifest *index = query->op.manifest;
    for (size_t i = 0; r == 0 && i < index->n_children; i++) {
        query->op.found = true;
        query->referrers.referrer(query->referrers.arg, &index->children[i]);
    }
    return r;
}

static int answer_stat(struct query *query, struct error *err)
{
    struct folder folder = layout_folder(query->layout);
    (void)err;
    query->op.found = folder.fd >= 0 && blob_is_present(&folder, &query->expected, query->size);
    query->op.digest = query->expected;
    return 0;
}

/* ---- the verbs ---- */

struct store_op *layout_head(struct store *store, const char *reference, struct task *parent)
{
    struct query *query = query_new(store, reference, parent, answer_head);
    query->reference = xstrdup(reference);
    return &query->op;
}

struct store_op *layout_get(struct store *store, const char *reference,
                            const struct digest *expected, const char *media_type,
                            struct task *parent)
{
    struct query *query = query_new(store, reference, parent, answer_get);
    query->reference = xstrdup(reference);
    query->media_type = xstrdup(media_type);
    if (expected)
        query->expected = *expected;
    return &query->op;
}

struct store_op *layout_tags(struct store *store, const struct store_tags *receiver,
                             struct task *parent)
{
    struct query *query = query_new(store, store->name, parent, answer_tags);
    query->receiver = *receiver;
    return &query->op;
}

struct store_op *layout_stat(struct store *store, const struct descriptor *blob,
                             struct task *parent)
{
    struct query *query = query_new(store, blob->digest.text, parent, answer_stat);
    query->expected = blob->digest;
    query->size = blob->size;
    return &query->op;
}

struct store_op *layout_referrers(struct store *store, const struct digest *subject,
                                  const struct store_referrers *receiver, struct task *parent)
{
    char tag[REFERRERS_TAG_MAX];
    referrers_tag(subject, tag);
    struct query *query = query_new(store, tag, parent, answer_referrers);
    query->reference = xstrdup(tag);
    query->referrers = *receiver;
    return &query->op;
}
