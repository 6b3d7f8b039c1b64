/* SPDX-License-Identifier: Apache-2.0 */
/* GET, HEAD, PUT and DELETE of manifests, by tag and by digest. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "handlers.h"
#include "util.h"

enum { TAG_MAX = 128, FALLBACK_HEX = 64 };

static bool is_digest(const char *reference)
{
    return strchr(reference, ':') != NULL;
}

static bool tag_is_valid(const char *tag)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

    return *tag != '.' && *tag != '-' && *tag != '\0' && strlen(tag) <= TAG_MAX &&
           strspn(tag, allowed) == strlen(tag);
}

/* GitLab takes the tag sha256-<hex> for the digest sha256:<hex>. */
static struct manifest *resolve(const struct request *request, const struct repo *repo)
{
    const char *reference = request->reference;

    if (request->registry->switches.fallback_tag == FALLBACK_ALIAS &&
        starts_with(reference, "sha256-") && strlen(reference) == 7 + FALLBACK_HEX) {
        CLEANUP(freep) char *digest = xasprintf("sha256:%s", reference + 7);
        struct manifest *alias = repo_manifest(repo, digest);

        if (alias != NULL)
            return alias;
    }
    return repo_resolve(repo, reference);
}

/* NULL if the request was answered that there is none. */
static struct manifest *find(struct request *request)
{
    const struct repo *repo = request_repo(request);

    if (repo == NULL) {
        answer_missing_repo(request);
        return NULL;
    }
    struct manifest *manifest = resolve(request, repo);
    if (manifest == NULL)
        request_fail(request, 404, "MANIFEST_UNKNOWN", "manifest unknown");
    return manifest;
}

struct accept {
    const char *type;
    bool is_present, is_exact, is_wild;
};

static void look_at_accept(void *cls, const char *value)
{
    struct accept *accept = cls;

    accept->is_present = true;
    accept->is_exact |= strstr(value, accept->type) != NULL;
    accept->is_wild |= strstr(value, "*/*") != NULL || strstr(value, "application/*") != NULL;
}

static bool is_acceptable(const struct request *request, const struct manifest *manifest)
{
    struct accept accept = {.type = manifest->media_type};
    int mode = request->registry->switches.manifest_accept;

    request_each(request, MHD_HEADER_KIND, "Accept", look_at_accept, &accept);
    if (mode == ACCEPT_IGNORE || accept.is_exact)
        return true;
    return mode == ACCEPT_LENIENT && (accept.is_wild || !accept.is_present);
}

static bool is_cached(const struct request *request, const struct manifest *manifest)
{
    const char *known = request_header(request, "If-None-Match");

    return known != NULL && strstr(known, manifest->digest) != NULL;
}

static void answer_manifest(struct request *request, const struct manifest *manifest)
{
    bool cached = is_cached(request, manifest);
    struct reply *reply = reply_new(cached ? 304 : 200);

    if (!cached) {
        reply_add(reply, "Content-Type", "%s", manifest->media_type);
        buf_add(&reply->body, manifest->bytes, manifest->size);
    }
    reply_add(reply, "Docker-Content-Digest", "%s", manifest->digest);
    reply_add(reply, "ETag", "\"%s\"", manifest->digest);
    request_answer(request, reply);
}

static void answer_rate_limited(struct request *request)
{
    request_fail(request, 429, "TOOMANYREQUESTS",
                 "You have reached your pull rate limit. You may increase the limit by "
                 "authenticating and upgrading: https://www.docker.com/increase-rate-limit");
    limits_announce(&request->registry->limits, &request->registry->switches, request->reply);
}

void manifests_get(struct request *request)
{
    struct registry *registry = request->registry;
    bool counts = request_is(request, "GET");
    const struct manifest *manifest;

    if (counts && limits_exhausted(&registry->limits, &registry->switches)) {
        answer_rate_limited(request);
        return;
    }
    manifest = find(request);
    if (manifest == NULL)
        return;
    if (!is_acceptable(request, manifest)) {
        request_fail(request, 404, "MANIFEST_UNKNOWN",
                     "manifest found, but the Accept header does not support its media type");
        return;
    }
    answer_manifest(request, manifest);
    if (counts && request->reply->status == 200)
        limits_count(&registry->limits);
    limits_announce(&registry->limits, &registry->switches, request->reply);
}

void manifests_prepare_put(struct request *request)
{
    const struct switches *switches = &request->registry->switches;

    if (request_repo(request) == NULL && switches->create == CREATE_MUST_EXIST)
        answer_missing_repo(request);
    else
        request_collect(request, (size_t)switches->manifest_max_size);
}

/* How registries refuse to move a tag. */
static struct reply *refuse_move(int mode)
{
    static const struct {
        unsigned status;
        const char *code, *message;
    } refusals[] = {
        [IMMUTABLE_400_TAG_INVALID] =
            {400, "TAG_INVALID",
             "The image tag already exists and cannot be overwritten because the repository is "
             "immutable."},
        [IMMUTABLE_403_DENIED] =
            {403, "DENIED",
             "This tag is already assigned to an image in this repository and cannot be updated "
             "due to immutability settings. To push this image, use a different tag."},
        [IMMUTABLE_409_TAG_IMMUTABLE] = {409, "TAG_IMMUTABLE", "tag is immutable"},
        [IMMUTABLE_412_PRECONDITION] =
            {412, "PRECONDITION",
             "Failed to process request due to 'repo:tag' configured as immutable."},
        [IMMUTABLE_403_MANIFEST_INVALID] = {403, "MANIFEST_INVALID", "manifest invalid"},
    };

