/* SPDX-License-Identifier: Apache-2.0 */
/* The script: one JSON object with switches, users, repositories, seed and faults. */
#ifndef REGISTRY_SCRIPT_H
#define REGISTRY_SCRIPT_H

#include <jansson.h>
#include <stdbool.h>

#include "registry.h"

/* With `replace` everything the script does not mention goes back to its default; without it the
 * script changes what it mentions: switches one by one, users as a whole, and faults are appended.
 * What the registry holds is never removed. On a mistake nothing changes, unless it is in the
 * seed, and the caller frees the explanation. */
bool script_apply(struct registry *registry, json_t *script, bool replace, char **ret_error);
/* Ends the program on a mistake. */
void script_load_file(struct registry *registry, const char *file);

#endif
