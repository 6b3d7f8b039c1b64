/* SPDX-License-Identifier: Apache-2.0 */
/* An upload that was begun: what uploads.c hands on to sending.c. */
#pragma once

#include "registry/private.h"

struct begin_op {
    struct store_op op; /* first */
    struct repository *repository;
    struct request *request;
    struct descriptor blob; /* digest and size only */
    char *mount_from;       /* what this POST tries; NULL: nothing */
    bool probing;           /* mount_from is the repository itself */
    int tries;
    char *location; /* of the session */
    bool public_only;
    int64_t chunk_min; /* what the registry wants chunks to have at least; 0: not said */
};

static inline struct begin_op *begin_of(struct task *task)
{
    return container_of(task, struct begin_op, op.task);
}
