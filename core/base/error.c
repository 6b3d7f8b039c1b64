/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

void error_fill(struct error *err, enum error_class class, const char *fmt, ...)
{
    if (!err)
        return;
    char text[ERROR_TEXT_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    *err = ERROR_INIT;
    err->class = class;
    str_escape(text, err->text, sizeof(err->text));
}

int error_wrap(struct error *err, const char *fmt, ...)
{
    if (!err)
        return ERR_INTERNAL;
    char context[ERROR_TEXT_MAX], raw[ERROR_TEXT_MAX], whole[2 * ERROR_TEXT_MAX + 3];
    va_list args;
    va_start(args, fmt);
    vsnprintf(raw, sizeof(raw), fmt, args);
    va_end(args);
    str_escape(raw, context, sizeof(context));
    snprintf(whole, sizeof(whole), "%s: %s", context, err->text);
    snprintf(err->text, sizeof(err->text), "%.*s", ERROR_TEXT_MAX - 1, whole);
    return err->class;
}

int error_append(struct error *err, const char *fmt, ...)
{
    if (!err)
        return ERR_INTERNAL;
    char raw[ERROR_TEXT_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(raw, sizeof(raw), fmt, args);
    va_end(args);
    size_t used = strlen(err->text);
    str_escape(raw, err->text + used, sizeof(err->text) - used);
    return err->class;
}

void error_clear(struct error *err)
{
    *err = ERROR_INIT;
}

static const char *const class_names[] = {
    [-ERR_NONE] = "none",
    [-ERR_INTERNAL] = "internal",
    [-ERR_USAGE] = "usage",
    [-ERR_CONFIG] = "config",
    [-ERR_PLUGIN] = "plugin",
    [-ERR_AUTH] = "auth",
    [-ERR_DENIED] = "denied",
    [-ERR_NOT_FOUND] = "not-found",
    [-ERR_THROTTLED] = "throttled",
    [-ERR_TRANSIENT] = "transient",
    [-ERR_PROTOCOL] = "protocol",
    [-ERR_DIGEST] = "digest",
    [-ERR_TOO_LARGE] = "too-large",
    [-ERR_IO] = "io",
    [-ERR_CANCELLED] = "cancelled",
    [-ERR_IMMUTABLE] = "immutable",
    [-ERR_MISSING_PART] = "missing-part",
    [-ERR_UNSUPPORTED] = "unsupported",
    [-ERR_REFUSED] = "refused",
    [-ERR_CONFLICT] = "conflict",
};

const char *error_class_name(enum error_class class)
{
    int index = -(int)class;
    if (index < 0 || index >= (int)ARRAY_LEN(class_names))
        return "internal";
    return class_names[index];
}
