/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one target has of one mapping's tags, in the fewest requests: one HEAD about the first. If
 * it is there, the others likely are, and each is asked about when its turn comes. If it is not,
 * the list of tags tells about all of them at once.
 *     probe (-> open) -> probed (-> open) -> listed -> open
 */
#include "pipeline/sync_private.h"

static enum step_result step_probe(struct task *task);
static enum step_result step_probed(struct task *task);
static enum step_result step_listed(struct task *task);
static const struct step probe_step = {"probe", step_probe};
static const struct step probed_step = {"probed", step_probed};
static const struct step listed_step = {"listed", step_listed};

static struct lane *lane_of(struct task *task)
{
    return container_of(task, struct lane, task);
}

void lane_done(struct lane *lane)
{
    store_op_drop(&lane->op);
    map_free(lane->names, NULL);
    if (lane->is_probing || lane->is_open)
        task_done(&lane->task);
}

/* It is part of an array: nothing to free. */
static void lane_release(struct task *task)
{
    lane_done(lane_of(task));
}

static const struct task_type lane_type = {"target", lane_release};

void lane_probe(struct lane *lane)
{
    if (lane->is_probing || lane->is_open || !lane->listing->chosen.len)
        return;
    lane->is_probing = true;
    task_init(&lane->task, lane->sync->run->loop, &lane->sync->task, &lane_type,
              lane->target->name);
    task_start(&lane->task, &probe_step);
}

static enum step_result open_lane(struct lane *lane)
{
    lane->is_open = true;
    store_op_drop(&lane->op);
    return task_end(&lane->task);
}

static void add_name(void *arg, const char *tag)
{
    static char marker;
    struct lane *lane = arg;
    map_put(lane->names, tag, &marker);
}

static enum step_result list(struct lane *lane)
{
    const struct store_tags receiver = {.tag = add_name, .arg = lane};
    store_op_drop(&lane->op);
    lane->names = map_new();
    lane->op = lane->target->ops->tags(lane->target, &receiver, &lane->task);
    return task_wait(&lane->task, &listed_step);
}

static enum step_result step_probe(struct task *task)
{
    struct lane *lane = lane_of(task);
    const struct chosen *first = &lane->listing->chosen.items[0];
    if (!lane->target->repository)
        return open_lane(lane); /* on disk asking costs nothing */
    if (lane->listing->mapping->lists_targets)
        return list(lane);
    if (!first->target)
        return open_lane(lane);
    lane->op = lane->target->ops->head(lane->target, first->target, task);
    return task_wait(task, &probed_step);
}

/* A failure is told by the items themselves. */
static enum step_result step_probed(struct task *task)
{
    struct lane *lane = lane_of(task);
    if (!lane->op->task.done)
        return task_wait(task, &probed_step);
    if (lane->op->task.result)
        return open_lane(lane);
    lane->first_has = lane->op->found;
    lane->first_lacks = !lane->op->found;
    lane->first_digest = lane->op->digest;
    bool is_alone = lane->listing->is_complete && lane->listing->chosen.len == 1;
    return lane->first_has || is_alone ? open_lane(lane) : list(lane);
}

static enum step_result step_listed(struct task *task)
{
    struct lane *lane = lane_of(task);
    if (!lane->op->task.done)
        return task_wait(task, &listed_step);
    int result = lane->op->task.result;
    if (result && result != ERR_NOT_FOUND) {
        map_free(lane->names, NULL); /* it may deny lists and serve tags all the same */
        lane->names = NULL;
    }
    return open_lane(lane);
}

bool lane_lists(const struct lane *lane, const char *tag)
{
    return lane->names && tag && map_get(lane->names, tag);
}

enum target_knowledge lane_knows(const struct lane *lane, const struct chosen *chosen,
                                 struct digest *ret_digest)
{
    bool is_first = chosen == &lane->listing->chosen.items[0];
    if (is_first && lane->first_has && digest_is_set(&lane->first_digest)) {
        *ret_digest = lane->first_digest;
        return TARGET_HAS;
    }
    if (is_first && lane->first_lacks)
        return TARGET_LACKS;
    if (lane->names && chosen->target && !lane_lists(lane, chosen->target))
        return TARGET_LACKS;
    return TARGET_ASK;
}
