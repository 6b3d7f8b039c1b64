/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resolve: what the source reference stands for, and whether the target has it already.
 *     target-head -> source-head (-> unchanged) -> source-get -> choose-platform -> plan
 * The target is asked first: where it lacks the tag, nothing can be unchanged, and the source
 * needs no HEAD. A tag is read once; everything after it goes by digest, so a tag that moves
 * meanwhile can't mix two images.
 */
#include "pipeline/private.h"

#include <stdlib.h>
#include <string.h>

static enum step_result step_target_head(struct task *task);
static enum step_result step_target_headed(struct task *task);
static enum step_result step_source_head(struct task *task);
static enum step_result step_source_headed(struct task *task);
static enum step_result step_source_get(struct task *task);
static enum step_result step_source_got(struct task *task);
static enum step_result step_compare(struct task *task);
const struct step resolve_first_step = {"target-head", step_target_head};
static const struct step target_headed_step = {"target-headed", step_target_headed};
static const struct step source_head_step = {"source-head", step_source_head};
static const struct step source_headed_step = {"source-headed", step_source_headed};
static const struct step source_get_step = {"source-get", step_source_get};
static const struct step source_got_step = {"source-got", step_source_got};
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
    if (!reference)
        return task_next(task, &source_get_step);
    c->target_head = c->request.target->ops->head(c->request.target, reference, task);
    return task_wait(task, &target_headed_step);
}

bool copy_target_has(const struct copy *c, const struct digest *digest)
{
    return c->target_head && c->target_head->found && digest_equal(&c->target_head->digest, digest);
}

enum step_result copy_unchanged(struct copy *c, const struct digest *digest)
{
    c->digest = *digest;
    c->outcome = OUTCOME_PRESENT;
    return task_end(&c->task);
}

static enum step_result step_target_headed(struct task *task)
{
    struct copy *c = copy_of(task);
    if (!c->target_head->task.done)
        return task_wait(task, &target_headed_step);
    if (c->target_head->task.result)
        return task_fail(task, &c->target_head->task.err);
    c->update = c->target_head->found;
    if (digest_is_set(&c->asked) && !c->request.n_platforms && copy_target_has(c, &c->asked))
        return copy_unchanged(c, &c->asked);
    bool worth_a_head = c->update && !digest_is_set(&c->asked) && !c->request.n_platforms;
    return task_next(task, worth_a_head ? &source_head_step : &source_get_step);
}

static enum step_result step_source_head(struct task *task)
{
    struct copy *c = copy_of(task);
    struct store *source = c->request.source;
    c->op = source->ops->head(source, c->request.source_reference, task);
    return task_wait(task, &source_headed_step);
}

static enum step_result not_found(struct copy *c)
{
    struct error err = ERROR_INIT;
    error_set(&err, ERR_NOT_FOUND, "%s: not found", c->request.source_text);
    return task_fail(&c->task, &err);
}

static enum step_result step_source_headed(struct task *task)
{
    struct copy *c = copy_of(task);
    if (!c->op->task.done)
        return task_wait(task, &source_headed_step);
    if (c->op->task.result)
        return task_fail(task, &c->op->task.err);
    if (!c->op->found)
        return not_found(c);
    if (copy_target_has(c, &c->op->digest))
        return copy_unchanged(c, &c->op->digest);
    return task_next(task, &source_get_step);
}

/* By the digest that a HEAD told, else by what the user wrote. */
static enum step_result step_source_get(struct task *task)
{
    struct copy *c = copy_of(task);
    struct store *source = c->request.source;
    struct digest known = c->asked;
    if (c->op && digest_is_set(&c->op->digest))
        known = c->op->digest;
    c->by_told_digest = digest_is_set(&known) && !digest_is_set(&c->asked);
    store_op_drop(&c->op);
    const char *reference = digest_is_set(&known) ? known.text : c->request.source_reference;
    c->op = source->ops->get(source, reference, digest_is_set(&known) ? &known : NULL, NULL, task);
    return task_wait(task, &source_got_step);
}

enum step_result copy_take_manifest(struct copy *c, const struct step *next)
{
    if (!c->op->task.done)
        return task_wait(&c->task, c->task.step);
    if (c->op->task.result)
        return task_fail(&c->task, &c->op->task.err);
    manifest_free(c->root_manifest);
    c->root_manifest = take_ptr(&c->op->manifest);
    store_op_drop(&c->op);
    return task_next(&c->task, next);
}

/* The tag moved between HEAD and GET, or this registry does not serve by digest: once by tag. */
static enum step_result step_source_got(struct task *task)
{
    struct copy *c = copy_of(task);
    if (c->op->task.done && c->op->task.result == ERR_NOT_FOUND && c->by_told_digest) {
        struct store *source = c->request.source;
        c->by_told_digest = false;
        store_op_drop(&c->op);
        c->op = source->ops->get(source, c->request.source_reference, NULL, NULL, task);
        return task_wait(task, &source_got_step);
    }
    return copy_take_manifest(c, &copy_choose_step);
}

static enum step_result step_compare(struct task *task)
{
    struct copy *c = copy_of(task);
    if (copy_target_has(c, &c->root_manifest->digest))
        return copy_unchanged(c, &c->root_manifest->digest);
    c->digest = c->root_manifest->digest;
    return task_next(task, &copy_plan_step);
}
