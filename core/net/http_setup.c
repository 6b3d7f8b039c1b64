/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a request to libcurl options. What is never set matters as much: no redirects, no cookies,
 * no netrc, no decompression, no credentials of libcurl's own.
 */
#include "net/address.h"
#include "net/http_private.h"
#include "net/proxy.h"
#include "net/url.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECT_MS_DEFAULT 15000
#define BUFFER_BYTES 65536L

static const char *env_get(const char *name)
{
    return getenv(name);
}

/* A URL that a public server chose must not lead into a private network. */
static int refuse_private(struct http_exchange *x)
{
    return error_set(&x->stop, ERR_PROTOCOL,
                     "refused: a public server pointed to a private address");
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct http_exchange *x = arg;
    (void)purpose;
    bool is_private = x->proxy ? x->host_is_private : address_is_private(&address->addr);
    if (x->public_only && is_private) {
        x->stopped = refuse_private(x);
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* A kept connection opens no socket: before a request goes out, its address is looked at again. */
static int before_request(void *arg, char *peer, char *own, int peer_port, int own_port)
{
    struct http_exchange *x = arg;
    (void)own;
    (void)peer_port;
    (void)own_port;
    bool is_private = x->proxy ? x->host_is_private : host_is_private_ip(peer);
    if (!x->public_only || !is_private) {
        x->stopped = 0; /* one address of several was refused, another one serves */
        return CURL_PREREQFUNC_OK;
    }
    x->stopped = refuse_private(x);
    return CURL_PREREQFUNC_ABORT;
}

static void setup_connection(struct http_exchange *x, const struct http_settings *s)
{
    CURL *easy = x->easy;
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)(s->connect_ms > 0 ? s->connect_ms : CONNECT_MS_DEFAULT));
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, x);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, x);
    curl_easy_setopt(easy, CURLOPT_RESOLVE, s->resolve);
    curl_easy_setopt(easy, CURLOPT_PROXY, x->proxy ? x->proxy : "");
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    curl_easy_setopt(easy, CURLOPT_USERAGENT, s->user_agent);
}

/* The certificates to trust when the user named none. libcurl, unlike the curl tool, does not look
 * at SSL_CERT_FILE. A machine without any trusts nobody, but can still speak plain HTTP on
 * loopback, which a file that can't be read would prevent. */
static const char *default_ca_file(void)
{
    const char *file = getenv("SSL_CERT_FILE");
    if (str_empty(file))
        file = curl_version_info(CURLVERSION_NOW)->cainfo;
    return file && access(file, R_OK) == 0 ? file : NULL;
}

static void setup_tls(CURL *easy, const struct http_settings *s)
{
    bool only_file = s->ca_file && !s->ca_is_added;
    const char *dir = only_file ? NULL : getenv("SSL_CERT_DIR");
    curl_easy_setopt(easy, CURLOPT_CAINFO, s->ca_file ? s->ca_file : default_ca_file());
    if (!str_empty(dir) || only_file)
        curl_easy_setopt(easy, CURLOPT_CAPATH, dir);
    curl_easy_setopt(easy, CURLOPT_SSLCERT, s->client_cert);
    curl_easy_setopt(easy, CURLOPT_SSLKEY, s->client_key);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, s->insecure ? 0L : 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, s->insecure ? 0L : 2L);
}

/* On HTTP/2 libcurl must go on reading a paused stream, into memory: bodies use HTTP/1.1. */
static void setup_version(CURL *easy, const struct http_request *r)
{
    bool body = r->upload || r->download;
    bool v1 = body || r->settings->version == HTTP_VERSION_1_1;
    bool is_plain = strncmp(r->url, "http://", 7) == 0;
    long v2 = r->settings->version == HTTP_VERSION_2 && is_plain
                  ? CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE
                  : CURL_HTTP_VERSION_2TLS;
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, v1 ? (long)CURL_HTTP_VERSION_1_1 : v2);
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, v1 ? 0L : 1L);
    if (body)
        curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, BUFFER_BYTES);
}

static bool has_header(const struct curl_slist *headers, const char *name)
{
    for (; headers; headers = headers->next) {
        if (strncasecmp(headers->data, name, strlen(name)) == 0)
            return true;
    }
    return false;
}

static void setup_small_body(struct http_exchange *x, const struct http_request *r)
{
    bool wants_body = r->body || str_eq(r->method, "POST") || str_eq(r->method, "PUT") ||
                      str_eq(r->method, "PATCH");
    if (!wants_body)
        return;
    x->body = xmemdup(r->body ? r->body : "", r->body_len);
    x->body_len = r->body_len;
    curl_easy_setopt(x->easy, CURLOPT_POSTFIELDS, x->body);
    curl_easy_setopt(x->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_len);
    if (!has_header(x->headers, "Content-Type:"))
        x->headers = curl_slist_append(x->headers, "Content-Type:");
}

static void setup_method(struct http_exchange *x, const struct http_request *r)
{
    CURL *easy = x->easy;
    if (str_eq(r->method, "HEAD")) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        return;
    }
    if (r->upload) {
        curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, BUFFER_BYTES);
        curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)r->upload->len);
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, http_on_read);
        curl_easy_setopt(easy, CURLOPT_READDATA, x);
        curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, http_on_seek);
        curl_easy_setopt(easy, CURLOPT_SEEKDATA, x);
    } else {
        setup_small_body(x, r);
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, r->method);
    /* Waiting for "100 Continue" costs a second where a server ignores it. */
    x->headers = curl_slist_append(x->headers, "Expect:");
}

static void choose_proxy(struct http_exchange *x)
{
    struct url url;
    const struct proxy_env env = {.get = env_get};
    if (url_parse(x->url, &url, NULL) < 0)
        return;
    x->proxy = xstrdup(proxy_choose(&env, &url));
    x->host_is_private = host_is_private_ip(url.host) || host_is_loopback(url.host);
    url_done(&url);
}

void http_setup(struct http_exchange *x, const struct http_request *r)
{
    CURL *easy = x->easy;
    choose_proxy(x);
    setup_connection(x, r->settings);
    setup_tls(easy, r->settings);
    setup_version(easy, r);
    setup_method(x, r);
    curl_easy_setopt(easy, CURLOPT_URL, x->url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, x->headers);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, x);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, x->detail);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, http_on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, x);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, http_on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, x);
}
