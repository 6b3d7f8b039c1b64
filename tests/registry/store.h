/* SPDX-License-Identifier: Apache-2.0 */
/* What the registry holds: repositories with blobs, manifests and tags, and open uploads. */
#ifndef REGISTRY_STORE_H
#define REGISTRY_STORE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "map.h"

/* Bytes in a nameless temporary file, so that no test leaves one behind. Repositories which share
 * a blob (mount) share the object. */
struct blob {
    unsigned refs;
    int fd;
    uint64_t size;
};

struct manifest {
    char *digest;
    char *media_type;
    char *bytes;
    size_t size;
    json_t *json; /* NULL if it was accepted although it is no JSON object */
};

struct repo {
    char *name;
    struct map blobs;     /* digest -> struct blob */
    struct map manifests; /* digest -> struct manifest */
    struct map tags;      /* tag -> digest text */
};

struct upload {
    char *id;
    char *repo; /* name */
    int fd;     /* -1 after upload_close */
    uint64_t size;
    uint64_t first_chunk; /* size after the first PATCH */
    uint64_t last_chunk;  /* bytes of the last PATCH */
    unsigned patches;
    bool last_was_small; /* the last PATCH was below the announced minimum */
    bool broken;         /* a request body was cut off; see the switch upload_resume */
    char *state;         /* the `_state` which the next request must carry */
};

struct store {
    char *directory;    /* where temporary files are made */
    struct map repos;   /* name -> struct repo */
    struct map uploads; /* id -> struct upload */
};

void store_init(struct store *store, const char *directory);
void store_done(struct store *store);
void store_clear(struct store *store);

/* A new file descriptor of an empty temporary file. */
int store_temporary(const struct store *store);

struct repo *store_repo(const struct store *store, const char *name);
struct repo *store_create_repo(struct store *store, const char *name);

/* Takes `fd`; the new blob has one reference, which is the caller's. */
struct blob *blob_new(int fd, uint64_t size);
void blob_unref(void *blob);
struct blob *repo_blob(const struct repo *repo, const char *digest);
/* Adds a reference of the repository's own. */
void repo_add_blob(struct repo *repo, const char *digest, struct blob *blob);

/* Copies the bytes; parses them if they are a JSON object. */
struct manifest *manifest_new(const char *digest, const char *media_type, const char *bytes,
                              size_t size);
void manifest_free(void *manifest);
struct manifest *repo_manifest(const struct repo *repo, const char *digest);
/* By tag or digest. */
struct manifest *repo_resolve(const struct repo *repo, const char *reference);
void repo_set_tag(struct repo *repo, const char *tag, const char *digest);
/* Removes the manifest and every tag which points to it. */
void repo_remove_manifest(struct repo *repo, const char *digest);
/* Whether a manifest of the repository names the digest as its config or a layer. */
bool repo_references(const struct repo *repo, const char *digest);

struct upload *upload_open(struct store *store, const char *repo);
struct upload *upload_find(const struct store *store, const char *id);
/* Appends; false when the disk refuses. */
bool upload_append(struct upload *upload, const void *data, size_t len);
void upload_truncate(struct upload *upload);
/* Makes a blob of what was received (one reference, the caller's) and ends the upload. */
struct blob *upload_close(struct store *store, struct upload *upload);
void upload_remove(struct store *store, struct upload *upload);

/* The repositories with tags, manifests and blobs as JSON. */
json_t *store_dump(const struct store *store);

#endif
