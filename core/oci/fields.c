/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/fields.h"

#include "base/str.h"

#include <ctype.h>
#include <string.h>

static int fields_typed(const json_t *object, const char *key, json_type type, const char *words,
                        const json_t **ret, struct error *err)
{
    const json_t *value = json_object_get(object, key);
    if (!value || json_is_null(value)) {
        *ret = NULL;
        return 0;
    }
    if (json_typeof(value) != type)
        return error_set(err, ERR_PROTOCOL, "\"%s\" must be %s", key, words);
    *ret = value;
    return 0;
}

int fields_string(const json_t *object, const char *key, const char **ret, struct error *err)
{
    const json_t *value = NULL;
    int rc = fields_typed(object, key, JSON_STRING, "a string", &value, err);
    if (rc == 0)
        *ret = json_string_value(value);
    return rc;
}

int fields_array(const json_t *object, const char *key, const json_t **ret, struct error *err)
{
    return fields_typed(object, key, JSON_ARRAY, "an array", ret, err);
}

int fields_object(const json_t *object, const char *key, const json_t **ret, struct error *err)
{
    return fields_typed(object, key, JSON_OBJECT, "an object", ret, err);
}

int fields_string_map(const json_t *object, const char *key, const json_t **ret, struct error *err)
{
    const json_t *map;
    int rc = fields_object(object, key, &map, err);
    if (rc < 0)
        return rc;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)map, name, value)
    {
        if (!json_is_string(value))
            return error_set(err, ERR_PROTOCOL, "\"%s\" must hold strings only", key);
    }
    *ret = map;
    return 0;
}

/* The ASCII letter that *p begins for parsers that fold by Unicode, else its byte in lower case.
 * Two letters beyond ASCII fold into it: long s (U+017F) and the Kelvin sign (U+212A). */
static int folded(const char **p)
{
    size_t len = 1;
    int c = tolower((unsigned char)**p);
    if (str_has_prefix(*p, "\xc5\xbf")) {
        c = 's';
        len = 2;
    } else if (str_has_prefix(*p, "\xe2\x84\xaa")) {
        c = 'k';
        len = 3;
    }
    *p += len;
    return c;
}

static bool folds_to(const char *key, const char *name)
{
    while (*key && *name) {
        if (folded(&key) != tolower((unsigned char)*name++))
            return false;
    }
    return !*key && !*name;
}

int fields_check_case(const json_t *object, const char *const known[], struct error *err)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        for (size_t i = 0; known[i]; i++) {
            if (!str_eq(key, known[i]) && folds_to(key, known[i]))
                return error_set(err, ERR_PROTOCOL,
                                 "the key \"%s\" is a misspelt \"%s\" that some programs take for "
                                 "it; such documents are refused",
                                 key, known[i]);
        }
    }
    return 0;
}
