/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sync itself: takes items (one tag to one target) off the lanes while there is room, and hands
 * out what becomes of them. The lane with the fewest at work is served first, so that a slow
 * target holds up nobody else; among equals the one that is furthest behind, so that the targets
 * of one tag are at work together and its blobs are read once.
 */
#include "pipeline/sync.h"
#include "base/clock.h"
#include "base/str.h"
#include "pipeline/sync_private.h"

#include <stdlib.h>

struct item {
    struct lane *lane;
    struct chosen chosen; /* the strings belong to the listing */
    struct copy *copy;
    char *source_text, *target_text;
    int64_t started_ms;
};

static enum step_result step_work(struct task *task);
static const struct step work_step = {"work", step_work};

static struct sync *sync_of(struct task *task)
{
    return container_of(task, struct sync, task);
}

/* ---- life ---- */

static void item_free(struct item *item)
{
    if (item->copy)
        task_free(copy_task(item->copy));
    free(item->source_text);
    free(item->target_text);
    free(item);
}

static void sync_release(struct task *task)
{
    struct sync *s = sync_of(task);
    for (size_t i = 0; i < s->running.len; i++)
        item_free(s->running.items[i]);
    vec_done(&s->running);
    for (size_t i = 0; i < s->n_lanes; i++)
        lane_done(&s->lanes[i]);
    for (size_t i = 0; i < s->n_mappings; i++)
        listing_done(&s->listings[i]);
    free(s->lanes);
    free(s->listings);
    task_done(task);
    free(s);
}

static const struct task_type sync_type = {"sync", sync_release};

void sync_free(struct sync *sync)
{
    if (sync)
        task_free(&sync->task);
}

static void add_mapping(struct sync *s, const struct sync_mapping *mapping)
{
    struct listing *listing = &s->listings[s->n_mappings];
    listing->sync = s;
    listing->mapping = mapping;
    listing->place = s->n_mappings++;
    for (size_t i = 0; i < mapping->n_targets; i++) {
        struct lane *lane = &s->lanes[s->n_lanes++];
        lane->sync = s;
        lane->listing = listing;
        lane->target = mapping->targets[i];
    }
    listing_start(listing);
}

struct sync *sync_start(struct run *run, const struct sync_mapping *mappings, size_t n,
                        const struct sync_options *options)
{
    struct sync *s = xcalloc(1, sizeof(*s));
    size_t n_lanes = 0;
    task_init(&s->task, run->loop, NULL, &sync_type, NULL);
    s->run = run;
    s->options = *options;
    for (size_t i = 0; i < n; i++)
        n_lanes += mappings[i].n_targets;
    s->lanes = xcalloc(n_lanes + 1, sizeof(*s->lanes));
    s->listings = xcalloc(n + 1, sizeof(*s->listings));
    for (size_t i = 0; i < n; i++)
        add_mapping(s, &mappings[i]);
    task_start(&s->task, &work_step);
    return s;
}

struct task *sync_task(struct sync *sync)
{
    return &sync->task;
}

void sync_drain(struct sync *sync)
{
    run_drain(sync->run);
    task_wake(&sync->task);
}

/* ---- items ---- */

static char *text_of(const struct store *store, const char *tag, const char *digest)
{
    if (tag && digest)
        return xasprintf("%s:%s@%s", store->name, tag, digest);
    return tag ? xasprintf("%s:%s", store->name, tag) : xasprintf("%s@%s", store->name, digest);
}

/* An item on its own, with no copy yet. */
static struct item *item_new(struct lane *lane, size_t place)
{
    const struct chosen *chosen = &lane->listing->chosen.items[place];
    struct item *item = xcalloc(1, sizeof(*item));
    item->lane = lane;
    item->chosen = *chosen;
    item->started_ms = clock_ms();
    item->source_text = text_of(lane->listing->mapping->source, chosen->tag, chosen->digest);
    item->target_text = text_of(lane->target, chosen->target, chosen->digest);
    return item;
}

static void hand_out(struct sync *s, const struct item *item, struct sync_result result)
{
    const struct sync_receiver *receiver = &s->options.receiver;
    result.mapping = item->lane->listing->place;
    result.source = item->source_text;
    result.target = item->target_text;
    result.source_host = item->lane->listing->mapping->source->registry_name;
    result.target_host = item->lane->target->registry_name;
    result.duration_ms = clock_ms() - item->started_ms;
    run_emit(s->run, &(struct event){.kind = EVENT_IMAGE_END,
                                     .source = item->source_text,
                                     .target = item->target_text,
                                     .digest = result.digest,
                                     .outcome = result.outcome,
                                     .err = result.err});
    receiver->result(receiver->arg, &result);
}

static void hand_out_copy(struct sync *s, const struct item *item)
{
    struct sync_result result = {.outcome = copy_outcome(item->copy),
                                 .is_new = copy_is_new(item->copy),
                                 .digest = copy_digest(item->copy),
                                 .stats = copy_stats(item->copy)};
    const struct task *task = copy_task(item->copy);
    if (task->result) {
        result.err = &task->err;
        result.failed_at = copy_failed_at(item->copy);
        s->n_failed++;
    }
    if (result.outcome == OUTCOME_PRESENT)
        result.skip = s->options.only_missing ? SYNC_SKIP_EXISTS : SYNC_SKIP_SAME;
    hand_out(s, item, result);
}

static void hand_out_interrupted(struct sync *s, const struct item *item)
{
    struct error err = ERROR_INIT;
    error_set(&err, ERR_CANCELLED, "interrupted; run it again to complete it");
    hand_out(
        s, item,
        (struct sync_result){.outcome = OUTCOME_INTERRUPTED, .err = &err, .failed_at = "copy"});
}

