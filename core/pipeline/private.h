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

    struct map *images;    /* target store and digest -> struct image: at work */
    struct map *pushed;    /* target store and digest: manifests that are there; value: a marker */
    struct map *fetches;   /* digest -> struct fetch */
    struct map *tags;      /* source store and reference -> struct tag: at work */
    struct map *resolved;  /* source store and reference -> text of its digest */
    struct map *artifacts; /* target store and subject -> struct artifacts */
    struct map *strict;    /* hosts that refuse a manifest before its subject; value: a marker */
    VEC(struct source_tags *) source_tags;
    VEC(struct fetch *) idle; /* kept for whoever asks next; the oldest first */
    size_t idle_bytes;

    struct present *present;    /* blobs that are where they should be */
    struct map *transfers;      /* source host or store, and digest -> struct transfer */
    struct staging staging;     /* what spools share */
    VEC(struct reading *) kept; /* that nobody reads, but somebody may; the oldest first */
    size_t kept_bytes;
};

void run_emit(struct run *run, const struct event *event);
/* For the tables above; free it. */
char *run_key(const void *where, const struct digest *digest);

/* Tasks that wait for a shared one; woken when it ends. */
struct waiters {
    VEC(struct task *) list;
};
void waiters_add(struct waiters *waiters, struct task *task);
void waiters_remove(struct waiters *waiters, const struct task *task);
void waiters_wake(struct waiters *waiters);
void waiters_done(struct waiters *waiters);

struct source_tags {
    struct map *names; /* values: a marker */
    bool is_complete;
    struct waiters waiters; /* woken when it is */
};

/* ---- fetch.c: manifests by digest, each read once ---- */

struct fetch;
struct fetch_request {
    struct store *source;
    const struct digest *digest;
    const char *media_type; /* NULL: not said */
};
/* The one task for that digest. Everybody who asked leaves it once. */
struct fetch *fetch_for(struct run *run, const struct fetch_request *request, struct task *waiter);
/* The same for one that came another way, which is given away. */
struct fetch *fetch_add(struct run *run, struct manifest *manifest);
const struct task *fetch_task(const struct fetch *fetch);
const struct manifest *fetch_manifest(const struct fetch *fetch); /* once done without failure */
/* Its failure may be that of another source. */
bool fetch_was_from(const struct fetch *fetch, const struct store *source);
void fetch_leave(struct fetch *fetch, const struct task *waiter);
void fetch_free(void *fetch);

/* ---- tag.c: what a reference of a source stands for, found out once ---- */

struct tag;
/* The one task for that reference; with `wants_manifest` it is done when it has that, else when
 * it has the digest. Everybody who asked leaves it once. */
struct tag *tag_for(struct run *run, struct store *source, const char *reference,
                    bool wants_manifest, struct task *waiter);
void tag_want_manifest(struct tag *tag);
const struct task *tag_task(const struct tag *tag);
const struct digest *tag_digest(const struct tag *tag);
const struct manifest *tag_manifest(const struct tag *tag);
void tag_leave(struct tag *tag, const struct task *waiter);
void tag_free(void *tag);

/* ---- image.c: a manifest and all below it, made present at the target ---- */

/* What one root may lead to, so that no index can make us run out of memory. */
struct budget {
    int users;
    size_t n_images, n_blobs;
    int64_t manifest_bytes;
};

struct image;
struct image_request {
    struct store *source, *target;
    const struct descriptor *descriptor; /* copied */
    bool update;  /* the target has something of that name: parts may be there */
    bool is_root; /* whoever asks pushes it, once it is ready */
    bool doubt;   /* look again, whatever is believed */
    int depth;
    struct budget *budget; /* NULL: its own */
};
/* The one task for that digest and target; done when the manifest is there, or for a root when
 * all its parts are. NULL: known to be there. Everybody who asked leaves it once. *ret_is_new
 * tells whether this call began it. */
struct image *image_for(struct run *run, const struct image_request *request, struct task *waiter,
                        bool *ret_is_new);
struct task *image_task(struct image *image);
const struct manifest *image_manifest(const struct image *image); /* once done */
/* The target lacks a part that was taken for present: look at each, once. False: was done. */
bool image_doubt(struct image *image);
/* The target has the manifest, by a tag or by its digest. */
void image_was_pushed(struct image *image);
/* Did the target say, when it took the manifest, that it noted the subject? */
bool image_subject_was_noted(const struct image *image);
/* The error of a push that left foreign layers out says so. */
void image_explain(const struct image *image, struct error *err);
/* Adds what became of it and of what it began below. */
void image_count(const struct image *image, struct copy_stats *stats);
void image_leave(struct image *image, const struct task *waiter);
void image_free(void *image);

/* ---- present.c: blobs that are where they should be, in little memory ---- */

struct present;
struct present *present_new(void);
void present_free(struct present *present); /* NULL is fine */
void present_add(struct present *present, struct store *target, const struct digest *digest);
void present_remove(struct present *present, const struct store *target,
                    const struct digest *digest);
bool present_has(const struct present *present, const struct store *target,
                 const struct digest *digest);
/* All stores that have it, one by one: start with *pos = 0; NULL at the end. */
struct store *present_next(const struct present *present, const struct digest *digest, size_t *pos);

/* ---- blob.c: one blob, made present at one target ---- */

struct blob;
struct blob_request {
    struct store *source, *target;
    const struct descriptor *descriptor;
    bool update; /* the target has an image of that name: it may have the blob, too */
    bool doubt;  /* look again, at the target itself, whatever is known */
};
/* The one task for that blob and target; *ret_is_new tells whether this call made it. `waiter` is
 * woken when it is done and must leave before it goes. NULL: known to be there. */
struct blob *blob_for(struct run *run, const struct blob_request *request, struct task *waiter,
                      bool *ret_is_new);
