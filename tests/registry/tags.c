/* SPDX-License-Identifier: Apache-2.0 */
/* Tag lists with their pages. */
#include <stdlib.h>
#include <string.h>

#include "handlers.h"
#include "util.h"

struct page {
    size_t first, end; /* indices into the sorted tags */
    bool is_limited;   /* there is a page size, so there may be a Link */
    uint64_t size;
};

/* False if `n` is no number. */
static bool page_size(const struct request *request, struct page *page)
{
    const struct switches *switches = &request->registry->switches;
    const char *n = request_query(request, "n");

    page->size = UINT64_MAX;
    if (n != NULL && switches->tags_n != TAGS_N_IGNORE && !parse_u64(n, &page->size))
        return false;
    if (switches->tags_n == TAGS_N_CAP && page->size > (uint64_t)switches->tags_cap)
        page->size = (uint64_t)switches->tags_cap;
    page->is_limited = page->size != UINT64_MAX;
    return true;
}

static void choose(const struct request *request, const struct repo *repo, struct page *page)
{
    const char *last = request_query(request, "last");
    bool ignores = request->registry->switches.tags_n == TAGS_N_IGNORE;

    page->first = last != NULL && !ignores ? map_after(&repo->tags, last) : 0;
    page->end = repo->tags.count;
    if (page->end - page->first > page->size)
        page->end = page->first + page->size;
}

static json_t *list(const struct request *request, const struct repo *repo, const struct page *page)
{
    int mode = request->registry->switches.tags_list;
    json_t *tags = json_array();

    for (size_t i = page->first; i < page->end; i++) {
        json_t *tag = json_string(repo->tags.entries[i].key);

        if (mode == TAGS_UNSORTED)
            json_array_insert_new(tags, 0, tag);
        else
            json_array_append_new(tags, tag);
    }
    if (mode == TAGS_DIRTY) {
        json_array_append_new(tags, json_null());
        if (repo->manifests.count > 0)
            json_array_append_new(tags, json_string(repo->manifests.entries[0].key));
    }
    return tags;
}

static void set_body(struct request *request, const struct repo *repo, const struct page *page)
{
    json_t *body = json_pack("{s:s}", "name", request->name);
    int mode = request->registry->switches.tags_list;

    if (mode == TAGS_NULL)
        json_object_set_new(body, "tags", json_null());
    else if (mode != TAGS_MISSING)
        json_object_set_new(body, "tags", list(request, repo, page));
    reply_json(request->reply, body);
}

static char *link_base(const struct request *request)
{
    switch (request->registry->switches.tags_link) {
    case LINK_ABSOLUTE:
        return request_base(request);
    case LINK_OTHER_HOST:
        return request_other_base(request);
    default:
        return xstrdup("");
    }
}

static void add_link(struct request *request, const struct repo *repo, const struct page *page)
{
    int mode = request->registry->switches.tags_link;
    bool is_loop = mode == LINK_LOOP;

    if (mode == LINK_NONE || !page->is_limited || page->end == page->first)
        return;
    if (!is_loop && page->end >= repo->tags.count)
        return;
    /* A loop sends the client back to the page which it has just read. */
    const char *last = request_query(request, "last");
    if (!is_loop)
        last = repo->tags.entries[page->end - 1].key;
    CLEANUP(freep) char *base = link_base(request);
    reply_add(request->reply, "Link", "<%s/v2/%s/tags/list?last=%s&n=%llu>; rel=\"next\"", base,
              request->name, last != NULL ? last : "", (unsigned long long)page->size);
}

void tags_list(struct request *request)
{
    const struct repo *repo = request_repo(request);
    struct page page = {0};

    if (repo == NULL) {
        answer_missing_repo(request);
        return;
    }
    if (!page_size(request, &page)) {
        request_fail(request, 400, "PAGINATION_NUMBER_INVALID",
                     "invalid number of results requested");
        return;
    }
    choose(request, repo, &page);
    request_answer(request, reply_new(200));
    set_body(request, repo, &page);
    add_link(request, repo, &page);
}
