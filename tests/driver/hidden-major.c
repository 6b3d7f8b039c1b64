/* SPDX-License-Identifier: Apache-2.0 */
/* The note claims our major version, the struct another. */
#include "small.h"

static const struct ocync_driver hidden = {
    .magic = OCYNC_DRIVER_MAGIC,
    .abi_major = 3,
    .struct_size = sizeof(struct ocync_driver),
    .name = "hidden-major",
    .version = "1.0",
    .hosts = "hidden.example",
};

OCYNC_DRIVER(hidden, "hidden-major", "1.0", "hidden.example");
