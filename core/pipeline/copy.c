/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The copy of one reference: resolve (resolve.c), the image with everything below it (image.c),
 * what refers to it (artifacts.c), and last the tag, which is the commit.
 *     ... -> plan -> image -> artifacts -> push -> pushed -> end
 */
#include "base/log.h"
#include "pipeline/private.h"
#include "state/state.h"

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
static enum step_result step_image(struct task *task);
static enum step_result step_artifacts(struct task *task);
static enum step_result step_root(struct task *task);
static enum step_result begin_artifacts(struct copy *c);
static enum step_result step_artifacts_done(struct task *task);
static enum step_result step_push(struct task *task);
static enum step_result step_pushed(struct task *task);
const struct step copy_plan_step = {"plan", step_plan};
static const struct step image_step = {"image", step_image};
const struct step copy_artifacts_step = {"artifacts", step_artifacts};
static const struct step root_step = {"root", step_root};
static const struct step artifacts_done_step = {"artifacts-done", step_artifacts_done};
static const struct step push_step = {"push-tag", step_push};
static const struct step pushed_step = {"pushed", step_pushed};

/* What it shares with others belongs to the run and may live on. */
static void copy_release(struct task *task)
{
    struct copy *c = copy_of(task);
    store_op_drop(&c->put);
    store_op_drop(&c->target_head);
    if (c->artifacts)
        artifacts_leave(c->artifacts, task);
    if (c->image)
        image_leave(c->image, task);
    if (c->chosen)
        fetch_leave(c->chosen, task);
    copy_set_root(c, NULL);
    if (c->tag)
        tag_leave(c->tag, task);
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
    c->stage = "resolve";
    digest_parse(request->source_reference, &c->asked, NULL);
    copy_emit(c, (struct event){.kind = EVENT_IMAGE_START});
    task_start(&c->task, &resolve_first_step);
    return c;
}

static enum step_result fail(struct copy *c, const struct error *err)
{
    c->outcome = err->class == ERR_CANCELLED ? OUTCOME_INTERRUPTED : OUTCOME_FAILED;
    return task_fail(&c->task, err);
}

static enum step_result step_plan(struct task *task)
{
    struct copy *c = copy_of(task);
    const struct manifest *m = fetch_manifest(c->root);
    const struct descriptor root = {
        .media_type = m->media_type, .digest = m->digest, .size = (int64_t)m->len};
    const struct image_request request = {.source = c->request.source,
                                          .target = c->request.target,
                                          .descriptor = &root,
                                          .update = c->update,
                                          .is_root = true};
    c->stage = "copy";
    copy_emit(c, (struct event){.kind = EVENT_IMAGE_PLAN, .digest = &c->digest});
    c->image = image_for(c->run, &request, task, &c->image_is_ours);
    return task_wait(task, &image_step);
}

static enum step_result step_image(struct task *task)
{
    struct copy *c = copy_of(task);
    const struct task *image = image_task(c->image);
    if (!image->done)
        return task_wait(task, &image_step);
    if (image->result)
        return fail(c, &image->err);
    if (c->run->options.dry_run) {
        c->outcome = OUTCOME_PLANNED;
        return task_end(task);
    }
    return task_next(task, c->artifacts ? &push_step : &copy_artifacts_step);
}

/* ---- what refers to it ---- */

static int64_t last_look_ms(const struct copy *c)
{
    const struct store *target = c->request.target;
    return target->repository && target->registry_name
               ? state_checked(c->run->options.state, target->registry_name, target->repository,
                               &c->digest)
               : -1;
}

static void note_look(const struct copy *c)
{
    const struct store *target = c->request.target;
    if (target->repository && target->registry_name)
        state_checked_put(c->run->options.state, target->registry_name, target->repository,
                          &c->digest);
}

/* Of an unchanged image only the top is looked at, but for now and then. One of which no look is
 * known counts as looked at now. */
static bool looks_deep(const struct copy *c)
{
    const struct artifact_rules *rules = c->request.artifacts;
    return c->outcome != OUTCOME_PRESENT || rules->deep ||
           (rules->recheck_ms && last_look_ms(c) > rules->recheck_ms);
}

