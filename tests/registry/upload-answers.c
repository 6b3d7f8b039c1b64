/* SPDX-License-Identifier: Apache-2.0 */
/* What answers about an upload say (Location, Range), and whether a request may speak for it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "handlers.h"
#include "util.h"

/* More than the 2 KiB which some clients had as a fixed buffer. */
enum { LONG_PADDING = 2500 };

/* Where the Location points: the prefix before the path of the upload. */
static char *location_base(const struct request *request)
{
    const struct switches *switches = &request->registry->switches;

    switch (switches->upload_location) {
    case LOCATION_RELATIVE:
        return xstrdup("");
    case LOCATION_OTHER_HOST:
        return switches->upload_location_base != NULL ? xstrdup(switches->upload_location_base)
                                                      : request_other_base(request);
    case LOCATION_HTTP: {
        CLEANUP(freep) char *base = request_base(request);

        return xasprintf("http%s", strstr(base, "://"));
    }
    default:
        return request_base(request);
    }
}

static void add_location(const struct request *request, const struct upload *upload,
                         struct reply *reply)
{
    const struct switches *switches = &request->registry->switches;
    CLEANUP(freep) char *base = location_base(request);
    CLEANUP(buf_done) struct buf url = {0};

    if (switches->upload_location == LOCATION_OTHER_HOST)
        buf_printf(&url, "%s/upload/%s/%s", base, upload->repo, upload->id);
    else
        buf_printf(&url, "%s/v2/%s/blobs/uploads/%s", base, upload->repo, upload->id);
    if (switches->upload_state != STATE_NONE)
        buf_printf(&url, "?_state=%s", upload->state);
    if (switches->upload_location == LOCATION_LONG) {
        buf_puts(&url, strchr(url.data, '?') != NULL ? "&padding=" : "?padding=");
        memset(buf_reserve(&url, LONG_PADDING), 'x', LONG_PADDING);
        url.len += LONG_PADDING;
        buf_puts(&url, "");
    }
    reply_add(reply, "Location", "%s", url.data);
}

/* How many bytes this registry says it has. */
static uint64_t claimed_size(const struct switches *switches, const struct upload *upload)
{
    if (switches->upload_range == UPLOAD_RANGE_STUCK && upload->patches > 0)
        return upload->first_chunk;
    if (switches->upload_range == UPLOAD_RANGE_LAST_CHUNK && upload->patches > 0)
        return upload->last_chunk;
    return upload->size;
}

static void add_range(const struct switches *switches, const struct upload *upload,
                      struct reply *reply)
{
    uint64_t size = claimed_size(switches, upload);

    if (switches->upload_range == UPLOAD_RANGE_ABSENT)
        return;
    if (switches->upload_range == UPLOAD_RANGE_BYTES)
        reply_add(reply, "Range", "bytes=0-%" PRId64, (int64_t)size - 1);
    else
        reply_add(reply, "Range", "0-%" PRIu64, size > 0 ? size - 1 : 0);
}

void uploads_answer(struct request *request, struct upload *upload, unsigned status)
{
    const struct switches *switches = &request->registry->switches;

    if (status < 400) {
        free(upload->state);
        upload->state = random_hex(16);
        request_answer(request, reply_new(status));
    } else {
        request_fail(request, status, "RANGE_INVALID", "upload resumed at wrong offset");
    }
    add_location(request, upload, request->reply);
    add_range(switches, upload, request->reply);
    reply_add(request->reply, "Docker-Upload-UUID", "%s", upload->id);
    if (switches->upload_min_chunk > 0)
        reply_add(request->reply, "OCI-Chunk-Min-Length", "%" PRId64, switches->upload_min_chunk);
}

void uploads_start(struct request *request)
{
    uploads_answer(request, upload_open(&request->registry->store, request->name), 202);
}

static bool state_is_stale(const struct request *request, const struct upload *upload,
                           bool is_write)
{
    int mode = request->registry->switches.upload_state;
    const char *state = request_query(request, "_state");

    if (mode == STATE_NONE || (mode == STATE_CHECK_WRITES && !is_write))
        return false;
    return state == NULL || strcmp(state, upload->state) != 0;
}

/* docker-registry 2.8.3 cancels the session over a stale URL; 3.x only refuses the request. */
static void answer_stale(struct request *request, struct upload *upload)
{
    if (request->registry->switches.upload_stale == STALE_416) {
        request_fail(request, 416, "RANGE_INVALID", "upload resumed at wrong offset");
        return;
    }
    upload_remove(&request->registry->store, upload);
    request_fail(request, 404, "BLOB_UPLOAD_INVALID", "blob upload invalid");
}

struct upload *uploads_claim(struct request *request, bool is_write)
{
    struct registry *registry = request->registry;
    struct upload *upload = upload_find(&registry->store, request->reference);

    if (upload == NULL || strcmp(upload->repo, request->name) != 0) {
        request_fail(request, 404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry");
        return NULL;
    }
    if (upload->broken && registry->switches.upload_resume == RESUME_LOSE) {
        upload_remove(&registry->store, upload);
        request_fail(request, 404, "BLOB_UPLOAD_INVALID", "blob upload invalid");
        return NULL;
    }
    if (state_is_stale(request, upload, is_write)) {
        answer_stale(request, upload);
        return NULL;
    }
    return upload;
}