    return reply_error(refusals[mode].status, refusals[mode].code, refusals[mode].message);
}

static struct reply *check_tag(const struct request *request, const char *digest)
{
    const struct switches *switches = &request->registry->switches;
    const struct repo *repo = request_repo(request);
    const char *present = repo != NULL ? map_get(&repo->tags, request->reference) : NULL;

    if (!tag_is_valid(request->reference))
        return reply_error(400, "TAG_INVALID", "manifest tag did not match URI");
    if (present == NULL || switches->immutable_tags == IMMUTABLE_NONE)
        return NULL;
    if (strcmp(present, digest) == 0 && !switches->immutable_same_digest)
        return NULL;
    return refuse_move(switches->immutable_tags);
}

static struct reply *check_digest(const struct request *request, const char *digest)
{
    if (strcmp(request->reference, digest) == 0)
        return NULL;
    return reply_error(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
}

struct extra_tags {
    struct repo *repo;
    const char *digest;
    struct reply *reply;
};

static void add_extra_tag(void *cls, const char *tag)
{
    struct extra_tags *extra = cls;

    if (!tag_is_valid(tag))
        return;
    repo_set_tag(extra->repo, tag, extra->digest);
    reply_add(extra->reply, "OCI-Tag", "%s", tag);
}

/* Stores a manifest which was accepted. */
static void keep(struct request *request, struct manifest *manifest)
{
    struct repo *repo = store_create_repo(&request->registry->store, request->name);
    CLEANUP(freep) char *base = request_base(request);

    map_set(&repo->manifests, manifest->digest, manifest);
    request_answer(request, reply_new(201));
    reply_add(request->reply, "Location", "%s/v2/%s/manifests/%s", base, request->name,
              manifest->digest);
    reply_add(request->reply, "Docker-Content-Digest", "%s", manifest->digest);
    if (!is_digest(request->reference)) {
        repo_set_tag(repo, request->reference, manifest->digest);
    } else if (request->registry->switches.manifest_tag_param) {
        struct extra_tags extra = {
            .repo = repo, .digest = manifest->digest, .reply = request->reply};

        request_each(request, MHD_GET_ARGUMENT_KIND, "tag", add_extra_tag, &extra);
    }
    referrers_announce(request, manifest);
}

/* What can be said before the manifest is looked at. */
static struct reply *check_request(const struct request *request)
{
    bool is_413 = request->registry->switches.manifest_too_large == TOO_LARGE_413;

    if (request->too_large)
        return reply_error(is_413 ? 413 : 400, "MANIFEST_INVALID", "manifest is too large");
    if (request_header(request, "Content-Type") == NULL)
        return reply_error(400, "MANIFEST_INVALID", "Content-Type is missing");
    if (is_digest(request->reference) && !digest_is_valid(request->reference))
        return reply_error(400, "DIGEST_INVALID", "provided digest is not valid");
    return NULL;
}

static struct reply *check_manifest(const struct request *request, const struct manifest *manifest)
{
    struct reply *refusal = is_digest(request->reference) ? check_digest(request, manifest->digest)
                                                          : check_tag(request, manifest->digest);

    if (refusal != NULL)
        return refusal;
    return manifest_check(&request->registry->switches, request_repo(request), manifest);
}

/* The manifest that was sent; a digest in the URL decides about the algorithm. */
static struct manifest *read_manifest(const struct request *request)
{
    const struct buf *body = &request->body;
    const char *like = is_digest(request->reference) ? request->reference : NULL;
    const char *bytes = body->data != NULL ? body->data : "";
    CLEANUP(freep) char *digest = digest_of_bytes(like, bytes, body->len);

    return manifest_new(digest, request_header(request, "Content-Type"), bytes, body->len);
}

void manifests_put(struct request *request)
{
    struct reply *refusal = check_request(request);
    struct manifest *manifest;

    if (refusal != NULL) {
        request_answer(request, refusal);
        return;
    }
    manifest = read_manifest(request);
    refusal = check_manifest(request, manifest);
    if (refusal == NULL) {
        keep(request, manifest);
        return;
    }
    manifest_free(manifest);
    request_answer(request, refusal);
}

void manifests_delete(struct request *request)
{
    static const unsigned statuses[] = {[DELETE_202] = 202, [DELETE_405] = 405, [DELETE_400] = 400};
    const struct switches *switches = &request->registry->switches;
    bool by_digest = is_digest(request->reference);
    unsigned status = statuses[by_digest ? switches->delete_manifest : switches->delete_tag];

    if (status != 202) {
        request_fail(request, status, "UNSUPPORTED", "The operation is unsupported.");
        return;
    }
    if (find(request) == NULL)
        return;
    if (by_digest)
        repo_remove_manifest(request_repo(request), request->reference);
    else
        map_remove(&request_repo(request)->tags, request->reference);
    request_answer(request, reply_new(202));
}
