/* SPDX-License-Identifier: Apache-2.0 */
/* Small things everybody needs. This is the only file which calls the allocator directly. */
#include "util.h"

#include <openssl/rand.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fputs("ocync-scripted-registry: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

void *xcalloc(size_t count, size_t size)
{
    void *memory = calloc(count, size);

    if (memory == NULL)
        die("out of memory");
    return memory;
}

void *xrealloc(void *old, size_t size)
{
    void *memory = realloc(old, size);

    if (memory == NULL)
        die("out of memory");
    return memory;
}

char *xstrndup(const char *text, size_t len)
{
    char *copy = xcalloc(len + 1, 1);

    memcpy(copy, text, len);
    return copy;
}

char *xstrdup(const char *text)
{
    return xstrndup(text, strlen(text));
}

char *xasprintf(const char *format, ...)
{
    va_list args;
    char *text = NULL;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        die("out of memory");
    va_end(args);
    return text;
}

void freep(void *pointer_to_variable)
{
    free(*(void **)pointer_to_variable);
}

uint64_t monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int64_t wall_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

const char *scan_u64(const char *text, uint64_t *ret_value)
{
    uint64_t value = 0;
    const char *at = text;

    for (; *at >= '0' && *at <= '9'; at++) {
        if (__builtin_mul_overflow(value, 10U, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
            return NULL;
    }
    if (at == text)
        return NULL;
    *ret_value = value;
    return at;
}

bool parse_u64(const char *text, uint64_t *ret_value)
{
    uint64_t value;
    const char *end = scan_u64(text, &value);

    if (end == NULL || *end != '\0')
        return false;
    *ret_value = value;
    return true;
}

bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

char *hex_encode(const void *data, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *bytes = data;
    char *text = xcalloc(len * 2 + 1, 1);

    for (size_t i = 0; i < len; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    return text;
}

static int hex_digit(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

unsigned char *hex_decode(const char *text, size_t *ret_len)
{
    size_t len = strlen(text) / 2;
    unsigned char *bytes;

    if (strlen(text) % 2 != 0 || strspn(text, "0123456789abcdef") != strlen(text))
        return NULL;
    bytes = xcalloc(len + 1, 1);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (unsigned char)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
    *ret_len = len;
    return bytes;
}

char *random_hex(size_t count)
{
    unsigned char bytes[64];

    if (count > sizeof(bytes) || RAND_bytes(bytes, (int)count) != 1)
        die("no random bytes");
    return hex_encode(bytes, count);
}
