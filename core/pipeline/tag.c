/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a reference of a source stands for: found out once in a run, however many targets want it.
 *     head (-> digest) -> read (-> manifest) -> end
 * Where nobody can be up to date, the HEAD is saved and the manifest read at once. A tag is read
 * once; everything after it goes by digest, so one that moves meanwhile can't mix two images.
 */
#include "base/str.h"
#include "pipeline/private.h"
#include "state/state.h"

#include <stdlib.h>

struct tag {
    struct task task; /* first */
    struct run *run;
    struct store *source;
    char *reference;
    struct digest digest;
    bool is_digest;      /* the reference is one */
    bool wants_manifest; /* not only the digest */
    bool by_reference;   /* the digest that was told is not served */
    struct store_op *op;
    struct fetch *root;
    struct waiters waiters;
    size_t n_users;
};

static enum step_result step_head(struct task *task);
static enum step_result step_headed(struct task *task);
static enum step_result step_read(struct task *task);
static enum step_result step_by_digest(struct task *task);
static enum step_result step_by_reference(struct task *task);
static const struct step head_step = {"head", step_head};
static const struct step headed_step = {"headed", step_headed};
static const struct step read_step = {"read", step_read};
static const struct step by_digest_step = {"by-digest", step_by_digest};
static const struct step by_reference_step = {"by-reference", step_by_reference};

static struct tag *tag_of(struct task *task)
{
    return container_of(task, struct tag, task);
}

static void tag_release(struct task *task)
{
    struct tag *t = tag_of(task);
    store_op_drop(&t->op);
    if (t->root)
        fetch_leave(t->root, task);
    waiters_done(&t->waiters);
    task_done(task);
    free(t->reference);
    free(t);
}

static const struct task_type tag_type = {"tag", tag_release};

void tag_free(void *tag)
{
    task_free(&((struct tag *)tag)->task);
}

static char *tag_key(const struct store *source, const char *reference)
{
    return xasprintf("%p %s", (const void *)source, reference);
}

static struct tag *tag_new(struct run *run, struct store *source, const char *reference,
                           const char *known)
{
    struct tag *t = xcalloc(1, sizeof(*t));
    task_init(&t->task, run->loop, NULL, &tag_type, reference);
    t->run = run;
    t->source = source;
    t->reference = xstrdup(reference);
    t->is_digest = digest_parse(reference, &t->digest, NULL) == 0;
    if (known)
        digest_parse(known, &t->digest, NULL);
    return t;
}

struct tag *tag_for(struct run *run, struct store *source, const char *reference,
                    bool wants_manifest, struct task *waiter)
{
    _cleanup_free_ char *key = tag_key(source, reference);
    struct tag *t = map_get(run->tags, key);
    if (!t) {
        t = tag_new(run, source, reference, map_get(run->resolved, key));
        map_put(run->tags, key, t);
        t->wants_manifest = wants_manifest;
        task_start(&t->task, &head_step);
    }
    t->n_users++;
    waiters_add(&t->waiters, waiter);
    if (wants_manifest)
        tag_want_manifest(t);
    if (t->task.done)
        task_wake(waiter);
    return t;
}

void tag_want_manifest(struct tag *t)
{
    if (t->wants_manifest)
        return;
    t->wants_manifest = true;
    if (t->task.done && !t->task.result)
        task_start(&t->task, &read_step);
}

const struct task *tag_task(const struct tag *t)
{
    return &t->task;
}

const struct digest *tag_digest(const struct tag *t)
{
    return &t->digest;
}

const struct manifest *tag_manifest(const struct tag *t)
{
    return t->root ? fetch_manifest(t->root) : NULL;
}

/* The digest is kept for targets that come later; the rest is not. */
void tag_leave(struct tag *t, const struct task *waiter)
{
    waiters_remove(&t->waiters, waiter);
    if (--t->n_users)
        return;
    _cleanup_free_ char *key = tag_key(t->source, t->reference);
    if (t->task.done && !t->task.result && digest_is_set(&t->digest))
        free(map_put(t->run->resolved, key, xstrdup(t->digest.text)));
    map_remove(t->run->tags, key);
    tag_free(t);
}

/* ---- the machine ---- */

static enum step_result end(struct tag *t)
{
    waiters_wake(&t->waiters);
    return task_end(&t->task);
}

static enum step_result fail(struct tag *t, const struct error *err)
{
    enum step_result result = task_fail(&t->task, err);
    waiters_wake(&t->waiters);
    return result;
}

static enum step_result step_head(struct task *task)
{
    struct tag *t = tag_of(task);
    bool needs_head = t->source->head_first && !digest_is_set(&t->digest);
    if (t->wants_manifest && !needs_head)
        return task_next(task, &read_step);
    if (digest_is_set(&t->digest))
        return end(t);
    t->op = t->source->ops->head(t->source, t->reference, task);
    return task_wait(task, &headed_step);
}

static enum step_result step_headed(struct task *task)
{
    struct tag *t = tag_of(task);
    struct error err = ERROR_INIT;
    if (!t->op->task.done)
        return task_wait(task, &headed_step);
    if (t->op->task.result)
        return fail(t, &t->op->task.err);
    if (!t->op->found) {
        char separator = t->is_digest ? '@' : ':';
        error_set(&err, ERR_NOT_FOUND, "%s%c%s: not found", t->source->name, separator,
                  t->reference);
        return fail(t, &err);
    }
    t->digest = t->op->digest;
    if (!digest_is_set(&t->digest))
        t->wants_manifest = true; /* only its bytes tell */
    return t->wants_manifest ? task_next(task, &read_step) : end(t);
}

static enum step_result step_read(struct task *task)
{
    struct tag *t = tag_of(task);
    store_op_drop(&t->op);
    if (digest_is_set(&t->digest) && !t->by_reference) {
        const struct fetch_request request = {.source = t->source, .digest = &t->digest};
        t->root = fetch_for(t->run, &request, task);
        return task_wait(task, &by_digest_step);
    }
    t->op = t->source->ops->get(t->source, t->reference, NULL, NULL, task);
    return task_wait(task, &by_reference_step);
}

/* The tag moved after the HEAD, or this registry does not serve by digest: once by tag. */
static enum step_result step_by_digest(struct task *task)
{
    struct tag *t = tag_of(task);
    const struct task *root = fetch_task(t->root);
    if (!root->done)
        return task_wait(task, &by_digest_step);
    if (!root->result)
        return end(t);
    struct error err = root->err;
    fetch_leave(t->root, task);
    t->root = NULL;
    if (err.class != ERR_NOT_FOUND || t->is_digest)
        return fail(t, &err);
    t->by_reference = true;
    return task_next(task, &read_step);
}

static enum step_result step_by_reference(struct task *task)
{
    struct tag *t = tag_of(task);
    if (!t->op->task.done)
        return task_wait(task, &by_reference_step);
    if (t->op->task.result)
        return fail(t, &t->op->task.err);
    t->digest = t->op->digest;
    state_manifest_put(t->run->options.state, t->op->manifest);
    t->root = fetch_add(t->run, take_ptr(&t->op->manifest));
    store_op_drop(&t->op);
    return end(t);
}
