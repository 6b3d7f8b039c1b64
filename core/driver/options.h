/* SPDX-License-Identifier: Apache-2.0 */
/* A driver's declared options, and the values that users give: pure. */
#pragma once

#include "driver/driver.h"

/* Is the table itself well-formed? `where` names the driver. Returns 0 or ERR_PLUGIN. */
int options_check_table(const char *where, const struct ocync_option *options, size_t n_options,
                        struct error *err);

/*
 * Checks settings against the table; a later setting of a key replaces an earlier one. Values of
 * secret options are never named in errors. Returns 0 or ERR_CONFIG.
 */
int options_check(const char *driver_name, const struct ocync_option *options, size_t n_options,
                  const struct driver_setting *settings, size_t n_settings, struct error *err);

/* The value that holds: the last setting, else the default, else NULL. */
const char *options_value(const struct ocync_option *options, size_t n_options,
                          const struct driver_setting *settings, size_t n_settings,
                          const char *key);

/* The declared key nearest to a misspelt one; NULL when none is near. */
const char *options_nearest(const struct ocync_option *options, size_t n_options, const char *key);
