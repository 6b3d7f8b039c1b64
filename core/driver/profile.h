/* SPDX-License-Identifier: Apache-2.0 */
/* From what a driver says to what the rest of the program relies on. */
#pragma once

#include "driver/object.h"

/*
 * Checks what `open` left of the profile and fills in every default (driver_instance_profile says
 * which). Strings are copied into `object`. Returns 0 or ERR_PLUGIN, naming the field.
 */
int profile_settle(const struct ocync_profile *profile, struct ocync_object *object,
                   struct ocync_profile *ret_profile, struct error *err);
