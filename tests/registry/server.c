/* SPDX-License-Identifier: Apache-2.0 */
/* Between libmicrohttpd and the handlers. A request comes in three steps: its head (route, fault,
 * authentication, and often the answer already), its body piece by piece, its end. */
#include "server.h"

#include <stdlib.h>
#include <string.h>

#include "auth.h"
#include "handlers.h"
#include "request.h"
#include "router.h"
#include "util.h"

/* Room for heads with long tokens and upload URLs. */
enum { CONNECTION_MEMORY = 256 * 1024 };

static const char *subject_header(void *cls, const char *name)
{
    return request_header(cls, name);
}

static void choose_fault(struct request *request)
{
    struct fault_subject subject = {.method = request->method,
                                    .target = request->target,
                                    .header = subject_header,
                                    .cls = request,
                                    .reused = request->conn->requests > 1,
                                    .listener = request->conn->listener};

    request->fault = fault_list_match(&request->registry->faults, &subject);
    if (request->fault != NULL)
        request->exchange.plan = request->fault->action.wire;
}

static bool has_body(const struct request *request)
{
    const char *length = request_header(request, "Content-Length");
    uint64_t count = 0;

    if (request_header(request, "Transfer-Encoding") != NULL)
        return true;
    return length != NULL && parse_u64(length, &count) && count > 0;
}

/* Routes and authorises; some answers are known now. */
static void perform_head(struct request *request, const char *path)
{
    router_find(request, path);
    if (request->route == NULL || !auth_check(request))
        return;
    if (request->route->prepare != NULL)
        request->route->prepare(request);
}

static enum MHD_Result queue(struct request *request)
{
    struct fault *fault = request->fault;

    if (fault != NULL)
        fault_change_reply(fault, request->reply, request->target);
    if (request->exchange.plan.lie_content_length == 0)
        request->exchange.plan.lie_content_length = request->reply->lie;
    return reply_queue(request->reply, request->mhd);
}

/* The answer before the body was read. The rest of the connection is of no use then. */
static enum MHD_Result queue_early(struct request *request)
{
    reply_set(request->reply, "Connection", "close");
    return queue(request);
}

/* Ends the connection without an answer. */
static enum MHD_Result hang_up(struct request *request, bool reset)
{
    conn_end(request->conn, reset, EXCHANGE_SERVER_CLOSED);
    return MHD_NO;
}

static enum MHD_Result begin_replaced(struct request *request)
{
    const struct fault *fault = request->fault;

    request_answer(request, fault_reply(fault, request->target));
    if (fault->action.early && request->has_body)
        return queue_early(request);
    return MHD_YES;
}

static enum MHD_Result begin_ordinary(struct request *request, const char *path)
{
    perform_head(request, path);
    if (request->reply != NULL && request->has_body)
        return queue_early(request);
    return MHD_YES;
}

/* Admin requests leave no trace on the wire log and in the counters. */
static enum MHD_Result begin_admin(struct request *request, const char *path)
{
    request->is_admin = true;
    perform_head(request, path);
    return MHD_YES;
}

static enum MHD_Result begin_logged(struct request *request, const char *path)
{
    struct registry *registry = request->registry;

    if (!conn_begin(request->conn, &request->exchange))
        return MHD_NO;
    request->refs++;
    request->number = ++registry->requests;
    registry->open++;
    request_describe(request);
    choose_fault(request);
    if (request->fault != NULL && request->fault->action.close_on_reuse)
        return hang_up(request, request->exchange.plan.reset);
    if (request->fault != NULL && fault_replaces_request(request->fault))
        return begin_replaced(request);
    return begin_ordinary(request, path);
}

static enum MHD_Result begin(struct request *request, const char *method, const char *path)
{
    request->begun = true;
    request->method = xstrdup(method);
    request->has_body = has_body(request);
    if (starts_with(path, "/_"))
        return begin_admin(request, path);
    return begin_logged(request, path);
}

