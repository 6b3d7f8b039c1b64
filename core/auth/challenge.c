/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 9110 §11.6.1 with the liberties that registries take: unquoted URLs, missing commas, one
 * header with several challenges. Every step moves the cursor forward, so time is linear in the
 * length of the header, which the HTTP layer bounds.
 */
#include "auth/challenge.h"

#include "base/str.h"

#include <string.h>

#define BLANK " \t"
#define SEPARATORS " \t,"
#define TOKEN_CHARS "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define TOKEN68_CHARS "-._~+/0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* The text between quotes, without the backslashes of escapes; unterminated: all there is. */
static char *read_quoted(const char **at)
{
    const char *from = *at + 1, *end = from;
    while (*end && *end != '"')
        end += *end == '\\' && end[1] ? 2 : 1;
    char *text = xmalloc((size_t)(end - from) + 1);
    size_t len = 0;
    for (const char *p = from; p < end; p++) {
        if (*p == '\\' && p + 1 < end)
            p++;
        text[len++] = *p;
    }
    text[len] = '\0';
    *at = end + (*end == '"');
    return text;
}

static char *read_value(const char **at)
{
    *at += strspn(*at, BLANK);
    if (**at == '"')
        return read_quoted(at);
    size_t len = strcspn(*at, SEPARATORS);
    char *text = xstrndup(*at, len);
    *at += len;
    return text;
}

/* Takes the value; what comes first counts. */
static void keep_parameter(struct challenge *c, const char *name, char *value)
{
    char **slot = str_ieq(name, "realm")     ? &c->realm
                  : str_ieq(name, "service") ? &c->service
                  : str_ieq(name, "scope")   ? &c->scope
                                             : NULL;
    if (slot && !*slot)
        *slot = take_ptr(&value);
    free(value);
}

/* A credential-like blob ("Negotiate YII=") has no '=' but at its end. */
static size_t token68_len(const char *p)
{
    size_t len = strspn(p, TOKEN68_CHARS);
    len += strspn(p + len, "=");
    size_t after = len + strspn(p + len, BLANK);
    return p[after] == '\0' || p[after] == ',' ? len : 0;
}

static struct challenge *add_challenge(struct challenges *all, const char *scheme)
{
    if (all->list.len == CHALLENGES_MAX)
        return NULL;
    vec_add(&all->list, (struct challenge){.scheme = str_ieq(scheme, "bearer")  ? CHALLENGE_BEARER
                                                     : str_ieq(scheme, "basic") ? CHALLENGE_BASIC
                                                                                : CHALLENGE_OTHER});
    return &all->list.items[all->list.len - 1];
}

void challenges_add(struct challenges *all, const char *value)
{
    struct challenge *now = NULL;
    for (const char *p = value; *(p += strspn(p, SEPARATORS));) {
        size_t len = strspn(p, TOKEN_CHARS);
        if (!len) {
            p++;
            continue;
        }
        _cleanup_free_ char *word = xstrndup(p, len);
        p += len;
        const char *next = p + strspn(p, BLANK);
        if (*next == '=') {
            p = next + 1;
            char *text = read_value(&p);
            if (now)
                keep_parameter(now, word, text);
            else
                free(text);
            continue;
        }
        now = add_challenge(all, word);
        if (next > p && *next != ',')
            p = next + token68_len(next);
    }
}

void challenges_done(struct challenges *all)
{
    for (size_t i = 0; i < all->list.len; i++) {
        free(all->list.items[i].realm);
        free(all->list.items[i].service);
        free(all->list.items[i].scope);
    }
    vec_done(&all->list);
}

const struct challenge *challenges_pick(const struct challenges *all)
{
    const struct challenge *basic = NULL;
    for (size_t i = 0; i < all->list.len; i++) {
        const struct challenge *c = &all->list.items[i];
        if (c->scheme == CHALLENGE_BEARER && !str_empty(c->realm))
            return c;
        if (c->scheme == CHALLENGE_BASIC && !basic)
            basic = c;
    }
    return basic;
}
