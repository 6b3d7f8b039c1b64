/* SPDX-License-Identifier: Apache-2.0 */
/* Struct and note disagree about the hosts. */
#include "small.h"

static const struct ocync_driver two_minds = {SMALL_DRIVER("two-minds", "*")};

OCYNC_DRIVER(two_minds, "two-minds", "1.0", "minds.example");
