/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void buf_done(struct buf *b)
{
    free(b->data);
    *b = BUF_INIT(b->max);
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    if (b->data)
        b->data[0] = '\0';
}

static void grow(struct buf *b, size_t need)
{
    if (need <= b->alloc)
        return;
    size_t alloc = b->alloc ? b->alloc : 64;
    while (alloc < need)
        alloc *= 2;
    b->data = xrealloc(b->data, alloc, 1);
    b->alloc = alloc;
}

int buf_add(struct buf *b, const void *data, size_t len)
{
    if (len > b->max - b->len)
        return -1;
    grow(b, b->len + len + 1);
    if (len)
        memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = '\0';
    return 0;
}

int buf_add_str(struct buf *b, const char *s)
{
    return buf_add(b, s, strlen(s));
}

int buf_add_char(struct buf *b, char c)
{
    return buf_add(b, &c, 1);
}

int buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    _cleanup_free_ char *text = xvasprintf(fmt, args);
    va_end(args);
    return buf_add_str(b, text);
}

const char *buf_str(const struct buf *b)
{
    return b->data ? b->data : "";
}

char *buf_take(struct buf *b)
{
    char *text = b->data ? b->data : xstrdup("");
    *b = BUF_INIT(b->max);
    return text;
}

bool str_eq(const char *a, const char *b)
{
    if (!a || !b)
        return a == b;
    return strcmp(a, b) == 0;
}

bool str_ieq(const char *a, const char *b)
{
    if (!a || !b)
        return a == b;
    return strcasecmp(a, b) == 0;
}

bool str_has_prefix(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_has_suffix(const char *s, const char *suffix)
{
    size_t len = strlen(s), tail = strlen(suffix);
    return len >= tail && strcmp(s + len - tail, suffix) == 0;
}

bool str_empty(const char *s)
{
    return !s || !*s;
}

char *str_trim(char *s)
{
    while (isspace((unsigned char)*s))
        s++;
    size_t len = strlen(s);
    while (len && isspace((unsigned char)s[len - 1]))
        s[--len] = '\0';
    return s;
}

int str_to_int64(const char *s, int64_t min, int64_t max, int64_t *ret)
{
    int64_t value = 0;
    if (str_empty(s))
        return -1;
    for (const char *p = s; *p; p++) {
        if (*p < '0' || *p > '9')
            return -1;
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, *p - '0', &value))
            return -1;
    }
    if (value < min || value > max)
        return -1;
    *ret = value;
    return 0;
}

static int unit_ms(const char *unit, double *ret)
{
    static const struct {
        const char *name;
        double ms;
    } units[] = {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60e3}, {"h", 3600e3}, {"d", 86400e3}};
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (str_eq(unit, units[i].name)) {
            *ret = units[i].ms;
            return 0;
        }
    }
    return -1;
}

int str_to_duration_ms(const char *s, int64_t *ret)
{
    const double longest = 366.0 * 86400e3;
    if (str_empty(s) || !isdigit((unsigned char)*s))
        return -1;
    size_t digits = strspn(s, "0123456789.");
    char number[32];
    if (digits >= sizeof(number))
        return -1;
    memcpy(number, s, digits);
    number[digits] = '\0';
    char *end;
    double value = strtod(number, &end), factor;
    if (*end || unit_ms(s + digits, &factor) < 0 || value * factor > longest)
        return -1;
    *ret = (int64_t)(value * factor);
    return 0;
}

/* Length of the valid UTF-8 sequence at p, 0 when there is none. */
static size_t utf8_len(const unsigned char *p, uint32_t *ret_code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = *p < 0x80             ? 1
                 : (*p & 0xe0) == 0xc0 ? 2
                 : (*p & 0xf0) == 0xe0 ? 3
                 : (*p & 0xf8) == 0xf0 ? 4
                                       : 0;
    if (!len)
        return 0;
    uint32_t code = len == 1 ? *p : *p & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (p[i] & 0x3f);
    }
    if (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return 0;
    *ret_code = code;
    return len;
}

static bool is_harmless(uint32_t code)
{
    bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
    bool bidi = code == 0x61c || code == 0x200e || code == 0x200f ||
                (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
    bool separator = code == 0x2028 || code == 0x2029 || code == 0xfeff;
    return !control && !bidi && !separator;
}

void str_escape(const char *in, char *out, size_t size)
{
    static const char hex[] = "0123456789abcdef";
    size_t used = 0;
    const unsigned char *p = (const unsigned char *)in;
    while (*p) {
        uint32_t code = 0;
        size_t len = utf8_len(p, &code);
        bool keep = len && is_harmless(code);
        size_t bytes = len ? len : 1;
        if (used + (keep ? bytes : 4 * bytes) + 1 > size)
            break;
        for (size_t i = 0; i < bytes; i++) {
            if (keep) {
                out[used++] = (char)p[i];
                continue;
            }
            out[used++] = '\\';
            out[used++] = 'x';
            out[used++] = hex[p[i] >> 4];
            out[used++] = hex[p[i] & 15];
        }
        p += bytes;
    }
    if (size)
        out[used] = '\0';
}

bool str_glob(const char *pattern, const char *s, bool fold)
{
    const char *star = NULL, *mark = NULL;
    while (*s) {
        bool same =
            fold ? tolower((unsigned char)*pattern) == tolower((unsigned char)*s) : *pattern == *s;
        if (*pattern == '*') {
            star = pattern++;
            mark = s;
        } else if (*pattern && (*pattern == '?' || same)) {
            pattern++;
            s++;
        } else if (star) {
            pattern = star + 1;
            s = ++mark;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}

char *str_lower(const char *s)
{
    char *copy = xstrdup(s);
    for (char *p = copy; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return copy;
}

void str_bytes(uint64_t bytes, char *out, size_t size)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 999.95 && unit + 1 < ARRAY_LEN(units)) {
        value /= 1000;
        unit++;
    }
    snprintf(out, size, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
}
