/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running one exchange. A failure inside a callback is stored and told at the end; pausing and
 * resuming happens from the loop only (a resume inside the other side's callback would nest them).
 */
#include "net/http.h"

#include "base/log.h"
#include "net/address.h"
#include "net/http_private.h"
#include "net/url.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- callbacks ---- */

static void forget_answer(struct http_exchange *x)
{
    for (size_t i = 0; i < x->answer.len; i++) {
        free(x->answer.items[i].name);
        free(x->answer.items[i].value);
    }
    x->answer.len = 0;
    x->status = 0;
}

static void keep_header(struct http_exchange *x, const char *line, size_t len)
{
    const char *colon = memchr(line, ':', len);
    if (!colon)
        return;
    _cleanup_free_ char *value = xstrndup(colon + 1, len - (size_t)(colon + 1 - line));
    char *name = xstrndup(line, (size_t)(colon - line));
    for (char *p = name; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    vec_add(&x->answer, (struct http_header){.name = name, .value = xstrdup(str_trim(value))});
}

/* False when there is nothing more to wait for: with a 416 some registries announce the length of
 * the whole blob and send a few bytes, or none. */
static bool headers_ended(struct http_exchange *x)
{
    if (x->status < 200)
        return true;
    x->headers_complete = true;
    if (x->wake_on_headers)
        task_wake(x->waiter);
    x->text_cut = x->status == 416;
    return !x->text_cut;
}

size_t http_on_header(char *data, size_t size, size_t count, void *arg)
{
    struct http_exchange *x = arg;
    size_t len = size * count;
    x->moved += (int64_t)len;
    if (x->headers_complete)
        return len; /* trailers */
    if (len > 5 && strncmp(data, "HTTP/", 5) == 0) {
        forget_answer(x);
        long status = 0;
        curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
        x->status = (int)status;
    }
    x->answer_bytes += len;
    if (x->answer_bytes > HTTP_HEADERS_MAX) {
        x->stopped =
            error_set(&x->stop, ERR_TOO_LARGE, "more than %zu bytes of headers", HTTP_HEADERS_MAX);
        return 0;
    }
    if (len > 2)
        keep_header(x, data, len);
    else if (!headers_ended(x))
        return 0;
    return len;
}

/* An error's text is kept as far as it goes; an answer that counts must be whole. */
static size_t keep_text(struct http_exchange *x, const char *data, size_t len)
{
    if (buf_add(&x->text, data, len) == 0)
        return len;
    if (x->status < 300) {
        x->stopped =
            error_set(&x->stop, ERR_TOO_LARGE, "the answer is larger than %zu bytes", x->text.max);
        return 0;
    }
    buf_add(&x->text, data, x->text.max - x->text.len);
    x->text_cut = true;
    return 0;
}

size_t http_on_body(char *data, size_t size, size_t count, void *arg)
{
    struct http_exchange *x = arg;
    size_t len = size * count;
    x->moved += (int64_t)len;
    if (!x->has_download || (x->status != 200 && x->status != 206))
        return keep_text(x, data, len);
    ssize_t result = x->download.write(x->download.arg, data, len);
    if (result == HTTP_DOWNLOAD_PAUSE) {
        x->paused = x->was_paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    if (result < 0) {
        x->stopped = error_set(&x->stop, (enum error_class)result, "the answer was not wanted");
        return 0;
    }
    return len;
}

size_t http_on_read(char *to, size_t size, size_t count, void *arg)
{
    struct http_exchange *x = arg;
    size_t len = x->upload.read(x->upload.arg, to, size * count);
    if (len == HTTP_PAUSE) {
        x->paused = x->was_paused = true;
        return CURL_READFUNC_PAUSE;
    }
    x->bytes_out += (int64_t)len;
    x->moved += (int64_t)len;
    return len;
}

/* libcurl rewinds when a reused connection died before the server read anything. */
int http_on_seek(void *arg, curl_off_t offset, int origin)
{
    struct http_exchange *x = arg;
    if (offset != 0 || origin != SEEK_SET || !x->upload.rewind || !x->upload.rewind(x->upload.arg))
        return CURL_SEEKFUNC_FAIL;
    x->bytes_out = 0;
    return CURL_SEEKFUNC_OK;
}

/* ---- life ---- */

static bool text_is_private_address(const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return address_is_private((const struct sockaddr *)&v4);
    if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
        return address_is_private((const struct sockaddr *)&v6);
    return false;
}

void http_abort(struct http_exchange *x, CURLcode code)
{
    CURL *easy = x->easy;
    long sent = 0;
    const char *address = NULL;
    curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &sent);
    curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &address);
    /* For libcurl an answer may end inside its headers. */
    x->code = code == CURLE_OK && !x->headers_complete ? CURLE_PARTIAL_FILE : code;
    x->sent = sent > 0;
    x->peer_private = x->proxy ? x->host_is_private : address && text_is_private_address(address);
    x->done = true;
    curl_multi_remove_handle(loop_multi(x->loop), easy);
    deferred_cancel(x->loop, &x->resume);
    timer_cancel(x->loop, &x->watch);
    if (log_level() >= LOG_DEBUG) {
        _cleanup_free_ char *url = url_redact(x->url);
        log_debug("http %d %s%s%s", x->status, url, code ? ": " : "",
                  code ? curl_easy_strerror(code) : "");
    }
    task_wake(x->waiter);
}

static void transfer_done(CURL *easy, CURLcode code)
{
    struct http_exchange *x = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&x);
    http_abort(x, code);
}

