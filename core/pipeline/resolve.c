/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resolve: what the source reference stands for, and whether the target has it already.
 *     target-head (-> unchanged) -> source (-> unchanged) -> choose-platform -> compare -> plan
 * The target is asked first: where it lacks the tag, nothing can be unchanged, and the source
 * needs no HEAD.
 */
#include "pipeline/private.h"

#include <stdlib.h>
#include <string.h>

static enum step_result step_target_head(struct task *task);
static enum step_result step_target_headed(struct task *task);
static enum step_result step_target_known(struct task *task);
static enum step_result step_source(struct task *task);
static enum step_result step_compare(struct task *task);
const struct step resolve_first_step = {"target-head", step_target_head};
static const struct step target_headed_step = {"target-headed", step_target_headed};
static const struct step target_known_step = {"target-known", step_target_known};
static const struct step source_step = {"source", step_source};
const struct step copy_compare_step = {"compare", step_compare};

static struct copy *copy_of(struct task *task)
{
    return container_of(task, struct copy, task);
}

/* With no target reference it goes by digest, which a source by digest tells beforehand. */
static const char *target_reference(const struct copy *c)
{
    if (c->request.target_reference)
        return c->request.target_reference;
    return digest_is_set(&c->asked) && !c->request.n_platforms ? c->asked.text : NULL;
}

static enum step_result step_target_head(struct task *task)
{
    struct copy *c = copy_of(task);
    const char *reference = target_reference(c);
    if (c->run->draining) {
        struct error err = ERROR_INIT;
        error_set(&err, ERR_CANCELLED, "interrupted");
        return task_fail(task, &err);
    }
    c->update = c->request.known == TARGET_HAS;
    c->target_digest = c->request.target_digest;
    if (!reference || c->request.known != TARGET_ASK)
        return task_next(task, &target_known_step);
    c->target_head = c->request.target->ops->head(c->request.target, reference, task);
    return task_wait(task, &target_headed_step);
}

static enum step_result step_target_headed(struct task *task)
{
    struct copy *c = copy_of(task);
    if (!c->target_head->task.done)
        return task_wait(task, &target_headed_step);
    if (c->target_head->task.result)
        return task_fail(task, &c->target_head->task.err);
    c->update = c->target_head->found;
    c->target_digest = c->target_head->digest;
    store_op_drop(&c->target_head);
    return task_next(task, &target_known_step);
}

bool copy_target_has(const struct copy *c, const struct digest *digest)
{
    return c->update && digest_equal(&c->target_digest, digest);
}

enum step_result copy_unchanged(struct copy *c, const struct digest *digest)
{
    c->digest = *digest;
    c->outcome = OUTCOME_PRESENT;
    return task_next(&c->task, &copy_artifacts_step);
}

static enum step_result step_target_known(struct task *task)
{
    struct copy *c = copy_of(task);
    const struct copy_request *r = &c->request;
    if (r->only_missing && c->update) {
        c->digest = c->target_digest;
        c->outcome = OUTCOME_PRESENT;
        return task_end(task);
    }
    if (digest_is_set(&c->asked) && !r->n_platforms && copy_target_has(c, &c->asked))
        return copy_unchanged(c, &c->asked);
    /* With platforms the digest tells something only if the manifest is remembered. */
    bool worth_a_head =
        c->update && !digest_is_set(&c->asked) && (!r->n_platforms || c->run->options.state);
    c->tag = tag_for(c->run, r->source, r->source_reference, !worth_a_head, task);
    return task_wait(task, &source_step);
}

void copy_set_root(struct copy *c, struct fetch *root)
{
    if (c->root)
        fetch_leave(c->root, &c->task);
    c->root = root;
}

static enum step_result step_source(struct task *task)
{
    struct copy *c = copy_of(task);
    const struct task *tag = tag_task(c->tag);
    if (!tag->done)
        return task_wait(task, &source_step);
    if (tag->result)
        return task_fail(task, &tag->err);
    const struct manifest *manifest = tag_manifest(c->tag);
    if (!manifest) {
        if (!c->request.n_platforms && copy_target_has(c, tag_digest(c->tag)))
            return copy_unchanged(c, tag_digest(c->tag));
        tag_want_manifest(c->tag);
        return task_wait(task, &source_step);
    }
    const struct fetch_request request = {.source = c->request.source, .digest = &manifest->digest};
    copy_set_root(c, fetch_for(c->run, &request, task));
    return task_next(task, &copy_choose_step);
}

static enum step_result step_compare(struct task *task)
{
    struct copy *c = copy_of(task);
    const struct digest *digest = &fetch_manifest(c->root)->digest;
    if (copy_target_has(c, digest))
        return copy_unchanged(c, digest);
    c->digest = *digest;
    return task_next(task, &copy_plan_step);
}
