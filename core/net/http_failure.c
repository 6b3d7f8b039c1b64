/* SPDX-License-Identifier: Apache-2.0 */
/* What a libcurl code means: a class, a sentence, and what to do. */
#include "net/http_private.h"
#include "net/url.h"

#include <string.h>

static const struct {
    CURLcode code;
    enum error_class class;
    const char *text;
} meanings[] = {
    {CURLE_COULDNT_RESOLVE_HOST, ERR_TRANSIENT, "the host name does not resolve"},
    {CURLE_COULDNT_RESOLVE_PROXY, ERR_TRANSIENT, "the proxy's name does not resolve"},
    {CURLE_COULDNT_CONNECT, ERR_TRANSIENT, "can't connect"},
    {CURLE_GOT_NOTHING, ERR_TRANSIENT, "the connection was closed without an answer"},
    {CURLE_SEND_ERROR, ERR_TRANSIENT, "the connection broke while sending"},
    {CURLE_RECV_ERROR, ERR_TRANSIENT, "the connection broke while receiving"},
    {CURLE_PARTIAL_FILE, ERR_TRANSIENT, "the answer broke off"},
    {CURLE_SEND_FAIL_REWIND, ERR_TRANSIENT,
     "the connection was closed before the request was read"},
    {CURLE_SSL_CONNECT_ERROR, ERR_TRANSIENT, "no TLS connection"},
    {CURLE_HTTP2, ERR_TRANSIENT, "HTTP/2 error"},
    {CURLE_HTTP2_STREAM, ERR_TRANSIENT, "HTTP/2 stream error"},
    {CURLE_PROXY, ERR_TRANSIENT, "the proxy failed"},
    {CURLE_PEER_FAILED_VERIFICATION, ERR_PROTOCOL,
     "its TLS certificate is not trusted; give the issuer's certificate as a CA file, or say that "
     "this registry is insecure"},
    {CURLE_URL_MALFORMAT, ERR_PROTOCOL, "the URL is malformed"},
    {CURLE_UNSUPPORTED_PROTOCOL, ERR_PROTOCOL, "the answer is not HTTP, or the URL not http(s)"},
    {CURLE_WEIRD_SERVER_REPLY, ERR_PROTOCOL, "the answer is not HTTP"},
};

static int explain_timeout(const struct http_exchange *x, const char *url, struct error *err)
{
    if (!x->sent)
        return error_set(err, ERR_TRANSIENT, "%s: no connection within the time limit", url);
    error_set(err, ERR_TRANSIENT, "%s: stalled (under 1 KiB/s for too long)", url);
    if (err)
        err->stalled = true;
    return ERR_TRANSIENT;
}

/* The user's own files. */
static int explain_file(const struct http_exchange *x, const char *url, struct error *err)
{
    const struct http_settings *s = x->settings;
    if (x->code == CURLE_SSL_CACERT_BADFILE)
        return error_set(err, ERR_CONFIG, "%s: the CA file %s can't be read", url,
                         s->ca_file ? s->ca_file : "named by SSL_CERT_FILE");
    return error_set(err, ERR_CONFIG, "%s: the client certificate %s or its key %s can't be used",
                     url, s->client_cert ? s->client_cert : "(none given)",
                     s->client_key ? s->client_key : "(none given)");
}

/* With TLS 1.3 a server refuses a client without certificate after the handshake; whether its
 * alert or the closed connection is seen first is chance. */
static bool may_want_certificate(const struct http_exchange *x)
{
    bool broke = x->code == CURLE_SEND_ERROR || x->code == CURLE_RECV_ERROR;
    return broke && !x->status && !x->settings->client_cert && str_has_prefix(x->url, "https:");
}

int http_explain(const struct http_exchange *x, struct error *err)
{
    _cleanup_free_ char *url = url_redact(x->url);
    if (x->code == CURLE_OPERATION_TIMEDOUT)
        return explain_timeout(x, url, err);
    if (x->code == CURLE_SSL_CACERT_BADFILE || x->code == CURLE_SSL_CERTPROBLEM)
        return explain_file(x, url, err);
    if (strcasestr(x->detail, "certificate required"))
        return error_set(err, ERR_AUTH, "%s: the server wants a client certificate", url);
    if (may_want_certificate(x))
        return error_set(err, ERR_TRANSIENT,
                         "%s: the connection broke before an answer came (a server that wants a "
                         "client certificate may do that)",
                         url);
    for (size_t i = 0; i < ARRAY_LEN(meanings); i++) {
        if (meanings[i].code == x->code)
            return error_set(err, meanings[i].class, "%s: %s", url, meanings[i].text);
    }
    return error_set(err, ERR_TRANSIENT, "%s: %s", url, curl_easy_strerror(x->code));
}

/* OpenSSL has no code of its own that reaches us for "this is not TLS": its words are all there
 * is. A peer that hangs up on a ClientHello speaks no TLS either. */
bool http_peer_lacks_tls(const struct http_exchange *x)
{
    static const char *const words[] = {
        "wrong version number", "packet length too long", "unknown protocol",    "unexpected eof",
        "SSL_ERROR_SYSCALL",    "Connection reset",       "record layer failure"};
    if (x->code != CURLE_SSL_CONNECT_ERROR)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcasestr(x->detail, words[i]))
            return true;
    }
    return false;
}
