/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes what people have at hand: the USER:PASSWORD that skopeo's --creds wants, the two lines
 * that editors and secret stores write, or the bare token of --registry-token.
 */
#include "auth/credential_file.h"

#include "auth/secret_file.h"
#include "base/log.h"
#include "base/str.h"

#include <string.h>

struct line {
    const char *text;
    size_t len;
};

/* The line at *at without its end; moves on to the next one. */
static struct line next_line(const char **at, const char *end)
{
    const char *stop = memchr(*at, '\n', (size_t)(end - *at));
    struct line line = {*at, (size_t)((stop ? stop : end) - *at)};
    *at = stop ? stop + 1 : end;
    if (line.len && line.text[line.len - 1] == '\r')
        line.len--;
    return line;
}

static int set_pair(struct credential *ret, struct line user, struct line password,
                    const char *origin, struct error *err)
{
    _cleanup_free_ char *name = xstrndup(user.text, user.len);
    if (!*name || !password.len)
        return error_set(err, ERR_CONFIG,
                         "%s: the user name or the password is empty; expected user:password",
                         origin);
    return credential_set(ret, name, password.text, password.len, origin, err);
}

int credential_file_parse(const char *text, size_t len, const char *origin, struct credential *ret,
                          struct error *err)
{
    const char *at = text, *end = text + len;
    if (memchr(text, '\0', len))
        return error_set(err, ERR_CONFIG, "%s is not a text file; expected user:password", origin);
    struct line first = next_line(&at, end), second = next_line(&at, end);
    while (at < end) {
        if (next_line(&at, end).len)
            return error_set(err, ERR_CONFIG, "%s has more than two lines; expected user:password",
                             origin);
    }
    if (!first.len)
        return error_set(err, ERR_CONFIG, "%s: the first line is empty; expected user:password",
                         origin);
    if (second.len)
        return set_pair(ret, first, second, origin, err);
    const char *colon = memchr(first.text, ':', first.len);
    if (!colon)
        return credential_set_bearer(ret, first.text, first.len, origin, err);
    struct line user = {first.text, (size_t)(colon - first.text)};
    struct line password = {colon + 1, first.len - user.len - 1};
    return set_pair(ret, user, password, origin, err);
}

int credential_file_read(const char *path, struct credential *ret, struct error *err)
{
    struct secret_file file;
    int result = secret_file_read(path, CREDENTIAL_FILE_MAX, &file, err);
    if (result < 0)
        return result;
    if (!file.text)
        return error_set(err, ERR_CONFIG,
                         "can't read %s: no such file; expected one with user:password", path);
    if (file.is_public)
        log_warn(SECRET_PUBLIC_FILE_WARNING, path);
    result = credential_file_parse(secret_reveal(file.text), secret_len(file.text),
                                   str_eq(path, "-") ? "standard input" : path, ret, err);
    secret_free(file.text);
    return result;
}
