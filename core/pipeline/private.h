/* SPDX-License-Identifier: Apache-2.0 */
/* One copy from the inside: what its step machines share. */
#pragma once

#include "base/map.h"
#include "base/vec.h"
#include "pipeline/copy.h"

#define INDEX_DEPTH_MAX 8
#define IMAGES_MAX 10000
#define BLOBS_MAX 100000
#define MANIFEST_BYTES_MAX ((int64_t)256 * 1024 * 1024) /* of one copy */

struct run {
    struct loop *loop;
    struct run_options options;
    bool draining;
    size_t n_uploads;   /* transfers that run now */
    struct map *blobs;  /* target store and digest -> struct blob: who makes it present there */
    struct map *movers; /* target host and digest -> struct blob: who moves the bytes there */
};

void run_emit(struct run *run, const struct event *event);
/* For the tables above; free it. */
char *run_key(const void *where, const struct digest *digest);

struct copy {
    struct task task; /* first */
    struct run *run;
    struct copy_request request;
    struct digest asked; /* the digest of the reference, when it is one */
    enum outcome outcome;
    struct store_op *op;
    struct store_op *target_head;
    struct manifest *root_manifest; /* until the root image takes it */
    struct digest digest;
    bool by_told_digest; /* the source is read by the digest that a HEAD told */
    bool is_chosen;      /* it is the one platform asked for */
    bool update;         /* the target has the tag: parts of it may be there */
    size_t n_blobs;
    struct map *images; /* digest -> struct image */
    int64_t manifest_bytes;
    struct image *root;
};

/* Tasks that wait for a shared one; woken when it ends. */
struct waiters {
    VEC(struct task *) list;
};
void waiters_add(struct waiters *waiters, struct task *task);
void waiters_remove(struct waiters *waiters, const struct task *task);
void waiters_wake(struct waiters *waiters);
void waiters_done(struct waiters *waiters);

/* ---- image.c: a manifest and all below it, made present at the target ---- */

struct image;
/* The one task for that digest; `waiter` is woken when it is done. `manifest` is given away; NULL:
 * to be fetched. */
struct image *image_for(struct copy *copy, const struct descriptor *descriptor,
                        struct manifest *manifest, int depth, struct task *waiter);
struct task *image_task(struct image *image);
/* Where to push it besides its digest: the tag. Only the root has one. */
void image_set_reference(struct image *image, const char *reference);
/* Adds what became of it and of its blobs so far. */
void image_count(const struct image *image, struct copy_stats *stats);
void image_free(void *image);

/* ---- blob.c: one blob, made present at one target ---- */

struct blob;
struct blob_request {
    struct store *source, *target;
    const struct descriptor *descriptor;
    bool update; /* the target has an image of that name: it may have the blob, too */
};
/* The one task for that blob and target; *ret_is_new tells whether this call made it. `waiter` is
 * woken when it is done and must leave before it goes. */
struct blob *blob_for(struct run *run, const struct blob_request *request, struct task *waiter,
                      bool *ret_is_new);
struct task *blob_task(struct blob *blob);
enum outcome blob_outcome(const struct blob *blob); /* once done */
int64_t blob_size(const struct blob *blob);
int64_t blob_retries(const struct blob *blob);
void blob_leave(struct blob *blob, const struct task *waiter);
/* Look again, at the target itself: what made us believe it was there was wrong. */
void blob_doubt(struct blob *blob, struct task *waiter);
void blob_free(void *blob);

/* ---- upload.c: the bytes of one blob, through a bridge ---- */

struct upload_request {
    struct store *source, *target;
    const struct descriptor *blob;
    struct store_op *begin; /* the session; owned by the blob */
    int64_t *retries;       /* counted here */
    int *tries;             /* since the last real progress; over all sessions of the blob, as is */
    int *reopenings;        /* of the source */
};

struct upload {
    struct task task; /* first */
    struct run *run;
    struct upload_request request;
    struct bridge *bridge;
    struct store_op *read, *write;
    int tries;            /* since the last real progress */
    int64_t mark;         /* bytes received at the last retry */
    int64_t gap_since_ms; /* a broken source is being reopened; 0: no */
    struct timer progress;
};
/* A task: fails with ERR_TRANSIENT when the blob should be begun anew. */
struct upload *upload_start(struct run *run, struct task *parent,
                            const struct upload_request *request);
/* Has the target been given everything? */
bool upload_sent_all(const struct upload *upload);

/* ---- resolve.c ---- */

extern const struct step resolve_first_step;
extern const struct step copy_choose_step;  /* in choose.c */
extern const struct step copy_compare_step; /* in resolve.c: with what the target has */
extern const struct step copy_plan_step;    /* in copy.c: what comes after resolving */
bool copy_target_has(const struct copy *copy, const struct digest *digest);
enum step_result copy_unchanged(struct copy *copy, const struct digest *digest);
/* Takes the answer to copy->op as the root manifest, then goes on. */
enum step_result copy_take_manifest(struct copy *copy, const struct step *next);

/* ---- events ---- */

/* With the references of the copy. */
void copy_emit(struct copy *copy, struct event event);
