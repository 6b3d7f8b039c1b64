/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One mapping: which tags its source has, and which of them are copied.
 *     list -> listed (-> created) -> end
 * Where no tag's answer depends on another one, each is handed on as it comes in.
 */
#include "base/clock.h"
#include "base/str.h"
#include "pipeline/sync_private.h"

#include <stdlib.h>

static enum step_result step_list(struct task *task);
static enum step_result step_listed(struct task *task);
static enum step_result step_select(struct task *task);
static enum step_result step_created(struct task *task);
static const struct step list_step = {"list", step_list};
static const struct step listed_step = {"listed", step_listed};
static const struct step select_step = {"select", step_select};
static const struct step created_step = {"created", step_created};

static struct listing *listing_of(struct task *task)
{
    return container_of(task, struct listing, task);
}

void chosen_done(struct chosen *chosen)
{
    free(chosen->tag);
    free(chosen->digest);
    free(chosen->target);
}

void listing_done(struct listing *l)
{
    created_free(l->times);
    store_op_drop(&l->op);
    for (size_t i = 0; i < l->names.len; i++)
        free(l->names.items[i]);
    vec_done(&l->names);
    for (size_t i = 0; i < l->chosen.len; i++)
        chosen_done(&l->chosen.items[i]);
    vec_done(&l->chosen);
    task_done(&l->task);
}

/* It is part of an array: nothing to free. */
static void listing_release(struct task *task)
{
    listing_done(listing_of(task));
}

static const struct task_type listing_type = {"listing", listing_release};

void listing_start(struct listing *l)
{
    task_init(&l->task, l->sync->run->loop, &l->sync->task, &listing_type,
              l->mapping->source->name);
    l->artifact_tags = source_tags_new(l->sync->run);
    task_start(&l->task, &list_step);
}

/* ---- results ---- */

static void keep(struct listing *l, const struct selected_tag *tag)
{
    const struct sync_receiver *receiver = &l->sync->options.receiver;
    if (!tag->kept) {
        if (receiver->filtered)
            receiver->filtered(receiver->arg, l->place, tag);
        return;
    }
    struct chosen chosen = {.tag = xstrdup(tag->tag),
                            .digest = xstrdup(tag->digest),
                            .target = xstrdup(tag->target),
                            .immutable = tag->immutable};
    vec_add(&l->chosen, chosen);
    task_wake(&l->sync->task);
}

static void tell(struct listing *l, const struct error *err)
{
    const struct sync_receiver *receiver = &l->sync->options.receiver;
    const struct sync_mapping_result result = {.mapping = l->place,
                                               .source = l->mapping->source->name,
                                               .n_listed = l->n_listed,
                                               .n_selected = l->chosen.len,
                                               .err = err};
    receiver->mapping(receiver->arg, &result);
}

static enum step_result end(struct listing *l)
{
    l->is_complete = true;
    tell(l, NULL);
    return task_end(&l->task);
}

static enum step_result fail(struct listing *l, const struct error *err)
{
    l->is_complete = true;
    tell(l, err);
    l->sync->n_failed++;
    return task_fail(&l->task, err);
}

/* ---- the list ---- */

static bool decides_alone(const struct listing *l)
{
    return selector_needs_list(l->mapping->selector) &&
           selector_decides_alone(l->mapping->selector);
}

static void take_tag(void *arg, const char *tag)
{
    struct listing *l = arg;
    struct selected_tag selected;
    l->n_listed++;
    if (select_tag_is_artifact(tag))
        source_tags_add(l->artifact_tags, tag);
    if (!decides_alone(l)) {
        vec_add(&l->names, xstrdup(tag));
        return;
    }
    selector_judge(l->mapping->selector, tag, &selected);
    keep(l, &selected);
}

