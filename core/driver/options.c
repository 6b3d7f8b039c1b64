/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/options.h"

#include "base/nearest.h"
#include "base/vec.h"

#include "base/str.h"

#include <string.h>

#define KEY_MAX_LEN 64

static bool key_is_valid(const char *key)
{
    size_t len = key ? strlen(key) : 0;
    return len > 0 && len <= KEY_MAX_LEN &&
           strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

/* Is `value` one of the words? */
static bool is_choice(const char *choices, const char *value)
{
    size_t len = strlen(value);
    for (const char *p = choices; *p; p += strcspn(p, " ")) {
        p += strspn(p, " ");
        if (len > 0 && strcspn(p, " ") == len && strncmp(p, value, len) == 0)
            return true;
    }
    return false;
}

/* NULL, or what the value should have been. */
static const char *type_objection(const struct ocync_option *option, const char *value)
{
    int64_t number;
    switch (option->type) {
    case OCYNC_OPTION_BOOL:
        return str_eq(value, "true") || str_eq(value, "false") ? NULL : "true or false";
    case OCYNC_OPTION_INT:
        return str_to_int64(value, 0, INT64_MAX, &number) ? "a number, 0 or more" : NULL;
    case OCYNC_OPTION_ENUM:
        return is_choice(option->choices, value) ? NULL : option->choices;
    default:
        return NULL;
    }
}

static const char *table_objection(const struct ocync_option *options, size_t index)
{
    const struct ocync_option *option = &options[index];
    if (!key_is_valid(option->key))
        return "its key is not made of a-z, 0-9 and '_'";
    for (size_t i = 0; i < index; i++) {
        if (str_eq(options[i].key, option->key))
            return "its key is there twice";
    }
    if (option->type == OCYNC_OPTION_ENUM && str_empty(option->choices))
        return "it has no choices";
    if (option->default_value && type_objection(option, option->default_value))
        return "its default does not fit its type";
    if (str_empty(option->help))
        return "it has no help";
    return NULL;
}

int options_check_table(const char *where, const struct ocync_option *options, size_t n_options,
                        struct error *err)
{
    for (size_t i = 0; i < n_options; i++) {
        const char *why = table_objection(options, i);
        if (why)
            return error_set(err, ERR_PLUGIN,
                             "driver %s is not loaded: its option %zu (%.64s) is malformed: %s",
                             where, i + 1, options[i].key ? options[i].key : "no key", why);
    }
    return 0;
}

const char *options_nearest(const struct ocync_option *options, size_t n_options, const char *key)
{
    VEC(const char *) keys = {0};
    for (size_t i = 0; i < n_options; i++)
        vec_add(&keys, options[i].key);
    const char *nearest = nearest_word(key, keys.items, keys.len);
    vec_done(&keys);
    return nearest;
}

static const struct ocync_option *find_option(const struct ocync_option *options, size_t n_options,
                                              const char *key)
{
    for (size_t i = 0; i < n_options; i++) {
        if (str_eq(options[i].key, key))
            return &options[i];
    }
    return NULL;
}

static int unknown_key(const char *driver_name, const struct ocync_option *options,
                       size_t n_options, const char *key, struct error *err)
{
    const char *nearest = options_nearest(options, n_options, key);
    if (nearest)
        return error_set(err, ERR_CONFIG, "driver %s has no option \"%.64s\"; did you mean \"%s\"?",
                         driver_name, key, nearest);
    return error_set(err, ERR_CONFIG,
                     "driver %s has no option \"%.64s\"; see `ocync plugin show %s`", driver_name,
                     key, driver_name);
}

int options_check(const char *driver_name, const struct ocync_option *options, size_t n_options,
                  const struct driver_setting *settings, size_t n_settings, struct error *err)
{
    for (size_t i = 0; i < n_settings; i++) {
        const struct driver_setting *setting = &settings[i];
        const struct ocync_option *option = find_option(options, n_options, setting->key);
        if (!option)
            return unknown_key(driver_name, options, n_options, setting->key, err);
        const char *expected = type_objection(option, setting->value);
        if (expected)
            return error_set(
                err, ERR_CONFIG, "option \"%s\" of driver %s is \"%.64s\", but must be %s%s",
                setting->key, driver_name, option->secret ? SECRET_MASK : setting->value,
                option->type == OCYNC_OPTION_ENUM ? "one of: " : "", expected);
    }
    return 0;
}

const char *options_value(const struct ocync_option *options, size_t n_options,
                          const struct driver_setting *settings, size_t n_settings, const char *key)
{
    const struct ocync_option *option = find_option(options, n_options, key);
    if (!option)
        return NULL;
    for (size_t i = n_settings; i > 0; i--) {
        if (str_eq(settings[i - 1].key, key))
            return settings[i - 1].value;
    }
    return option->default_value;
}
