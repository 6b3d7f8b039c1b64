/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A document is built as a tree and written at the end. Any misuse (a key in an array, none in an
 * object, one close too many, text that is not UTF-8) makes the whole document void, so that a
 * driver needs to look at one result only.
 */
#include "driver/host.h"

#include <stdlib.h>

#define DEPTH_MAX 32

struct ocync_json_writer {
    struct ocync_object *object;
    json_t *root;
    json_t *open[DEPTH_MAX]; /* from the root to the innermost container */
    size_t depth;
    bool broken;
};

struct ocync_json_writer *host_json_new(struct ocync_object *object)
{
    struct ocync_json_writer *writer = object_alloc(object, sizeof(*writer));
    writer->object = object;
    return writer;
}

/* Takes over `value`; NULL is a value that could not be made. */
static bool put(struct ocync_json_writer *writer, const char *key, json_t *value)
{
    json_t *into = writer->depth ? writer->open[writer->depth - 1] : NULL;
    int r = -1;
    if (value && json_is_object(into) && key)
        r = json_object_set(into, key, value);
    else if (value && json_is_array(into) && !key)
        r = json_array_append(into, value);
    json_decref(value);
    if (r)
        writer->broken = true;
    return r == 0;
}

static void open_container(struct ocync_json_writer *writer, const char *key, json_t *container)
{
    if (writer->depth == DEPTH_MAX) {
        json_decref(container);
        writer->broken = true;
        return;
    }
    if (!writer->root && !key) {
        writer->root = container;
        vec_add(&writer->object->documents, container);
    } else if (!put(writer, key, container)) {
        return;
    }
    writer->open[writer->depth++] = container;
}

void host_json_open_object(struct ocync_json_writer *writer, const char *key)
{
    open_container(writer, key, json_object());
}

void host_json_open_array(struct ocync_json_writer *writer, const char *key)
{
    open_container(writer, key, json_array());
}

void host_json_close(struct ocync_json_writer *writer)
{
    if (writer->depth == 0)
        writer->broken = true;
    else
        writer->depth--;
}

void host_json_put_string(struct ocync_json_writer *writer, const char *key, const char *value)
{
    put(writer, key, value ? json_string(value) : json_null());
}

void host_json_put_int(struct ocync_json_writer *writer, const char *key, int64_t value)
{
    put(writer, key, json_integer(value));
}

void host_json_put_bool(struct ocync_json_writer *writer, const char *key, int value)
{
    put(writer, key, json_boolean(value));
}

const char *host_json_text(struct ocync_json_writer *writer)
{
    if (writer->broken || writer->depth > 0 || !writer->root)
        return NULL;
    char *text = json_dumps(writer->root, JSON_COMPACT);
    char *copy = object_strdup(writer->object, text);
    secret_wipe_str(text);
    return copy;
}
