/* SPDX-License-Identifier: Apache-2.0 */
/* What faults do to an answer above the wire: status, headers and body. */
#include <stdlib.h>
#include <string.h>

#include "faults.h"
#include "util.h"

bool fault_replaces_request(const struct fault *fault)
{
    const struct fault_action *action = &fault->action;

    return !action->perform && (action->status != 0 || action->wire.hang || action->raw != NULL);
}

/* `template` with every "{target}" replaced, for redirects to another registry. */
static char *expand(const char *template, const char *target)
{
    static const char mark[] = "{target}";
    struct buf text = {0};
    const char *found;

    while ((found = strstr(template, mark)) != NULL) {
        buf_add(&text, template, (size_t)(found - template));
        buf_puts(&text, target);
        template = found + strlen(mark);
    }
    buf_puts(&text, template);
    return buf_take(&text);
}

static void set_headers(struct reply *reply, json_t *headers, const char *target)
{
    const char *name;
    json_t *value;

    json_object_foreach(headers, name, value)
    {
        size_t index;
        json_t *one;

        reply_drop(reply, name);
        if (json_is_string(value)) {
            CLEANUP(freep) char *text = expand(json_string_value(value), target);

            reply_set(reply, name, text);
        }
        json_array_foreach(value, index, one) reply_add(reply, name, "%s", json_string_value(one));
    }
}

/* What registries usually say with this status, for faults that do not care. */
static const char *code_for(int64_t status)
{
    switch (status) {
    case 401:
        return "UNAUTHORIZED";
    case 403:
        return "DENIED";
    case 404:
        return "NAME_UNKNOWN";
    case 405:
        return "UNSUPPORTED";
    case 413:
        return "SIZE_INVALID";
    case 429:
        return "TOOMANYREQUESTS";
    case 503:
        return "UNAVAILABLE";
    default:
        return "UNKNOWN";
    }
}

static void set_body(struct reply *reply, const struct fault_action *action)
{
    if (json_is_string(action->body))
        reply_text(reply, "text/plain; charset=utf-8", json_string_value(action->body));
    else if (action->body != NULL)
        reply_json(reply, json_incref(action->body));
    else if (action->status >= 400)
        reply_json(reply, json_pack("{s:[{s:s, s:s}]}", "errors", "code", code_for(action->status),
                                    "message", "scripted fault"));
}

struct reply *fault_reply(const struct fault *fault, const char *target)
{
    const struct fault_action *action = &fault->action;
    struct reply *reply = reply_new(action->status != 0 ? (unsigned)action->status : 200);

    set_headers(reply, action->headers, target);
    set_body(reply, action);
    return reply;
}

static void change_digest_header(const struct fault_action *action, struct reply *reply)
{
    if (action->no_digest_header)
        reply_drop(reply, "Docker-Content-Digest");
    if (action->wrong_digest_header != NULL)
        reply_set(reply, "Docker-Content-Digest", action->wrong_digest_header);
}

void fault_change_reply(const struct fault *fault, struct reply *reply, const char *target)
{
    const struct fault_action *action = &fault->action;

    if (action->perform || action->status == 0) {
        if (action->status != 0)
            reply->status = (unsigned)action->status;
        set_headers(reply, action->headers, target);
        if (action->body != NULL)
            set_body(reply, action);
    }
    if (action->wrong_body != NULL)
        reply_text(reply, "application/octet-stream", action->wrong_body);
    change_digest_header(action, reply);
    reply->chunked = action->no_content_length == FRAMING_CHUNKED;
}
