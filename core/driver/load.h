/* SPDX-License-Identifier: Apache-2.0 */
/* Loading, and the checks of what was loaded (driver_load is in driver.h). */
#pragma once

#include "driver/driver.h"

/*
 * Checks what a driver's entry function returned against its note and copies it into *driver:
 * fields that it lacks become zero. Returns 0 or ERR_PLUGIN; then *driver needs no cleaning up.
 */
int driver_adopt(const struct ocync_driver *theirs, const struct plugin *plugin,
                 struct driver *driver, struct error *err);
/* The loaded code stays. NULL is fine. */
void driver_free(struct driver *driver);
