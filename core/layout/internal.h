/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this folder share. */
#pragma once

#include "layout/folder.h"
#include "layout/layout.h"

struct layout {
    struct store store; /* first */
    struct loop *loop;
    char *path;
    bool writable;
    int fd;               /* the folder; -1: not there (yet) */
    bool prepared;        /* writable: oci-layout and index.json are there, leftovers are gone */
    struct digest root;   /* see layout_set_root */
    int64_t lock_wait_ms; /* how long to wait for another process */
};

static inline struct layout *layout_of(struct store *store)
{
    return container_of(store, struct layout, store);
}

static inline struct folder layout_folder(const struct layout *layout)
{
    return (struct folder){.fd = layout->fd, .path = layout->path};
}

/* query.c: at once, within one step. */
struct store_op *layout_head(struct store *store, const char *reference, struct task *parent);
struct store_op *layout_get(struct store *store, const char *reference,
                            const struct digest *expected, const char *media_type,
                            struct task *parent);
struct store_op *layout_tags(struct store *store, const struct store_tags *receiver,
                             struct task *parent);
struct store_op *layout_stat(struct store *store, const struct descriptor *blob,
                             struct task *parent);
struct store_op *layout_referrers(struct store *store, const struct digest *subject,
                                  const struct store_referrers *receiver, struct task *parent);
/* read.c, write.c, put.c */
struct store_op *layout_read(struct store *store, const struct descriptor *blob, int64_t offset,
                             struct bridge *bridge, struct task *parent);
struct store_op *layout_begin(struct store *store, const struct descriptor *blob,
                              const struct store_begin_hint *hint, struct task *parent);
struct store_op *layout_write(struct store *store, struct store_op *begin, struct bridge *bridge,
                              struct task *parent);
struct store_op *layout_put(struct store *store, const char *reference,
                            const struct manifest *manifest, struct task *parent);
