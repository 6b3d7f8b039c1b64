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
    {CURLE_SEND_FAIL_REWIND, ERR_TRANSIENT, "the connection was closed before the request was read"},
    {CURLE_SSL_CONNECT_ERROR, ERR_TRANSIENT, "no TLS connection"},
    {CURLE_HTTP2, ERR_TRANSIENT, "HTTP/2 error"},
    {CURLE_HTTP2_STREAM, ERR_TRANSIENT, "HTTP/2 stream error"},
    {CURLE_PROXY, ERR_TRANSIENT, "the proxy failed"},
    {CURLE_PEER_FAILED_VERIFICATION, ERR_PROTOCOL,
     "its TLS certificate is not trusted; give the issuer's certificate as a CA file, or say that "
     "this registry is insecure"},
    {CURLE_SSL_CACERT_BADFILE, ERR_CONFIG, "the CA file can't be read"},
    {CURLE_SSL_CERTPROBLEM, ERR_CONFIG, "the client certificate or its key can't be used"},
    {CURLE_URL_MALFORMAT, ERR_PROTOCOL, "the URL is malformed"},
    {CURLE_UNSUPPORTED_PROTOCOL, ERR_PROTOCOL, "only http and https are spoken"},
    {CURLE_WEIRD_SERVER_REPLY, ERR_PROTOCOL, "the answer is not HTTP"},
};

static int explain_timeout(const struct http_exchange *x, const char *url, struct error *err)
{
    if (!x->sent)
        return error_set(err, ERR_TRANSIENT, "%s: no connection within the time limit", url);
    return error_set(err, ERR_TRANSIENT, "%s: stalled (under 1 KiB/s for too long)", url);
}

int http_explain(const struct http_exchange *x, struct error *err)
{
    _cleanup_free_ char *url = url_redact(x->url);
    if (x->code == CURLE_OPERATION_TIMEDOUT)
        return explain_timeout(x, url, err);
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
    static const char *const words[] = {"wrong version number", "packet length too long",
                                        "unknown protocol", "unexpected eof",
                                        "SSL_ERROR_SYSCALL", "record layer failure"};
    if (x->code != CURLE_SSL_CONNECT_ERROR)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcasestr(x->detail, words[i]))
            return true;
    }
    return false;
}
