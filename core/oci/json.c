/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents from peers. A scan over the bytes comes first and bounds what the parser will be made
 * to build: a few megabytes of "{},{},..." would otherwise become hundreds in memory.
 */
#include "oci/json.h"

#include <stdbool.h>
#include <string.h>

struct scan {
    const char *what;
    size_t line, column;
    size_t depth, containers, values;
    bool in_string, escaped;
};

static int refuse(const struct scan *s, const char *why, struct error *err)
{
    return error_set(err, ERR_PROTOCOL, "%s: %s at line %zu, column %zu", s->what, why, s->line,
                     s->column);
}

static void scan_string(struct scan *s, char c)
{
    if (s->escaped)
        s->escaped = false;
    else if (c == '\\')
        s->escaped = true;
    else if (c == '"')
        s->in_string = false;
}

static int scan_structure(struct scan *s, char c, struct error *err)
{
    if (c == '"') {
        s->in_string = true;
    } else if (c == '{' || c == '[') {
        if (++s->depth > JSON_DEPTH_MAX)
            return refuse(s, "JSON nested too deeply", err);
        if (++s->containers > JSON_CONTAINERS_MAX)
            return refuse(s, "JSON with too many objects and arrays", err);
    } else if (c == ',') {
        if (++s->values > JSON_VALUES_MAX)
            return refuse(s, "JSON with too many values", err);
    } else if ((c == '}' || c == ']') && s->depth) {
        s->depth--;
    }
    return 0;
}

static int scan_bytes(const char *text, size_t len, const char *what, struct error *err)
{
    struct scan s = {.what = what, .line = 1};
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        s.column++;
        if (!c)
            return refuse(&s, "a NUL byte in JSON", err);
        if (s.in_string)
            scan_string(&s, c);
        else if (scan_structure(&s, c, err) < 0)
            return ERR_PROTOCOL;
        if (c == '\n') {
            s.line++;
            s.column = 0;
        }
    }
    return 0;
}

/* The parser's own sentences quote the document, which may hold a token: these don't. */
static const char *words_for(enum json_error_code code)
{
    switch (code) {
    case json_error_duplicate_key:
        return "a key that occurs twice in one JSON object";
    case json_error_premature_end_of_input:
        return "JSON that ends too early";
    case json_error_end_of_input_expected:
        return "text after the end of the JSON document";
    case json_error_invalid_utf8:
        return "invalid UTF-8 in JSON";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "a NUL character in a JSON string";
    case json_error_numeric_overflow:
        return "a number that is too large in JSON";
    default:
        return "malformed JSON";
    }
}

json_t *json_load_bounded(const char *text, size_t len, const char *what, struct error *err)
{
    if (scan_bytes(text, len, what, err) < 0)
        return NULL;
    json_error_t problem;
    json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &problem);
    if (!json)
        error_set(err, ERR_PROTOCOL, "%s: %s at line %d, column %d", what,
                  words_for(json_error_code(&problem)), problem.line, problem.column);
    return json;
}

const char *json_member_string(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}
