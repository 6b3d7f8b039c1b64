/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One manifest and all below it, made present at the target:
 *     ask (-> known) -> fetch -> plan -> parts -> push -> end
 * Blobs and child manifests are tasks shared by all who need them. The manifest goes last, so at
 * no instant does the target hold one with a missing part.
 */
#include "base/str.h"
#include "pipeline/private.h"

#include <stdlib.h>

/* A blob that the image needs; only one image counts a shared one as its own. */
struct part {
    struct blob *blob;
    bool is_ours;
};

struct image {
    struct task task; /* first */
    struct copy *copy;
    struct descriptor descriptor; /* strings belong to the parent's manifest */
    struct manifest *manifest;
    char *reference; /* a tag to push under; NULL: the digest */
    int depth;
    struct waiters waiters;
    struct store_op *op;
    VEC(struct part) parts;
    VEC(struct image *) children;
    enum outcome outcome;
    bool is_root, doubted;
    int64_t skipped; /* foreign layers left out */
};

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

static struct image *image_of(struct task *task)
{
    return container_of(task, struct image, task);
}

static void image_release(struct task *task)
{
    struct image *i = image_of(task);
    for (size_t k = 0; k < i->parts.len; k++)
        blob_leave(i->parts.items[k].blob, task);
    store_op_drop(&i->op);
    manifest_free(i->manifest);
    waiters_done(&i->waiters);
    vec_done(&i->parts);
    vec_done(&i->children);
    task_done(task);
    free(i->reference);
    free(i);
}

static const struct task_type image_type = {"image", image_release};

struct image *image_for(struct copy *copy, const struct descriptor *descriptor,
                        struct manifest *manifest, int depth, struct task *waiter)
{
    struct image *i = map_get(copy->images, descriptor->digest.text);
    if (!i) {
        i = xcalloc(1, sizeof(*i));
        task_init(&i->task, copy->run->loop, NULL, &image_type, descriptor->digest.text);
        i->copy = copy;
        i->descriptor = *descriptor;
        i->depth = depth;
        i->is_root = manifest;
        i->manifest = manifest;
        map_put(copy->images, descriptor->digest.text, i);
        task_start(&i->task, manifest ? &plan_step : &ask_step);
    }
    waiters_add(&i->waiters, waiter);
    return i;
}

struct task *image_task(struct image *image)
{
    return &image->task;
}

void image_set_reference(struct image *image, const char *reference)
{
    str_replace(&image->reference, reference);
}

void image_free(void *image)
{
    task_free(&((struct image *)image)->task);
}

void image_count(const struct image *i, struct copy_stats *stats)
{
    for (size_t k = 0; k < i->parts.len; k++) {
        const struct blob *blob = i->parts.items[k].blob;
        enum outcome outcome = i->parts.items[k].is_ours ? blob_outcome(blob) : OUTCOME_PRESENT;
        if (outcome == OUTCOME_COPIED) {
            stats->blobs_copied++;
            stats->bytes_copied += blob_size(blob);
        }
        if (outcome == OUTCOME_PLANNED)
            stats->bytes_planned += blob_size(blob);
        stats->blobs_mounted += outcome == OUTCOME_MOUNTED;
        stats->blobs_present += outcome == OUTCOME_PRESENT;
        stats->retries += i->parts.items[k].is_ours ? blob_retries(blob) : 0;
    }
    stats->blobs_skipped += i->skipped;
    stats->manifests_present += i->outcome == OUTCOME_PRESENT;
    stats->manifests_pushed += i->outcome == OUTCOME_COPIED;
}

static enum step_result fail(struct image *i, const struct error *err)
{
    waiters_wake(&i->waiters);
    return task_fail(&i->task, err);
}

static enum step_result end(struct image *i, enum outcome outcome)
{
    i->outcome = outcome;
    copy_emit(i->copy, (struct event){.kind = EVENT_MANIFEST,
                                      .digest = &i->descriptor.digest,
                                      .size = i->descriptor.size,
                                      .outcome = outcome});
    waiters_wake(&i->waiters);
    return task_end(&i->task);
}

/* ---- is it there? what is in it? ---- */

