/* SPDX-License-Identifier: Apache-2.0 */
/* Fills a C struct from a JSON object by a table. */
#include "fields.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "util.h"

static void *place(const struct field *field, void *base)
{
    return (char *)base + field->offset;
}

static const void *const_place(const struct field *field, const void *base)
{
    return (const char *)base + field->offset;
}

void fields_init(const struct field *table, size_t count, void *base)
{
    for (const struct field *field = table; field < table + count; field++) {
        if (field->kind == FIELD_ENUM)
            *(int *)place(field, base) = (int)field->initial;
        else if (field->kind == FIELD_BOOL)
            *(bool *)place(field, base) = field->initial != 0;
        else if (field->kind == FIELD_INT)
            *(int64_t *)place(field, base) = field->initial;
        else
            *(void **)place(field, base) = NULL;
    }
}

static void release(const struct field *field, void *base)
{
    if (field->kind == FIELD_TEXT)
        free(*(char **)place(field, base));
    else if (field->kind == FIELD_JSON)
        json_decref(*(json_t **)place(field, base));
}

void fields_done(const struct field *table, size_t count, void *base)
{
    for (const struct field *field = table; field < table + count; field++)
        release(field, base);
}

/* 404 and true are friendlier in a script than "404" and "true". */
static char *as_word(const json_t *value)
{
    if (json_is_string(value))
        return xstrdup(json_string_value(value));
    if (json_is_integer(value))
        return xasprintf("%lld", (long long)json_integer_value(value));
    if (json_is_boolean(value))
        return xstrdup(json_is_true(value) ? "true" : "false");
    return NULL;
}

static char *unknown_word(const struct field *field)
{
    struct buf text = {0};

    buf_printf(&text, "%s must be one of", field->name);
    for (const char *const *word = field->words; *word != NULL; word++)
        buf_printf(&text, " \"%s\"", *word);
    return buf_take(&text);
}

static char *set_enum(const struct field *field, void *base, const json_t *value)
{
    CLEANUP(freep) char *text = as_word(value);

    for (int i = 0; text != NULL && field->words[i] != NULL; i++) {
        if (strcmp(field->words[i], text) == 0) {
            *(int *)place(field, base) = i;
            return NULL;
        }
    }
    return unknown_word(field);
}

static char *set_text(const struct field *field, void *base, const json_t *value)
{
    if (!json_is_string(value) && !json_is_null(value))
        return xasprintf("%s must be a string", field->name);
    release(field, base);
    const char *text = json_string_value(value);
    *(char **)place(field, base) = text != NULL && *text != '\0' ? xstrdup(text) : NULL;
    return NULL;
}

static char *set_number(const struct field *field, void *base, const json_t *value)
{
    if (field->kind == FIELD_BOOL && json_is_boolean(value))
        *(bool *)place(field, base) = json_is_true(value);
    else if (field->kind == FIELD_INT && json_is_integer(value))
        *(int64_t *)place(field, base) = json_integer_value(value);
    else
        return xasprintf("%s must be %s", field->name,
                         field->kind == FIELD_BOOL ? "true or false" : "an integer");
    return NULL;
}

static char *set(const struct field *field, void *base, json_t *value)
{
    switch (field->kind) {
    case FIELD_ENUM:
        return set_enum(field, base, value);
    case FIELD_TEXT:
        return set_text(field, base, value);
    case FIELD_BOOL:
    case FIELD_INT:
        return set_number(field, base, value);
    case FIELD_JSON:
        release(field, base);
        *(json_t **)place(field, base) = json_incref(value);
        return NULL;
    }
    return NULL;
}

static const struct field *find(const struct field *table, size_t count, const char *name)
{
    for (const struct field *field = table; field < table + count; field++) {
        if (strcmp(field->name, name) == 0)
            return field;
    }
    return NULL;
}

bool fields_apply(const struct field *table, size_t count, void *base, json_t *object,
                  char **ret_error)
{
    const char *key;
    json_t *value;

    json_object_foreach(object, key, value)
    {
        const struct field *field = find(table, count, key);
        char *error = field != NULL ? set(field, base, value) : xasprintf("unknown key %s", key);

        if (error != NULL) {
            *ret_error = error;
            return false;
        }
    }
    return true;
}

static json_t *dump(const struct field *field, const void *base)
{
    const void *at = const_place(field, base);

    switch (field->kind) {
    case FIELD_ENUM:
        return json_string(field->words[*(const int *)at]);
    case FIELD_BOOL:
        return json_boolean(*(const bool *)at);
    case FIELD_INT:
        return json_integer(*(const int64_t *)at);
    case FIELD_TEXT:
        return json_string(*(char *const *)at != NULL ? *(char *const *)at : "");
    case FIELD_JSON:
        return *(json_t *const *)at != NULL ? json_incref(*(json_t *const *)at) : json_null();
    }
    return json_null();
}

json_t *fields_dump(const struct field *table, size_t count, const void *base)
{
    json_t *object = json_object();

    for (const struct field *field = table; field < table + count; field++)
        json_object_set_new(object, field->name, dump(field, base));
    return object;
}
