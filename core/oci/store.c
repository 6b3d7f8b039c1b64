/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of an operation that both stores share. */
#include "oci/store.h"

#include <stdlib.h>

void store_op_init(struct store_op *op, struct loop *loop, struct task *parent,
                   const struct task_type *type, const char *label)
{
    task_init(&op->task, loop, parent, type, label);
    op->size = -1;
}

void store_op_done(struct store_op *op)
{
    free(op->media_type);
    manifest_free(op->manifest);
    task_done(&op->task);
}

void store_free(struct store *store)
{
    if (store)
        store->ops->free(store);
}

void store_op_drop(struct store_op **op)
{
    if (*op)
        task_free(&(*op)->task);
    *op = NULL;
}
