/* SPDX-License-Identifier: Apache-2.0 */
/* application/x-www-form-urlencoded */
#include "form.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "util.h"

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return (c | 0x20) - 'a' + 10;
}

static char *decode(const char *text, size_t len)
{
    char *plain = xstrndup(text, len);
    char *to = plain;

    for (size_t i = 0; i < len; i++) {
        if (text[i] == '%' && i + 2 < len && isxdigit((unsigned char)text[i + 1]) &&
            isxdigit((unsigned char)text[i + 2])) {
            *to++ = (char)(digit(text[i + 1]) << 4 | digit(text[i + 2]));
            i += 2;
        } else {
            *to++ = text[i] == '+' ? ' ' : text[i];
        }
    }
    *to = '\0';
    return plain;
}

char *form_value(const char *form, const char *name)
{
    size_t name_len = strlen(name);

    for (const char *at = form; *at != '\0'; at += strspn(at, "&")) {
        size_t len = strcspn(at, "&");

        if (len > name_len && strncmp(at, name, name_len) == 0 && at[name_len] == '=')
            return decode(at + name_len + 1, len - name_len - 1);
        at += len;
    }
    return NULL;
}
