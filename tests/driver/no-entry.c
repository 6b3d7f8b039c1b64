/* SPDX-License-Identifier: Apache-2.0 */
/* A note, but no function to enter by. */
#include "small.h"

static const struct ocync_driver no_entry = {SMALL_DRIVER("no-entry", "entry.example")};

#define ocync_driver_entry another_name
OCYNC_DRIVER(no_entry, "no-entry", "1.0", "entry.example");
