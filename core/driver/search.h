/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue behind driver.h: what lies in the plugin folders. */
#pragma once

#include "driver/driver.h"

/* The folders whose files are loaded whoever owns them. */
const char *const *catalogue_trusted(const struct catalogue *catalogue, size_t *ret_len);
/* The folders that were looked into, for sentences: "/a, /b"; free it. */
char *catalogue_folders(const struct catalogue *catalogue);