static void take_into_memory(struct request *request, const char *data, size_t len)
{
    if (request->body.len + len > request->memory_limit)
        request->too_large = true;
    else
        buf_add(&request->body, data, len);
}

static void take_into_upload(struct request *request, const char *data, size_t len)
{
    struct upload *upload = upload_find(&request->registry->store, request->upload_id);

    if (upload != NULL && !upload_append(upload, data, len))
        die("no room for an upload");
}

static void take(struct request *request, const char *data, size_t len)
{
    request->received += (int64_t)len;
    if (request->sink == SINK_MEMORY)
        take_into_memory(request, data, len);
    else if (request->sink == SINK_UPLOAD)
        take_into_upload(request, data, len);
}

/* An upload whose request broke off; whether it can go on is up to the switch upload_resume. */
static void mark_broken(const struct request *request)
{
    struct upload *upload = NULL;

    if (request->sink == SINK_UPLOAD && !request->body_complete && request->upload_id != NULL)
        upload = upload_find(&request->registry->store, request->upload_id);
    if (upload != NULL)
        upload->broken = true;
}

static enum MHD_Result go_on(struct request *request, const char *data, size_t *len)
{
    int64_t limit = request->fault != NULL ? request->fault->action.reset_request_after : -1;

    if (limit >= 0 && request->received + (int64_t)*len >= limit) {
        take(request, data, (size_t)(limit - request->received));
        return hang_up(request, true);
    }
    take(request, data, *len);
    *len = 0;
    return MHD_YES;
}

static enum MHD_Result finish(struct request *request)
{
    request->body_complete = true;
    if (request->reply == NULL)
        request->route->finish(request);
    return queue(request);
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *mhd, const char *path,
                                  const char *method, const char *version, const char *data,
                                  size_t *len, void **state)
{
    struct request *request = *state;

    (void)cls;
    (void)mhd;
    (void)version;
    if (request->conn == NULL)
        return MHD_NO;
    if (!request->begun)
        return begin(request, method, path);
    if (*len > 0)
        return go_on(request, data, len);
    return finish(request);
}

static struct conn *conn_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info != NULL ? info->socket_context : NULL;
}

/* libmicrohttpd calls this first of all, with the target as it was sent. */
static void *on_target(void *cls, const char *target, struct MHD_Connection *mhd)
{
    struct request *request = request_new(cls, mhd, target);

    request->conn = conn_of(mhd);
    return request;
}

static void on_completed(void *cls, struct MHD_Connection *mhd, void **state,
                         enum MHD_RequestTerminationCode code)
{
    struct request *request = *state;

    (void)cls;
    (void)mhd;
    (void)code;
    if (request == NULL)
        return;
    *state = NULL;
    mark_broken(request);
    if (request->conn != NULL)
        conn_answered(request->conn);
    request->conn = NULL;
    request->mhd = NULL;
    request_unref(request);
}

static void on_connection(void *cls, struct MHD_Connection *mhd, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct registry *registry = cls;
    struct conn *conn = *socket_context;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);

        *socket_context = rawfront_find(&registry->front, info->connect_fd);
    } else if (conn != NULL) {
        conn->mhd_fd = -1;
    }
}

void server_on_accept(void *cls, struct conn *conn)
{
    struct registry *registry = cls;
    struct fault *fault = fault_list_match_accept(&registry->faults, conn->listener);

    if (fault == NULL)
        return;
    conn->not_before = monotonic_ms() + (uint64_t)fault->action.slow_accept_ms;
    if (fault->action.refuse)
        conn_end(conn, true, EXCHANGE_SERVER_CLOSED);
    fault_unref(fault);
}

struct MHD_Daemon *server_start(struct registry *registry)
{
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL, on_request, registry,
        MHD_OPTION_URI_LOG_CALLBACK, on_target, registry, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
        NULL, MHD_OPTION_NOTIFY_CONNECTION, on_connection, registry,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_END);
}