struct task *blob_task(struct blob *blob);
enum outcome blob_outcome(const struct blob *blob); /* once done */
int64_t blob_size(const struct blob *blob);
int64_t blob_retries(const struct blob *blob);
/* One that is there goes with its last waiter. */
void blob_leave(struct blob *blob, const struct task *waiter);
void blob_free(void *blob);

/* ---- transfer.c: one read of a blob, for all targets that want it from that source ---- */

struct transfer;
struct reading;
struct upload;
/* Each use is left once. */
struct transfer *transfer_for(struct run *run, const struct store *source,
                              const struct digest *digest);
void transfer_leave(struct transfer *transfer);
/* The task will join, unless it finds that its target has the blob; byte 0 is kept for it as long
 * as that is cheap. It is woken when a read begins. Saying it twice, or taking back what was not
 * said, is fine. */
void transfer_expect(struct transfer *transfer, struct task *blob);
void transfer_expect_not(struct transfer *transfer, const struct task *blob);
/* Is there a read whose byte 0 is there? */
bool transfer_can_be_joined(const struct transfer *transfer);
/* The upload takes part in that read, or begins one, for which the slot of the source is taken
 * out of its claim. It gets its bridge. */
struct reading *transfer_join(struct transfer *transfer, struct upload *upload);
void reading_leave(struct reading *reading, struct upload *upload);
/* What the read cost so far, for who answers for it. */
void reading_count(const struct reading *reading, const struct upload *upload);

/* ---- upload.c: the bytes of one blob, out of a transfer ---- */

struct upload_request {
    struct store *source, *target;
    const struct descriptor *blob;
    struct transfer *transfer;
    struct slot_claim *claim;
    bool has_source_slot;   /* the claim does; needed unless a read can be joined */
    struct store_op *begin; /* the session; owned by the blob */
    int64_t *retries;       /* counted here */
    int *tries;             /* since the last real progress; over all sessions of the blob */
    int *reopenings;        /* of the source, as well */
};

struct upload {
    struct task task; /* first */
    struct run *run;
    struct upload_request request;
    struct reading *reading;
    struct bridge *bridge; /* its place in the read */
    bool began_reading;    /* it answers for the read */
    bool foreign_failure;  /* the read failed, from a repository that is not our source */
    struct error broke;    /* why the read failed */
    struct store_op *write;
    struct timer progress;
};
/* A task: fails with ERR_TRANSIENT when the blob should be begun anew. */
struct upload *upload_start(struct run *run, struct task *parent,
                            const struct upload_request *request);
/* Has the target been given everything? */
bool upload_sent_all(const struct upload *upload);
/* Did it fail only because it has to read for itself? */
bool upload_wants_reread(const struct upload *upload);

/* ---- copy.c ---- */

struct copy {
    struct task task; /* first */
    struct run *run;
    struct copy_request request;
    struct digest asked; /* the digest of the reference, when it is one */
    enum outcome outcome;
    struct store_op *target_head;
    struct digest target_digest; /* what the tag stands for there now */
    struct tag *tag;
    struct fetch *root; /* what is copied, chosen out of what the tag stands for */
    struct digest digest;
    bool is_chosen; /* it is the one platform asked for */
    bool update;    /* the target has the tag: parts of it may be there */
    struct image *image;
    bool image_is_ours;
    struct artifacts *artifacts;
    bool looks_deep;      /* at what is below the top, too */
    struct fetch *chosen; /* the image of the one platform, on its way */
    struct store_op *put;
    const char *stage;       /* for reports of failures */
    struct copy_stats stats; /* of the copy itself */
};

/* ---- resolve.c ---- */

extern const struct step resolve_first_step;
extern const struct step copy_choose_step;  /* in choose.c */
extern const struct step copy_compare_step; /* in resolve.c: with what the target has */
extern const struct step copy_plan_step;    /* in copy.c: what comes after resolving */
extern const struct step copy_artifacts_step;
bool copy_target_has(const struct copy *copy, const struct digest *digest);
enum step_result copy_unchanged(struct copy *copy, const struct digest *digest);
/* `root` is a use of its own, which the copy takes over. */
void copy_set_root(struct copy *copy, struct fetch *root);

/* ---- artifacts.c: what refers to an image ---- */

struct artifacts;
struct artifacts_request {
    struct store *source, *target;
    const struct descriptor *subject; /* media type NULL: it is at the target, and unchanged */
    const struct manifest *manifest;  /* of the subject: look below it, too; NULL: don't */
    const struct artifact_rules *rules;
    struct source_tags *source_tags; /* NULL: not listed */
    bool update;                     /* the target may have them */
    int depth;
};
/* The one task for that subject and target. */
struct artifacts *artifacts_for(struct run *run, const struct artifacts_request *request,
                                struct task *waiter);
const struct task *artifacts_task(const struct artifacts *artifacts);
void artifacts_leave(struct artifacts *artifacts, const struct task *waiter);
size_t artifacts_found(const struct artifacts *artifacts);
/* Lets go of the work of others, who may be freed then. */
void artifacts_stop(void *artifacts);
void artifacts_free(void *artifacts);

/* ---- merge.c: the list of referrers that we keep where a registry keeps none ---- */

struct merge;
struct merge_request {
    struct store *target;
    const struct digest *subject;
    const struct fetch_request *additions; /* what it must list; copied but for the stores */
    size_t n_additions;
};
/* Done when the target lists them: by itself, or under the tag of the subject. */
struct merge *merge_start(struct run *run, struct task *parent,
                          const struct merge_request *request);
const struct task *merge_task(const struct merge *merge);
void merge_free(struct merge *merge);

/* ---- events ---- */

/* With the references of the copy. */
void copy_emit(struct copy *copy, struct event event);
