/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URLs are taken apart by libcurl and by nothing else: a host that we judge is the host that it
 * will connect to. Text that peers gave is otherwise kept byte for byte, signatures depend on it.
 */
#include "net/url.h"

#include "base/str.h"

#include <curl/curl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void cleanup_curl_url(CURLU **handle)
{
    curl_url_cleanup(*handle);
}

static void cleanup_curl_text(char **text)
{
    curl_free(*text);
}

static CURLU *handle_new(void)
{
    CURLU *handle = curl_url();
    if (!handle)
        abort();
    return handle;
}

/* Our own copy of one part, NULL when there is none. */
static char *part_of(CURLU *handle, CURLUPart part, unsigned int flags)
{
    _cleanup_(cleanup_curl_text) char *text = NULL;
    return curl_url_get(handle, part, &text, flags) == CURLUE_OK ? xstrdup(text) : NULL;
}

static void take_parts(CURLU *handle, struct url *url)
{
    _cleanup_free_ char *host = part_of(handle, CURLUPART_HOST, 0);
    _cleanup_free_ char *port = part_of(handle, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    int64_t number = 0;
    url->scheme = part_of(handle, CURLUPART_SCHEME, 0);
    url->host = host ? str_lower(host) : NULL;
    url->path = part_of(handle, CURLUPART_PATH, 0);
    url->query = part_of(handle, CURLUPART_QUERY, 0);
    if (port && str_to_int64(port, 1, 65535, &number) == 0)
        url->port = (int)number;
}

/* libcurl takes "http:/host" and "http:///host" for "http://host", others don't. */
static bool has_authority(const char *text)
{
    const char *colon = strchr(text, ':');
    return colon && str_has_prefix(colon, "://") && colon[3] != '/';
}

/* Names beyond ASCII would be mapped to others only when connecting, after every check. */
static bool is_ascii(const char *text)
{
    while (*text && (unsigned char)*text < 0x80)
        text++;
    return !*text;
}

static bool is_complete(const struct url *url)
{
    return (str_eq(url->scheme, "http") || str_eq(url->scheme, "https")) && url->host &&
           *url->host && is_ascii(url->host) && url->port && !str_empty(url->path);
}

int url_parse(const char *text, struct url *ret, struct error *err)
{
    _cleanup_(cleanup_curl_url) CURLU *handle = handle_new();
    _cleanup_(url_done) struct url url = {0};
    CURLUcode code =
        curl_url_set(handle, CURLUPART_URL, text, CURLU_DISALLOW_USER | CURLU_PATH_AS_IS);
    _cleanup_free_ char *zone = code == CURLUE_OK ? part_of(handle, CURLUPART_ZONEID, 0) : NULL;
    if (code == CURLUE_OK && !zone && has_authority(text))
        take_parts(handle, &url);
    if (!is_complete(&url)) {
        _cleanup_free_ char *shown = url_redact(text);
        return error_set(err, ERR_PROTOCOL,
                         "URL \"%.300s\" can't be used: expected http:// or https://, a host and "
                         "no user name",
                         shown);
    }
    *ret = url;
    url = (struct url){0};
    return 0;
}

void url_done(struct url *url)
{
    free(url->scheme);
    free(url->host);
    free(url->path);
    free(url->query);
    *url = (struct url){0};
}

static bool is_absolute(const char *text)
{
    size_t scheme = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                 "+-.");
    return scheme && text[scheme] == ':';
}

char *url_resolve(const char *base, const char *reference)
{
    _cleanup_(cleanup_curl_url) CURLU *handle = handle_new();
    _cleanup_free_ char *wanted = xstrndup(reference, strcspn(reference, "#"));
    /* An absolute one needs no work, and must not suffer any. */
    if (is_absolute(wanted)) {
        CURLUcode code = curl_url_set(handle, CURLUPART_URL, wanted, CURLU_PATH_AS_IS);
        return code == CURLUE_OK ? take_ptr(&wanted) : NULL;
    }
    if (curl_url_set(handle, CURLUPART_URL, base, 0) != CURLUE_OK ||
        curl_url_set(handle, CURLUPART_FRAGMENT, NULL, 0) != CURLUE_OK ||
        (*wanted && curl_url_set(handle, CURLUPART_URL, wanted, 0) != CURLUE_OK))
        return NULL;
    return part_of(handle, CURLUPART_URL, 0);
}

bool url_same_origin(const struct url *a, const struct url *b)
{
    return str_eq(a->scheme, b->scheme) && str_eq(a->host, b->host) && a->port == b->port;
}

/* Names stay, for people; what has no name may be a secret as well. */
static void redact_query(const char *query, struct buf *out)
{
    const char *separator = "?";
    while (*query) {
        size_t len = strcspn(query, "&;");
        const char *equals = memchr(query, '=', len);
        buf_add_str(out, separator);
        if (equals)
            buf_add(out, query, (size_t)(equals - query) + 1);
        buf_add_str(out, "***");
        separator = "&";
        query += len + (query[len] ? 1 : 0);
    }
}

char *url_redact(const char *text)
{
    _cleanup_(cleanup_curl_url) CURLU *handle = handle_new();
    const unsigned int flags = CURLU_NON_SUPPORT_SCHEME | CURLU_PATH_AS_IS;
    if (curl_url_set(handle, CURLUPART_URL, text, flags) != CURLUE_OK)
        return xstrdup("(malformed URL)");
    _cleanup_free_ char *scheme = part_of(handle, CURLUPART_SCHEME, 0);
    _cleanup_free_ char *host = part_of(handle, CURLUPART_HOST, 0);
    _cleanup_free_ char *port = part_of(handle, CURLUPART_PORT, CURLU_NO_DEFAULT_PORT);
    _cleanup_free_ char *path = part_of(handle, CURLUPART_PATH, 0);
    _cleanup_free_ char *query = part_of(handle, CURLUPART_QUERY, 0);
    struct buf out = BUF_INIT(SIZE_MAX / 2);
    buf_printf(&out, "%s://%s%s%s%s", scheme ? scheme : "", host ? host : "", port ? ":" : "",
               port ? port : "", path ? path : "/");
    if (query)
        redact_query(query, &out);
    return buf_take(&out);
}

char *url_encode(const char *text)
{
    _cleanup_(cleanup_curl_text) char *encoded = curl_easy_escape(NULL, text, 0);
    if (!encoded)
        abort();
    return xstrdup(encoded);
}

char *url_add_query(const char *url, const char *name, const char *value)
{
    _cleanup_free_ char *encoded = url_encode(value);
    size_t len = strcspn(url, "#");
    bool has_query = memchr(url, '?', len) != NULL;
    bool open = len && (url[len - 1] == '?' || (has_query && url[len - 1] == '&'));
    return xasprintf("%.*s%s%s=%s%s", (int)len, url,
                     open        ? ""
                     : has_query ? "&"
                                 : "?",
                     name, encoded, url + len);
}
