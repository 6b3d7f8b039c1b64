/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One manifest and all below it, made present at the target:
 *     ask (-> there) -> fetch -> plan -> parts (-> ready) -> push -> end
 * Blobs and child manifests are tasks shared by all who need them. The manifest goes last, so at
 * no instant does the target hold one with a missing part. A root ends when its parts are there:
 * whoever asked for it pushes it under its tag.
 */
#include "base/str.h"
#include "pipeline/image_private.h"
#include "state/state.h"

#include <stdlib.h>

static enum step_result step_ask(struct task *task);
static enum step_result step_asked(struct task *task);
static enum step_result step_fetch(struct task *task);
static enum step_result step_fetched(struct task *task);
static enum step_result step_plan(struct task *task);
static enum step_result step_parts(struct task *task);
static enum step_result step_push(struct task *task);
static enum step_result step_pushed(struct task *task);
static const struct step ask_step = {"ask", step_ask};
static const struct step asked_step = {"asked", step_asked};
static const struct step fetch_step = {"fetch", step_fetch};
static const struct step fetched_step = {"fetched", step_fetched};
static const struct step plan_step = {"plan", step_plan};
static const struct step parts_step = {"parts", step_parts};
static const struct step push_step = {"push-manifest", step_push};
static const struct step pushed_step = {"pushed", step_pushed};

/* ---- life ---- */

static void budget_leave(struct budget *budget)
{
    if (--budget->users == 0)
        free(budget);
}

static void image_release(struct task *task)
{
    struct image *i = image_of(task);
    parts_leave(i);
    store_op_drop(&i->op);
    if (i->fetch)
        fetch_leave(i->fetch, task);
    budget_leave(i->budget);
    waiters_done(&i->waiters);
    vec_done(&i->parts);
    vec_done(&i->children);
    task_done(task);
    free(i->descriptor.media_type);
    free(i);
}

static const struct task_type image_type = {"image", image_release};

void image_free(void *image)
{
    task_free(&((struct image *)image)->task);
}

static struct image *image_new(struct run *run, const struct image_request *r, const char *key)
{
    struct image *i = xcalloc(1, sizeof(*i));
    task_init(&i->task, run->loop, NULL, &image_type, r->descriptor->digest.text);
    i->run = run;
    i->source = r->source;
    i->target = r->target;
    i->descriptor.digest = r->descriptor->digest;
    i->descriptor.size = r->descriptor->size;
    i->descriptor.media_type = xstrdup(r->descriptor->media_type);
    i->depth = r->depth;
    i->budget = r->budget ? r->budget : xcalloc(1, sizeof(*i->budget));
    i->budget->users++;
    i->budget->n_images++;
    map_put(run->images, key, i);
    return i;
}

/* What it still has to do for who asks now: begin, or push what was only made ready. */
static const struct step *to_do(const struct image *i, const struct image_request *r)
{
    if (!i->task.started)
        return r->is_root || r->doubt ? &fetch_step : &ask_step;
    if (!i->task.done)
        return NULL;
    if (i->task.result || r->doubt)
        return &fetch_step;
    return i->wants_push && !i->is_pushed && !i->run->options.dry_run ? &push_step : NULL;
}

struct image *image_for(struct run *run, const struct image_request *r, struct task *waiter,
                        bool *ret_is_new)
{
    _cleanup_free_ char *key = run_key(r->target, &r->descriptor->digest);
    struct image *i = map_get(run->images, key);
    *ret_is_new = false;
    if (!i && !r->is_root && !r->doubt && map_get(run->pushed, key))
        return NULL;
    if (!i) {
        i = image_new(run, r, key);
        *ret_is_new = true;
    }
    i->n_users++;
    i->update |= r->update;
    i->wants_push |= !r->is_root;
    i->doubts |= r->doubt;
    waiters_add(&i->waiters, waiter);
    const struct step *step = to_do(i, r);
    if (step) {
        i->source = r->source;
        i->is_pushed &= !r->doubt;
        task_start(&i->task, step);
    } else if (i->task.done) {
        task_wake(waiter);
    }
    return i;
}

void image_leave(struct image *i, const struct task *waiter)
{
    waiters_remove(&i->waiters, waiter);
    if (--i->n_users)
        return;
    _cleanup_free_ char *key = run_key(i->target, &i->descriptor.digest);
    map_remove(i->run->images, key);
    image_free(i);
}

