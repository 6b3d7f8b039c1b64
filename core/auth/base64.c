/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/base64.h"

#include "base/alloc.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static int digit_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

/* Two to four digits become one to three bytes. */
static void decode_group(const int digits[4], size_t n, char *out)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < 4; i++)
        bits = bits << 6 | (uint32_t)(i < n ? digits[i] : 0);
    for (size_t i = 0; i + 1 < n; i++)
        out[i] = (char)(bits >> (16 - 8 * i));
}

char *base64_decode_lenient(const char *text, size_t *ret_len)
{
    size_t size = strlen(text), len = 0, n = 0, padding = 0;
    char *out = xcalloc(size + 4, 1);
    int digits[4];
    bool good = true;
    for (const char *p = text; good && *p; p++) {
        if (*p == '\n' || *p == '\r')
            continue;
        padding += *p == '=';
        if (*p == '=')
            continue;
        digits[n] = digit_of(*p);
        good = digits[n++] >= 0 && !padding;
        if (good && n == 4) {
            decode_group(digits, n, out + len);
            len += 3;
            n = 0;
        }
    }
    if (!good || n == 1 || padding > 2) {
        explicit_bzero(out, size);
        free(out);
        return NULL;
    }
    decode_group(digits, n, out + len);
    *ret_len = len + (n ? n - 1 : 0);
    return out;
}
