/* SPDX-License-Identifier: Apache-2.0 */
/* A growing run of bytes. */
#include "buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

void buf_done(struct buf *buf)
{
    free(buf->data);
    *buf = (struct buf){0};
}

char *buf_reserve(struct buf *buf, size_t len)
{
    if (buf->len + len + 1 > buf->cap) {
        buf->cap = (buf->len + len + 1) * 2;
        buf->data = xrealloc(buf->data, buf->cap);
    }
    return buf->data + buf->len;
}

void buf_add(struct buf *buf, const void *data, size_t len)
{
    if (len > 0)
        memcpy(buf_reserve(buf, len), data, len);
    else
        buf_reserve(buf, 0);
    buf->len += len;
    buf->data[buf->len] = '\0';
}

void buf_puts(struct buf *buf, const char *text)
{
    buf_add(buf, text, strlen(text));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    CLEANUP(freep) char *text = NULL;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        die("out of memory");
    va_end(args);
    buf_puts(buf, text);
}

void buf_consume(struct buf *buf, size_t len)
{
    buf->len -= len;
    memmove(buf->data, buf->data + len, buf->len);
}

void buf_replace(struct buf *buf, size_t at, size_t old_len, const char *text)
{
    size_t new_len = strlen(text);
    size_t tail = buf->len - at - old_len;

    buf_reserve(buf, new_len);
    memmove(buf->data + at + new_len, buf->data + at + old_len, tail);
    memcpy(buf->data + at, text, new_len);
    buf->len = at + new_len + tail;
    buf->data[buf->len] = '\0';
}

char *buf_take(struct buf *buf)
{
    char *text = buf->data != NULL ? buf->data : xstrdup("");

    *buf = (struct buf){0};
    return text;
}
