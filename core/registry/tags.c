/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tag lists, page by page. Registries differ: some follow `n` and `last` with a Link, some cap
 * the page without saying so, some answer everything and ignore both, some repeat a page for
 * ever. Doubles, nulls and things that are no tags are left out.
 */
#include "oci/json.h"
#include "registry/link.h"

#include <string.h>

#define PAGES_MAX 10000
#define TAGS_MAX 1000000
#define PAGE_MAX ((size_t)32 * 1024 * 1024)

struct tags_op {
    struct store_op op; /* first */
    struct repository *repository;
    struct store_tags receiver;
    struct request *request;
    struct map *seen, *pages_seen;
    char *url;  /* of the page to ask for */
    char *last; /* the last tag of the last page */
    int pages;
};

static struct tags_op *op_of(struct task *task)
{
    return container_of(task, struct tags_op, op.task);
}

static void release(struct task *task)
{
    struct tags_op *t = op_of(task);
    if (t->request)
        task_free(&t->request->task);
    store_op_done(&t->op);
    map_free(t->seen, NULL);
    map_free(t->pages_seen, NULL);
    free(t->url);
    free(t->last);
    free(t);
}

static const struct task_type tags_type = {"tags", release};

static enum step_result step_ask(struct task *task);
static enum step_result step_page(struct task *task);
static const struct step ask_step = {"ask", step_ask};
static const struct step page_step = {"page", step_page};

static enum step_result step_ask(struct task *task)
{
    struct tags_op *t = op_of(task);
    if (t->request)
        task_free(&t->request->task);
    const struct request_spec spec = {
        .method = "GET",
        .url = t->url,
        .action = OCYNC_ACTION_TAG_LIST,
        .repository = t->repository->store.repository,
        .push = t->repository->writes,
        .accept = "application/json",
        .answer_max = PAGE_MAX,
    };
    t->request = request_start(t->repository->registry, task, &spec);
    return task_wait(task, &page_step);
}

/* Hands over what is new; returns how many entries the page had, and how many were new. */
static size_t take_page(struct tags_op *t, const json_t *page, size_t *ret_new)
{
    static char marker;
    const json_t *tags = json_object_get(page, "tags");
    size_t index;
    json_t *item;
    *ret_new = 0;
    json_array_foreach((json_t *)(uintptr_t)tags, index, item)
    {
        const char *tag = json_string_value(item);
        if (!tag || !tag_is_valid(tag))
            continue;
        str_replace(&t->last, tag);
        if (map_put(t->seen, tag, &marker))
            continue;
        (*ret_new)++;
        t->receiver.tag(t->receiver.arg, tag);
    }
    return json_array_size(tags);
}

static char *first_page(const struct repository *repository, const char *last)
{
    const struct ocync_profile *profile = driver_instance_profile(repository->registry->driver);
    char *url =
        xasprintf("/v2/%s/tags/list?n=%u", repository->store.repository, profile->tag_page_size);
    if (!last)
        return url;
    char *with_last = url_add_query(url, "last", last);
    free(url);
    return with_last;
}

/* The page to ask for next; NULL: that was all. A Link is followed as long as it leads to a page
 * that was not read yet; without one, a full page may have a next one. */
static char *next_page(struct tags_op *t, size_t entries, size_t fresh)
{
    static char marker;
    unsigned page_size = driver_instance_profile(t->repository->registry->driver)->tag_page_size;
    map_put(t->pages_seen, t->url, &marker);
    char *path = link_next(t->request);
    if (!path && fresh && entries == page_size)
        path = first_page(t->repository, t->last);
    if (path && map_get(t->pages_seen, path)) {
        free(path);
        return NULL;
    }
    return path;
}

static enum step_result endless(struct tags_op *t)
{
    struct error err = ERROR_INIT;
    error_set(&err, ERR_TOO_LARGE, "listing tags of %s: more than %d pages or %d tags",
              t->repository->store.name, PAGES_MAX, TAGS_MAX);
    return task_fail(&t->op.task, &err);
}

static enum step_result step_page(struct task *task)
{
    struct tags_op *t = op_of(task);
    struct error err = ERROR_INIT;
    size_t len, fresh;
    if (!t->request->task.done)
        return task_wait(task, &page_step);
    if (t->request->task.result)
        return task_fail(task, &t->request->task.err);
    const char *text = http_text(t->request->exchange, &len);
    _cleanup_(cleanup_json_decref) json_t *page =
        json_load_bounded(text, len, "the tag list", &err);
    if (!page) {
        error_wrap(&err, "%s", t->repository->store.name);
        return task_fail(task, &err);
    }
    size_t entries = take_page(t, page, &fresh);
    char *next = next_page(t, entries, fresh);
    if (!next)
        return task_end(task);
    free(t->url);
    t->url = next;
    if (++t->pages >= PAGES_MAX || map_size(t->seen) > TAGS_MAX)
        return endless(t);
    return task_next(task, &ask_step);
}

struct store_op *tag_list(struct store *store, const struct store_tags *receiver,
                          struct task *parent)
{
    struct tags_op *t = xcalloc(1, sizeof(*t));
    t->repository = repository_of(store);
    store_op_init(&t->op, t->repository->registry->loop, parent, &tags_type, store->name);
    t->receiver = *receiver;
    t->seen = map_new();
    t->pages_seen = map_new();
    t->url = first_page(t->repository, NULL);
    task_start(&t->op.task, &ask_step);
    return &t->op;
}
