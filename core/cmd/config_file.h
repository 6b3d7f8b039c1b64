/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration file of a command: -c FILE or its operand, with every --set. */
#pragma once

#include "cmd/command.h"
#include "config/config.h"

/* `operand` may be NULL. Every error and warning is said. 0, or the exit code. */
int config_file_open(const struct globals *globals, const char *operand, struct config **ret);
