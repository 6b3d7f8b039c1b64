/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passwords and tokens. A secret is never formatted: there is no way to print one but to ask for
 * its bytes by name, which only the code that puts it on the wire does.
 */
#pragma once

#include "base/alloc.h"

struct secret;

/* What stands for a secret wherever people may look. */
#define SECRET_MASK "***"

struct secret *secret_new(const char *text);
struct secret *secret_new_len(const char *text, size_t len);
struct secret *secret_dup(const struct secret *s); /* NULL in, NULL out */
void secret_free(struct secret *s);                /* wipes first; NULL is fine */
/* The bytes, NUL-terminated, owned by the secret. */
const char *secret_reveal(const struct secret *s);
size_t secret_len(const struct secret *s);
/* Overwrites a string with zeros and frees it; NULL is fine. */
void secret_wipe_str(char *s);

DEFINE_CLEANUP(struct secret *, secret_free)
