/* SPDX-License-Identifier: Apache-2.0 */
/* Repositories loaded from OCI layouts. A blob or a child which the layout lacks is lacking in the
 * repository, too: that is how a test makes a broken source. */
#include "seed.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "digest.h"
#include "util.h"

struct seed {
    struct store *store;
    const char *layout;
    struct repo *repo;
};

/* NULL if the layout has no such blob. */
static char *blob_path(const struct seed *seed, const char *digest)
{
    if (!digest_is_valid(digest))
        return NULL;
    size_t algorithm = strcspn(digest, ":");
    return xasprintf("%s/blobs/%.*s/%s", seed->layout, (int)algorithm, digest,
                     digest + algorithm + 1);
}

static bool read_file(const char *path, struct buf *ret_content)
{
    FILE *file = path != NULL ? fopen(path, "re") : NULL;
    char block[4096];
    size_t got;

    if (file == NULL)
        return false;
    while ((got = fread(block, 1, sizeof(block), file)) > 0)
        buf_add(ret_content, block, got);
    fclose(file);
    return true;
}

static void load_blob(struct seed *seed, const json_t *descriptor)
{
    const char *digest = json_string_value(json_object_get(descriptor, "digest"));
    CLEANUP(freep) char *path = digest != NULL ? blob_path(seed, digest) : NULL;
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    struct stat stat;

    if (fd < 0)
        return;
    if (fstat(fd, &stat) < 0)
        die("%s: cannot read", path);
    struct blob *blob = blob_new(fd, (uint64_t)stat.st_size);
    repo_add_blob(seed->repo, digest, blob);
    blob_unref(blob);
}

static void load_manifest(struct seed *seed, const json_t *descriptor);

static void load_children(struct seed *seed, const json_t *json)
{
    size_t index;
    json_t *descriptor;

    load_blob(seed, json_object_get(json, "config"));
    json_array_foreach(json_object_get(json, "layers"), index, descriptor)
        load_blob(seed, descriptor);
    json_array_foreach(json_object_get(json, "manifests"), index, descriptor)
        load_manifest(seed, descriptor);
}

static void load_manifest(struct seed *seed, const json_t *descriptor)
{
    const char *digest = json_string_value(json_object_get(descriptor, "digest"));
    const char *type = json_string_value(json_object_get(descriptor, "mediaType"));
    CLEANUP(freep) char *path = digest != NULL ? blob_path(seed, digest) : NULL;
    CLEANUP(buf_done) struct buf content = {0};

    if (type == NULL || !read_file(path, &content))
        return;
    buf_add(&content, "", 0);
    struct manifest *manifest = manifest_new(digest, type, content.data, content.len);
    map_set(&seed->repo->manifests, digest, manifest);
    load_children(seed, manifest->json);
}

static const char *ref_name(const json_t *descriptor)
{
    return json_string_value(json_object_get(json_object_get(descriptor, "annotations"),
                                             "org.opencontainers.image.ref.name"));
}

/* Chooses the repository, and the tag in it; false if the name says too little. */
static bool place(struct seed *seed, const char *repo, const char *name, const char **ret_tag)
{
    const char *colon = name != NULL ? strrchr(name, ':') : NULL;

    *ret_tag = name;
    if (repo == NULL && colon == NULL)
        return false;
    if (repo != NULL) {
        seed->repo = store_create_repo(seed->store, repo);
        return true;
    }
    CLEANUP(freep) char *own = xstrndup(name, (size_t)(colon - name));
    seed->repo = store_create_repo(seed->store, own);
    *ret_tag = colon + 1;
    return true;
}

static char *load_index(struct seed *seed, const char *repo, const json_t *json)
{
    size_t index;
    json_t *descriptor;

    json_array_foreach(json_object_get(json, "manifests"), index, descriptor)
    {
        const char *digest = json_string_value(json_object_get(descriptor, "digest"));
        const char *tag;

        if (digest == NULL || !place(seed, repo, ref_name(descriptor), &tag))
            return xasprintf("%s: an entry has no digest, or no ref name \"repository:tag\"",
                             seed->layout);
        load_manifest(seed, descriptor);
        if (tag != NULL)
            repo_set_tag(seed->repo, tag, digest);
    }
    return NULL;
}

/* NULL, or what is wrong. */
static char *load_layout(struct store *store, const char *layout, const char *repo)
{
    struct seed seed = {.store = store, .layout = layout};
    CLEANUP(freep) char *path = xasprintf("%s/index.json", layout);
    json_t *json = json_load_file(path, 0, NULL);

    if (json == NULL)
        return xasprintf("%s: no OCI layout", layout);
    char *error = load_index(&seed, repo, json);
    json_decref(json);
    return error;
}

bool seed_load(struct store *store, json_t *seed, char **ret_error)
{
    const char *repo;
    json_t *path;
    char *error = NULL;

    if (json_is_string(seed))
        error = load_layout(store, json_string_value(seed), NULL);
    json_object_foreach(seed, repo, path)
    {
        if (error == NULL)
            error = json_is_string(path) ? load_layout(store, json_string_value(path), repo)
                                         : xasprintf("seed of %s is no path", repo);
    }
    if (error != NULL)
        *ret_error = error;
    return error == NULL;
}
