/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What refers to a manifest: the referrers API, page by page, and where a registry has none, the
 * index under the tag made of the digest (OCI distribution-spec, "Listing Referrers").
 *     ask -> page (-> ask) -> end
 *         -> tag -> end
 * That there is no API is learned once: an answer of 404, or one that is no index.
 */
#include "oci/referrers.h"
#include "oci/descriptor.h"
#include "oci/json.h"
#include "registry/link.h"

#include <stdlib.h>
#include <string.h>

#define PAGES_MAX 10000

struct referrers_op {
    struct store_op op; /* first */
    struct repository *repository;
    struct digest subject;
    struct store_referrers receiver;
    struct request *request;
    struct store_op *get; /* of the fallback tag */
    struct map *pages_seen;
    char *url; /* of the page to ask for */
};

static enum step_result step_ask(struct task *task);
static enum step_result step_page(struct task *task);
static enum step_result step_tag(struct task *task);
static enum step_result step_tagged(struct task *task);
static const struct step ask_step = {"ask", step_ask};
static const struct step page_step = {"page", step_page};
static const struct step tag_step = {"tag", step_tag};
static const struct step tagged_step = {"tagged", step_tagged};

static struct referrers_op *op_of(struct task *task)
{
    return container_of(task, struct referrers_op, op.task);
}

static void release(struct task *task)
{
    struct referrers_op *r = op_of(task);
    if (r->request)
        task_free(&r->request->task);
    store_op_drop(&r->get);
    store_op_done(&r->op);
    map_free(r->pages_seen, NULL);
    free(r->url);
    free(r);
}

static const struct task_type referrers_type = {"referrers", release};

static void hand_over(struct referrers_op *r, const struct descriptor *descriptor)
{
    r->op.found = true;
    r->receiver.referrer(r->receiver.arg, descriptor);
}

static enum step_result step_ask(struct task *task)
{
    static char marker;
    struct referrers_op *r = op_of(task);
    if (r->repository->registry->lists_referrers == OCYNC_NO)
        return task_next(task, &tag_step);
    if (r->request)
        task_free(&r->request->task);
    map_put(r->pages_seen, r->url, &marker);
    const struct request_spec spec = {
        .method = "GET",
        .url = r->url,
        .action = OCYNC_ACTION_REFERRERS,
        .repository = r->repository->store.repository,
        .reference = r->subject.text,
        .push = r->repository->writes,
        .accept = "application/vnd.oci.image.index.v1+json",
        .answer_max = MANIFEST_MAX,
    };
    r->request = request_start(r->repository->registry, task, &spec);
    return task_wait(task, &page_step);
}

static enum step_result broken_off(struct referrers_op *r)
{
    struct error err = ERROR_INIT;
    error_set(&err, ERR_PROTOCOL, "%s: the list of what refers to %s breaks off or has no end",
              r->repository->store.name, r->subject.text);
    return task_fail(&r->op.task, &err);
}

/* Not one page of it was there: this registry has no such API. */
static enum step_result no_api(struct referrers_op *r)
{
    if (map_size(r->pages_seen) > 1)
        return broken_off(r);
    /* A 400 may be about this subject alone: some say it for one that they do not have. */
    if (r->repository->registry->lists_referrers == OCYNC_UNSET &&
        request_status(r->request) != 400)
        r->repository->registry->lists_referrers = OCYNC_NO;
    return task_next(&r->op.task, &tag_step);
}

static int take_page(struct referrers_op *r, const json_t *page, struct error *err)
{
    const json_t *manifests = json_object_get(page, "manifests");
    size_t index;
    json_t *item;
    json_array_foreach((json_t *)(uintptr_t)manifests, index, item)
    {
        struct descriptor descriptor = {0};
        int result = descriptor_parse(item, &descriptor, err);
        if (result < 0)
            return error_wrap(err, "%s: what refers to %s", r->repository->store.name,
                              r->subject.text);
        hand_over(r, &descriptor);
        descriptor_done(&descriptor);
    }
    return 0;
}

static enum step_result next_page(struct referrers_op *r)
{
    char *next = link_next(r->request);
    if (!next)
        return task_end(&r->op.task);
    if (map_get(r->pages_seen, next) || map_size(r->pages_seen) >= PAGES_MAX) {
        free(next);
        return broken_off(r);
    }
    free(r->url);
    r->url = next;
    return task_next(&r->op.task, &ask_step);
}

static bool is_missing(const struct request *request)
{
    int status = request_status(request);
    return request->task.result == ERR_NOT_FOUND || request->task.result == ERR_UNSUPPORTED ||
           status == 400 || status == 404 || status == 405 || status == 406 || status == 501;
}

static enum step_result step_page(struct task *task)
{
    struct referrers_op *r = op_of(task);
    struct error err = ERROR_INIT;
    size_t len;
    if (!r->request->task.done)
        return task_wait(task, &page_step);
    if (r->request->task.result)
        return is_missing(r->request) ? no_api(r) : task_fail(task, &r->request->task.err);
    const char *text = http_text(r->request->exchange, &len);
    _cleanup_(cleanup_json_decref) json_t *page =
        json_load_bounded(text, len, "the list of referrers", &err);
    if (!page || !json_is_array(json_object_get(page, "manifests")))
        return no_api(r); /* some answer anything with a web page */
    r->repository->registry->lists_referrers = OCYNC_YES;
    return take_page(r, page, &err) < 0 ? task_fail(task, &err) : next_page(r);
}

/* ---- by tag ---- */

static enum step_result step_tag(struct task *task)
{
    struct referrers_op *r = op_of(task);
    char tag[REFERRERS_TAG_MAX];
    referrers_tag(&r->subject, tag);
    r->op.by_fallback_tag = true;
    r->get = manifest_get(&r->repository->store, tag, NULL, NULL, task);
    return task_wait(task, &tagged_step);
}

static enum step_result step_tagged(struct task *task)
{
    struct referrers_op *r = op_of(task);
    if (!r->get->task.done)
        return task_wait(task, &tagged_step);
    if (r->get->task.result == ERR_NOT_FOUND)
        return task_end(task);
    if (r->get->task.result)
        return task_fail(task, &r->get->task.err);
    const struct manifest *index = r->get->manifest;
    /* Some take the tag for the digest that it is made of, and send the subject itself. */
    if (digest_equal(&index->digest, &r->subject))
        return task_end(task);
    for (size_t i = 0; i < index->n_children; i++)
        hand_over(r, &index->children[i]);
    return task_end(task);
}

struct store_op *referrer_list(struct store *store, const struct digest *subject,
                               const struct store_referrers *receiver, struct task *parent)
{
    struct referrers_op *r = xcalloc(1, sizeof(*r));
    r->repository = repository_of(store);
    store_op_init(&r->op, r->repository->registry->loop, parent, &referrers_type, subject->text);
    r->subject = *subject;
    r->receiver = *receiver;
    r->pages_seen = map_new();
    r->url = xasprintf("/v2/%s/referrers/%s", store->repository, subject->text);
    task_start(&r->op.task, &ask_step);
    return &r->op;
}