struct task *image_task(struct image *image)
{
    return &image->task;
}

const struct manifest *image_manifest(const struct image *i)
{
    return i->fetch ? fetch_manifest(i->fetch) : NULL;
}

/* A committed manifest vouches for its blobs, in later runs as well. */
static void vouch(const struct image *i)
{
    const struct store *target = i->target;
    const struct manifest *m = image_manifest(i);
    struct state *state = i->run->options.state;
    if (!state || !m || !target->repository || !target->registry_name)
        return;
    if (m->config.media_type)
        state_blob_seen(state, target->registry_name, target->repository, &m->config.digest, true);
    for (size_t k = 0; k < m->n_layers; k++) {
        if (i->run->options.foreign_layers || !media_type_is_foreign(m->layers[k].media_type))
            state_blob_seen(state, target->registry_name, target->repository, &m->layers[k].digest,
                            true);
    }
}

void image_was_pushed(struct image *i)
{
    static char marker;
    _cleanup_free_ char *key = run_key(i->target, &i->descriptor.digest);
    i->is_pushed = true;
    map_put(i->run->pushed, key, &marker);
    vouch(i);
}

bool image_subject_was_noted(const struct image *i)
{
    return i->subject_noted;
}

void image_explain(const struct image *i, struct error *err)
{
    if (i->stats.blobs_skipped && err->class != ERR_AUTH && err->class != ERR_DENIED)
        error_append(err, "; the image has foreign layers, which were left out: "
                          "--foreign-layers copies them too");
}

/* ---- ends ---- */

static enum step_result fail(struct image *i, const struct error *err)
{
    waiters_wake(&i->waiters);
    return task_fail(&i->task, err);
}

static enum step_result end(struct image *i, enum outcome outcome)
{
    i->outcome = outcome;
    run_emit(i->run, &(struct event){.kind = EVENT_MANIFEST,
                                     .source = i->source->name,
                                     .target = i->target->name,
                                     .digest = &i->descriptor.digest,
                                     .size = i->descriptor.size,
                                     .outcome = outcome});
    waiters_wake(&i->waiters);
    return task_end(&i->task);
}

/* All its parts are there. */
static enum step_result ready(struct image *i)
{
    if (i->run->options.dry_run)
        return end(i, OUTCOME_PLANNED);
    if (i->wants_push && !i->is_pushed)
        return task_next(&i->task, &push_step);
    waiters_wake(&i->waiters);
    return task_end(&i->task);
}

/* ---- is it there? what is in it? ---- */

/* A target without the tag is not asked about children: it would say no. */
static enum step_result step_ask(struct task *task)
{
    struct image *i = image_of(task);
    if (i->run->draining || !i->update)
        return task_next(task, &fetch_step);
    i->op = i->target->ops->head(i->target, i->descriptor.digest.text, task);
    return task_wait(task, &asked_step);
}

static enum step_result step_asked(struct task *task)
{
    struct image *i = image_of(task);
    if (!i->op->task.done)
        return task_wait(task, &asked_step);
    if (i->op->task.result)
        return fail(i, &i->op->task.err);
    if (!i->op->found || !digest_equal(&i->op->digest, &i->descriptor.digest))
        return task_next(task, &fetch_step);
    image_was_pushed(i);
    return end(i, OUTCOME_PRESENT);
}

static enum step_result step_fetch(struct task *task)
{
    struct image *i = image_of(task);
    struct error err = ERROR_INIT;
    task->result = 0;
    if (i->run->draining)
        error_set(&err, ERR_CANCELLED, "interrupted");
    else if (i->depth > INDEX_DEPTH_MAX)
        error_set(&err, ERR_PROTOCOL, "%s@%s: indexes nested more than %d deep", i->source->name,
                  i->descriptor.digest.text, INDEX_DEPTH_MAX);
    if (err.class)
        return fail(i, &err);
    store_op_drop(&i->op);
    parts_leave(i);
    const struct fetch_request request = {.source = i->source,
                                          .digest = &i->descriptor.digest,
                                          .media_type = i->descriptor.media_type};
    if (i->fetch)
        fetch_leave(i->fetch, task);
    i->fetch = fetch_for(i->run, &request, task);
    return task_wait(task, &fetched_step);
}

