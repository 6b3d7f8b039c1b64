/* SPDX-License-Identifier: Apache-2.0 */
/* Is an effect fit to be carried out? Pure. */
#pragma once

#include "base/error.h"

#include <ocync/driver.h>

/* NULL, or what is wrong with it. Fills in the method, cap and time limit where they are unset,
 * and brings cap and time limit down to what we allow. */
const char *effect_settle(struct ocync_effect *effect);

/* "HTTP", "FILE"...; NULL for kinds that we don't know. */
const char *effect_name(uint32_t kind);
