/* SPDX-License-Identifier: Apache-2.0 */
#include "net/redirect.h"

#include "base/str.h"
#include "net/address.h"

#include <string.h>

bool redirect_is_status(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static char *text_of(const struct url *url)
{
    bool usual = url->port == (str_eq(url->scheme, "https") ? 443 : 80);
    _cleanup_free_ char *port = usual ? xstrdup("") : xasprintf(":%d", url->port);
    return xasprintf("%s://%s%s%s%s%s", url->scheme, url->host, port, url->path,
                     url->query ? "?" : "", url->query ? url->query : "");
}

/* A proxy that ends TLS often hides it from the registry behind, which then answers with http
 * URLs of its own: the same host and port, http's usual port standing for https's. */
static char *upgraded(const char *text, const struct url *url)
{
    const char *authority = strstr(text, "://") + strlen("://");
    const char *rest = authority + strcspn(authority, "/?#");
    _cleanup_free_ char *port = url->port == 80 ? xstrdup("") : xasprintf(":%d", url->port);
    return xasprintf("https://%s%s%s", url->host, port, rest);
}

static int check_downgrade(const struct url *from, const struct url *to, char **text,
                           struct error *err)
{
    if (!str_eq(from->scheme, "https") || !str_eq(to->scheme, "http"))
        return 0;
    if (!str_eq(from->host, to->host)) {
        _cleanup_free_ char *shown = url_redact(*text);
        return error_set(err, ERR_PROTOCOL,
                         "%s, reached over https, points to the unencrypted %.300s: refused",
                         from->host, shown);
    }
    _cleanup_free_ char *https = upgraded(*text, to);
    str_replace(text, https);
    return 0;
}

/* The absolute URL that `location` means and its parts; nothing is set on failure. */
static int resolve(const struct url *from, const char *location, char **ret_text,
                   struct url *ret_url, struct error *err)
{
    if (strlen(location) > LOCATION_MAX)
        return error_set(err, ERR_PROTOCOL, "%s points to a URL of more than %zu bytes: refused",
                         from->host, LOCATION_MAX);
    _cleanup_free_ char *base = text_of(from);
    _cleanup_free_ char *text = *location ? url_resolve(base, location) : NULL;
    if (!text)
        return error_set(err, ERR_PROTOCOL, "%s points to a malformed URL (Location header)",
                         from->host);
    _cleanup_(url_done) struct url to = {0};
    int rc = url_parse(text, &to, err);
    if (rc == 0)
        rc = check_downgrade(from, &to, &text, err);
    if (rc < 0)
        return rc;
    rc = url_parse(text, ret_url, err);
    if (rc == 0)
        *ret_text = take_ptr(&text);
    return rc;
}

static int check_request(const struct redirect *r, struct error *err)
{
    if (!redirect_is_status(r->status) || str_empty(r->location))
        return error_set(err, ERR_PROTOCOL,
                         "%s answered %s with status %d, but no Location to follow", r->url->host,
                         r->method, r->status);
    /* What was sent would have to be sent again, to somebody else. */
    if (!str_eq(r->method, "GET") && !str_eq(r->method, "HEAD"))
        return error_set(err, ERR_PROTOCOL,
                         "%s redirects a %s request (status %d): only GET and HEAD are followed",
                         r->url->host, r->method, r->status);
    if (r->hops >= REDIRECT_HOPS_MAX)
        return error_set(err, ERR_PROTOCOL, "%s redirects again after %d redirects: given up",
                         r->url->host, r->hops);
    return 0;
}

int redirect_next(const struct redirect *redirect, char **ret_url, bool *ret_keep_credentials,
                  struct error *err)
{
    int rc = check_request(redirect, err);
    if (rc < 0)
        return rc;
    _cleanup_free_ char *text = NULL;
    _cleanup_(url_done) struct url to = {0};
    rc = resolve(redirect->url, redirect->location, &text, &to, err);
    if (rc < 0)
        return rc;
    if (redirect->peer_is_public && (host_is_private_ip(to.host) || host_is_loopback(to.host)))
        return error_set(err, ERR_PROTOCOL,
                         "%s, a public server, redirects to the private address %s: refused",
                         redirect->url->host, to.host);
    *ret_keep_credentials = url_same_origin(redirect->url, &to);
    *ret_url = take_ptr(&text);
    return 0;
}

int location_next(const char *request_url, const char *location, char **ret_url,
                  bool *ret_same_origin, struct error *err)
{
    _cleanup_(url_done) struct url from = {0};
    _cleanup_(url_done) struct url to = {0};
    int rc = url_parse(request_url, &from, err);
    if (rc < 0)
        return rc;
    rc = resolve(&from, location, ret_url, &to, err);
    if (rc == 0)
        *ret_same_origin = url_same_origin(&from, &to);
    return rc;
}