/* A target without the tag is not asked about children: it would say no. */
static enum step_result step_ask(struct task *task)
{
    struct image *i = image_of(task);
    struct store *target = i->copy->request.target;
    if (i->copy->run->draining || !i->copy->update)
        return task_next(task, &fetch_step);
    i->op = target->ops->head(target, i->descriptor.digest.text, task);
    return task_wait(task, &asked_step);
}

static enum step_result step_asked(struct task *task)
{
    struct image *i = image_of(task);
    if (!i->op->task.done)
        return task_wait(task, &asked_step);
    if (i->op->task.result)
        return fail(i, &i->op->task.err);
    if (i->op->found && digest_equal(&i->op->digest, &i->descriptor.digest))
        return end(i, OUTCOME_PRESENT);
    return task_next(task, &fetch_step);
}

static enum step_result step_fetch(struct task *task)
{
    struct image *i = image_of(task);
    struct store *source = i->copy->request.source;
    struct error err = ERROR_INIT;
    if (i->copy->run->draining)
        error_set(&err, ERR_CANCELLED, "interrupted");
    else if (i->depth > INDEX_DEPTH_MAX)
        error_set(&err, ERR_PROTOCOL, "%s@%s: indexes nested more than %d deep", source->name,
                  i->descriptor.digest.text, INDEX_DEPTH_MAX);
    if (err.class)
        return fail(i, &err);
    store_op_drop(&i->op);
    i->op = source->ops->get(source, i->descriptor.digest.text, &i->descriptor.digest,
                             i->descriptor.media_type, task);
    return task_wait(task, &fetched_step);
}

static enum step_result step_fetched(struct task *task)
{
    struct image *i = image_of(task);
    struct error err = ERROR_INIT;
    if (!i->op->task.done)
        return task_wait(task, &fetched_step);
    if (i->op->task.result)
        return fail(i, &i->op->task.err);
    if ((int64_t)i->op->manifest->len != i->descriptor.size) {
        error_set(&err, ERR_DIGEST, "%s@%s has %zu bytes, but its index says %lld",
                  i->copy->request.source->name, i->descriptor.digest.text, i->op->manifest->len,
                  (long long)i->descriptor.size);
        return fail(i, &err);
    }
    i->manifest = take_ptr(&i->op->manifest);
    return task_next(task, &plan_step);
}

/* ---- what it needs ---- */

static bool is_left_out(const struct image *i, const struct descriptor *layer)
{
    return !i->copy->run->options.foreign_layers && media_type_is_foreign(layer->media_type);
}

static void need_blob(struct image *i, const struct descriptor *blob)
{
    if (is_left_out(i, blob)) {
        i->skipped++;
        copy_emit(i->copy, (struct event){.kind = EVENT_BLOB_END,
                                          .digest = &blob->digest,
                                          .size = blob->size,
                                          .outcome = OUTCOME_SKIPPED});
        return;
    }
    const struct blob_request request = {.source = i->copy->request.source,
                                         .target = i->copy->request.target,
                                         .descriptor = blob,
                                         .update = i->copy->update};
    bool is_new;
    struct blob *task = blob_for(i->copy->run, &request, &i->task, &is_new);
    for (size_t k = 0; k < i->parts.len; k++) {
        if (i->parts.items[k].blob == task)
            return; /* a layer may occur twice in one image */
    }
    i->copy->n_blobs++;
    vec_add(&i->parts, (struct part){.blob = task, .is_ours = is_new});
}

static void need_child(struct image *i, const struct descriptor *child)
{
    if (!media_type_is_manifest(child->media_type)) {
        need_blob(i, child);
        return;
    }
    vec_add(&i->children, image_for(i->copy, child, NULL, i->depth + 1, &i->task));
}

static int by_size_descending(const void *a, const void *b)
{
    const struct descriptor *const *left = a, *const *right = b;
    return ((*left)->size < (*right)->size) - ((*left)->size > (*right)->size);
}

/* The largest first: what takes longest should not start last. */
static void need_layers(struct image *i)
{
    const struct manifest *m = i->manifest;
    VEC(const struct descriptor *) order = {0};
    for (size_t k = 0; k < m->n_layers; k++)
        vec_add(&order, &m->layers[k]);
    if (order.len)
        qsort(order.items, order.len, sizeof(*order.items), by_size_descending);
    for (size_t k = 0; k < order.len; k++)
        need_blob(i, order.items[k]);
    vec_done(&order);
}

