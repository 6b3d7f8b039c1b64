/* SPDX-License-Identifier: Apache-2.0 */
/* A tag's new name at the target: a regex, and a replacement with $0 or \0 to $9 or \9. */
#pragma once

#include "base/error.h"

struct rename;

/* ERR_CONFIG, also for a group that the regex does not have. */
int rename_new(const char *regex, const char *replacement, struct rename **ret, struct error *err);
void rename_free(struct rename *rename);
DEFINE_CLEANUP(struct rename *, rename_free)

/* NULL when the regex does not describe the tag. The name may be no valid tag. Free it. */
char *rename_apply(const struct rename *rename, const char *tag);
