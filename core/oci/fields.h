/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members of JSON objects, by name and type. Absent and null members are the same: NULL. What
 * they return belongs to the object. Failures are ERR_PROTOCOL, with the member's name.
 */
#pragma once

#include "oci/json.h"

#include <stdbool.h>

int fields_string(const json_t *object, const char *key, const char **ret, struct error *err);
int fields_array(const json_t *object, const char *key, const json_t **ret, struct error *err);
int fields_object(const json_t *object, const char *key, const json_t **ret, struct error *err);

/* A member with values that are all strings. */
int fields_string_map(const json_t *object, const char *key, const json_t **ret, struct error *err);

/*
 * Refuses members that differ from one of the `known` names (NULL-terminated) in case only: some
 * parsers would take them for it, so that the document would mean two things.
 */
int fields_check_case(const json_t *object, const char *const known[], struct error *err);
