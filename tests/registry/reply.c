/* SPDX-License-Identifier: Apache-2.0 */
/* An answer before it is given to libmicrohttpd. */
#include "reply.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "util.h"

enum { STREAM_BLOCK = 16 * 1024 };

struct reply *reply_new(unsigned status)
{
    struct reply *reply = xcalloc(1, sizeof(*reply));

    reply->status = status;
    return reply;
}

void reply_free(struct reply *reply)
{
    if (reply == NULL)
        return;
    for (size_t i = 0; i < reply->header_count; i++) {
        free(reply->headers[i].name);
        free(reply->headers[i].value);
    }
    free(reply->headers);
    buf_done(&reply->body);
    blob_unref(reply->blob);
    free(reply);
}

static void append_header(struct reply *reply, const char *name, char *value)
{
    reply->headers = xrealloc(reply->headers, (reply->header_count + 1) * sizeof(*reply->headers));
    reply->headers[reply->header_count++] =
        (struct reply_header){.name = xstrdup(name), .value = value};
}

void reply_add(struct reply *reply, const char *name, const char *format, ...)
{
    va_list args;
    char *value = NULL;

    va_start(args, format);
    if (vasprintf(&value, format, args) < 0)
        die("out of memory");
    va_end(args);
    append_header(reply, name, value);
}

void reply_drop(struct reply *reply, const char *name)
{
    size_t kept = 0;

    for (size_t i = 0; i < reply->header_count; i++) {
        if (strcasecmp(reply->headers[i].name, name) != 0) {
            reply->headers[kept++] = reply->headers[i];
            continue;
        }
        free(reply->headers[i].name);
        free(reply->headers[i].value);
    }
    reply->header_count = kept;
}

void reply_set(struct reply *reply, const char *name, const char *value)
{
    reply_drop(reply, name);
    append_header(reply, name, xstrdup(value));
}

static bool has_header(const struct reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->header_count; i++) {
        if (strcasecmp(reply->headers[i].name, name) == 0)
            return true;
    }
    return false;
}

void reply_text(struct reply *reply, const char *type, const char *text)
{
    if (!has_header(reply, "Content-Type"))
        reply_set(reply, "Content-Type", type);
    blob_unref(reply->blob);
    reply->blob = NULL;
    buf_done(&reply->body);
    buf_puts(&reply->body, text);
}

void reply_json(struct reply *reply, json_t *json)
{
    CLEANUP(freep) char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);

    reply_text(reply, "application/json", text);
    json_decref(json);
}

void reply_blob(struct reply *reply, struct blob *blob, uint64_t offset, uint64_t len)
{
    blob->refs++;
    reply->blob = blob;
    reply->blob_offset = offset;
    reply->blob_len = len;
}

struct reply *reply_error(unsigned status, const char *code, const char *message)
{
    struct reply *reply = reply_new(status);

    reply_json(reply, json_pack("{s:[{s:s, s:s}]}", "errors", "code", code, "message", message));
    return reply;
}

struct reply *reply_plain(unsigned status, const char *text)
{
    struct reply *reply = reply_new(status);

    reply_text(reply, "text/plain; charset=utf-8", text);
    return reply;
}

struct reply *reply_not_found(void)
{
    return reply_plain(404, "404 page not found\n");
}

/* For answers without a Content-Length: libmicrohttpd asks for the body piece by piece. */
static ssize_t read_body(void *cls, uint64_t position, char *to, size_t max)
{
    const struct reply *body = cls;

    if (body->blob != NULL) {
        if (position >= body->blob_len)
            return MHD_CONTENT_READER_END_OF_STREAM;
        if (max > body->blob_len - position)
            max = (size_t)(body->blob_len - position);
        return pread(body->blob->fd, to, max, (off_t)(body->blob_offset + position));
    }
    if (position >= body->body.len)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (max > body->body.len - position)
        max = (size_t)(body->body.len - position);
    memcpy(to, body->body.data + position, max);
    return (ssize_t)max;
}

static void free_body(void *cls)
{
    reply_free(cls);
}

/* A copy of the body alone, which lives as long as libmicrohttpd needs it. */
static struct reply *copy_body(const struct reply *reply)
{
    struct reply *copy = reply_new(reply->status);

    if (reply->blob != NULL)
        reply_blob(copy, reply->blob, reply->blob_offset, reply->blob_len);
    else
        buf_add(&copy->body, reply->body.data, reply->body.len);
    return copy;
}

static struct MHD_Response *make_response(const struct reply *reply)
{
    if (reply->chunked)
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, read_body,
                                                 copy_body(reply), free_body);
    if (reply->blob == NULL)
        return MHD_create_response_from_buffer(reply->body.len, reply->body.data,
                                               MHD_RESPMEM_MUST_COPY);
    return MHD_create_response_from_fd_at_offset64(
        reply->blob_len, fcntl(reply->blob->fd, F_DUPFD_CLOEXEC, 0), reply->blob_offset);
}

enum MHD_Result reply_queue(const struct reply *reply, struct MHD_Connection *connection)
{
    struct MHD_Response *response = make_response(reply);

    if (response == NULL)
        return MHD_NO;
    MHD_add_response_header(response, "Docker-Distribution-Api-Version", "registry/2.0");
    for (size_t i = 0; i < reply->header_count; i++)
        MHD_add_response_header(response, reply->headers[i].name, reply->headers[i].value);
    enum MHD_Result result = MHD_queue_response(connection, reply->status, response);
    MHD_destroy_response(response);
    return result;
}
