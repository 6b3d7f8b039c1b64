/* SPDX-License-Identifier: Apache-2.0 */
/* Content digests in their text form "sha256:<hex>" or "sha512:<hex>". */
#ifndef REGISTRY_DIGEST_H
#define REGISTRY_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

/* Lower-case hex of the right length, of an algorithm which this registry knows. */
bool digest_is_valid(const char *digest);
/* The digest of `data` under the algorithm of `like` (NULL means sha256); the caller frees it. */
char *digest_of_bytes(const char *like, const void *data, size_t len);
/* The same of a whole file, wherever its offset stands; NULL if it cannot be read. */
char *digest_of_file(const char *like, int fd);

#endif