static enum step_result step_fetched(struct task *task)
{
    struct image *i = image_of(task);
    struct error err = ERROR_INIT;
    const struct task *fetch = fetch_task(i->fetch);
    if (!fetch->done)
        return task_wait(task, &fetched_step);
    if (fetch->result && !fetch_was_from(i->fetch, i->source) && !i->refetched) {
        i->refetched = true; /* the source of another mapping failed: ours may not */
        return task_next(task, &fetch_step);
    }
    if (fetch->result)
        return fail(i, &fetch->err);
    size_t len = fetch_manifest(i->fetch)->len;
    if ((int64_t)len != i->descriptor.size) {
        error_set(&err, ERR_DIGEST, "%s@%s has %zu bytes, but its index says %lld", i->source->name,
                  i->descriptor.digest.text, len, (long long)i->descriptor.size);
        return fail(i, &err);
    }
    i->budget->manifest_bytes += (int64_t)len;
    return task_next(task, &plan_step);
}

/* ---- its parts ---- */

/* Within one repository a manifest proves its parts: only the tag is new. */
static bool is_retag(const struct image *i)
{
    return i->source->host && i->source->host == i->target->host &&
           str_eq(i->source->repository, i->target->repository);
}

static enum step_result too_much(struct image *i)
{
    struct error err = ERROR_INIT;
    error_set(&err, ERR_TOO_LARGE, "%s@%s leads to more manifests or blobs than can be copied",
              i->source->name, i->descriptor.digest.text);
    return fail(i, &err);
}

static enum step_result step_plan(struct task *task)
{
    struct image *i = image_of(task);
    if (is_retag(i) && !i->doubts)
        return ready(i);
    parts_begin(i);
    if (i->budget->n_images > IMAGES_MAX || i->budget->n_blobs > BLOBS_MAX ||
        i->budget->manifest_bytes > MANIFEST_BYTES_MAX)
        return too_much(i);
    return task_next(task, &parts_step);
}

static enum step_result step_parts(struct task *task)
{
    struct image *i = image_of(task);
    bool all_done;
    const struct task *failed = parts_failed(i, &all_done);
    /* An interruption lets the other parts finish, so that their work is not lost. */
    if (failed && (failed->result != ERR_CANCELLED || all_done))
        return fail(i, &failed->err);
    if (!all_done)
        return task_wait(task, &parts_step);
    i->doubts = false;
    parts_leave(i);
    return ready(i);
}

/* ---- the commit ---- */

static enum step_result step_push(struct task *task)
{
    struct image *i = image_of(task);
    if (i->is_pushed)
        return ready(i);
    store_op_drop(&i->op);
    i->op =
        i->target->ops->put(i->target, i->descriptor.digest.text, fetch_manifest(i->fetch), task);
    return task_wait(task, &pushed_step);
}

/* What was copied in the first pass is found present in the second: it counts once. */
static void begin_doubt(struct image *i)
{
    const struct store *target = i->target;
    if (target->repository && target->registry_name)
        state_forget_repository(i->run->options.state, target->registry_name, target->repository);
    parts_leave(i);
    i->doubted = i->doubts = true;
    i->stats.blobs_present = -(i->stats.blobs_copied + i->stats.blobs_mounted);
    i->stats.manifests_present = -i->stats.manifests_pushed;
    i->stats.blobs_skipped = 0;
}

bool image_doubt(struct image *i)
{
    if (i->doubted || !i->task.done)
        return false;
    begin_doubt(i);
    task_start(&i->task, &fetch_step);
    return true;
}

static enum step_result step_pushed(struct task *task)
{
    struct image *i = image_of(task);
    if (!i->op->task.done)
        return task_wait(task, &pushed_step);
    if (!i->op->task.result) {
        i->subject_noted = i->op->subject_noted;
        image_was_pushed(i);
        return end(i, OUTCOME_COPIED);
    }
    struct error err = i->op->task.err;
    if (err.class == ERR_MISSING_PART && !i->doubted) {
        begin_doubt(i);
        return task_next(task, &fetch_step);
    }
    image_explain(i, &err);
    return fail(i, &err);
}
