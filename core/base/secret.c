/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

struct secret {
    size_t len;
    char text[];
};

struct secret *secret_new_len(const char *text, size_t len)
{
    struct secret *s = xmalloc(sizeof(*s) + len + 1);
    s->len = len;
    memcpy(s->text, text, len);
    s->text[len] = '\0';
    return s;
}

struct secret *secret_new(const char *text)
{
    return secret_new_len(text, strlen(text));
}

struct secret *secret_dup(const struct secret *s)
{
    return s ? secret_new_len(s->text, s->len) : NULL;
}

void secret_free(struct secret *s)
{
    if (!s)
        return;
    explicit_bzero(s->text, s->len);
    free(s);
}

const char *secret_reveal(const struct secret *s)
{
    return s->text;
}

size_t secret_len(const struct secret *s)
{
    return s->len;
}

void secret_wipe_str(char *s)
{
    if (!s)
        return;
    explicit_bzero(s, strlen(s));
    free(s);
}