/* With artifacts, the list tells which signatures there are. */
static enum step_result step_list(struct task *task)
{
    struct listing *l = listing_of(task);
    const struct store_tags receiver = {.tag = take_tag, .arg = l};
    if (!selector_needs_list(l->mapping->selector) && !l->mapping->artifacts) {
        source_tags_complete(l->artifact_tags);
        return task_next(task, &select_step);
    }
    l->op = l->mapping->source->ops->tags(l->mapping->source, &receiver, task);
    return task_wait(task, &listed_step);
}

static enum step_result step_listed(struct task *task)
{
    struct listing *l = listing_of(task);
    if (!l->op->task.done)
        return task_wait(task, &listed_step);
    bool needs_list = selector_needs_list(l->mapping->selector);
    source_tags_complete(l->artifact_tags);
    if (l->op->task.result && needs_list)
        return fail(l, &l->op->task.err);
    if (l->op->task.result) {
        _cleanup_free_ char *text = xasprintf(
            "%s; signatures that are tags of their own are not looked for", l->op->task.err.text);
        run_emit(l->sync->run, &(struct event){.kind = EVENT_WARNING, .text = text});
    }
    return task_next(task, &select_step);
}

/* ---- the selection ---- */

static enum step_result too_few(struct listing *l, const struct selection *selection)
{
    struct error err = ERROR_INIT;
    error_set(&err, ERR_CONFIG,
              "%s: only %zu of %zu tags are selected, fewer than min_tags: nothing is copied",
              l->mapping->source->name, selection->n_kept, l->n_listed);
    return fail(l, &err);
}

static enum step_result take_selection(struct listing *l, const struct selection *selection)
{
    for (size_t i = 0; i < selection->warnings.len; i++) {
        _cleanup_free_ char *text =
            xasprintf("%s: %s", l->mapping->source->name, selection->warnings.items[i]);
        run_emit(l->sync->run, &(struct event){.kind = EVENT_WARNING, .text = text});
    }
    if (selection->too_few)
        return too_few(l, selection);
    for (size_t i = 0; i < selection->n_tags; i++)
        keep(l, &selection->tags[i]);
    return end(l);
}

static struct tag_input *make_inputs(const struct listing *l)
{
    struct tag_input *inputs = xcalloc(l->names.len + 1, sizeof(*inputs));
    for (size_t i = 0; i < l->names.len; i++)
        inputs[i].name = l->names.items[i];
    return inputs;
}

static enum step_result select_with(struct listing *l, const struct tag_input *inputs)
{
    struct selection selection = {0};
    select_tags(l->mapping->selector, inputs, l->names.len, clock_wall_s() * 1000, &selection);
    enum step_result result = take_selection(l, &selection);
    selection_done(&selection);
    return result;
}

/* Times are looked up for those tags alone that the other rules leave. */
static bool wants_times(struct listing *l)
{
    struct selection selection = {0};
    _cleanup_free_ struct tag_input *inputs = make_inputs(l);
    select_tags(l->mapping->selector, inputs, l->names.len, clock_wall_s() * 1000, &selection);
    if (selection.n_lacking)
        l->times = created_start(l->sync->run, l->mapping->source, &l->task, &selection,
                                 l->names.items, l->names.len);
    selection_done(&selection);
    return l->times;
}

static enum step_result step_select(struct task *task)
{
    struct listing *l = listing_of(task);
    if (decides_alone(l))
        return end(l);
    if (!selector_needs_list(l->mapping->selector)) {
        for (size_t i = 0; i < l->names.len; i++)
            free(l->names.items[i]);
        l->names.len = 0;
    }
    if (selector_needs_created(l->mapping->selector) && wants_times(l))
        return task_wait(task, &created_step);
    _cleanup_free_ struct tag_input *inputs = make_inputs(l);
    return select_with(l, inputs);
}

static enum step_result step_created(struct task *task)
{
    struct listing *l = listing_of(task);
    const struct task *times = created_task(l->times);
    if (!times->done)
        return task_wait(task, &created_step);
    return times->result ? fail(l, &times->err) : select_with(l, created_inputs(l->times));
}
