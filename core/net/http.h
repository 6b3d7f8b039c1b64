/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTP exchange: one request on the wire, one answer. No redirects, no retries, no
 * credentials: callers decide on those. Callbacks only move bytes and set flags; the waiting task
 * is woken when the exchange has ended (or when the answer's headers have come, if asked).
 */
#pragma once

#include "base/str.h"
#include "net/task.h"

#define HTTP_HEADERS_MAX ((size_t)64 * 1024)
#define HTTP_ERROR_BODY_MAX ((size_t)64 * 1024)

struct http_header {
    char *name; /* lower case in answers */
    char *value;
};

/* The version of small requests; bodies of blobs always use HTTP/1.1. Auto is 2 where TLS
 * negotiates it; 2 uses it without TLS, too. */
enum http_version { HTTP_VERSION_AUTO, HTTP_VERSION_1_1, HTTP_VERSION_2 };

/* How to reach a peer: strings owned by whoever owns the settings, which outlive the exchange. */
struct http_settings {
    const char *ca_file;     /* NULL: the system's, SSL_CERT_FILE and SSL_CERT_DIR honoured */
    bool ca_is_added;        /* ca_file besides the system's, instead of in their place */
    const char *client_cert; /* NULL: none */
    const char *client_key;
    bool insecure; /* no TLS verification */
    enum http_version version;
    int64_t connect_ms;         /* 0: 15 s */
    int64_t stall_ms;           /* under 1 KiB/s for so long: given up. 0: 60 s */
    struct curl_slist *resolve; /* HOST:PORT:ADDR, as curl; may be NULL */
    const char *user_agent;
};

/* Bytes to send. Returns how many were put into `to`, 0 at the end, or HTTP_PAUSE. */
#define HTTP_PAUSE SIZE_MAX
struct http_upload {
    size_t (*read)(void *arg, char *to, size_t size);
    bool (*rewind)(void *arg); /* back to byte 0, if that can be */
    void *arg;
    int64_t len;
};

/* Bytes received with status 200 or 206. Returns 0 when taken whole, HTTP_DOWNLOAD_PAUSE when
 * nothing was taken (the same bytes come again), or a negative class to stop the transfer. */
struct http_download {
    ssize_t (*write)(void *arg, const char *data, size_t len);
    void *arg;
};
#define HTTP_DOWNLOAD_PAUSE ((ssize_t)1)

struct http_request {
    const char *method; /* "GET", "HEAD", "POST", "PATCH", "PUT", "DELETE" */
    const char *url;
    const struct http_settings *settings;
    struct curl_slist *headers; /* given to the exchange, which frees it; "Name: value" */
    const char *body;           /* copied; NULL: none (an empty one for POST, PATCH, PUT) */
    size_t body_len;
    size_t answer_max;                    /* cap of a text answer; 0: HTTP_ERROR_BODY_MAX */
    const struct http_upload *upload;     /* instead of `body`; copied */
    const struct http_download *download; /* where 200 and 206 bodies go; copied; NULL: text */
    bool public_only; /* the URL came from a public server: refuse private addresses */
    bool wake_on_headers;
};

struct http_exchange;

/* Starts at once; never fails (errors come at the end). `waiter` may be NULL. */
struct http_exchange *http_start(struct loop *loop, struct task *waiter,
                                 const struct http_request *request);
/* Cancels when still running. NULL is fine. */
void http_free(struct http_exchange *x);

bool http_is_done(const struct http_exchange *x);
bool http_has_headers(const struct http_exchange *x); /* final status and headers are there */
int http_status(const struct http_exchange *x);       /* 0: no answer */
/* 0, or why no whole answer came (ERR_TRANSIENT, ERR_PROTOCOL, ...); the sentence goes to *err. */
int http_failure(const struct http_exchange *x, struct error *err);
/* The value of the nth header of that (lower-case) name, NULL when there is none. */
const char *http_header(const struct http_exchange *x, const char *name, size_t nth);
const struct http_header *http_headers(const struct http_exchange *x, size_t *ret_len);
/* The text answer, "" when none. */
const char *http_text(const struct http_exchange *x, size_t *ret_len);
bool http_peer_is_private(const struct http_exchange *x); /* of the connected address */
/* Was the request sent whole, or in part, before it failed? */
bool http_was_sent(const struct http_exchange *x);
/* The peer's first bytes were not TLS (a plain HTTP server on an https URL). */
bool http_peer_lacks_tls(const struct http_exchange *x);
/* Bytes of the body that went out, or came in, so far. */
int64_t http_bytes_out(const struct http_exchange *x);

/* Lets a paused direction go on, at the end of this turn. */
void http_resume(struct http_exchange *x);

int http_global_init(struct error *err);
void http_global_done(void);
