/* SPDX-License-Identifier: Apache-2.0 */
/* JSON from peers: bounded in depth and number of values, no duplicate keys. */
#pragma once

#include "base/error.h"

#include <jansson.h>
#include <stddef.h>

#define JSON_DEPTH_MAX 64
#define JSON_CONTAINERS_MAX 100000 /* objects and arrays */
#define JSON_VALUES_MAX 1000000

/* `what` names the document in the error ("manifest of..."). NULL on failure (ERR_PROTOCOL). The
 * error names line and column, never content. */
json_t *json_load_bounded(const char *text, size_t len, const char *what, struct error *err);
/* NULL when absent or no string. */
const char *json_member_string(const json_t *object, const char *key);

static inline void cleanup_json_decref(json_t **json)
{
    json_decref(*json);
}
