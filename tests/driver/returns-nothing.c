/* SPDX-License-Identifier: Apache-2.0 */
#include "small.h"

#define returns_nothing *(const struct ocync_driver *)NULL
OCYNC_DRIVER(returns_nothing, "returns-nothing", "1.0", "nothing.example");
