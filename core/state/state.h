/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What earlier runs found out, in an SQLite database below the cache folder. It only ever saves
 * requests: nothing here fails a run, and a NULL state knows nothing. Reading is a point query;
 * writes are queued and done in batches by the helper thread.
 */
#pragma once

#include "net/loop.h"
#include "oci/manifest.h"

struct state_options {
    const char *folder; /* NULL: ocync in the user's cache folder */
    int64_t ttl_ms;     /* that a blob is believed to be where it was; 0: for ever */
    bool distrust;      /* nothing that is remembered of blobs proves anything */
};

struct state;
/* NULL when it can't be used; *ret_warning (owned by the caller, may stay NULL) says why, or what
 * was put right. Waits at most about a second for another process. */
struct state *state_open(struct loop *loop, const struct state_options *options,
                         char **ret_warning);
/* Writes what is queued. */
void state_close(struct state *state);
/* Where it is: "/home/bob/.cache/ocync". NULL for no state. */
const char *state_folder(const struct state *state);
/* The folder that `folder` (may be NULL) stands for; free it. */
char *state_choose_folder(const char *folder);

/* ---- blobs, and other content, seen in repositories ---- */

enum state_blob {
    STATE_UNKNOWN,
    STATE_SEEN,    /* it was there once: a hint where to look first */
    STATE_VOUCHED, /* a committed manifest referred to it, not long ago: proof enough */
};
enum state_blob state_blob(struct state *state, const char *host, const char *repository,
                           const struct digest *digest);
void state_blob_seen(struct state *state, const char *host, const char *repository,
                     const struct digest *digest, bool vouched);
/* A repository of the host that had the blob, the latest first; free it. NULL: none known. */
char *state_blob_home(struct state *state, const char *host, const struct digest *digest);
/* What is remembered of it turned out to be wrong; at once. */
void state_forget_repository(struct state *state, const char *host, const char *repository);

/* ---- manifests by digest ---- */

/* Owned by the caller; hashed when it is read. NULL: not kept. */
struct manifest *state_manifest(struct state *state, const struct digest *digest);
void state_manifest_put(struct state *state, const struct manifest *manifest);

/* ---- when what refers to an image was last looked for ---- */

/* Milliseconds since then; -1: never. */
int64_t state_checked(struct state *state, const char *host, const char *repository,
                      const struct digest *digest);
void state_checked_put(struct state *state, const char *host, const char *repository,
                       const struct digest *digest);

/* ---- for people ---- */

struct state_stats {
    char *path;          /* owned */
    const char *journal; /* "wal" or "delete" */
    int64_t file_bytes, manifest_bytes;
    int64_t n_repositories, n_blobs, n_vouched, n_manifests, n_checks;
};
/* ERR_NOT_FOUND: there is none; ERR_IO: it can't be read. */
int state_stats(const char *folder, struct state_stats *ret, struct error *err);
void state_stats_done(struct state_stats *stats);
/* Empties it, which other runs notice without harm. *ret_freed: bytes of disk. */
int state_clear(const char *folder, int64_t *ret_freed, struct error *err);
