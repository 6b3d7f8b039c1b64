/* SPDX-License-Identifier: Apache-2.0 */
#include "small.h"

static const struct ocync_driver bad = {
    .magic = 0x12345678,
    .abi_major = OCYNC_ABI_MAJOR,
    .struct_size = sizeof(struct ocync_driver),
    .name = "bad-magic",
    .version = "1.0",
    .hosts = "magic.example",
};

OCYNC_DRIVER(bad, "bad-magic", "1.0", "magic.example");
