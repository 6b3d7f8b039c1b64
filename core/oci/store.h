/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a copy reads from or writes to: one repository of a registry, or one image layout on disk,
 * with the same verbs. Each verb starts an operation, which is a task: the parent is woken when it
 * is done; then task.result and the fields below hold the answer. Free it with task_free.
 *
 * A missing manifest or blob is an answer of `head`, `stat` (found = false), and a failure
 * (ERR_NOT_FOUND) of everything else.
 */
#pragma once

#include "net/bridge.h"
#include "net/slots.h"
#include "oci/manifest.h"

struct store;

struct store_op {
    struct task task;          /* first */
    bool found;                /* head, stat: it is there. begin: nothing is left to do */
    bool mounted;              /* begin: it was made present by the store itself (a mount) */
    struct digest digest;      /* head: may be unset when the peer does not say */
    int64_t size;              /* head: -1 when the peer does not say */
    char *media_type;          /* head: may be NULL; owned */
    struct manifest *manifest; /* get: owned (take it with take_ptr) */
    bool by_fallback_tag;      /* referrers: the peer keeps no list itself; it is under a tag */
    bool subject_noted;        /* put: the peer lists the manifest with those of its subject */
};

struct store_referrers {
    /* Called for each; the descriptor lives until it returns. */
    void (*referrer)(void *arg, const struct descriptor *descriptor);
    void *arg;
};

struct store_tags {
    void (*tag)(void *arg, const char *tag); /* called for each, in the peer's order */
    void *arg;
};

struct store_begin_hint {
    const char *mount_from; /* a repository of the same host that has the blob; NULL: none */
    bool probe;             /* ask in passing whether the target has the blob already */
};

struct store_ops {
    void (*free)(struct store *store);

    /* `reference` is a tag or the text of a digest. */
    struct store_op *(*head)(struct store *store, const char *reference, struct task *parent);
    /* `expected` may be NULL. `media_type` is what the parent descriptor says; may be NULL. */
    struct store_op *(*get)(struct store *store, const char *reference,
                            const struct digest *expected, const char *media_type,
                            struct task *parent);
    /* The manifest outlives the operation. */
    struct store_op *(*put)(struct store *store, const char *reference,
                            const struct manifest *manifest, struct task *parent);
    /* The same if the reference still stands for `was` (NULL: for nothing), where the peer heeds
     * that; ERR_CONFLICT when it does not. NULL: there is no such verb. */
    struct store_op *(*put_if)(struct store *store, const char *reference,
                               const struct manifest *manifest, const struct digest *was,
                               struct task *parent);
    /* What refers to that manifest, all pages. An unknown subject has none. */
    struct store_op *(*referrers)(struct store *store, const struct digest *subject,
                                  const struct store_referrers *receiver, struct task *parent);
    struct store_op *(*tags)(struct store *store, const struct store_tags *receiver,
                             struct task *parent);

    struct store_op *(*stat)(struct store *store, const struct descriptor *blob,
                             struct task *parent);

    /* Done when the right to read blobs, or to write them and mount from that repository (may be
     * NULL), is at hand, so that nobody fetches a token while holding slots. Never fails: the
     * request itself tells. NULL: nothing is ever needed. */
    struct store_op *(*authorize)(struct store *store, bool writes, const char *mount_from,
                                  struct task *parent);

    /*
     * Moving a blob. These three take no slots: the caller holds them.
     * `read` pushes bytes from `offset` on into the bridge and is done when the peer has ended
     * the body, well or badly (fewer bytes than promised: ERR_TRANSIENT).
     * `begin` opens an upload (or finds the blob present: found).
     * `write` drains the bridge into the upload that `begin` opened and is done when the store
     * has committed the blob. Freeing it earlier leaves nothing at the target.
     */
    struct store_op *(*read)(struct store *store, const struct descriptor *blob, int64_t offset,
                             struct bridge *bridge, struct task *parent);
    struct store_op *(*begin)(struct store *store, const struct descriptor *blob,
                              const struct store_begin_hint *hint, struct task *parent);
    struct store_op *(*write)(struct store *store, struct store_op *begin, struct bridge *bridge,
                              struct task *parent);
};

/* Embedded by implementations as their first member. */
struct store {
    const struct store_ops *ops;
    char *name;                /* for people: "docker.io/library/nginx", "oci:dir" */
    char *repository;          /* NULL: not in a registry */
    const char *registry_name; /* "docker.io", for what is remembered; NULL: not in one */
    const void *host;          /* equal for stores that can mount from each other; NULL: none */
    struct slots *requests;    /* of the host; NULL: unbounded */
    struct slots *bodies;      /* connections for blob bodies of the host; NULL: unbounded */
    bool head_first;           /* reading a tag begins with a HEAD, where GETs are metered */
    /* Does this store find a blob that is there when `begin` is asked with `probe`? NULL: no. */
    bool (*probe_finds)(const struct store *store);
    /* May `begin` mount from that repository of the same host, as far as known? NULL: no. */
    bool (*can_mount)(const struct store *store, const char *repository);
};

/* For implementations: sets defaults (size -1) and the task; `release` of the type frees. */
void store_op_init(struct store_op *op, struct loop *loop, struct task *parent,
                   const struct task_type *type, const char *label);
/* For their `release`: drops what the op owns and the task. */
void store_op_done(struct store_op *op);
/* NULL is fine. */
void store_free(struct store *store);
/* Frees an operation and clears the variable. */
void store_op_drop(struct store_op **op);
