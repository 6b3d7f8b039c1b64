/* SPDX-License-Identifier: Apache-2.0 */
/* base64 as it is found in credential files. */
#pragma once

#include <stddef.h>

/* Either alphabet, padding optional, line ends skipped. NULL for anything else.
 * Free the result, which may hold NULs and has one more behind it. */
char *base64_decode_lenient(const char *text, size_t *ret_len);
