/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens for what is to come, before slots are claimed for it. */
#include "base/str.h"
#include "registry/private.h"

#include <stdlib.h>

struct authorize_op {
    struct store_op op; /* first */
    struct repository *repository;
    char *mount_from;
    bool writes;
};

static struct authorize_op *op_of(struct task *task)
{
    return container_of(task, struct authorize_op, op.task);
}

static void release(struct task *task)
{
    struct authorize_op *a = op_of(task);
    tokens_forget_waiter(a->repository->registry, task);
    store_op_done(&a->op);
    free(a->mount_from);
    free(a);
}

static const struct task_type authorize_type = {"authorize", release};

static enum step_result step_ask(struct task *task);
static const struct step ask_step = {"ask", step_ask};

/* What can't be had is no failure here: the request that needs it says so. */
static enum step_result step_ask(struct task *task)
{
    struct authorize_op *a = op_of(task);
    const struct auth_need need = {.repository = a->repository->store.repository,
                                   .push = a->writes,
                                   .mount_from = a->mount_from};
    struct error err = ERROR_INIT;
    const char *header;
    int result = tokens_get(a->repository->registry, &need, task, &header, &err);
    return result == 0 ? task_wait(task, &ask_step) : task_end(task);
}

struct store_op *blob_authorize(struct store *store, bool writes, const char *mount_from,
                                struct task *parent)
{
    struct authorize_op *a = xcalloc(1, sizeof(*a));
    struct repository *repository = repository_of(store);
    store_op_init(&a->op, repository->registry->loop, parent, &authorize_type, store->name);
    a->repository = repository;
    a->writes = writes || repository->writes;
    if (mount_from && !str_eq(mount_from, store->repository) &&
        session_may_mount(repository->registry, store->repository, mount_from))
        a->mount_from = xstrdup(mount_from);
    task_start(&a->op.task, &ask_step);
    return &a->op;
}
