/* SPDX-License-Identifier: Apache-2.0 */
#include "report/events.h"

#include "base/clock.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct events_file {
    struct event_sink sink;
    FILE *file;
    char *path;
};

static const char *const kind_names[] = {
    [EVENT_IMAGE_START] = "image-start", [EVENT_IMAGE_PLAN] = "image-plan",
    [EVENT_IMAGE_END] = "image-end",     [EVENT_MANIFEST] = "manifest",
    [EVENT_BLOB_PLAN] = "blob-plan",     [EVENT_BLOB_START] = "blob-start",
    [EVENT_BLOB_BYTES] = "blob-bytes",   [EVENT_BLOB_END] = "blob-end",
    [EVENT_REREAD] = "reread",           [EVENT_RETRY] = "retry",
    [EVENT_WARNING] = "warning",
};

static void put_text(json_t *object, const char *key, const char *value)
{
    if (value)
        json_object_set_new(object, key, json_string(value));
}

static bool has_size(enum event_kind kind)
{
    return kind == EVENT_MANIFEST || kind == EVENT_BLOB_PLAN || kind == EVENT_BLOB_START ||
           kind == EVENT_BLOB_BYTES || kind == EVENT_BLOB_END || kind == EVENT_REREAD;
}

static json_t *to_json(const struct event *event)
{
    char stamp[32];
    json_t *o = json_object();
    clock_stamp(stamp, sizeof(stamp));
    put_text(o, "time", stamp);
    put_text(o, "event", kind_names[event->kind]);
    put_text(o, "source", event->source);
    put_text(o, "target", event->target);
    if (event->digest && digest_is_set(event->digest))
        put_text(o, "digest", event->digest->text);
    if (has_size(event->kind))
        json_object_set_new(o, "size", json_integer(event->size));
    if (event->kind == EVENT_BLOB_BYTES)
        json_object_set_new(o, "bytes", json_integer(event->bytes));
    if (event->outcome)
        put_text(o, "outcome", outcome_name(event->outcome));
    if (event->kind == EVENT_RETRY)
        json_object_set_new(o, "delay_ms", json_integer(event->delay_ms));
    put_text(o, "text", event->text);
    if (event->err && event->err->class)
        json_object_set_new(o, "error",
                            json_pack("{s:s, s:s}", "class", error_class_name(event->err->class),
                                      "text", event->err->text));
    return o;
}

static void emit(struct event_sink *sink, const struct event *event)
{
    struct events_file *e = container_of(sink, struct events_file, sink);
    json_t *line = to_json(event);
    json_dumpf(line, e->file, JSON_COMPACT);
    fputc('\n', e->file);
    fflush(e->file);
    json_decref(line);
}

int events_open(const char *path, struct events_file **ret, struct error *err)
{
    FILE *file = fopen(path, "ae");
    if (!file)
        return error_set(err, ERR_USAGE, "--events %s: %s", path, strerror(errno));
    struct events_file *e = xcalloc(1, sizeof(*e));
    e->sink.emit = emit;
    e->file = file;
    e->path = xstrdup(path);
    *ret = e;
    return 0;
}

struct event_sink *events_sink(struct events_file *events)
{
    return events ? &events->sink : NULL;
}

int events_close(struct events_file *e, struct error *err)
{
    int result = 0;
    if (!e)
        return 0;
    if (ferror(e->file) | fclose(e->file))
        result = error_set(err, ERR_IO, "--events %s: could not be written whole", e->path);
    free(e->path);
    free(e);
    return result;
}
