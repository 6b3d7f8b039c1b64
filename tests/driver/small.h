/* SPDX-License-Identifier: Apache-2.0 */
/* What the small drivers of these tests have in common. */
#pragma once

#include <ocync/driver.h>

#include <stdio.h>
#include <stdlib.h>

/* The fields that every driver has; a driver adds or overrides what it is about. */
#define SMALL_DRIVER(name_, hosts_)                                                                \
    .magic = OCYNC_DRIVER_MAGIC, .abi_major = OCYNC_ABI_MAJOR, .abi_minor = OCYNC_ABI_MINOR,       \
    .struct_size = sizeof(struct ocync_driver), .option_size = sizeof(struct ocync_option),        \
    .name = name_, .version = "1.0", .hosts = hosts_, .license = "Apache-2.0",                     \
    .summary = "A driver for tests"

/* Code that runs as soon as the object is loaded: it leaves a trace in a file. */
#define SMALL_CONSTRUCTOR                                                                          \
    __attribute__((constructor)) static void leave_a_trace(void)                                   \
    {                                                                                              \
        const char *path = getenv("OCYNC_TEST_CONSTRUCTOR");                                       \
        FILE *file = path ? fopen(path, "a") : NULL;                                               \
        if (file) {                                                                                \
            fputs("loaded\n", file);                                                               \
            fclose(file);                                                                          \
        }                                                                                          \
    }                                                                                              \
    typedef int small_needs_semicolon_
