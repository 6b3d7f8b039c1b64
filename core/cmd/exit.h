/* SPDX-License-Identifier: Apache-2.0 */
/* The one table of exit codes. */
#pragma once

#include "base/error.h"

enum exit_code {
    EXIT_OK = 0,
    EXIT_SOME_FAILED = 1,
    EXIT_ALL_FAILED = 2, /* usage errors too */
    EXIT_CONFIG = 3,
    EXIT_AUTH = 4,
    EXIT_PLUGIN = 5,
};

/* Of a command whose only piece of work failed with that class. */
int exit_code_of(enum error_class class);
/* Of a run that a signal ended: 130, 143. */
int exit_code_of_signal(int number);