static struct copy *begin_copy(struct sync *s, const struct item *item)
{
    const struct chosen *chosen = &item->chosen;
    const struct sync_mapping *mapping = item->lane->listing->mapping;
    struct copy_request request = {
        .source = mapping->source,
        .target = item->lane->target,
        .source_reference = chosen->digest ? chosen->digest : chosen->tag,
        .target_reference = chosen->target,
        .source_text = item->source_text,
        .target_text = item->target_text,
        .platforms = mapping->platforms,
        .n_platforms = mapping->n_platforms,
        .keep_index = true,
        .artifacts = mapping->artifacts,
        .source_tags = item->lane->listing->artifact_tags,
        .only_missing = s->options.only_missing,
    };
    const size_t place = item->lane->next;
    request.known =
        lane_knows(item->lane, &item->lane->listing->chosen.items[place], &request.target_digest);
    return copy_start(s->run, &s->task, &request);
}

/* True when the lane's next needs no work at all. */
static bool is_settled(const struct lane *lane, const struct chosen *chosen)
{
    return chosen->immutable && lane_lists(lane, chosen->target);
}

static void begin_item(struct sync *s, struct lane *lane)
{
    struct item *item = item_new(lane, lane->next);
    if (is_settled(lane, &item->chosen)) {
        lane->next++;
        hand_out(s, item,
                 (struct sync_result){.outcome = OUTCOME_PRESENT, .skip = SYNC_SKIP_IMMUTABLE});
        item_free(item);
        return;
    }
    item->copy = begin_copy(s, item);
    lane->next++;
    lane->n_running++;
    vec_add(&s->running, item);
}

static bool has_next(const struct lane *lane)
{
    return lane->is_open && lane->next < lane->listing->chosen.len;
}

static struct lane *choose_lane(struct sync *s)
{
    struct lane *best = NULL;
    for (size_t i = 0; i < s->n_lanes; i++) {
        struct lane *lane = &s->lanes[i];
        if (!has_next(lane))
            continue;
        if (!best || lane->n_running < best->n_running ||
            (lane->n_running == best->n_running && lane->next < best->next))
            best = lane;
    }
    return best;
}

static void reap(struct sync *s)
{
    for (size_t i = 0; i < s->running.len;) {
        struct item *item = s->running.items[i];
        if (!copy_task(item->copy)->done) {
            i++;
            continue;
        }
        hand_out_copy(s, item);
        item->lane->n_running--;
        item_free(item);
        vec_remove(&s->running, i);
    }
}

static void tell_total(struct sync *s)
{
    const struct sync_receiver *receiver = &s->options.receiver;
    size_t n = 0;
    for (size_t i = 0; i < s->n_mappings; i++)
        n += s->listings[i].chosen.len * s->listings[i].mapping->n_targets;
    if (n != s->n_known && receiver->total)
        receiver->total(receiver->arg, n);
    s->n_known = n;
}

/* ---- ends ---- */

static bool is_over(const struct sync *s)
{
    for (size_t i = 0; i < s->n_mappings; i++) {
        if (!s->listings[i].is_complete)
            return false;
    }
    for (size_t i = 0; i < s->n_lanes; i++) {
        if (s->lanes[i].next < s->lanes[i].listing->chosen.len)
            return false;
    }
    return !s->running.len;
}

static void interrupt_rest_of(struct sync *s, struct lane *lane)
{
    for (; lane->next < lane->listing->chosen.len; lane->next++) {
        struct item *item = item_new(lane, lane->next);
        hand_out_interrupted(s, item);
        item_free(item);
    }
}

static void interrupt_listing(struct listing *listing)
{
    const struct sync_receiver *receiver = &listing->sync->options.receiver;
    struct error err = ERROR_INIT;
    if (listing->is_complete)
        return;
    listing->is_complete = true;
    error_set(&err, ERR_CANCELLED, "interrupted before all tags were listed");
    const struct sync_mapping_result result = {.mapping = listing->place,
                                               .source = listing->mapping->source->name,
                                               .n_listed = listing->n_listed,
                                               .n_selected = listing->chosen.len,
                                               .err = &err};
    receiver->mapping(receiver->arg, &result);
}

static void interrupt_rest(struct sync *s)
{
    for (size_t i = 0; i < s->n_lanes; i++)
        interrupt_rest_of(s, &s->lanes[i]);
    for (size_t i = 0; i < s->n_mappings; i++)
        interrupt_listing(&s->listings[i]);
}

void sync_abandon(struct sync *s)
{
    if (s->task.done)
        return;
    reap(s);
    for (size_t i = 0; i < s->running.len; i++) {
        hand_out_interrupted(s, s->running.items[i]);
        item_free(s->running.items[i]);
    }
    s->running.len = 0;
    interrupt_rest(s);
}

static enum step_result drain(struct sync *s)
{
    if (s->running.len)
        return task_wait(&s->task, &work_step);
    interrupt_rest(s);
    return task_end(&s->task);
}

static enum step_result step_work(struct task *task)
{
    struct sync *s = sync_of(task);
    struct lane *lane;
    reap(s);
    tell_total(s);
    if (s->options.fail_fast && s->n_failed)
        run_drain(s->run);
    if (s->run->draining)
        return drain(s);
    for (size_t i = 0; i < s->n_lanes; i++)
        lane_probe(&s->lanes[i]);
    while (s->running.len < s->options.max_items && (lane = choose_lane(s)))
        begin_item(s, lane);
    return is_over(s) ? task_end(task) : task_wait(task, &work_step);
}
