/* SPDX-License-Identifier: Apache-2.0 */
/* The referrers API, and the registries which only pretend to have it. */
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "handlers.h"
#include "util.h"

static const char index_type[] = "application/vnd.oci.image.index.v1+json";

static const char *subject_of(const struct manifest *manifest)
{
    return json_string_value(json_object_get(json_object_get(manifest->json, "subject"), "digest"));
}

/* The manifest's own artifactType, or else the type of its config. */
static const char *artifact_type_of(const struct manifest *manifest)
{
    const char *type = json_string_value(json_object_get(manifest->json, "artifactType"));

    if (type != NULL && *type != '\0')
        return type;
    return json_string_value(
        json_object_get(json_object_get(manifest->json, "config"), "mediaType"));
}

static json_t *descriptor_of(const struct manifest *manifest)
{
    json_t *descriptor = json_pack("{s:s, s:s, s:I}", "mediaType", manifest->media_type, "digest",
                                   manifest->digest, "size", (json_int_t)manifest->size);
    json_t *annotations = json_object_get(manifest->json, "annotations");
    const char *type = artifact_type_of(manifest);

    if (type != NULL)
        json_object_set_new(descriptor, "artifactType", json_string(type));
    if (json_is_object(annotations))
        json_object_set(descriptor, "annotations", annotations);
    return descriptor;
}

static bool is_wanted(const struct manifest *manifest, const char *subject, const char *filter)
{
    const char *type = artifact_type_of(manifest), *of = subject_of(manifest);

    if (of == NULL || strcmp(of, subject) != 0)
        return false;
    return filter == NULL || (type != NULL && strcmp(type, filter) == 0);
}

static json_t *collect(const struct repo *repo, const char *subject, const char *filter)
{
    json_t *list = json_array();

    for (size_t i = 0; repo != NULL && i < repo->manifests.count; i++) {
        const struct manifest *manifest = repo->manifests.entries[i].value;

        if (is_wanted(manifest, subject, filter))
            json_array_append_new(list, descriptor_of(manifest));
    }
    return list;
}

/* Cuts the list down to the page which was asked for; the number of the next page, 0 for none. */
static uint64_t cut_page(const struct request *request, json_t **list)
{
    size_t size = (size_t)request->registry->switches.referrers_page;
    const char *text = request_query(request, "page");
    uint64_t page = 1;

    if (size == 0)
        return 0;
    if (text != NULL && (!parse_u64(text, &page) || page == 0))
        page = 1;
    json_t *cut = json_array();
    size_t first = (size_t)(page - 1) * size, count = json_array_size(*list);
    for (size_t i = first; i < first + size && i < count; i++)
        json_array_append(cut, json_array_get(*list, i));
    json_decref(*list);
    *list = cut;
    return first + size < count ? page + 1 : 0;
}

static void add_link(struct request *request, const char *filter, uint64_t next)
{
    CLEANUP(freep)
    char *type = filter != NULL ? xasprintf("artifactType=%s&", filter) : xstrdup("");

    reply_add(request->reply, "Link", "</v2/%s/referrers/%s?%spage=%llu>; rel=\"next\"",
              request->name, request->reference, type, (unsigned long long)next);
}

static void answer_list(struct request *request)
{
    bool filters = request->registry->switches.referrers_filter;
    const char *filter = filters ? request_query(request, "artifactType") : NULL;
    json_t *list = collect(request_repo(request), request->reference, filter);
    uint64_t next = cut_page(request, &list);

    request_answer(request, reply_new(200));
    reply_add(request->reply, "Content-Type", "%s", index_type);
    if (filter != NULL)
        reply_add(request->reply, "OCI-Filters-Applied", "artifactType");
    reply_json(request->reply, json_pack("{s:i, s:s, s:o}", "schemaVersion", 2, "mediaType",
                                         index_type, "manifests", list));
    if (next != 0)
        add_link(request, filter, next);
}

void referrers_list(struct request *request)
{
    const struct repo *repo = request_repo(request);
    int mode = request->registry->switches.referrers;

    if (mode == REFERRERS_404 || mode == REFERRERS_LYING) {
        request_answer(request, reply_not_found());
    } else if (mode == REFERRERS_HTML) {
        request_answer(request, reply_new(200));
        reply_text(request->reply, "text/html", "<html><body>Welcome</body></html>");
    } else if (!digest_is_valid(request->reference)) {
        request_fail(request, 400, "DIGEST_INVALID", "provided digest is not valid");
    } else if (mode == REFERRERS_400_UNKNOWN &&
               (repo == NULL || repo_manifest(repo, request->reference) == NULL)) {
        request_fail(request, 400, "MANIFEST_UNKNOWN", "manifest unknown");
    } else {
        answer_list(request);
    }
}

void referrers_announce(struct request *request, const struct manifest *manifest)
{
    const char *subject = subject_of(manifest);
    int mode = request->registry->switches.referrers;

    if (subject != NULL && mode != REFERRERS_404 && mode != REFERRERS_HTML)
        reply_add(request->reply, "OCI-Subject", "%s", subject);
}
