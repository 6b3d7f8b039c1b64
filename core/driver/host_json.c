/* SPDX-License-Identifier: Apache-2.0 */
/* Cursors are the JSON library's own values under another name: no driver sees that type. */
#include "driver/host.h"

#include "oci/json.h"

static json_t *value_of(const struct ocync_json *value)
{
    union {
        const struct ocync_json *cursor;
        json_t *json;
    } both = {value};
    return both.json;
}

static const struct ocync_json *cursor_of(const json_t *json)
{
    union {
        const json_t *json;
        const struct ocync_json *cursor;
    } both = {json};
    return both.cursor;
}

const struct ocync_json *host_json_parse(struct ocync_object *object, const char *text, size_t len)
{
    json_t *document = json_load_bounded(text, len, "document", NULL);
    if (!document)
        return NULL;
    vec_add(&object->documents, document);
    return cursor_of(document);
}

uint32_t host_json_type(const struct ocync_json *value)
{
    if (!value)
        return OCYNC_JSON_NONE;
    switch (json_typeof(value_of(value))) {
    case JSON_NULL:
        return OCYNC_JSON_NULL;
    case JSON_TRUE:
    case JSON_FALSE:
        return OCYNC_JSON_BOOL;
    case JSON_INTEGER:
    case JSON_REAL:
        return OCYNC_JSON_NUMBER;
    case JSON_STRING:
        return OCYNC_JSON_STRING;
    case JSON_ARRAY:
        return OCYNC_JSON_ARRAY;
    case JSON_OBJECT:
        return OCYNC_JSON_OBJECT;
    }
    return OCYNC_JSON_NONE;
}

const struct ocync_json *host_json_member(const struct ocync_json *object, const char *key)
{
    return cursor_of(json_object_get(value_of(object), key));
}

const struct ocync_json *host_json_item(const struct ocync_json *array, size_t index)
{
    return cursor_of(json_array_get(value_of(array), index));
}

size_t host_json_count(const struct ocync_json *value)
{
    const json_t *json = value_of(value);
    return json_is_array(json) ? json_array_size(json) : json_object_size(json);
}

const char *host_json_key(const struct ocync_json *object, size_t index)
{
    json_t *json = value_of(object);
    void *at = json_object_iter(json);
    for (size_t i = 0; at && i < index; i++)
        at = json_object_iter_next(json, at);
    return at ? json_object_iter_key(at) : NULL;
}

const char *host_json_string(const struct ocync_json *value)
{
    return json_string_value(value_of(value));
}

int64_t host_json_int(const struct ocync_json *value, int64_t otherwise)
{
    const json_t *json = value_of(value);
    if (json_is_integer(json))
        return json_integer_value(json);
    double number = json_is_real(json) ? json_real_value(json) : 1e300;
    return number > -9e18 && number < 9e18 ? (int64_t)number : otherwise;
}

double host_json_number(const struct ocync_json *value, double otherwise)
{
    const json_t *json = value_of(value);
    return json_is_number(json) ? json_number_value(json) : otherwise;
}

int host_json_bool(const struct ocync_json *value, int otherwise)
{
    const json_t *json = value_of(value);
    return json_is_boolean(json) ? json_is_true(json) : otherwise;
}
