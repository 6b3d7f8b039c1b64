/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of an index, what was asked for: one platform means that image itself, several (or one with
 * keep_index) an index of those, cut from the original.
 */
#include "select/platforms.h"
#include "select/subset.h"

#include "pipeline/private.h"

#include <stdlib.h>

static enum step_result step_choose(struct task *task);
static enum step_result step_chosen(struct task *task);
const struct step copy_choose_step = {"choose-platform", step_choose};
static const struct step chosen_step = {"chosen", step_chosen};

static struct copy *copy_of(struct task *task)
{
    return container_of(task, struct copy, task);
}

static void warn_missing(struct copy *c, const struct platform_choice *choice)
{
    for (size_t i = 0; i < choice->n_missing; i++) {
        _cleanup_free_ char *name = platform_text(&c->request.platforms[choice->missing[i]]);
        _cleanup_free_ char *text =
            xasprintf("%s has no image for %s", c->request.source_text, name);
        copy_emit(c, (struct event){.kind = EVENT_WARNING, .text = text});
    }
}

/* The image that fits, or an index below that says of itself for what it is not. */
static const struct descriptor *single(const struct copy *c, const struct platform_choice *choice)
{
    const struct manifest *index = fetch_manifest(c->root);
    const struct descriptor *other = NULL;
    for (size_t i = 0; i < index->n_children; i++) {
        const struct descriptor *child = &index->children[i];
        if (!choice->keep[i] || child->is_attestation)
            continue;
        if (platform_matches(&c->request.platforms[0], &child->platform))
            return child;
        other = other ? other : child;
    }
    return other;
}

static enum step_result take_single(struct copy *c, const struct platform_choice *choice)
{
    const struct descriptor *child = single(c, choice);
    if (!child)
        return task_next(&c->task, &copy_compare_step); /* an empty index */
    c->is_chosen = true;
    if (copy_target_has(c, &child->digest))
        return copy_unchanged(c, &child->digest);
    const struct fetch_request request = {
        .source = c->request.source, .digest = &child->digest, .media_type = child->media_type};
    c->chosen = fetch_for(c->run, &request, &c->task);
    return task_wait(&c->task, &chosen_step);
}

static enum step_result take_subset(struct copy *c, const struct platform_choice *choice)
{
    struct manifest *subset = NULL;
    struct error err = ERROR_INIT;
    if (choice->n_kept && subset_cut(fetch_manifest(c->root), choice->keep, &subset, &err) < 0) {
        error_wrap(&err, "%s", c->request.source_text);
        return task_fail(&c->task, &err);
    }
    if (subset)
        copy_set_root(c, fetch_add(c->run, subset));
    return task_next(&c->task, &copy_compare_step);
}

static enum step_result choose(struct copy *c)
{
    const struct copy_request *r = &c->request;
    struct platform_choice choice = {0};
    struct error err = ERROR_INIT;
    if (platforms_choose(fetch_manifest(c->root), r->platforms, r->n_platforms, &choice, &err) <
        0) {
        error_wrap(&err, "%s", r->source_text);
        return task_fail(&c->task, &err);
    }
    warn_missing(c, &choice);
    enum step_result result =
        r->n_platforms == 1 && !r->keep_index ? take_single(c, &choice) : take_subset(c, &choice);
    platform_choice_done(&choice);
    return result;
}

static enum step_result step_choose(struct task *task)
{
    struct copy *c = copy_of(task);
    if (!c->request.n_platforms)
        return task_next(task, &copy_compare_step);
    if (fetch_manifest(c->root)->kind == MANIFEST_INDEX)
        return choose(c);
    if (!c->is_chosen)
        copy_emit(c, (struct event){.kind = EVENT_WARNING,
                                    .text = "the source is one image and no index: it is copied "
                                            "whatever its platform is"});
    return task_next(task, &copy_compare_step);
}

static enum step_result step_chosen(struct task *task)
{
    struct copy *c = copy_of(task);
    const struct task *chosen = fetch_task(c->chosen);
    if (!chosen->done)
        return task_wait(task, &chosen_step);
    if (chosen->result)
        return task_fail(task, &chosen->err);
    copy_set_root(c, take_ptr(&c->chosen));
    return task_next(task, &copy_choose_step);
}