static void resume_now(struct deferred *deferred)
{
    struct http_exchange *x = container_of(deferred, struct http_exchange, resume);
    x->paused = false;
    curl_easy_pause(x->easy, CURLPAUSE_CONT);
}

struct http_exchange *http_start(struct loop *loop, struct task *waiter,
                                 const struct http_request *r)
{
    struct http_exchange *x = xcalloc(1, sizeof(*x));
    x->loop = loop;
    x->waiter = waiter;
    x->headers = r->headers;
    x->settings = r->settings;
    x->url = xstrdup(r->url);
    x->text = BUF_INIT(r->answer_max ? r->answer_max : HTTP_ERROR_BODY_MAX);
    x->public_only = r->public_only;
    x->wake_on_headers = r->wake_on_headers;
    x->resume.run = resume_now;
    x->stop = ERROR_INIT;
    if ((x->has_upload = r->upload))
        x->upload = *r->upload;
    if ((x->has_download = r->download))
        x->download = *r->download;
    x->easy = curl_easy_init();
    if (!x->easy)
        abort(); /* out of memory, as everywhere */
    http_setup(x, r);
    loop_set_transfer_done(loop, transfer_done);
    curl_multi_add_handle(loop_multi(loop), x->easy);
    http_watch_start(x);
    return x;
}

/* Requests carry credentials, and token answers are some. */
static void wipe_headers(struct curl_slist *headers)
{
    for (; headers; headers = headers->next)
        explicit_bzero(headers->data, strlen(headers->data));
}

void http_free(struct http_exchange *x)
{
    if (!x)
        return;
    deferred_cancel(x->loop, &x->resume);
    timer_cancel(x->loop, &x->watch);
    if (!x->done)
        curl_multi_remove_handle(loop_multi(x->loop), x->easy);
    curl_easy_cleanup(x->easy);
    wipe_headers(x->headers);
    curl_slist_free_all(x->headers);
    forget_answer(x);
    vec_done(&x->answer);
    if (x->text.data)
        explicit_bzero(x->text.data, x->text.len);
    buf_done(&x->text);
    free(x->url);
    if (x->body)
        explicit_bzero(x->body, x->body_len);
    free(x->body);
    free(x->proxy);
    free(x);
}

void http_resume(struct http_exchange *x)
{
    if (!x->done)
        deferred_queue(x->loop, &x->resume);
}

/* ---- the answer ---- */

bool http_is_done(const struct http_exchange *x)
{
    return x->done;
}

bool http_has_headers(const struct http_exchange *x)
{
    return x->headers_complete;
}

int http_status(const struct http_exchange *x)
{
    return x->status;
}

const struct http_header *http_headers(const struct http_exchange *x, size_t *ret_len)
{
    *ret_len = x->answer.len;
    return x->answer.items;
}

const char *http_header(const struct http_exchange *x, const char *name, size_t nth)
{
    for (size_t i = 0; i < x->answer.len; i++) {
        if (str_eq(x->answer.items[i].name, name) && nth-- == 0)
            return x->answer.items[i].value;
    }
    return NULL;
}

const char *http_text(const struct http_exchange *x, size_t *ret_len)
{
    if (ret_len)
        *ret_len = x->text.len;
    return buf_str(&x->text);
}

bool http_peer_is_private(const struct http_exchange *x)
{
    return x->peer_private;
}

bool http_was_sent(const struct http_exchange *x)
{
    return x->sent;
}

int64_t http_bytes_out(const struct http_exchange *x)
{
    return x->bytes_out;
}

int http_failure(const struct http_exchange *x, struct error *err)
{
    if (x->stopped) {
        if (err)
            *err = x->stop;
        return x->stopped;
    }
    if (x->code == CURLE_OK || (x->text_cut && x->code == CURLE_WRITE_ERROR))
        return 0;
    return http_explain(x, err);
}

/* ---- global ---- */

int http_global_init(struct error *err)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return error_set(err, ERR_INTERNAL, "libcurl can't start");
    return 0;
}

void http_global_done(void)
{
    curl_global_cleanup();
}
