/* SPDX-License-Identifier: Apache-2.0 */
/* The tables that copies share, and the small things that all step machines use. */
#include "pipeline/private.h"

#include <stdlib.h>

struct run *run_new(struct loop *loop, const struct run_options *options)
{
    struct run *run = xcalloc(1, sizeof(*run));
    run->loop = loop;
    run->options = *options;
    run->blobs = map_new();
    run->movers = map_new();
    run->images = map_new();
    run->pushed = map_new();
    run->fetches = map_new();
    run->tags = map_new();
    run->resolved = map_new();
    run->artifacts = map_new();
    run->strict = map_new();
    run->present = present_new();
    run->transfers = map_new();
    run->staging.folder = options->cache_dir;
    run->staging.limit = options->staging_limit;
    return run;
}

static void source_tags_free(struct source_tags *tags)
{
    map_free(tags->names, NULL);
    waiters_done(&tags->waiters);
    free(tags);
}

void run_free(struct run *run)
{
    if (!run)
        return;
    /* Images, tags and what is read go with their last user; answers about artifacts stay. */
    size_t pos = 0;
    void *artifacts;
    while (map_next(run->artifacts, &pos, &artifacts))
        artifacts_stop(artifacts);
    map_free(run->artifacts, artifacts_free);
    map_free(run->images, NULL);
    map_free(run->tags, NULL);
    map_free(run->resolved, free);
    map_free(run->fetches, fetch_free);
    map_free(run->pushed, NULL);
    map_free(run->strict, NULL);
    map_free(run->movers, NULL);
    map_free(run->blobs, blob_free);
    map_free(run->transfers, NULL);
    vec_done(&run->kept);
    present_free(run->present);
    for (size_t i = 0; i < run->source_tags.len; i++)
        source_tags_free(run->source_tags.items[i]);
    vec_done(&run->source_tags);
    vec_done(&run->idle);
    free(run);
}

struct source_tags *source_tags_new(struct run *run)
{
    struct source_tags *tags = xcalloc(1, sizeof(*tags));
    tags->names = map_new();
    vec_add(&run->source_tags, tags);
    return tags;
}

void source_tags_add(struct source_tags *tags, const char *tag)
{
    static char marker;
    map_put(tags->names, tag, &marker);
}

void source_tags_complete(struct source_tags *tags)
{
    tags->is_complete = true;
    waiters_wake(&tags->waiters);
}

void run_drain(struct run *run)
{
    run->draining = true;
}

bool run_has_transfers(const struct run *run)
{
    return run->n_uploads;
}

void run_emit(struct run *run, const struct event *event)
{
    if (run->options.sink)
        run->options.sink->emit(run->options.sink, event);
}

char *run_key(const void *where, const struct digest *digest)
{
    return xasprintf("%p %s", where, digest->text);
}

/* ---- waiters ---- */

void waiters_add(struct waiters *waiters, struct task *task)
{
    for (size_t i = 0; i < waiters->list.len; i++) {
        if (waiters->list.items[i] == task)
            return;
    }
    vec_add(&waiters->list, task);
}

void waiters_remove(struct waiters *waiters, const struct task *task)
{
    for (size_t i = 0; i < waiters->list.len; i++) {
        if (waiters->list.items[i] == task) {
            vec_remove(&waiters->list, i);
            return;
        }
    }
}

void waiters_wake(struct waiters *waiters)
{
    for (size_t i = 0; i < waiters->list.len; i++)
        task_wake(waiters->list.items[i]);
}

void waiters_done(struct waiters *waiters)
{
    vec_done(&waiters->list);
}
