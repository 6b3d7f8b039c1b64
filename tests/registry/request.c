/* SPDX-License-Identifier: Apache-2.0 */
/* One HTTP request: what the handlers ask it. */
#include "request.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "digest.h"
#include "util.h"

enum { HASH_DIGITS = 12 };

const char *request_header(const struct request *request, const char *name)
{
    return MHD_lookup_connection_value(request->mhd, MHD_HEADER_KIND, name);
}

const char *request_query(const struct request *request, const char *name)
{
    return MHD_lookup_connection_value(request->mhd, MHD_GET_ARGUMENT_KIND, name);
}

struct each {
    const char *name;
    void (*call)(void *cls, const char *value);
    void *cls;
};

static enum MHD_Result visit(void *cls, enum MHD_ValueKind kind, const char *key, const char *value)
{
    const struct each *each = cls;

    (void)kind;
    if (strcasecmp(key, each->name) == 0 && value != NULL)
        each->call(each->cls, value);
    return MHD_YES;
}

void request_each(const struct request *request, enum MHD_ValueKind kind, const char *name,
                  void (*call)(void *cls, const char *value), void *cls)
{
    struct each each = {.name = name, .call = call, .cls = cls};

    MHD_get_connection_values(request->mhd, kind, visit, &each);
}

bool request_is(const struct request *request, const char *method)
{
    return strcmp(request->method, method) == 0;
}

char *request_base(const struct request *request)
{
    const struct listener *listener = &request->registry->front.listeners[request->conn->listener];
    const char *host = request_header(request, "Host");

    return xasprintf("%s://%s", listener->tls ? "https" : "http",
                     host != NULL ? host : listener->address);
}

char *request_other_base(const struct request *request)
{
    const struct rawfront *front = &request->registry->front;

    return listener_url(&front->listeners[front->listener_count - 1]);
}

struct repo *request_repo(const struct request *request)
{
    return request->name != NULL ? store_repo(&request->registry->store, request->name) : NULL;
}

void request_answer(struct request *request, struct reply *reply)
{
    reply_free(request->reply);
    request->reply = reply;
}

void request_fail(struct request *request, unsigned status, const char *code, const char *message)
{
    request_answer(request, reply_error(status, code, message));
}

void request_collect(struct request *request, size_t limit)
{
    request->sink = SINK_MEMORY;
    request->memory_limit = limit;
}

struct request *request_of(const struct exchange *exchange)
{
    return (struct request *)((uintptr_t)exchange - offsetof(struct request, exchange));
}

static void end_on_wire(struct exchange *exchange)
{
    struct request *request = request_of(exchange);

    request->registry->open--;
    request_unref(request);
}

struct request *request_new(struct registry *registry, struct MHD_Connection *mhd,
                            const char *target)
{
    struct request *request = xcalloc(1, sizeof(*request));

    request->registry = registry;
    request->mhd = mhd;
    request->refs = 1;
    request->target = xstrdup(target);
    wire_plan_init(&request->exchange.plan);
    request->exchange.on_end = end_on_wire;
    return request;
}

static void add_text(json_t *log, const char *key, const char *value)
{
    if (value != NULL)
        json_object_set_new(log, key, json_string(value));
}

static void add_hash(json_t *log, const char *key, const char *value, size_t digits)
{
    if (value == NULL)
        return;
    CLEANUP(freep) char *digest = digest_of_bytes(NULL, value, strlen(value));
    json_object_set_new(log, key, json_stringn(strchr(digest, ':') + 1, digits));
}

static void add_authorization(json_t *log, const char *value)
{
    json_object_set_new(log, "authorization", json_boolean(value != NULL));
    if (value == NULL)
        return;
    json_object_set_new(log, "auth_scheme", json_stringn(value, strcspn(value, " ")));
    add_hash(log, "auth_sha256", value, HASH_DIGITS);
}

static void join_values(void *cls, const char *value)
{
    struct buf *list = cls;

    buf_printf(list, "%s%s", list->len > 0 ? "," : "", value);
}

static void add_accept(json_t *log, const struct request *request)
{
    CLEANUP(buf_done) struct buf accept = {0};

    request_each(request, MHD_HEADER_KIND, "Accept", join_values, &accept);
    if (accept.len > 0)
        add_hash(log, "accept_sha256", accept.data, HASH_DIGITS);
}

static void add_headers(json_t *log, const struct request *request)
{
    static const struct {
        const char *key, *header;
    } wanted[] = {
        {"host", "Host"},
        {"range", "Range"},
        {"content_range", "Content-Range"},
        {"content_length", "Content-Length"},
        {"content_type", "Content-Type"},
        {"transfer_encoding", "Transfer-Encoding"},
        {"expect", "Expect"},
        {"cookie", "Cookie"},
        {"user_agent", "User-Agent"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
        add_text(log, wanted[i].key, request_header(request, wanted[i].header));
    add_authorization(log, request_header(request, "Authorization"));
    add_accept(log, request);
}

void request_describe(struct request *request)
{
    const struct conn *conn = request->conn;

    request->log = json_pack(
        "{s:I, s:I, s:I, s:I, s:i, s:I, s:s, s:s}", "seq", (json_int_t)request->number, "conn",
        (json_int_t)conn->number, "conn_request", (json_int_t)conn->requests, "listener",
        (json_int_t)conn->listener, "open", (int)request->registry->open, "time_ms",
        (json_int_t)monotonic_ms(), "method", request->method, "target", request->target);
    /* A target which is no UTF-8 cannot be a JSON string. */
    if (request->log == NULL)
        request->log = json_pack("{s:I}", "seq", (json_int_t)request->number);
    add_text(request->log, "sni", stream_sni(&conn->client));
    add_headers(request->log, request);
}

static void write_log(struct request *request)
{
    const struct exchange *exchange = &request->exchange;
    json_t *log = request->log;

    request->log = NULL;
    json_object_set_new(log, "status",
                        json_integer(request->reply != NULL ? request->reply->status : 0));
    json_object_set_new(log, "received", json_integer(request->received));
    json_object_set_new(log, "sent", json_integer(exchange->body_sent));
    json_object_set_new(log, "end", json_string(exchange_end_name(exchange->end)));
    if (request->fault != NULL)
        json_object_set(log, "fault", json_object_get(request->fault->source, "action"));
    wirelog_add(&request->registry->log, log);
}

void request_unref(struct request *request)
{
    if (--request->refs > 0)
        return;
    if (request->log != NULL)
        write_log(request);
    reply_free(request->reply);
    fault_unref(request->fault);
    buf_done(&request->body);
    free(request->method);
    free(request->target);
    free(request->name);
    free(request->reference);
    free(request->upload_id);
    free(request);
}
