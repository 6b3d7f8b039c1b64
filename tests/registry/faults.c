/* SPDX-License-Identifier: Apache-2.0 */
/* Faults: reading them, and choosing the one that hits a request. */
#include "faults.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fields.h"
#include "util.h"

#define MATCH(name_, kind_, member, initial_)                                                      \
    {                                                                                              \
        .name = (name_), .kind = (kind_), .offset = offsetof(struct fault, member),                \
        .initial = (initial_)                                                                      \
    }
#define ACTION(name_, kind_, member, initial_)                                                     \
    {                                                                                              \
        .name = (name_), .kind = (kind_), .offset = offsetof(struct fault_action, member),         \
        .initial = (initial_)                                                                      \
    }

static const struct field match_table[] = {
    MATCH("method", FIELD_TEXT, method, 0),     MATCH("header", FIELD_JSON, headers, 0),
    MATCH("listener", FIELD_INT, listener, -1), MATCH("nth", FIELD_INT, nth, 1),
    MATCH("count", FIELD_INT, count, 1),
};

static const struct field action_table[] = {
    ACTION("status", FIELD_INT, status, 0),
    ACTION("headers", FIELD_JSON, headers, 0),
    ACTION("body", FIELD_JSON, body, 0),
    ACTION("perform", FIELD_BOOL, perform, 0),
    ACTION("early", FIELD_BOOL, early, 0),
    ACTION("ignore_range", FIELD_BOOL, ignore_range, 0),
    ACTION("close_on_reuse", FIELD_BOOL, close_on_reuse, 0),
    ACTION("reset_request_after_bytes", FIELD_INT, reset_request_after, -1),
    ACTION("wrong_body", FIELD_TEXT, wrong_body, 0),
    ACTION("no_digest_header", FIELD_BOOL, no_digest_header, 0),
    ACTION("wrong_digest_header", FIELD_TEXT, wrong_digest_header, 0),
    {.name = "no_content_length",
     .kind = FIELD_ENUM,
     .offset = offsetof(struct fault_action, no_content_length),
     .words = (const char *const[]){"false", "close", "chunked", NULL}},
    ACTION("raw", FIELD_TEXT, raw, 0),
    ACTION("delay_ms", FIELD_INT, wire.delay_ms, 0),
    ACTION("cut_after_bytes", FIELD_INT, wire.cut_after, -1),
    ACTION("reset", FIELD_BOOL, wire.reset, 0),
    ACTION("stall_after_bytes", FIELD_INT, wire.stall_after, -1),
    ACTION("corrupt_at", FIELD_INT, wire.corrupt_at, -1),
    ACTION("drip_bytes", FIELD_INT, wire.drip_bytes, 0),
    ACTION("drip_interval_ms", FIELD_INT, wire.drip_ms, 0),
    ACTION("lie_content_length", FIELD_INT, wire.lie_content_length, 0),
    ACTION("lose_answer", FIELD_BOOL, wire.lose_answer, 0),
    ACTION("hang", FIELD_BOOL, wire.hang, 0),
    ACTION("slow_accept_ms", FIELD_INT, slow_accept_ms, 0),
    ACTION("refuse", FIELD_BOOL, refuse, 0),
};

void fault_unref(struct fault *fault)
{
    if (fault == NULL || --fault->refs > 0)
        return;
    if (fault->has_path)
        regfree(&fault->path);
    fields_done(match_table, ARRAY_SIZE(match_table), fault);
    fields_done(action_table, ARRAY_SIZE(action_table), &fault->action);
    json_decref(fault->source);
    free(fault);
}

void fault_list_done(struct fault_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        fault_unref(list->items[i]);
    free(list->items);
    *list = (struct fault_list){0};
}

static struct fault *fault_new(json_t *source)
{
    struct fault *fault = xcalloc(1, sizeof(*fault));

    fault->refs = 1;
    fault->source = json_incref(source);
    fields_init(match_table, ARRAY_SIZE(match_table), fault);
    wire_plan_init(&fault->action.wire);
    fields_init(action_table, ARRAY_SIZE(action_table), &fault->action);
    return fault;
}

static char *check_headers(json_t *headers)
{
    const char *name;
    json_t *pattern;
    regex_t regex;

    if (headers != NULL && !json_is_object(headers))
        return xstrdup("header must be an object");
    json_object_foreach(headers, name, pattern)
    {
        if (json_is_null(pattern))
            continue;
        if (!json_is_string(pattern) ||
            regcomp(&regex, json_string_value(pattern), REG_EXTENDED | REG_NOSUB) != 0)
            return xasprintf("header %s: neither null nor a regular expression", name);
        regfree(&regex);
    }
    return NULL;
}

/* The path is compiled here and not by the table, which knows no regular expressions. */
static char *read_match(struct fault *fault, json_t *match)
{
    json_t *path = json_object_get(match, "path");
    CLEANUP(freep) char *pattern = path != NULL ? xstrdup(json_string_value(path)) : NULL;
    char *error = NULL;

    if (pattern != NULL) {
        if (regcomp(&fault->path, pattern, REG_EXTENDED | REG_NOSUB) != 0)
            return xasprintf("path is no regular expression: %s", pattern);
        fault->has_path = true;
    }
    json_t *rest = json_copy(match);
    json_object_del(rest, "path");
    fields_apply(match_table, ARRAY_SIZE(match_table), fault, rest, &error);
    json_decref(rest);
    if (error == NULL)
        error = check_headers(fault->headers);
    if (error == NULL && (fault->nth < 1 || fault->count < 0))
        error = xstrdup("nth starts at 1, and count at 0");
    return error;
}

