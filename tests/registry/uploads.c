/* SPDX-License-Identifier: Apache-2.0 */
/* Blob uploads: POST, PATCH, PUT, status and cancel. Bodies go to the upload's file as they
 * arrive, so a connection which breaks leaves what a client may want to resume. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "handlers.h"
#include "util.h"

static void receive_into(struct request *request, const struct upload *upload)
{
    free(request->upload_id);
    request->upload_id = xstrdup(upload->id);
    request->sink = SINK_UPLOAD;
}

static bool declared_length(const struct request *request, uint64_t *ret_length)
{
    const char *text = request_header(request, "Content-Length");

    return text != NULL && parse_u64(text, ret_length);
}

static void answer_created(struct request *request, const char *digest)
{
    bool is_relative = request->registry->switches.upload_location == LOCATION_RELATIVE;
    CLEANUP(freep) char *base = is_relative ? xstrdup("") : request_base(request);

    request_answer(request, reply_new(201));
    reply_add(request->reply, "Location", "%s/v2/%s/blobs/%s", base, request->name, digest);
    reply_add(request->reply, "Docker-Content-Digest", "%s", digest);
}

/* The session ends here in any case, as it does with CNCF distribution. */
static void commit(struct request *request, struct upload *upload, const char *digest)
{
    struct store *store = &request->registry->store;
    CLEANUP(freep) char *real = digest_is_valid(digest) ? digest_of_file(digest, upload->fd) : NULL;

    if (real == NULL || strcmp(real, digest) != 0) {
        upload_remove(store, upload);
        request_fail(request, 400, "DIGEST_INVALID",
                     "provided digest did not match uploaded content");
        return;
    }
    struct blob *blob = upload_close(store, upload);
    repo_add_blob(store_create_repo(store, request->name), digest, blob);
    blob_unref(blob);
    answer_created(request, digest);
}

static bool takes_single_post(const struct request *request)
{
    return request_query(request, "digest") != NULL && request_query(request, "mount") == NULL &&
           request->registry->switches.single_post == SINGLE_POST_ACCEPT;
}

void uploads_prepare_open(struct request *request)
{
    if (request_repo(request) == NULL && request->registry->switches.create == CREATE_MUST_EXIST) {
        answer_missing_repo(request);
        return;
    }
    if (takes_single_post(request))
        receive_into(request, upload_open(&request->registry->store, request->name));
}

void uploads_open(struct request *request)
{
    struct upload *upload = request->upload_id != NULL
                                ? upload_find(&request->registry->store, request->upload_id)
                                : NULL;

    if (upload != NULL)
        commit(request, upload, request_query(request, "digest"));
    else if (!mounts_try(request))
        uploads_start(request);
}

/* "first-last", without the unit and the total which HTTP itself would want. */
static bool parse_content_range(const char *text, uint64_t *ret_first, uint64_t *ret_last)
{
    text = scan_u64(text, ret_first);
    return text != NULL && *text == '-' && parse_u64(text + 1, ret_last) && *ret_last >= *ret_first;
}

/* False if the request was refused because of its Content-Range. */
static bool enforce_content_range(struct request *request, struct upload *upload, const char *text)
{
    uint64_t first, last, length;

    if (!parse_content_range(text, &first, &last)) {
        request_fail(request, 400, "BLOB_UPLOAD_INVALID",
                     "the Content-Range header format is invalid");
        return false;
    }
    if (first != upload->size ||
        (declared_length(request, &length) && length != last - first + 1)) {
        uploads_answer(request, upload, 416);
        return false;
    }
    return true;
}

static bool check_content_range(struct request *request, struct upload *upload)
{
    const char *text = request_header(request, "Content-Range");
    int mode = request->registry->switches.content_range;

    if (text == NULL || mode == CONTENT_RANGE_IGNORE)
        return true;
    if (mode == CONTENT_RANGE_ENFORCE)
        return enforce_content_range(request, upload, text);
    upload_truncate(upload);
    return true;
}

static bool check_chunk_size(struct request *request, struct upload *upload)
{
    const struct switches *switches = &request->registry->switches;
    uint64_t length = 0;

    if (request_header(request, "Content-Range") == NULL)
        return true;
    if (switches->upload_max_chunk > 0 && declared_length(request, &length) &&
        length > (uint64_t)switches->upload_max_chunk) {
        request_fail(request, 416, "BLOB_UPLOAD_INVALID",
                     "the request body is too large and exceeds the maximum permissible limit");
        return false;
    }
    if (switches->upload_min_chunk > 0 && upload->last_was_small) {
        request_fail(request, 400, "BLOB_UPLOAD_INVALID",
                     "a chunk before the last one was too small");
        return false;
    }
    return true;
}

/* Answered before the body is read. */
static bool refuse_too_large(struct request *request, int64_t most)
{
    uint64_t length = 0;

    if (most <= 0 || !declared_length(request, &length) || length <= (uint64_t)most)
        return false;
    request_answer(request, reply_plain(413, "413 Request Entity Too Large"));
    return true;
}

void uploads_prepare_patch(struct request *request)
{
    struct upload *upload = uploads_claim(request, true);

    if (upload == NULL || refuse_too_large(request, request->registry->switches.upload_max_patch) ||
        !check_chunk_size(request, upload) || !check_content_range(request, upload))
        return;
    receive_into(request, upload);
}

void uploads_patch(struct request *request)
{
    static const unsigned statuses[] = {[PATCH_202] = 202, [PATCH_201] = 201, [PATCH_204] = 204};
    const struct switches *switches = &request->registry->switches;
    struct upload *upload = upload_find(&request->registry->store, request->upload_id);

    if (upload == NULL) {
        request_fail(request, 404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry");
        return;
    }
    if (upload->patches++ == 0)
        upload->first_chunk = (uint64_t)request->received;
    upload->last_chunk = (uint64_t)request->received;
    upload->last_was_small = request->received < switches->upload_min_chunk;
    uploads_answer(request, upload, statuses[switches->patch_status]);
}

void uploads_prepare_put(struct request *request)
{
    const struct switches *switches = &request->registry->switches;
    struct upload *upload = uploads_claim(request, true);
    uint64_t length = 0;

    if (upload == NULL || !check_content_range(request, upload))
        return;
    bool has_length = declared_length(request, &length);
    if (refuse_too_large(request, switches->upload_max_put))
        return;
    receive_into(request, upload);
    if (switches->upload_needs_length && !has_length)
        request->sink = SINK_DROP;
}

void uploads_put(struct request *request)
{
    struct upload *upload = upload_find(&request->registry->store, request->upload_id);

    if (upload == NULL) {
        request_fail(request, 404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry");
    } else if (request->received == 0 && upload->size > 0 &&
               request->registry->switches.upload_empty_put == EMPTY_PUT_500) {
        request_fail(request, 500, "UNKNOWN", "unknown error");
    } else {
        commit(request, upload, request_query(request, "digest"));
    }
}

void uploads_status(struct request *request)
{
    struct upload *upload = uploads_claim(request, false);

    if (upload != NULL)
        uploads_answer(request, upload, 204);
}

void uploads_cancel(struct request *request)
{
    int mode = request->registry->switches.upload_cancel;

    if (mode == CANCEL_405) {
        request_fail(request, 405, "UNSUPPORTED", "The operation is unsupported.");
        return;
    }
    struct upload *upload = uploads_claim(request, true);
    if (upload == NULL)
        return;
    upload_remove(&request->registry->store, upload);
    request_answer(request, reply_new(mode == CANCEL_204 ? 204 : 202));
}
