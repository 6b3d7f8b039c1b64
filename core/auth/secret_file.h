/* SPDX-License-Identifier: Apache-2.0 */
/* Reads small files that hold secrets. */
#pragma once

#include "base/error.h"
#include "base/secret.h"

/* printf format of the warning, for the path. */
#define SECRET_PUBLIC_FILE_WARNING                                                                 \
    "%s holds credentials and every user can read it: run chmod 600 on it"

struct secret_file {
    struct secret *text; /* NULL: there is no such file */
    bool is_public;      /* a regular file that every user may read */
};

/* "-" is standard input. Whether a missing file is an error is up to the caller. ERR_CONFIG with
 * the path when it can't be read or is larger than `max`. */
int secret_file_read(const char *path, size_t max, struct secret_file *ret, struct error *err);
