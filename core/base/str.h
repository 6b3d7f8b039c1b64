/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings: a byte buffer with a hard limit, and small pure helpers.
 * Invariant of struct buf: len <= max, and data[len] is NUL once data is not NULL.
 */
#pragma once

#include "base/alloc.h"

#include <stdbool.h>
#include <stdint.h>

struct buf {
    char *data; /* NULL while nothing was added */
    size_t len;
    size_t alloc;
    size_t max;
};

/* `max` bytes at most, the terminating NUL not counted. */
#define BUF_INIT(max_) ((struct buf){.max = (max_)})

void buf_done(struct buf *b);
/* Empties it, keeps the memory. */
void buf_clear(struct buf *b);
/* These return 0, or -1 (nothing added) when the limit would be passed. */
int buf_add(struct buf *b, const void *data, size_t len);
int buf_add_str(struct buf *b, const char *s);
int buf_add_char(struct buf *b, char c);
int buf_printf(struct buf *b, const char *fmt, ...) _printf_(2, 3);
/* The text, "" when empty; owned by the buffer. */
const char *buf_str(const struct buf *b);
/* Gives the text away (never NULL; free it); the buffer is empty afterwards. */
char *buf_take(struct buf *b);

bool str_eq(const char *a, const char *b); /* NULL equals NULL only */
bool str_ieq(const char *a, const char *b);
bool str_has_prefix(const char *s, const char *prefix);
bool str_has_suffix(const char *s, const char *suffix);
bool str_empty(const char *s); /* NULL or "" */

/* Cuts white space off both ends, in place; returns the first byte kept. */
char *str_trim(char *s);

/*
 * Decimal digits only, whole string, within [min, max].
 * Returns 0 or -1; *ret is untouched on failure.
 */
int str_to_int64(const char *s, int64_t min, int64_t max, int64_t *ret);

/* "90", "1.5s", "250ms", "2m", "1h": milliseconds. A bare number counts seconds. 0 or -1. */
int str_to_duration_ms(const char *s, int64_t *ret);

/*
 * Copies with control characters, DEL, C1 and bidirectional controls and invalid UTF-8 written
 * as \xNN, so that what a peer said can't steer a terminal. Cuts at the size of `out`, never
 * inside a UTF-8 sequence.
 */
void str_escape(const char *in, char *out, size_t size);

/* Shell-like glob: `*` (any run), `?` (one byte). No classes. Case-insensitive with `fold`. */
bool str_glob(const char *pattern, const char *s, bool fold);

/* Lower-case copy (ASCII). */
char *str_lower(const char *s);

/* Bytes as people read them: "12 B", "3.4 MB" (powers of 1000). `out` holds at least 16 bytes. */
void str_bytes(uint64_t bytes, char *out, size_t size);
