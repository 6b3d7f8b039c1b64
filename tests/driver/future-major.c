/* SPDX-License-Identifier: Apache-2.0 */
/* Built for another major version: none of its code may run. */
#include "small.h"

#undef OCYNC_ABI_MAJOR
#define OCYNC_ABI_MAJOR 2

static const struct ocync_driver future = {SMALL_DRIVER("future-major", "future.example")};

SMALL_CONSTRUCTOR;
OCYNC_DRIVER(future, "future-major", "1.0", "future.example");
