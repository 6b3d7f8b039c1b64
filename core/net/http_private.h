/* SPDX-License-Identifier: Apache-2.0 */
/* One exchange from the inside: http.c runs it, http_setup.c turns it into libcurl options. */
#pragma once

#include "base/vec.h"
#include "net/http.h"

struct http_exchange {
    struct loop *loop;
    struct task *waiter;
    CURL *easy;
    struct curl_slist *headers;
    const struct http_settings *settings;
    char *url;
    char *body;
    size_t body_len;
    char *proxy;          /* NULL: direct */
    bool host_is_private; /* by the URL alone: all there is to see through a proxy */
    struct http_upload upload;
    struct http_download download;
    bool has_upload, has_download, wake_on_headers, public_only;

    /* the answer */
    int status;
    bool headers_complete, done;
    VEC(struct http_header) answer;
    size_t answer_bytes;
    struct buf text;
    bool text_cut;     /* stopped on purpose: the status says enough */
    int stopped;       /* a class: why a callback ended the transfer */
    struct error stop; /* its sentence */
    CURLcode code;
    char detail[CURL_ERROR_SIZE];
    int64_t bytes_out;
    bool peer_private, sent;

    struct deferred resume;

    /* the watch over progress: bytes either way since the last look, time without enough */
    struct timer watch;
    int64_t moved, slow_ms;
    bool paused, was_paused;
};

void http_watch_start(struct http_exchange *x);

/* Sets every option; the callbacks are those of http.c. */
void http_setup(struct http_exchange *x, const struct http_request *request);

/* Ends it from outside of libcurl. */
void http_abort(struct http_exchange *x, CURLcode code);

size_t http_on_header(char *data, size_t size, size_t count, void *arg);
size_t http_on_body(char *data, size_t size, size_t count, void *arg);
size_t http_on_read(char *to, size_t size, size_t count, void *arg);
int http_on_seek(void *arg, curl_off_t offset, int origin);
/* Fills the failure for a libcurl code. */
int http_explain(const struct http_exchange *x, struct error *err);
