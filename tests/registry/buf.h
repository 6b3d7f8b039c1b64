/* SPDX-License-Identifier: Apache-2.0 */
/* A growing run of bytes. An all-zero struct is an empty buffer. */
#ifndef REGISTRY_BUF_H
#define REGISTRY_BUF_H

#include <stddef.h>

struct buf {
    char *data; /* always followed by an uncounted NUL once anything was added */
    size_t len;
    size_t cap;
};

void buf_done(struct buf *buf);
void buf_add(struct buf *buf, const void *data, size_t len);
void buf_puts(struct buf *buf, const char *text);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Room for at least `len` more bytes; fill it and then add to `len` by hand. */
char *buf_reserve(struct buf *buf, size_t len);
/* Drops `len` bytes at the front. */
void buf_consume(struct buf *buf, size_t len);
/* Replaces `old_len` bytes at `at` by `text`. */
void buf_replace(struct buf *buf, size_t at, size_t old_len, const char *text);
/* The text, owned by the caller from now on; the buffer is empty again. */
char *buf_take(struct buf *buf);

#endif