static char *read_action(struct fault *fault, json_t *action)
{
    char *error = NULL;

    if (!fields_apply(action_table, ARRAY_SIZE(action_table), &fault->action, action, &error))
        return error;
    fault->action.wire.strip_content_length = fault->action.no_content_length == FRAMING_CLOSE;
    fault->action.wire.raw = fault->action.raw;
    return NULL;
}

static char *read_fault(struct fault *fault)
{
    json_t *match = NULL, *action = NULL;
    json_error_t why;

    if (json_unpack_ex(fault->source, &why, JSON_STRICT, "{s?o, s:o}", "match", &match, "action",
                       &action) < 0)
        return xasprintf("a fault needs an action, and may have a match: %s", why.text);
    if (match != NULL &&
        (!json_is_object(match) || (json_object_get(match, "path") != NULL &&
                                    !json_is_string(json_object_get(match, "path")))))
        return xstrdup("match must be an object, and its path a string");
    char *error = match != NULL ? read_match(fault, match) : NULL;
    return error != NULL ? error : read_action(fault, action);
}

static void append(struct fault_list *list, struct fault *fault)
{
    list->items = xrealloc(list->items, (list->count + 1) * sizeof(struct fault *));
    list->items[list->count++] = fault;
}

bool fault_list_add(struct fault_list *list, json_t *array, char **ret_error)
{
    size_t before = list->count, index;
    json_t *item;

    json_array_foreach(array, index, item)
    {
        struct fault *fault = fault_new(item);

        *ret_error = read_fault(fault);
        append(list, fault);
        if (*ret_error == NULL)
            continue;
        while (list->count > before)
            fault_unref(list->items[--list->count]);
        if (before == 0)
            fault_list_done(list);
        return false;
    }
    return true;
}

void fault_list_move(struct fault_list *list, struct fault_list *from)
{
    for (size_t i = 0; i < from->count; i++)
        append(list, from->items[i]);
    free(from->items);
    *from = (struct fault_list){0};
}

json_t *fault_list_dump(const struct fault_list *list)
{
    json_t *array = json_array();

    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(array, json_pack("{s:O, s:I, s:I}", "fault", list->items[i]->source,
                                               "seen", (json_int_t)list->items[i]->seen, "fired",
                                               (json_int_t)list->items[i]->fired));
    return array;
}

static bool text_matches(const char *pattern, const char *text)
{
    regex_t regex;

    if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    bool matches = regexec(&regex, text, 0, NULL, 0) == 0;
    regfree(&regex);
    return matches;
}

static bool headers_match(const struct fault *fault, const struct fault_subject *subject)
{
    const char *name;
    json_t *pattern;

    json_object_foreach(fault->headers, name, pattern)
    {
        const char *value = subject->header(subject->cls, name);

        if (json_is_string(pattern) != (value != NULL))
            return false;
        if (value != NULL && !text_matches(json_string_value(pattern), value))
            return false;
    }
    return true;
}

static bool is_for_accept(const struct fault *fault)
{
    return fault->action.slow_accept_ms > 0 || fault->action.refuse;
}

static bool is_at(const struct fault *fault, size_t listener)
{
    return fault->listener < 0 || fault->listener == (int64_t)listener;
}

static bool matches(const struct fault *fault, const struct fault_subject *subject)
{
    if (is_for_accept(fault) || !is_at(fault, subject->listener))
        return false;
    if (fault->action.close_on_reuse && !subject->reused)
        return false;
    if (fault->method != NULL && strcasecmp(fault->method, subject->method) != 0)
        return false;
    if (fault->has_path && regexec(&fault->path, subject->target, 0, NULL, 0) != 0)
        return false;
    return headers_match(fault, subject);
}

/* Counts one more match; whether the fault is due at it. */
static bool is_due(struct fault *fault)
{
    fault->seen++;
    return fault->seen >= fault->nth &&
           (fault->count == 0 || fault->seen < fault->nth + fault->count);
}

static struct fault *fire(struct fault *fault)
{
    fault->fired++;
    fault->refs++;
    return fault;
}

struct fault *fault_list_match(struct fault_list *list, const struct fault_subject *subject)
{
    struct fault *hit = NULL;

    for (size_t i = 0; i < list->count; i++) {
        if (matches(list->items[i], subject) && is_due(list->items[i]) && hit == NULL)
            hit = fire(list->items[i]);
    }
    return hit;
}

struct fault *fault_list_match_accept(struct fault_list *list, size_t listener)
{
    struct fault *hit = NULL;

    for (size_t i = 0; i < list->count; i++) {
        struct fault *fault = list->items[i];

        if (is_for_accept(fault) && is_at(fault, listener) && is_due(fault) && hit == NULL)
            hit = fire(fault);
    }
    return hit;
}
