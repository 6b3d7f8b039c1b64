/* SPDX-License-Identifier: Apache-2.0 */
/* Our own paths: tests change the script and read the log while the registry runs. */
#include <stdlib.h>
#include <string.h>

#include "handlers.h"
#include "script.h"
#include "util.h"

enum { ADMIN_LIMIT = 64 * 1024 * 1024 };

void admin_prepare(struct request *request)
{
    request_collect(request, ADMIN_LIMIT);
}

static void answer_json(struct request *request, json_t *json)
{
    request_answer(request, reply_new(200));
    reply_json(request->reply, json);
}

/* Takes `error`, which may be NULL for no error. */
static void conclude(struct request *request, char *error)
{
    if (error == NULL)
        request_answer(request, reply_new(204));
    else
        request_answer(request, reply_plain(400, error));
    free(error);
}

static json_t *parse_body(const struct request *request, char **ret_error)
{
    json_error_t why;
    json_t *json = json_loadb(request->body.data != NULL ? request->body.data : "",
                              request->body.len, JSON_REJECT_DUPLICATES, &why);

    if (json == NULL)
        *ret_error = xasprintf("line %d: %s", why.line, why.text);
    return json;
}

void admin_script(struct request *request)
{
    char *error = NULL;
    json_t *script = parse_body(request, &error);

    if (script != NULL)
        script_apply(request->registry, script, request_is(request, "PUT"), &error);
    json_decref(script);
    conclude(request, error);
}

/* One fault, or an array of them. */
static void append_faults(struct request *request)
{
    char *error = NULL;
    json_t *json = parse_body(request, &error);
    json_t *list = json_is_object(json) ? json_pack("[O]", json) : json_incref(json);

    if (list != NULL)
        fault_list_add(&request->registry->faults, list, &error);
    json_decref(list);
    json_decref(json);
    conclude(request, error);
}

void admin_faults(struct request *request)
{
    struct fault_list *faults = &request->registry->faults;

    if (request_is(request, "POST")) {
        append_faults(request);
    } else if (request_is(request, "GET")) {
        answer_json(request, fault_list_dump(faults));
    } else {
        fault_list_done(faults);
        conclude(request, NULL);
    }
}

void admin_log(struct request *request)
{
    struct wirelog *log = &request->registry->log;

    if (request_is(request, "DELETE")) {
        wirelog_clear(log);
        conclude(request, NULL);
        return;
    }
    request_answer(request, reply_new(200));
    reply_text(request->reply, "application/x-ndjson",
               log->lines.data != NULL ? log->lines.data : "");
}

static json_t *dump_uploads(const struct store *store)
{
    json_t *uploads = json_array();

    for (size_t i = 0; i < store->uploads.count; i++) {
        const struct upload *upload = store->uploads.entries[i].value;

        json_array_append_new(uploads, json_pack("{s:s, s:s, s:I}", "id", upload->id, "repository",
                                                 upload->repo, "size", (json_int_t)upload->size));
    }
    return uploads;
}

/* The requests in progress, so that a test can wait for one to hang. */
static json_t *dump_open(const struct rawfront *front)
{
    json_t *open = json_array();

    for (size_t i = 0; i < front->conn_count; i++) {
        const struct exchange *exchange = front->conns[i]->exchange;

        if (exchange == NULL)
            continue;
        const struct request *request = request_of(exchange);
        json_array_append_new(open, json_pack("{s:I, s:s, s:s, s:I, s:I}", "seq",
                                              (json_int_t)request->number, "method",
                                              request->method, "target", request->target,
                                              "received", (json_int_t)request->received, "sent",
                                              (json_int_t)exchange->body_sent));
    }
    return open;
}

void admin_state(struct request *request)
{
    struct registry *registry = request->registry;

    if (request_is(request, "DELETE")) {
        store_clear(&registry->store);
        conclude(request, NULL);
        return;
    }
    answer_json(request,
                json_pack("{s:o, s:o, s:o, s:o, s:o}", "repositories", store_dump(&registry->store),
                          "uploads", dump_uploads(&registry->store), "open",
                          dump_open(&registry->front), "faults", fault_list_dump(&registry->faults),
                          "switches", switches_dump(&registry->switches)));
}

void admin_expire(struct request *request)
{
    ticket_revoke_all(&request->registry->key);
    conclude(request, NULL);
}
