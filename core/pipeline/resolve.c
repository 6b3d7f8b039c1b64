/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resolve: what the source reference stands for, and whether the target has it already.
 *     target-head -> source-head (-> unchanged) -> source-get -> choose-platform -> plan
 * The target is asked first: where it lacks the tag, nothing can be unchanged, and the source
 * needs no HEAD. A tag is read once; everything after it goes by digest, so a tag that moves
 * meanwhile can't mix two images.
 */
#include "base/str.h"
#include "pipeline/private.h"

#include <stdlib.h>
#include <string.h>

static enum step_result step_target_head(struct task *task);
static enum step_result step_target_headed(struct task *task);
static enum step_result step_source_head(struct task *task);
static enum step_result step_source_headed(struct task *task);
static enum step_result step_source_get(struct task *task);
static enum step_result step_source_got(struct task *task);
static enum step_result step_platform(struct task *task);
static enum step_result step_platform_got(struct task *task);
static enum step_result step_compare(struct task *task);
const struct step resolve_first_step = {"target-head", step_target_head};
static const struct step target_headed_step = {"target-headed", step_target_headed};
static const struct step source_head_step = {"source-head", step_source_head};
static const struct step source_headed_step = {"source-headed", step_source_headed};
static const struct step source_get_step = {"source-get", step_source_get};
static const struct step source_got_step = {"source-got", step_source_got};
static const struct step platform_step = {"choose-platform", step_platform};
static const struct step platform_got_step = {"platform-got", step_platform_got};
static const struct step compare_step = {"compare", step_compare};

static struct copy *copy_of(struct task *task)
{
    return container_of(task, struct copy, task);
}

/* With no target reference it goes by digest, which a source by digest tells beforehand. */
static const char *target_reference(const struct copy *c)
{
    if (c->request.target_reference)
        return c->request.target_reference;
    return digest_is_set(&c->asked) && !c->request.platform ? c->asked.text : NULL;
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

static bool target_has(const struct copy *c, const struct digest *digest)
{
    return c->target_head && c->target_head->found && digest_equal(&c->target_head->digest, digest);
}

static enum step_result unchanged(struct copy *c, const struct digest *digest)
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
    if (digest_is_set(&c->asked) && !c->request.platform && target_has(c, &c->asked))
        return unchanged(c, &c->asked);
    bool worth_a_head = c->update && !digest_is_set(&c->asked) && !c->request.platform;
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
    if (target_has(c, &c->op->digest))
        return unchanged(c, &c->op->digest);
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
    store_op_drop(&c->op);
    const char *reference = digest_is_set(&known) ? known.text : c->request.source_reference;
    c->op = source->ops->get(source, reference, digest_is_set(&known) ? &known : NULL, NULL, task);
    return task_wait(task, &source_got_step);
}

static enum step_result take_manifest(struct copy *c, const struct step *next)
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

static enum step_result step_source_got(struct task *task)
{
    return take_manifest(copy_of(task), &platform_step);
}

/* ---- one platform of an index ---- */

static enum step_result no_such_platform(struct copy *c)
{
    struct error err = ERROR_INIT;
    struct buf have = BUF_INIT(400);
    for (size_t i = 0; i < c->root_manifest->n_children; i++) {
        const struct descriptor *child = &c->root_manifest->children[i];
        if (child->is_attestation || !child->platform.os)
            continue;
        _cleanup_free_ char *text = platform_text(&child->platform);
        if (buf_printf(&have, "%s%s", have.len ? ", " : "", text) < 0)
            break;
    }
    _cleanup_free_ char *wanted = platform_text(c->request.platform);
    error_set(&err, ERR_NOT_FOUND, "%s has no image for %s (it has: %s)", c->request.source_text,
              wanted, have.len ? buf_str(&have) : "none");
    buf_done(&have);
    return task_fail(&c->task, &err);
}

static const struct descriptor *choose(const struct copy *c)
{
    for (size_t i = 0; i < c->root_manifest->n_children; i++) {
        const struct descriptor *child = &c->root_manifest->children[i];
        if (!child->is_attestation && media_type_is_manifest(child->media_type) &&
            platform_matches(c->request.platform, &child->platform))
            return child;
    }
    return NULL;
}

static enum step_result step_platform(struct task *task)
{
    struct copy *c = copy_of(task);
    struct store *source = c->request.source;
    if (!c->request.platform)
        return task_next(task, &compare_step);
    if (c->root_manifest->kind != MANIFEST_INDEX) {
        if (!digest_is_set(&c->chosen))
            copy_emit(c, (struct event){.kind = EVENT_WARNING,
                                        .text = "the source is one image and no index: it is "
                                                "copied whatever its platform is"});
        return task_next(task, &compare_step);
    }
    const struct descriptor *child = choose(c);
    if (!child)
        return no_such_platform(c);
    c->chosen = child->digest;
    if (target_has(c, &child->digest))
        return unchanged(c, &child->digest);
    c->op = source->ops->get(source, child->digest.text, &child->digest, child->media_type, task);
    return task_wait(task, &platform_got_step);
}

static enum step_result step_platform_got(struct task *task)
{
    return take_manifest(copy_of(task), &platform_step);
}

static enum step_result step_compare(struct task *task)
{
    struct copy *c = copy_of(task);
    if (target_has(c, &c->root_manifest->digest))
        return unchanged(c, &c->root_manifest->digest);
    c->digest = c->root_manifest->digest;
    return task_next(task, &copy_plan_step);
}
