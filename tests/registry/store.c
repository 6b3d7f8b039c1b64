/* SPDX-License-Identifier: Apache-2.0 */
/* What the registry holds. */
#include "store.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

struct blob *blob_new(int fd, uint64_t size)
{
    struct blob *blob = xcalloc(1, sizeof(*blob));

    *blob = (struct blob){.refs = 1, .fd = fd, .size = size};
    return blob;
}

void blob_unref(void *pointer)
{
    struct blob *blob = pointer;

    if (blob == NULL || --blob->refs > 0)
        return;
    close(blob->fd);
    free(blob);
}

struct manifest *manifest_new(const char *digest, const char *media_type, const char *bytes,
                              size_t size)
{
    struct manifest *manifest = xcalloc(1, sizeof(*manifest));

    manifest->digest = xstrdup(digest);
    manifest->media_type = xstrdup(media_type);
    manifest->bytes = xstrndup(bytes, size);
    manifest->size = size;
    manifest->json = json_loadb(bytes, size, 0, NULL);
    if (!json_is_object(manifest->json)) {
        json_decref(manifest->json);
        manifest->json = NULL;
    }
    return manifest;
}

void manifest_free(void *pointer)
{
    struct manifest *manifest = pointer;

    json_decref(manifest->json);
    free(manifest->digest);
    free(manifest->media_type);
    free(manifest->bytes);
    free(manifest);
}

static void repo_free(void *pointer)
{
    struct repo *repo = pointer;

    map_done(&repo->blobs);
    map_done(&repo->manifests);
    map_done(&repo->tags);
    free(repo->name);
    free(repo);
}

static void upload_free(void *pointer)
{
    struct upload *upload = pointer;

    if (upload->fd >= 0)
        close(upload->fd);
    free(upload->id);
    free(upload->repo);
    free(upload->state);
    free(upload);
}

void store_init(struct store *store, const char *directory)
{
    store->directory = xstrdup(directory);
    map_init(&store->repos, repo_free);
    map_init(&store->uploads, upload_free);
}

void store_clear(struct store *store)
{
    map_done(&store->repos);
    map_done(&store->uploads);
}

void store_done(struct store *store)
{
    store_clear(store);
    free(store->directory);
}

int store_temporary(const struct store *store)
{
    int fd = open(store->directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd < 0)
        die("%s: cannot make a temporary file", store->directory);
    return fd;
}

struct repo *store_repo(const struct store *store, const char *name)
{
    return map_get(&store->repos, name);
}

struct repo *store_create_repo(struct store *store, const char *name)
{
    struct repo *repo = store_repo(store, name);

    if (repo != NULL)
        return repo;
    repo = xcalloc(1, sizeof(*repo));
    repo->name = xstrdup(name);
    map_init(&repo->blobs, blob_unref);
    map_init(&repo->manifests, manifest_free);
    map_init(&repo->tags, free);
    map_set(&store->repos, name, repo);
    return repo;
}

struct blob *repo_blob(const struct repo *repo, const char *digest)
{
    return map_get(&repo->blobs, digest);
}

void repo_add_blob(struct repo *repo, const char *digest, struct blob *blob)
{
    blob->refs++;
    map_set(&repo->blobs, digest, blob);
}

struct manifest *repo_manifest(const struct repo *repo, const char *digest)
{
    return map_get(&repo->manifests, digest);
}

struct manifest *repo_resolve(const struct repo *repo, const char *reference)
{
    const char *digest = map_get(&repo->tags, reference);

    return repo_manifest(repo, digest != NULL ? digest : reference);
}

void repo_set_tag(struct repo *repo, const char *tag, const char *digest)
{
    map_set(&repo->tags, tag, xstrdup(digest));
}

void repo_remove_manifest(struct repo *repo, const char *digest)
{
    for (size_t i = repo->tags.count; i-- > 0;) {
        if (strcmp(repo->tags.entries[i].value, digest) == 0)
            map_remove(&repo->tags, repo->tags.entries[i].key);
    }
    map_remove(&repo->manifests, digest);
}

static bool is_of(const json_t *descriptor, const char *digest)
{
    const char *text = json_string_value(json_object_get(descriptor, "digest"));

    return text != NULL && strcmp(text, digest) == 0;
}

bool repo_references(const struct repo *repo, const char *digest)
{
    for (size_t i = 0; i < repo->manifests.count; i++) {
        const struct manifest *manifest = repo->manifests.entries[i].value;
        size_t index;
        json_t *layer;

        if (is_of(json_object_get(manifest->json, "config"), digest))
            return true;
        json_array_foreach(json_object_get(manifest->json, "layers"), index, layer)
        {
            if (is_of(layer, digest))
                return true;
        }
    }
    return false;
}

struct upload *upload_open(struct store *store, const char *repo)
{
    struct upload *upload = xcalloc(1, sizeof(*upload));

    upload->id = random_hex(16);
    upload->repo = xstrdup(repo);
    upload->state = random_hex(16);
    upload->fd = store_temporary(store);
    map_set(&store->uploads, upload->id, upload);
    return upload;
}

struct upload *upload_find(const struct store *store, const char *id)
{
    return map_get(&store->uploads, id);
}

bool upload_append(struct upload *upload, const void *data, size_t len)
{
    const char *at = data;

    while (len > 0) {
        ssize_t put = pwrite(upload->fd, at, len, (off_t)upload->size);

        if (put <= 0)
            return false;
        upload->size += (uint64_t)put;
        at += put;
        len -= (size_t)put;
    }
    return true;
}

void upload_truncate(struct upload *upload)
{
    if (ftruncate(upload->fd, 0) < 0)
        die("cannot empty an upload");
    upload->size = 0;
}

struct blob *upload_close(struct store *store, struct upload *upload)
{
    struct blob *blob = blob_new(upload->fd, upload->size);

    upload->fd = -1;
    upload_remove(store, upload);
    return blob;
}

void upload_remove(struct store *store, struct upload *upload)
{
    CLEANUP(freep) char *id = xstrdup(upload->id);

    map_remove(&store->uploads, id);
}

static json_t *repo_dump(const struct repo *repo)
{
    json_t *tags = json_object(), *manifests = json_object(), *blobs = json_object();

    for (size_t i = 0; i < repo->tags.count; i++)
        json_object_set_new(tags, repo->tags.entries[i].key,
                            json_string(repo->tags.entries[i].value));
    for (size_t i = 0; i < repo->manifests.count; i++) {
        const struct manifest *manifest = repo->manifests.entries[i].value;

        json_object_set_new(manifests, manifest->digest, json_string(manifest->media_type));
    }
    for (size_t i = 0; i < repo->blobs.count; i++) {
        const struct blob *blob = repo->blobs.entries[i].value;

        json_object_set_new(blobs, repo->blobs.entries[i].key,
                            json_integer((json_int_t)blob->size));
    }
    return json_pack("{s:o, s:o, s:o}", "tags", tags, "manifests", manifests, "blobs", blobs);
}

json_t *store_dump(const struct store *store)
{
    json_t *repos = json_object();

    for (size_t i = 0; i < store->repos.count; i++)
        json_object_set_new(repos, store->repos.entries[i].key,
                            repo_dump(store->repos.entries[i].value));
    return repos;
}
