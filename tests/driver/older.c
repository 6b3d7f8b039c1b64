/* SPDX-License-Identifier: Apache-2.0 */
/* Built against a header that had less: what lies behind its structs is not ours to read. */
#include "small.h"

#include <stddef.h>

static const struct ocync_profile profile = {
    .struct_size = offsetof(struct ocync_profile, token_realm),
    .scopes_per_token = 3,
    .token_realm = "garbage",
    .tag_page_size = 5,
};

static void never(void *self, struct ocync_object *object, const struct ocync_response *response,
                  struct ocync_verdict *verdict)
{
    (void)self, (void)object, (void)response, (void)verdict;
    abort();
}

static const struct ocync_driver older = {
    .magic = OCYNC_DRIVER_MAGIC,
    .abi_major = OCYNC_ABI_MAJOR,
    .struct_size = offsetof(struct ocync_driver, classify),
    .name = "older",
    .version = "1.0",
    .hosts = "older.example",
    .profile = &profile,
    .classify = never,
};

OCYNC_DRIVER(older, "older", "1.0", "older.example");
