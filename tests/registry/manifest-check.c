/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a manifest is accepted: well formed, of the type it was sent as, and with everything it
 * refers to present in the repository. A missing subject is no reason to refuse. */
#include <string.h>

#include "handlers.h"
#include "util.h"

static struct reply *check_form(const struct switches *switches, const struct manifest *manifest)
{
    json_t *media_type = json_object_get(manifest->json, "mediaType");

    if (switches->manifest_refuse_docker &&
        starts_with(manifest->media_type, "application/vnd.docker."))
        return reply_error(415, "MANIFEST_INVALID", "manifest type is not supported");
    if (manifest->json == NULL)
        return reply_error(400, "MANIFEST_INVALID", "manifest is no JSON object");
    if (media_type == NULL && switches->manifest_needs_media_type)
        return reply_error(405, "UNSUPPORTED", "Invalid JSON syntax: mediaType is missing");
    if (media_type != NULL && (!json_is_string(media_type) ||
                               strcmp(json_string_value(media_type), manifest->media_type) != 0))
        return reply_error(400, "MANIFEST_INVALID", "mediaType differs from Content-Type");
    return NULL;
}

static struct reply *answer_missing(const struct switches *switches, const char *digest)
{
    CLEANUP(freep) char *message = xasprintf("blob unknown to registry: %s", digest);

    if (switches->manifest_missing_blob == MISSING_BLOB_404)
        return reply_error(404, "BLOB_UNKNOWN", message);
    return reply_error(400, "MANIFEST_BLOB_UNKNOWN", message);
}

/* Foreign layers (those with urls) need not be here. */
static bool is_foreign(const json_t *descriptor)
{
    return json_array_size(json_object_get(descriptor, "urls")) > 0;
}

static struct reply *check_reference(const struct switches *switches, const struct repo *repo,
                                     const json_t *descriptor, bool is_manifest)
{
    const char *digest = json_string_value(json_object_get(descriptor, "digest"));
    const void *present = NULL;

    if (digest == NULL)
        return reply_error(400, "MANIFEST_INVALID", "a descriptor has no digest");
    if (is_foreign(descriptor))
        return NULL;
    if (repo != NULL)
        present = is_manifest ? (const void *)repo_manifest(repo, digest)
                              : (const void *)repo_blob(repo, digest);
    return present != NULL ? NULL : answer_missing(switches, digest);
}

static struct reply *check_list(const struct switches *switches, const struct repo *repo,
                                json_t *list, bool is_manifest)
{
    size_t index;
    json_t *descriptor;

    json_array_foreach(list, index, descriptor)
    {
        struct reply *refusal = check_reference(switches, repo, descriptor, is_manifest);

        if (refusal != NULL)
            return refusal;
    }
    return NULL;
}

static struct reply *check_references(const struct switches *switches, const struct repo *repo,
                                      const json_t *json)
{
    json_t *config = json_object_get(json, "config");
    struct reply *refusal = NULL;

    if (config != NULL)
        refusal = check_reference(switches, repo, config, false);
    if (refusal == NULL)
        refusal = check_list(switches, repo, json_object_get(json, "layers"), false);
    if (refusal == NULL)
        refusal = check_list(switches, repo, json_object_get(json, "manifests"), true);
    return refusal;
}

struct reply *manifest_check(const struct switches *switches, const struct repo *repo,
                             const struct manifest *manifest)
{
    struct reply *refusal;

    if (!switches->manifest_validate)
        return NULL;
    refusal = check_form(switches, manifest);
    if (refusal != NULL || switches->manifest_missing_blob == MISSING_BLOB_ACCEPT)
        return refusal;
    return check_references(switches, repo, manifest->json);
}
