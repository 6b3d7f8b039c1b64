/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/mirrored.h"

#include "base/log.h"
#include "net/loop.h"

#include <stdlib.h>

struct mirrored {
    struct store store;    /* first */
    struct store **stores; /* the mirrors, and last the registry */
    bool *is_dead;         /* could not be reached: not asked again in this run */
    size_t n;
};

enum verb { VERB_HEAD, VERB_GET, VERB_STAT, VERB_READ };

struct mirrored_op {
    struct store_op op; /* first */
    struct mirrored *mirrored;
    enum verb verb;
    char *reference, *media_type;
    bool has_expected;
    struct digest expected;
    struct descriptor blob; /* digest and size */
    int64_t offset;
    struct bridge *bridge;
    size_t place;
    struct store_op *inner;
};

static enum step_result step_try(struct task *task);
static enum step_result step_tried(struct task *task);
static const struct step try_step = {"try", step_try};
static const struct step tried_step = {"tried", step_tried};

static struct mirrored *mirrored_of(struct store *store)
{
    return container_of(store, struct mirrored, store);
}

static struct mirrored_op *op_of(struct task *task)
{
    return container_of(task, struct mirrored_op, op.task);
}

static void release(struct task *task)
{
    struct mirrored_op *m = op_of(task);
    store_op_drop(&m->inner);
    store_op_done(&m->op);
    free(m->reference);
    free(m->media_type);
    free(m);
}

static const struct task_type mirrored_type = {"mirrored", release};

static struct store_op *begin(struct mirrored_op *m, struct store *store)
{
    struct task *task = &m->op.task;
    switch (m->verb) {
    case VERB_HEAD:
        return store->ops->head(store, m->reference, task);
    case VERB_GET:
        return store->ops->get(store, m->reference, m->has_expected ? &m->expected : NULL,
                               m->media_type, task);
    case VERB_STAT:
        return store->ops->stat(store, &m->blob, task);
    default:
        return store->ops->read(store, &m->blob, m->offset, m->bridge, task);
    }
}

static bool is_last(const struct mirrored_op *m)
{
    return m->place + 1 == m->mirrored->n;
}

static enum step_result step_try(struct task *task)
{
    struct mirrored_op *m = op_of(task);
    while (!is_last(m) && m->mirrored->is_dead[m->place])
        m->place++;
    store_op_drop(&m->inner);
    m->inner = begin(m, m->mirrored->stores[m->place]);
    return task_wait(task, &tried_step);
}

/* What was read of a blob can't be read again by another one within this operation. */
static bool may_go_on(const struct mirrored_op *m)
{
    bool lacks = !m->inner->task.result && (m->verb == VERB_HEAD || m->verb == VERB_STAT) &&
                 !m->inner->found;
    bool failed =
        m->inner->task.result && (m->verb != VERB_READ || bridge_received(m->bridge) == m->offset);
    return !is_last(m) && (lacks || failed);
}

static void pass_over(struct mirrored_op *m)
{
    const struct error *err = &m->inner->task.err;
    const struct store *mirror = m->mirrored->stores[m->place];
    if (m->mirrored->is_dead[m->place]) {
        m->place++; /* somebody said so meanwhile */
        return;
    }
    if (m->inner->task.result == ERR_TRANSIENT && !err->http_status) {
        log_warn("mirror %s is passed over from now on: %s", mirror->name, err->text);
        m->mirrored->is_dead[m->place] = true;
    } else if (m->inner->task.result) {
        log_debug("mirror %s is passed over: %s", mirror->name, err->text);
    }
    m->place++;
}

static enum step_result step_tried(struct task *task)
{
    struct mirrored_op *m = op_of(task);
    struct store_op *inner = m->inner;
    if (!inner->task.done)
        return task_wait(task, &tried_step);
    if (may_go_on(m)) {
        pass_over(m);
        return task_next(task, &try_step);
    }
    if (inner->task.result)
        return task_fail(task, &inner->task.err);
    m->op.found = inner->found;
    m->op.digest = inner->digest;
    m->op.size = inner->size;
    m->op.media_type = take_ptr(&inner->media_type);
    m->op.manifest = take_ptr(&inner->manifest);
    return task_end(task);
}

static struct mirrored_op *op_new(struct store *store, enum verb verb, const char *label,
                                  struct task *parent)
{
    struct mirrored_op *m = xcalloc(1, sizeof(*m));
    store_op_init(&m->op, parent->loop, parent, &mirrored_type, label);
    m->mirrored = mirrored_of(store);
    m->verb = verb;
    task_start(&m->op.task, &try_step);
    return m;
}

/* ---- the verbs ---- */

static struct store_op *head(struct store *store, const char *reference, struct task *parent)
{
    struct mirrored_op *m = op_new(store, VERB_HEAD, reference, parent);
    m->reference = xstrdup(reference);
    return &m->op;
}

static struct store_op *get(struct store *store, const char *reference,
                            const struct digest *expected, const char *media_type,
                            struct task *parent)
{
    struct mirrored_op *m = op_new(store, VERB_GET, reference, parent);
    m->reference = xstrdup(reference);
    m->media_type = xstrdup(media_type);
    m->has_expected = expected;
    if (expected)
        m->expected = *expected;
    return &m->op;
}

static struct store_op *stat_blob(struct store *store, const struct descriptor *blob,
                                  struct task *parent)
{
    struct mirrored_op *m = op_new(store, VERB_STAT, blob->digest.text, parent);
    m->blob = (struct descriptor){.digest = blob->digest, .size = blob->size};
    return &m->op;
}

static struct store_op *read_blob(struct store *store, const struct descriptor *blob,
                                  int64_t offset, struct bridge *bridge, struct task *parent)
{
    struct mirrored_op *m = op_new(store, VERB_READ, blob->digest.text, parent);
    m->blob = (struct descriptor){.digest = blob->digest, .size = blob->size};
    m->offset = offset;
    m->bridge = bridge;
    return &m->op;
}

static struct store *origin_of(struct store *store)
{
    struct mirrored *m = mirrored_of(store);
    return m->stores[m->n - 1];
}

static struct store_op *tags(struct store *store, const struct store_tags *receiver,
                             struct task *parent)
{
    struct store *origin = origin_of(store);
    return origin->ops->tags(origin, receiver, parent);
}

static struct store_op *referrers(struct store *store, const struct digest *subject,
                                  const struct store_referrers *receiver, struct task *parent)
{
    struct store *origin = origin_of(store);
    return origin->ops->referrers(origin, subject, receiver, parent);
}

static void mirrored_free(struct store *store)
{
    struct mirrored *m = mirrored_of(store);
    free(m->store.name);
    free(m->store.repository);
    free(m->stores);
    free(m->is_dead);
    free(m);
}

/* For reading alone: there is nothing that writes. */
static const struct store_ops mirrored_ops = {
    .free = mirrored_free,
    .head = head,
    .get = get,
    .stat = stat_blob,
    .read = read_blob,
    .tags = tags,
    .referrers = referrers,
};

struct store *store_mirrored(struct store *const *mirrors, size_t n, struct store *origin)
{
    struct mirrored *m = xcalloc(1, sizeof(*m));
    m->store = *origin;
    m->store.ops = &mirrored_ops;
    m->store.name = xstrdup(origin->name);
    m->store.repository = xstrdup(origin->repository);
    m->n = n + 1;
    m->stores = xcalloc(m->n, sizeof(struct store *));
    m->is_dead = xcalloc(m->n, sizeof(bool));
    for (size_t i = 0; i < n; i++)
        m->stores[i] = mirrors[i];
    m->stores[n] = origin;
    return &m->store;
}
