/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A credential given in a file of its own (--src-creds-file, --dest-creds-file):
 *     user:password          one line, split at the first colon
 *     user                   two lines
 *     password
 *     token                  one line without colon: a ready bearer token
 * The user name "<token>" makes the secret an identity token. Only line ends are cut off.
 */
#pragma once

#include "auth/credential.h"

#include <stddef.h>

#define CREDENTIAL_FILE_MAX ((size_t)64 * 1024)

/* "-" is standard input. ERR_CONFIG, never with content. `ret` must hold nothing. */
int credential_file_read(const char *path, struct credential *ret, struct error *err);
/* The same from text; `origin` names it. */
int credential_file_parse(const char *text, size_t len, const char *origin, struct credential *ret,
                          struct error *err);
