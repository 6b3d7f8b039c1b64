/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The copy itself: resolve (resolve.c), then the root image (image.c) with everything below it.
 * Owns the tasks of its images; those of blobs belong to the run, which other copies share.
 */
#include "base/log.h"
#include "pipeline/private.h"

#include <stdlib.h>

static struct copy *copy_of(struct task *task)
{
    return container_of(task, struct copy, task);
}

/* ---- events ---- */

void copy_emit(struct copy *copy, struct event event)
{
    event.source = copy->request.source_text;
    event.target = copy->request.target_text;
    run_emit(copy->run, &event);
}

/* ---- the machine ---- */

static enum step_result step_plan(struct task *task);
static enum step_result step_root(struct task *task);
const struct step copy_plan_step = {"plan", step_plan};
static const struct step root_step = {"root", step_root};

/* Images leave the blobs that they wait for, which belong to the run and may live on. */
static void copy_release(struct task *task)
{
    struct copy *c = copy_of(task);
    store_op_drop(&c->op);
    store_op_drop(&c->target_head);
    map_free(c->images, image_free);
    manifest_free(c->root_manifest);
    task_done(task);
    free(c);
}

static const struct task_type copy_type = {"copy", copy_release};

struct copy *copy_start(struct run *run, struct task *parent, const struct copy_request *request)
{
    struct copy *c = xcalloc(1, sizeof(*c));
    task_init(&c->task, run->loop, parent, &copy_type, request->source_text);
    c->run = run;
    c->request = *request;
    c->images = map_new();
    digest_parse(request->source_reference, &c->asked, NULL);
    copy_emit(c, (struct event){.kind = EVENT_IMAGE_START});
    task_start(&c->task, &resolve_first_step);
    return c;
}

static enum step_result step_plan(struct task *task)
{
    struct copy *c = copy_of(task);
    const struct manifest *m = c->root_manifest;
    const struct descriptor root = {
        .media_type = m->media_type, .digest = m->digest, .size = (int64_t)m->len};
    copy_emit(c, (struct event){.kind = EVENT_IMAGE_PLAN, .digest = &c->digest});
    c->root = image_for(c, &root, take_ptr(&c->root_manifest), 0, task);
    image_set_reference(c->root, c->request.target_reference);
    return task_wait(task, &root_step);
}

static enum step_result step_root(struct task *task)
{
    struct copy *c = copy_of(task);
    const struct task *root = image_task(c->root);
    if (!root->done)
        return task_wait(task, &root_step);
    if (root->result) {
        c->outcome = root->result == ERR_CANCELLED ? OUTCOME_INTERRUPTED : OUTCOME_FAILED;
        return task_fail(task, &root->err);
    }
    c->outcome = c->run->options.dry_run ? OUTCOME_PLANNED : OUTCOME_COPIED;
    return task_end(task);
}

struct task *copy_task(struct copy *copy)
{
    return &copy->task;
}

enum outcome copy_outcome(const struct copy *copy)
{
    if (copy->task.result && copy->outcome != OUTCOME_INTERRUPTED)
        return OUTCOME_FAILED;
    return copy->outcome;
}

const struct digest *copy_digest(const struct copy *copy)
{
    return &copy->digest;
}

struct copy_stats copy_stats(const struct copy *copy)
{
    struct copy_stats stats = {0};
    size_t pos = 0;
    void *image;
    while (map_next(copy->images, &pos, &image))
        image_count(image, &stats);
    return stats;
}
