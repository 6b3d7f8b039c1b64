/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who moves the bytes of a blob to a host: the first who asks. The others wait for him, and then
 * mount it from his repository. Nobody has to wait to mount from the source's own repository.
 */
#include "base/str.h"
#include "pipeline/blob_private.h"
#include "state/state.h"

#include <stdlib.h>

static enum step_result step_lead(struct task *task);
const struct step blob_lead_step = {"lead", step_lead};

bool lead_stop(struct blob *b)
{
    _cleanup_free_ char *key = run_key(b->target->host, &b->descriptor.digest);
    if (!b->target->host || map_get(b->run->movers, key) != b)
        return false;
    map_remove(b->run->movers, key);
    return true;
}

static bool can_mount(const struct blob *b, const char *from)
{
    return b->target->can_mount && b->target->can_mount(b->target, from);
}

/* The source's own repository on the same host, from which nobody has to wait to mount. */
bool lead_can_mount_source(const struct blob *b)
{
    return b->source->host && b->source->host == b->target->host &&
           can_mount(b, b->source->repository);
}

static struct store *present_at_host(const struct blob *b)
{
    size_t pos = 0;
    struct store *store;
    while ((store = present_next(b->run->present, &b->descriptor.digest, &pos))) {
        if (store->host == b->target->host && can_mount(b, store->repository))
            return store;
    }
    return NULL;
}

static void stop_following(struct blob *b)
{
    struct blob *leader = take_ptr(&b->leader);
    if (leader)
        blob_leave(leader, &b->task);
}

static enum step_result follow(struct blob *b, struct blob *leader)
{
    bool mountable = can_mount(b, leader->target->repository);
    b->has_it = mountable ? leader->target : NULL;
    if (leader->task.done || !mountable) {
        stop_following(b);
        return task_next(&b->task, &blob_authorize_step);
    }
    if (b->leader != leader)
        stop_following(b);
    b->leader = leader;
    waiters_add(&leader->waiters, &b->task);
    transfer_expect_not(b->transfer, &b->task);
    return task_wait(&b->task, &blob_lead_step);
}

static enum step_result step_lead(struct task *task)
{
    struct blob *b = blob_of(task);
    if (!b->target->host || lead_can_mount_source(b))
        return task_next(task, &blob_authorize_step);
    _cleanup_free_ char *key = run_key(b->target->host, &b->descriptor.digest);
    struct blob *leader = map_get(b->run->movers, key);
    bool failed = leader && leader->task.done && leader->task.result;
    if (leader && leader != b && !failed)
        return follow(b, leader);
    stop_following(b);
    b->has_it = present_at_host(b);
    if (!b->has_it)
        map_put(b->run->movers, key, b);
    return task_next(task, &blob_authorize_step);
}

/* A repository of the host that an earlier run saw it in; free it. */
char *lead_remembered_home(const struct blob *b)
{
    const struct store *target = b->target;
    char *home =
        target->registry_name
            ? state_blob_home(b->run->options.state, target->registry_name, &b->descriptor.digest)
            : NULL;
    if (home && !can_mount(b, home))
        free(take_ptr(&home));
    return home;
}
