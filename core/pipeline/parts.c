/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an image consists of: blobs and child manifests, tasks that it shares with all who need
 * them; and what became of those that it was the first to ask for.
 */
#include "pipeline/image_private.h"

#include <stdlib.h>

/* ---- counting ---- */

static void count_part(const struct part *part, struct copy_stats *stats)
{
    if (!part->is_ours) {
        stats->blobs_present++;
        return;
    }
    enum outcome outcome = blob_outcome(part->blob);
    if (outcome == OUTCOME_COPIED) {
        stats->blobs_copied++;
        stats->bytes_copied += blob_size(part->blob);
    }
    if (outcome == OUTCOME_PLANNED)
        stats->bytes_planned += blob_size(part->blob);
    if (outcome == OUTCOME_MOUNTED)
        stats->bytes_mounted += blob_size(part->blob);
    stats->blobs_mounted += outcome == OUTCOME_MOUNTED;
    stats->blobs_present += outcome == OUTCOME_PRESENT;
    stats->retries += blob_retries(part->blob);
}

static void add_stats(struct copy_stats *to, const struct copy_stats *from)
{
    to->blobs_copied += from->blobs_copied;
    to->blobs_mounted += from->blobs_mounted;
    to->blobs_present += from->blobs_present;
    to->blobs_skipped += from->blobs_skipped;
    to->bytes_copied += from->bytes_copied;
    to->bytes_mounted += from->bytes_mounted;
    to->bytes_planned += from->bytes_planned;
    to->manifests_pushed += from->manifests_pushed;
    to->manifests_present += from->manifests_present;
    to->retries += from->retries;
}

void image_count(const struct image *i, struct copy_stats *stats)
{
    add_stats(stats, &i->stats);
    for (size_t k = 0; k < i->parts.len; k++)
        count_part(&i->parts.items[k], stats);
    for (size_t k = 0; k < i->children.len; k++) {
        if (i->children.items[k].is_ours)
            image_count(i->children.items[k].image, stats);
    }
    stats->manifests_present += i->outcome == OUTCOME_PRESENT;
    stats->manifests_pushed += i->outcome == OUTCOME_COPIED;
}

void parts_leave(struct image *i)
{
    for (size_t k = 0; k < i->parts.len; k++) {
        count_part(&i->parts.items[k], &i->stats);
        blob_leave(i->parts.items[k].blob, &i->task);
    }
    for (size_t k = 0; k < i->children.len; k++) {
        if (i->children.items[k].is_ours)
            image_count(i->children.items[k].image, &i->stats);
        image_leave(i->children.items[k].image, &i->task);
    }
    i->parts.len = i->children.len = 0;
}

/* ---- what it needs ---- */

static void leave_out(struct image *i, const struct descriptor *layer)
{
    i->stats.blobs_skipped++;
    run_emit(i->run, &(struct event){.kind = EVENT_BLOB_END,
                                     .source = i->source->name,
                                     .target = i->target->name,
                                     .digest = &layer->digest,
                                     .size = layer->size,
                                     .outcome = OUTCOME_SKIPPED});
}

static void need_blob(struct image *i, const struct descriptor *descriptor)
{
    if (!i->run->options.foreign_layers && media_type_is_foreign(descriptor->media_type)) {
        leave_out(i, descriptor);
        return;
    }
    const struct blob_request request = {.source = i->source,
                                         .target = i->target,
                                         .descriptor = descriptor,
                                         .update = i->update,
                                         .doubt = i->doubts};
    bool is_new;
    struct blob *blob = blob_for(i->run, &request, &i->task, &is_new);
    if (!blob) {
        i->stats.blobs_present++;
        return;
    }
    for (size_t k = 0; k < i->parts.len; k++) {
        if (i->parts.items[k].blob == blob)
            return; /* a layer may occur twice in one image */
    }
    i->budget->n_blobs++;
    vec_add(&i->parts, (struct part){.blob = blob, .is_ours = is_new});
}

static void need_child(struct image *i, const struct descriptor *descriptor)
{
    if (!media_type_is_manifest(descriptor->media_type)) {
        need_blob(i, descriptor);
        return;
    }
    const struct image_request request = {.source = i->source,
                                          .target = i->target,
                                          .descriptor = descriptor,
                                          .update = i->update,
                                          .doubt = i->doubts,
                                          .depth = i->depth + 1,
                                          .budget = i->budget};
    bool is_new;
    struct image *child = image_for(i->run, &request, &i->task, &is_new);
    if (!child)
        i->stats.manifests_present++;
    else
        vec_add(&i->children, (struct child){.image = child, .is_ours = is_new});
}

static int by_size_descending(const void *a, const void *b)
{
    const struct descriptor *const *left = a, *const *right = b;
    return ((*left)->size < (*right)->size) - ((*left)->size > (*right)->size);
}

/* The largest first: what takes longest should not start last. */
static void need_layers(struct image *i, const struct manifest *m)
{
    VEC(const struct descriptor *) order = {0};
    for (size_t k = 0; k < m->n_layers; k++)
        vec_add(&order, &m->layers[k]);
    if (order.len)
        qsort(order.items, order.len, sizeof(*order.items), by_size_descending);
    for (size_t k = 0; k < order.len; k++)
        need_blob(i, order.items[k]);
    vec_done(&order);
}

void parts_begin(struct image *i)
{
    const struct manifest *m = fetch_manifest(i->fetch);
    need_layers(i, m);
    if (m->config.media_type)
        need_blob(i, &m->config);
    for (size_t k = 0; k < m->n_children; k++)
        need_child(i, &m->children[k]);
}

/* ---- how far they are ---- */

static const struct task *part_at(const struct image *i, size_t place)
{
    return place < i->parts.len ? blob_task(i->parts.items[place].blob)
                                : &i->children.items[place - i->parts.len].image->task;
}

/* A real failure before an interruption. */
const struct task *parts_failed(const struct image *i, bool *ret_all_done)
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
