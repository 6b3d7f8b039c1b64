/* SPDX-License-Identifier: Apache-2.0 */
/* GET, HEAD and DELETE of blobs. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "handlers.h"
#include "util.h"

enum range_verdict { RANGE_WHOLE, RANGE_PART, RANGE_UNSATISFIABLE };

struct range {
    uint64_t first;
    uint64_t len;
};

/* "-500": the last 500 bytes. */
static enum range_verdict parse_suffix(const char *text, uint64_t size, struct range *ret_range)
{
    uint64_t count = 0;

    if (!parse_u64(text, &count))
        return RANGE_WHOLE;
    if (count == 0 || size == 0)
        return RANGE_UNSATISFIABLE;
    count = count < size ? count : size;
    *ret_range = (struct range){.first = size - count, .len = count};
    return RANGE_PART;
}

/* One range of bytes; several of them, and what is no range at all, count as none. */
static enum range_verdict parse_range(const char *text, uint64_t size, struct range *ret_range)
{
    uint64_t first = 0, last = UINT64_MAX;

    if (text == NULL || !starts_with(text, "bytes="))
        return RANGE_WHOLE;
    text += strlen("bytes=");
    if (*text == '-')
        return parse_suffix(text + 1, size, ret_range);
    text = scan_u64(text, &first);
    if (text == NULL || *text != '-')
        return RANGE_WHOLE;
    if (text[1] != '\0' && !parse_u64(text + 1, &last))
        return RANGE_WHOLE;
    if (first >= size || last < first)
        return RANGE_UNSATISFIABLE;
    last = last < size ? last : size - 1;
    *ret_range = (struct range){.first = first, .len = last - first + 1};
    return RANGE_PART;
}

static void answer_unsatisfiable(struct request *request, uint64_t size)
{
    request_fail(request, 416, "RANGE_INVALID", "invalid range");
    reply_add(request->reply, "Content-Range", "bytes */%" PRIu64, size);
    /* docker-registry 2.8.2 announces the size of the blob for this short text. */
    if (request->registry->switches.range == RANGE_416_FULL_LENGTH)
        request->reply->lie = (int64_t)size - (int64_t)request->reply->body.len;
}

static struct reply *part_reply(struct blob *blob, const struct range *range)
{
    struct reply *reply = reply_new(206);

    reply_add(reply, "Content-Range", "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, range->first,
              range->first + range->len - 1, blob->size);
    reply_blob(reply, blob, range->first, range->len);
    return reply;
}

static struct reply *whole_reply(struct blob *blob)
{
    struct reply *reply = reply_new(200);

    reply_blob(reply, blob, 0, blob->size);
    return reply;
}

static bool ignores_range(const struct request *request)
{
    return request->registry->switches.range == RANGE_IGNORE ||
           (request->fault != NULL && request->fault->action.ignore_range);
}

void blobs_send(struct request *request, struct blob *blob, const char *digest)
{
    const char *text = ignores_range(request) ? NULL : request_header(request, "Range");
    struct range range;
    enum range_verdict verdict = parse_range(text, blob->size, &range);

    if (verdict == RANGE_UNSATISFIABLE) {
        answer_unsatisfiable(request, blob->size);
        return;
    }
    request_answer(request, verdict == RANGE_PART ? part_reply(blob, &range) : whole_reply(blob));
    reply_add(request->reply, "Content-Type", "application/octet-stream");
    reply_add(request->reply, "ETag", "\"%s\"", digest);
    if (!ignores_range(request))
        reply_add(request->reply, "Accept-Ranges", "bytes");
}

/* The blob of the request; NULL if it was answered that there is none. */
static struct blob *find(struct request *request)
{
    const struct repo *repo = request_repo(request);
    struct blob *blob = NULL;

    if (!digest_is_valid(request->reference)) {
        request_fail(request, 400, "DIGEST_INVALID", "provided digest is not valid");
        return NULL;
    }
    if (repo == NULL) {
        answer_missing_repo(request);
        return NULL;
    }
    blob = repo_blob(repo, request->reference);
    if (blob == NULL)
        request_fail(request, 404, "BLOB_UNKNOWN", "blob unknown to registry");
    return blob;
}

static bool is_cached(const struct request *request)
{
    const char *known = request_header(request, "If-None-Match");

    return known != NULL && strstr(known, request->reference) != NULL;
}

void blobs_get(struct request *request)
{
    struct blob *blob = find(request);

    if (blob == NULL || links_redirect(request, request->reference))
        return;
    if (is_cached(request))
        request_answer(request, reply_new(304));
    else
        blobs_send(request, blob, request->reference);
    if (request->reply->status < 400)
        reply_add(request->reply, "Docker-Content-Digest", "%s", request->reference);
}

void blobs_delete(struct request *request)
{
    static const unsigned statuses[] = {[DELETE_202] = 202, [DELETE_405] = 405, [DELETE_400] = 400};
    unsigned status = statuses[request->registry->switches.delete_blob];

    if (status != 202) {
        request_fail(request, status, "UNSUPPORTED", "The operation is unsupported.");
        return;
    }
    if (find(request) == NULL)
        return;
    map_remove(&request_repo(request)->blobs, request->reference);
    request_answer(request, reply_new(202));
}