static enum step_result step_artifacts(struct task *task)
{
    struct copy *c = copy_of(task);
    const struct artifact_rules *rules = c->request.artifacts;
    bool is_unchanged = c->outcome == OUTCOME_PRESENT;
    if (!rules || c->run->options.dry_run)
        return is_unchanged ? task_end(task) : task_next(task, &push_step);
    c->stage = "artifacts";
    c->looks_deep = looks_deep(c);
    if (c->looks_deep && !c->root) {
        const struct fetch_request request = {.source = c->request.source, .digest = &c->digest};
        c->root = fetch_for(c->run, &request, task);
        return task_wait(task, &root_step);
    }
    return begin_artifacts(c);
}

/* An unchanged image that is looked at in depth after all. */
static enum step_result step_root(struct task *task)
{
    struct copy *c = copy_of(task);
    const struct task *root = fetch_task(c->root);
    if (!root->done)
        return task_wait(task, &root_step);
    return root->result ? fail(c, &root->err) : begin_artifacts(c);
}

static enum step_result begin_artifacts(struct copy *c)
{
    const struct artifact_rules *rules = c->request.artifacts;
    const struct manifest *m = c->looks_deep ? fetch_manifest(c->root) : NULL;
    const struct descriptor subject = {.digest = c->digest,
                                       .media_type = m ? m->media_type : NULL,
                                       .size = m ? (int64_t)m->len : -1};
    const struct artifacts_request request = {
        .source = c->request.source,
        .target = c->request.target,
        .subject = &subject,
        .manifest = m,
        .rules = rules,
        .source_tags = c->request.source_tags,
        .update = c->update,
    };
    c->artifacts = artifacts_for(c->run, &request, &c->task);
    return task_wait(&c->task, &artifacts_done_step);
}

static enum step_result step_artifacts_done(struct task *task)
{
    struct copy *c = copy_of(task);
    const struct task *artifacts = artifacts_task(c->artifacts);
    struct error err = ERROR_INIT;
    if (!artifacts->done)
        return task_wait(task, &artifacts_done_step);
    if (artifacts->result)
        return fail(c, &artifacts->err);
    if (c->looks_deep || last_look_ms(c) < 0)
        note_look(c);
    c->stats.artifacts = (int64_t)artifacts_found(c->artifacts);
    if (c->request.artifacts->required && !c->stats.artifacts) {
        error_set(&err, ERR_REFUSED,
                  "%s has no signature or other artifact, and the mapping requires one",
                  c->request.source_text);
        return fail(c, &err);
    }
    return c->outcome == OUTCOME_PRESENT ? task_end(task) : task_next(task, &push_step);
}

/* ---- the commit ---- */

static enum step_result step_push(struct task *task)
{
    struct copy *c = copy_of(task);
    const struct manifest *m = fetch_manifest(c->root);
    const char *reference =
        c->request.target_reference ? c->request.target_reference : m->digest.text;
    c->stage = "push";
    store_op_drop(&c->put);
    c->put = c->request.target->ops->put(c->request.target, reference, m, task);
    return task_wait(task, &pushed_step);
}

static enum step_result step_pushed(struct task *task)
{
    struct copy *c = copy_of(task);
    if (!c->put->task.done)
        return task_wait(task, &pushed_step);
    struct error err = c->put->task.err;
    if (c->put->task.result) {
        if (err.class == ERR_MISSING_PART && image_doubt(c->image))
            return task_wait(task, &image_step);
        image_explain(c->image, &err);
        return fail(c, &err);
    }
    image_was_pushed(c->image);
    c->stats.manifests_pushed++;
    c->outcome = OUTCOME_COPIED;
    copy_emit(c, (struct event){.kind = EVENT_MANIFEST,
                                .digest = &c->digest,
                                .size = (int64_t)fetch_manifest(c->root)->len,
                                .outcome = OUTCOME_COPIED});
    return task_end(task);
}

/* ---- what became of it ---- */

struct task *copy_task(struct copy *copy)
{
    return &copy->task;
}

enum outcome copy_outcome(const struct copy *copy)
{
    if (copy->task.result)
        return copy->task.result == ERR_CANCELLED ? OUTCOME_INTERRUPTED : OUTCOME_FAILED;
    return copy->outcome;
}

const char *copy_failed_at(const struct copy *copy)
{
    return copy->stage;
}

bool copy_is_new(const struct copy *copy)
{
    return !copy->update;
}

const struct digest *copy_digest(const struct copy *copy)
{
    return &copy->digest;
}

struct copy_stats copy_stats(const struct copy *copy)
{
    struct copy_stats stats = copy->stats;
    if (copy->image && copy->image_is_ours)
        image_count(copy->image, &stats);
    if (stats.blobs_present < 0)
        stats.blobs_present = 0;
    return stats;
}