/* Within one repository a manifest proves its parts: only the tag is new. */
static bool is_retag(const struct image *i)
{
    const struct store *source = i->copy->request.source, *target = i->copy->request.target;
    return source->host && source->host == target->host &&
           str_eq(source->repository, target->repository);
}

static enum step_result too_much(struct image *i)
{
    struct error err = ERROR_INIT;
    error_set(&err, ERR_TOO_LARGE, "%s names more manifests or blobs than can be copied at once",
              i->copy->request.source_text);
    return fail(i, &err);
}

static enum step_result step_plan(struct task *task)
{
    struct image *i = image_of(task);
    const struct manifest *m = i->manifest;
    i->copy->manifest_bytes += (int64_t)m->len;
    if (is_retag(i) && !i->doubted)
        return i->copy->run->options.dry_run ? end(i, OUTCOME_PLANNED)
                                             : task_next(task, &push_step);
    need_layers(i);
    if (m->config.media_type)
        need_blob(i, &m->config);
    for (size_t k = 0; k < m->n_children; k++)
        need_child(i, &m->children[k]);
    if (map_size(i->copy->images) > IMAGES_MAX || i->copy->n_blobs > BLOBS_MAX ||
        i->copy->manifest_bytes > MANIFEST_BYTES_MAX)
        return too_much(i);
    return task_next(task, &parts_step);
}

static const struct task *part_at(const struct image *i, size_t place)
{
    return place < i->parts.len ? blob_task(i->parts.items[place].blob)
                                : image_task(i->children.items[place - i->parts.len]);
}

/* A real failure before an interruption. */
static const struct task *failed_part(const struct image *i, bool *ret_all_done)
{
    const struct task *failed = NULL;
    *ret_all_done = true;
    for (size_t k = 0; k < i->parts.len + i->children.len; k++) {
        const struct task *part = part_at(i, k);
        *ret_all_done &= part->done;
        if (part->done && part->result && (!failed || failed->result == ERR_CANCELLED))
            failed = part;
    }
    return failed;
}

static enum step_result step_parts(struct task *task)
{
    struct image *i = image_of(task);
    bool all_done;
    const struct task *failed = failed_part(i, &all_done);
    /* An interruption lets the other parts finish, so that their work is not lost. */
    if (failed && (failed->result != ERR_CANCELLED || all_done))
        return fail(i, &failed->err);
    if (!all_done)
        return task_wait(task, &parts_step);
    return i->copy->run->options.dry_run ? end(i, OUTCOME_PLANNED) : task_next(task, &push_step);
}

/* ---- the commit ---- */

static enum step_result step_push(struct task *task)
{
    struct image *i = image_of(task);
    struct store *target = i->copy->request.target;
    const char *reference = i->reference ? i->reference : i->descriptor.digest.text;
    store_op_drop(&i->op);
    i->op = target->ops->put(target, reference, i->manifest, task);
    return task_wait(task, &pushed_step);
}

/* A child that the target was said to have is read and pushed after all. */
static void doubt_child(struct image *child)
{
    if (!child->task.done || child->outcome != OUTCOME_PRESENT || child->doubted)
        return;
    child->doubted = true;
    task_start(&child->task, &fetch_step);
}

/* The target lacks a part that we took for present: look at each, once. */
static enum step_result doubt_parts(struct image *i)
{
    i->doubted = true;
    if (is_retag(i))
        return task_next(&i->task, &plan_step);
    for (size_t k = 0; k < i->parts.len; k++)
        blob_doubt(i->parts.items[k].blob, &i->task);
    for (size_t k = 0; k < i->children.len; k++)
        doubt_child(i->children.items[k]);
    return task_next(&i->task, &parts_step);
}

static enum step_result step_pushed(struct task *task)
{
    struct image *i = image_of(task);
    if (!i->op->task.done)
        return task_wait(task, &pushed_step);
    if (!i->op->task.result)
        return end(i, OUTCOME_COPIED);
    struct error err = i->op->task.err;
    if (err.class == ERR_MISSING_PART && !i->doubted &&
        (i->parts.len || i->children.len || is_retag(i)))
        return doubt_parts(i);
    if (i->skipped && err.class != ERR_AUTH && err.class != ERR_DENIED)
        error_append(&err, "; the image has foreign layers, which were left out: "
                           "--foreign-layers copies them too");
    return fail(i, &err);
}
