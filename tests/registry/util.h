/* SPDX-License-Identifier: Apache-2.0 */
/* Small things everybody needs: checked allocation, clocks, numbers, text. */
#ifndef REGISTRY_UTIL_H
#define REGISTRY_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLEANUP(function) __attribute__((cleanup(function)))
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* Allocation which ends the program when there is no memory: a test tool has no better answer. */
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t len);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* For CLEANUP(freep): frees what the variable points to. */
void freep(void *pointer_to_variable);

/* Prints "ocync-scripted-registry: ..." to stderr and exits with status 1. */
void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

uint64_t monotonic_ms(void);
/* Wall clock, so that two instances on one machine agree on the age of a ticket. */
int64_t wall_us(void);

/* True if all of `text` is a decimal number which fits. */
bool parse_u64(const char *text, uint64_t *ret_value);
/* Reads a number at the start of `text`; returns the first character behind it, NULL if none. */
const char *scan_u64(const char *text, uint64_t *ret_value);

bool starts_with(const char *text, const char *prefix);

/* Lower-case hex of `len` bytes; the caller frees it. */
char *hex_encode(const void *data, size_t len);
/* Reverse of hex_encode; NULL if `text` is no hex. The result ends in an uncounted NUL. */
unsigned char *hex_decode(const char *text, size_t *ret_len);
/* At most 64 random bytes as hex; the caller frees it. */
char *random_hex(size_t count);

#endif
