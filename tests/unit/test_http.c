/* SPDX-License-Identifier: Apache-2.0 */
/* Exchanges with a server that plays scripts: what goes over the wire and what is made of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http_fixture.h"

#include "net/http.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define OK_EMPTY "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define SCRIPT(...)                                                                                \
    ((const struct play[]){{PLAY_ACCEPT, NULL, 0}, __VA_ARGS__, {PLAY_END, NULL, 0}})
#define ACCEPT                                                                                     \
    {                                                                                              \
        PLAY_ACCEPT, NULL, 0                                                                       \
    }
#define HEAD                                                                                       \
    {                                                                                              \
        PLAY_HEAD, NULL, 0                                                                         \
    }
#define BODY(len)                                                                                  \
    {                                                                                              \
        PLAY_BODY, NULL, len                                                                       \
    }
#define SEND(text)                                                                                 \
    {                                                                                              \
        PLAY_SEND, text, 0                                                                         \
    }
#define FILL(len)                                                                                  \
    {                                                                                              \
        PLAY_FILL, NULL, len                                                                       \
    }
#define CLOSE                                                                                      \
    {                                                                                              \
        PLAY_CLOSE, NULL, 0                                                                        \
    }
#define GATE                                                                                       \
    {                                                                                              \
        PLAY_GATE, NULL, 0                                                                         \
    }
#define UNTIL_GONE                                                                                 \
    {                                                                                              \
        PLAY_UNTIL_GONE, NULL, 0                                                                   \
    }

static struct loop *loop;
static struct server *server;
static struct http_exchange *x;
static struct http_settings settings;
static struct error err;
static struct timer guard;

static const char *const proxy_variables[] = {"http_proxy", "https_proxy", "all_proxy", "no_proxy",
                                              "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"};

static int setup(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(proxy_variables); i++)
        unsetenv(proxy_variables[i]);
    loop = loop_new(NULL);
    settings = (struct http_settings){.user_agent = "tester/1"};
    err = ERROR_INIT;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    http_free(x);
    x = NULL;
    loop_free(loop);
    server_free(server);
    server = NULL;
    curl_slist_free_all(settings.resolve);
    return 0;
}

static void guard_fired(struct timer *timer)
{
    (void)timer;
    fail_msg("nothing happens any more");
}

static void run_until(bool (*finished)(void *arg), void *arg)
{
    guard.fire = guard_fired;
    timer_set(loop, &guard, 30000);
    loop_run(loop, finished, arg);
    timer_cancel(loop, &guard);
}

static bool is_done(void *arg)
{
    return http_is_done(*(struct http_exchange **)arg);
}

/* Below the server, or anywhere with a whole URL. */
static void start(struct http_request request, const char *path)
{
    bool absolute = path[0] != '/';
    _cleanup_free_ char *url = xasprintf("%s%s", absolute ? "" : server_url(server), path);
    http_free(x);
    if (!request.method)
        request.method = "GET";
    request.url = url;
    request.settings = &settings;
    x = http_start(loop, NULL, &request);
}

static void finish(void)
{
    run_until(is_done, &x);
}

#define RUN(...)                                                                                   \
    do {                                                                                           \
        start((struct http_request){__VA_ARGS__}, "/p");                                           \
        finish();                                                                                  \
    } while (0)

static void serve(const struct play *script)
{
    server_free(server);
    server = server_start(script);
    assert_non_null(server);
}

static const char *received(void)
{
    server_stop(server);
    return server_received(server, NULL);
}

/* ---- answers ---- */

static void test_status_headers_text(void **state)
{
    (void)state;
    size_t n;
    serve(SCRIPT(HEAD, SEND("HTTP/1.1 100 Continue\r\nX-One: no\r\n\r\n"
                            "HTTP/1.1 103 Early Hints\r\nLink: no\r\n\r\n"
                            "HTTP/1.1 200 Fine\r\nX-One: a\r\nx-ONE:  \t b c \r\nEmpty:\r\n"
                            "X-Colon: a:b\r\nContent-Length: 5\r\n\r\nhello")));
    RUN(.method = "GET");
    assert_int_equal(http_failure(x, &err), 0);
    assert_int_equal(http_status(x), 200);
    assert_string_equal(http_header(x, "x-one", 0), "a");
    assert_string_equal(http_header(x, "x-one", 1), "b c");
    assert_null(http_header(x, "x-one", 2));
    assert_null(http_header(x, "X-One", 0));
    assert_null(http_header(x, "link", 0));
    assert_string_equal(http_header(x, "empty", 0), "");
    assert_string_equal(http_header(x, "x-colon", 0), "a:b");
    assert_string_equal(http_headers(x, &n)[4].name, "content-length");
    assert_int_equal(n, 5);
    assert_string_equal(http_text(x, &n), "hello");
    assert_int_equal(n, 5);
    assert_true(http_has_headers(x));
    assert_true(http_was_sent(x));
    assert_true(http_peer_is_private(x));
    assert_false(http_peer_lacks_tls(x));
}

static void test_chunked_text_and_trailers(void **state)
{
    (void)state;
    serve(SCRIPT(HEAD, SEND("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Late\r\n"
                            "\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Late: yes\r\n\r\n")));
    RUN(.method = "GET");
    assert_int_equal(http_failure(x, &err), 0);
    assert_string_equal(http_text(x, NULL), "abcde");
    assert_null(http_header(x, "x-late", 0));
}

static void test_redirects_are_not_followed(void **state)
{
    (void)state;
    serve(SCRIPT(HEAD, SEND("HTTP/1.1 307 There\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n"),
                 HEAD));
    RUN(.method = "GET");
    assert_int_equal(http_failure(x, &err), 0);
    assert_int_equal(http_status(x), 307);
    assert_string_equal(http_header(x, "location", 0), "/other");
    assert_null(strstr(received(), "/other"));
}

/* The header block of `size` bytes, in lines of 100. */
static char *many_headers(size_t size)
{
    struct buf all = BUF_INIT(size + 1000);
    buf_add_str(&all, "HTTP/1.1 200 OK\r\n");
    while (all.len + 200 < size)
        buf_printf(&all, "X-Filler: %088d\r\n", 7);
    buf_printf(&all, "X-Last: %0*d\r\n", (int)(size - all.len - 12), 7);
    buf_add_str(&all, "\r\n");
    return buf_take(&all);
}

static void test_headers_are_bounded(void **state)
{
    (void)state;
    static const struct {
        size_t size;
        int result;
    } cases[] = {{HTTP_HEADERS_MAX, 0}, {HTTP_HEADERS_MAX + 1, ERR_TOO_LARGE}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        _cleanup_free_ char *block = many_headers(cases[i].size);
        assert_int_equal(strlen(block), cases[i].size);
        serve(SCRIPT(HEAD, SEND(block), CLOSE));
        RUN(.method = "GET");
        assert_int_equal(http_failure(x, &err), cases[i].result);
        server_stop(server);
    }
    assert_non_null(strstr(err.text, "headers"));
}

static const struct {
    const char *answer;
    size_t max;
    int result, status;
    const char *text;
} texts[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789", 10, 0, 200, "0123456789"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n0123456789a", 10, ERR_TOO_LARGE, 200, NULL},
    {"HTTP/1.1 201 OK\r\nContent-Length: 11\r\n\r\n0123456789a", 10, ERR_TOO_LARGE, 201, NULL},
    {"HTTP/1.1 404 No\r\nContent-Length: 10\r\n\r\n0123456789", 10, 0, 404, "0123456789"},
    /* cut, usable, and at once although the rest never comes */
    {"HTTP/1.1 404 No\r\nContent-Length: 999999\r\n\r\n0123456789abc", 10, 0, 404, "0123456789"},
    {"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n0123456789a\r\n", 10, 0, 500,
     "0123456789"},
    {"HTTP/1.1 204 OK\r\n\r\n", 10, 0, 204, ""},
    /* a few bytes of a whole blob that is announced */
    {"HTTP/1.1 416 No\r\nContent-Length: 999999\r\n\r\nxy", 0, 0, 416, ""},
};

static void test_texts_are_bounded(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        serve(SCRIPT(HEAD, SEND(texts[i].answer), UNTIL_GONE));
        RUN(.method = "GET", .answer_max = texts[i].max);
        assert_int_equal(http_failure(x, &err), texts[i].result);
        assert_int_equal(http_status(x), texts[i].status);
        if (texts[i].text)
            assert_string_equal(http_text(x, NULL), texts[i].text);
    }
}

static void test_error_text_has_a_cap_of_its_own(void **state)
{
    (void)state;
    size_t len;
    serve(SCRIPT(HEAD, SEND("HTTP/1.1 503 No\r\nContent-Length: 10000000\r\n\r\n"), FILL(100000),
                 UNTIL_GONE));
    RUN(.method = "GET");
    assert_int_equal(http_failure(x, &err), 0);
    http_text(x, &len);
    assert_int_equal(len, HTTP_ERROR_BODY_MAX);
}

/* ---- requests ---- */

static const struct {
    const char *method, *body, *content_type;
    const char *first_line, *has[2], *lacks[3];
} requests[] = {
    {"GET", NULL, NULL, "GET /p HTTP/1.1", {"User-Agent: tester/1"}, {"Content-", "Accept-Enc"}},
    {"HEAD", NULL, NULL, "HEAD /p HTTP/1.1", {"Host: 127.0.0.1:"}, {"Content-"}},
    {"DELETE", NULL, NULL, "DELETE /p HTTP/1.1", {NULL}, {"Content-"}},
    {"POST", NULL, NULL, "POST /p HTTP/1.1", {"Content-Length: 0"}, {"Content-Type", "Transfer"}},
    {"POST", "a=b", NULL, "POST /p HTTP/1.1", {"Content-Length: 3", "a=b"}, {"Content-Type"}},
    {"PUT", NULL, NULL, "PUT /p HTTP/1.1", {"Content-Length: 0"}, {"Content-Type", "Transfer"}},
    {"PATCH", "z", NULL, "PATCH /p HTTP/1.1", {"Content-Length: 1"}, {"Transfer"}},
    {"PUT", "{}", "a/b+json", "PUT /p HTTP/1.1", {"Content-Type: a/b+json"}, {"x-www-form"}},
};

static void test_what_goes_over_the_wire(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        struct curl_slist *headers = NULL;
        size_t len = requests[i].body ? strlen(requests[i].body) : 0;
        _cleanup_free_ char *type =
            xasprintf("Content-Type: %s", requests[i].content_type ? requests[i].content_type : "");
        if (requests[i].content_type)
            headers = curl_slist_append(headers, type);
        serve(SCRIPT(HEAD, BODY(len), SEND(OK_EMPTY), UNTIL_GONE));
        RUN(.method = requests[i].method, .body = requests[i].body, .body_len = len,
            .headers = headers);
        assert_int_equal(http_failure(x, &err), 0);
        assert_int_equal(http_status(x), 200);
        const char *head = received();
        assert_memory_equal(head, requests[i].first_line, strlen(requests[i].first_line));
        assert_null(strstr(head, "Expect"));
        for (size_t k = 0; k < ARRAY_LEN(requests[i].has) && requests[i].has[k]; k++)
            assert_non_null(strstr(head, requests[i].has[k]));
        for (size_t k = 0; k < ARRAY_LEN(requests[i].lacks) && requests[i].lacks[k]; k++)
            assert_null(strstr(head, requests[i].lacks[k]));
    }
}

/* A HEAD that announces a length waits for no body; the path goes out as it was written. */
static void test_head_and_paths(void **state)
{
    (void)state;
    serve(SCRIPT(HEAD, SEND("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"), UNTIL_GONE));
    start((struct http_request){.method = "HEAD"}, "/a/../b%2Fc?d=%7E&e");
    finish();
    assert_int_equal(http_failure(x, &err), 0);
    assert_string_equal(http_header(x, "content-length", 0), "999");
    assert_non_null(strstr(received(), "HEAD /a/../b%2Fc?d=%7E&e HTTP/1.1\r\n"));
}

/* ---- downloads ---- */

struct receiver {
    struct timer timer; /* to go on */
    struct buf got;
    int64_t pause_ms; /* before every piece; negative: never */
    bool rested;
    int result; /* once `got` has something */
    int pauses;
};

static void go_on(struct timer *timer)
{
    container_of(timer, struct receiver, timer)->rested = true;
    http_resume(x);
}

static ssize_t receive(void *arg, const char *data, size_t len)
{
    struct receiver *r = arg;
    if (r->result)
        return r->result;
    if (r->pause_ms >= 0 && !r->rested) {
        r->pauses++;
        r->timer.fire = go_on;
        timer_set(loop, &r->timer, r->pause_ms);
        return HTTP_DOWNLOAD_PAUSE;
    }
    r->rested = false;
    return buf_add(&r->got, data, len);
}

#define RECEIVER(pause) ((struct receiver){.got = BUF_INIT(10000000), .pause_ms = pause})
#define DOWNLOAD(receiver)                                                                         \
    &(struct http_download)                                                                        \
    {                                                                                              \
        .write = receive, .arg = receiver                                                          \
    }

static void assert_filling(const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        assert_int_equal(data[i], fixture_byte(i));
}

static void test_download(void **state)
{
    (void)state;
    static const int64_t pauses[] = {-1, 0, 1};
    for (size_t i = 0; i < ARRAY_LEN(pauses); i++) {
        struct receiver r = RECEIVER(pauses[i]);
        serve(SCRIPT(HEAD, SEND("HTTP/1.1 206 Part\r\nContent-Length: 400000\r\n\r\n"),
                     FILL(400000), UNTIL_GONE));
        RUN(.download = DOWNLOAD(&r));
        assert_int_equal(http_failure(x, &err), 0);
        assert_int_equal(r.got.len, 400000);
        assert_filling(r.got.data, r.got.len);
        assert_true(pauses[i] < 0 || r.pauses > 3);
        buf_done(&r.got);
    }
}

/* What is no blob goes to the text. */
static void test_download_that_is_refused(void **state)
{
    (void)state;
    struct receiver r = RECEIVER(-1);
    serve(SCRIPT(HEAD, SEND("HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\ngone"), UNTIL_GONE));
    RUN(.download = DOWNLOAD(&r));
    assert_int_equal(http_failure(x, &err), 0);
    assert_string_equal(http_text(x, NULL), "gone");
    assert_int_equal(r.got.len, 0);
}

static void test_download_stopped_by_the_receiver(void **state)
{
    (void)state;
    struct receiver r = RECEIVER(-1);
    r.result = ERR_DIGEST;
    serve(SCRIPT(HEAD, SEND("HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\nx"), UNTIL_GONE));
    RUN(.download = DOWNLOAD(&r));
    assert_int_equal(http_failure(x, &err), ERR_DIGEST);
    assert_int_equal(err.class, ERR_DIGEST);
}

static void test_download_that_breaks_off(void **state)
{
    (void)state;
    struct receiver r = RECEIVER(-1);
    serve(
        SCRIPT(HEAD, SEND("HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n"), FILL(1000), CLOSE));
    RUN(.download = DOWNLOAD(&r));
    assert_int_equal(http_failure(x, &err), ERR_TRANSIENT);
    assert_int_equal(http_status(x), 200);
    assert_int_equal(r.got.len, 1000); /* what came, came */
    assert_non_null(strstr(err.text, server_url(server)));
    buf_done(&r.got);
}

/* ---- uploads ---- */

struct sender {
    struct timer timer;
    size_t at, len, piece;
    int64_t pause_ms; /* before every piece; negative: never */
    bool rested, can_rewind;
    int rewinds;
};

static void send_on(struct timer *timer)
{
    container_of(timer, struct sender, timer)->rested = true;
    http_resume(x);
}

static size_t send_piece(void *arg, char *to, size_t size)
{
    struct sender *s = arg;
    if (s->at < s->len && s->pause_ms >= 0 && !s->rested) {
        s->timer.fire = send_on;
        timer_set(loop, &s->timer, s->pause_ms);
        return HTTP_PAUSE;
    }
    s->rested = false;
    size_t len = s->len - s->at;
    len = len < size ? len : size;
    len = len < s->piece ? len : s->piece;
    for (size_t i = 0; i < len; i++)
        to[i] = fixture_byte(s->at + i);
    s->at += len;
    return len;
}

static bool send_again(void *arg)
{
    struct sender *s = arg;
    s->rewinds++;
    if (s->can_rewind)
        s->at = 0;
    return s->can_rewind;
}

#define SENDER(len_, pause) ((struct sender){.len = len_, .piece = 50000, .pause_ms = pause})
#define UPLOAD(sender)                                                                             \
    &(struct http_upload)                                                                          \
    {                                                                                              \
        .read = send_piece, .rewind = send_again, .arg = sender, .len = (int64_t)(sender)->len     \
    }

static void test_upload(void **state)
{
    (void)state;
    static const int64_t pauses[] = {-1, 0, 1};
    for (size_t i = 0; i < ARRAY_LEN(pauses); i++) {
        struct sender s = SENDER(400000, pauses[i]);
        serve(SCRIPT(HEAD, BODY(400000), SEND("HTTP/1.1 201 Yes\r\nContent-Length: 0\r\n\r\n"),
                     UNTIL_GONE));
        RUN(.method = "PUT", .upload = UPLOAD(&s));
        assert_int_equal(http_failure(x, &err), 0);
        assert_int_equal(http_status(x), 201);
        assert_int_equal(http_bytes_out(x), 400000);
        const char *head = received();
        assert_memory_equal(head, "PUT /p HTTP/1.1\r\n", 17);
        assert_non_null(strstr(head, "\r\nContent-Length: 400000\r\n"));
        assert_null(strstr(head, "Expect"));
        assert_null(strstr(head, "Transfer-Encoding"));
        assert_filling(strstr(head, "\r\n\r\n") + 4, 400000);
    }
}

static void test_empty_upload(void **state)
{
    (void)state;
    struct sender s = SENDER(0, -1);
    serve(SCRIPT(HEAD, SEND("HTTP/1.1 201 Yes\r\nContent-Length: 0\r\n\r\n"), UNTIL_GONE));
    RUN(.method = "PATCH", .upload = UPLOAD(&s));
    assert_int_equal(http_status(x), 201);
    const char *head = received();
    assert_memory_equal(head, "PATCH /p HTTP/1.1\r\n", 19);
    assert_non_null(strstr(head, "\r\nContent-Length: 0\r\n"));
}

/* The answer comes before the body has been read, and ends it. */
static void test_upload_refused_early(void **state)
{
    (void)state;
    struct sender s = SENDER(50000000, -1);
    serve(SCRIPT(HEAD, SEND("HTTP/1.1 401 Who\r\nContent-Length: 3\r\n\r\nwho"), UNTIL_GONE));
    RUN(.method = "PUT", .upload = UPLOAD(&s));
    assert_int_equal(http_failure(x, &err), 0);
    assert_int_equal(http_status(x), 401);
    assert_string_equal(http_text(x, NULL), "who");
    assert_true(http_bytes_out(x) < 50000000);
}

/* The server had closed the kept connection when the upload came: it is sent once more, if the
 * body can be had again. */
static void test_upload_on_a_dead_connection(void **state)
{
    (void)state;
    static const struct {
        bool can_rewind;
        int result;
    } cases[] = {{true, 0}, {false, ERR_TRANSIENT}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct sender s = SENDER(1000, -1);
        s.can_rewind = cases[i].can_rewind;
        serve(SCRIPT(HEAD, SEND(OK_EMPTY), HEAD, BODY(1000), CLOSE, ACCEPT, HEAD, BODY(1000),
                     SEND("HTTP/1.1 201 Yes\r\nContent-Length: 0\r\n\r\n"), UNTIL_GONE));
        settings.version = HTTP_VERSION_1_1;
        RUN(.method = "GET");
        assert_int_equal(http_status(x), 200);
        RUN(.method = "PUT", .upload = UPLOAD(&s));
        assert_int_equal(http_failure(x, &err), cases[i].result);
        assert_true(s.rewinds > 0); /* libcurl may ask twice */
        const char *all = received();
        /* Without the body, a second connection may be made, but no body goes over it. */
        if (cases[i].result) {
            assert_true(http_bytes_out(x) <= 1000);
            continue;
        }
        assert_int_equal(server_connections(server), 2);
        assert_int_equal(http_status(x), 201);
        assert_int_equal(http_bytes_out(x), 1000);
        size_t len;
        server_received(server, &len);
        assert_filling(all + len - 1000, 1000);
    }
}

/* ---- stalls and pauses ---- */

static void test_silent_server(void **state)
{
    (void)state;
    settings.stall_ms = 300;
    serve(SCRIPT(HEAD, UNTIL_GONE));
    RUN(.method = "GET");
    assert_int_equal(http_failure(x, &err), ERR_TRANSIENT);
    assert_non_null(strstr(err.text, "stalled"));
    assert_true(http_was_sent(x));
    assert_int_equal(http_status(x), 0);
    server_finish(server); /* it was hung up on */
    assert_true(server_played_all(server));
}

static void test_server_that_falls_silent(void **state)
{
    (void)state;
    struct receiver r = RECEIVER(-1);
    settings.stall_ms = 300;
    serve(SCRIPT(HEAD, SEND("HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n"), FILL(100000),
                 UNTIL_GONE));
    RUN(.download = DOWNLOAD(&r));
    assert_int_equal(http_failure(x, &err), ERR_TRANSIENT);
    assert_int_equal(http_status(x), 200);
    assert_int_equal(r.got.len, 100000);
    buf_done(&r.got);
}

static void test_server_that_does_not_read(void **state)
{
    (void)state;
    struct sender s = SENDER(50000000, -1);
    settings.stall_ms = 300;
    serve(SCRIPT(HEAD, GATE));
    RUN(.method = "PUT", .upload = UPLOAD(&s));
    assert_int_equal(http_failure(x, &err), ERR_TRANSIENT);
    assert_non_null(strstr(err.text, "stalled"));
}

/* Our own pauses are no stall, however long. */
static void test_pausing_longer_than_the_limit(void **state)
{
    (void)state;
    struct receiver r = RECEIVER(700);
    struct sender s = SENDER(50000, 700);
    settings.stall_ms = 300;
    serve(
        SCRIPT(HEAD, SEND("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"), FILL(10), UNTIL_GONE));
    RUN(.download = DOWNLOAD(&r));
    assert_int_equal(http_failure(x, &err), 0);
    assert_int_equal(r.got.len, 10);
    assert_int_equal(r.pauses, 1);
    buf_done(&r.got);
    serve(SCRIPT(HEAD, BODY(50000), SEND(OK_EMPTY), UNTIL_GONE));
    RUN(.method = "PUT", .upload = UPLOAD(&s));
    assert_int_equal(http_failure(x, &err), 0);
    assert_int_equal(http_status(x), 200);
}

/* ---- connections that fail ---- */

static const struct {
    struct play plays[4];
    int result;
    const char *says;
} failures[] = {
    {{ACCEPT, HEAD, CLOSE}, ERR_TRANSIENT, "without an answer"},
    {{ACCEPT, CLOSE}, ERR_TRANSIENT, ""},
    {{ACCEPT, HEAD, SEND("HTTP/1.1 20")}, ERR_TRANSIENT, ""},
    {{ACCEPT, HEAD, SEND("HTTP/1.1 100 Continue\r\n\r\n")}, ERR_TRANSIENT, ""},
    {{ACCEPT, HEAD, SEND("HTTP/1.1 201 Created\r\n")}, ERR_TRANSIENT, "broke off"},
    {{ACCEPT, HEAD, SEND("HTTP/1.1 200 OK\r\nX: ")}, ERR_TRANSIENT, "broke off"},
    {{ACCEPT, HEAD, SEND("HTTP/1.1 200 OK\r\nX: y\r\n")}, ERR_TRANSIENT, "broke off"},
    {{ACCEPT, HEAD, SEND("SSH-2.0-OpenSSH\r\n")}, ERR_PROTOCOL, ""},
    {{ACCEPT, HEAD, SEND("HTTP/9.9 200 OK\r\n\r\n")}, ERR_PROTOCOL, ""},
};

static void test_connections_that_fail(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
        serve(failures[i].plays);
        RUN(.method = "GET");
        assert_int_equal(http_failure(x, &err), failures[i].result);
        assert_int_equal(http_failure(x, NULL), failures[i].result);
        assert_int_equal(err.class, failures[i].result);
        assert_non_null(strstr(err.text, server_url(server)));
        assert_non_null(strstr(err.text, failures[i].says));
    }
}

static void test_nobody_listens(void **state)
{
    (void)state;
    serve(SCRIPT(HEAD));
    _cleanup_free_ char *url = xasprintf("%s/p?token=s3cret", server_url(server));
    server_free(server);
    server = NULL;
    start((struct http_request){.method = "GET"}, url);
    finish();
    assert_int_equal(http_failure(x, &err), ERR_TRANSIENT);
    assert_false(http_was_sent(x));
    assert_int_equal(http_status(x), 0);
    assert_false(http_has_headers(x));
    assert_string_equal(http_text(x, NULL), "");
    assert_non_null(strstr(err.text, "can't connect"));
    assert_null(strstr(err.text, "s3cret"));
}

static const struct {
    struct play plays[5];
    bool lacks_tls;
} no_tls[] = {
    {{ACCEPT, BODY(5), SEND("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nno"), UNTIL_GONE},
     true},
    {{ACCEPT, BODY(5), SEND("HTTP/1.0 400 Bad Request\r\n\r\n"), UNTIL_GONE}, true},
    {{ACCEPT, UNTIL_GONE}, false}, /* silent: stalled, nothing more is known */
};

static void test_plain_peer_on_https(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(no_tls); i++) {
        settings.connect_ms = no_tls[i].lacks_tls ? 0 : 300;
        serve(no_tls[i].plays);
        _cleanup_free_ char *url = xasprintf("https://127.0.0.1:%d/p", server_port(server));
        start((struct http_request){.method = "GET"}, url);
        finish();
        assert_int_equal(http_failure(x, &err), ERR_TRANSIENT);
        assert_int_equal(http_peer_lacks_tls(x), no_tls[i].lacks_tls);
        assert_false(http_was_sent(x));
    }
}

static void test_urls_that_are_none(void **state)
{
    (void)state;
    static const char *const urls[] = {"",
                                       "http://",
                                       "ftp://127.0.0.1/p",
                                       "file:///etc/passwd",
                                       "http://user@127.0.0.1/",
                                       "http://127.0.0.1:99999/"};
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        start((struct http_request){.method = "GET"}, urls[i]);
        finish();
        assert_true(http_failure(x, &err) < 0);
        assert_false(http_was_sent(x));
    }
}

/* ---- where connections may go ---- */

static void test_public_only_refuses_loopback(void **state)
{
    (void)state;
    serve(SCRIPT(HEAD, SEND(OK_EMPTY)));
    RUN(.public_only = true);
    assert_int_equal(http_failure(x, &err), ERR_PROTOCOL);
    assert_non_null(strstr(err.text, "private"));
    assert_string_equal(received(), "");
    assert_int_equal(server_connections(server), 0);
}

/* Nor does it go out on a connection that was made for somebody who may. */
static void test_public_only_refuses_a_kept_connection(void **state)
{
    (void)state;
    serve(SCRIPT(HEAD, SEND(OK_EMPTY), HEAD, SEND(OK_EMPTY)));
    RUN(.method = "GET");
    assert_int_equal(http_failure(x, &err), 0);
    start((struct http_request){.public_only = true}, "/other");
    finish();
    assert_int_equal(http_failure(x, &err), ERR_PROTOCOL);
    assert_non_null(strstr(err.text, "private"));
    assert_null(strstr(received(), "/other"));
}

static void test_resolve(void **state)
{
    (void)state;
    serve(SCRIPT(HEAD, SEND(OK_EMPTY)));
    _cleanup_free_ char *entry = xasprintf("registry.example:%d:127.0.0.1", server_port(server));
    _cleanup_free_ char *host = xasprintf("Host: registry.example:%d\r\n", server_port(server));
    _cleanup_free_ char *url = xasprintf("http://registry.example:%d/p", server_port(server));
    settings.resolve = curl_slist_append(NULL, entry);
    start((struct http_request){.method = "GET"}, url);
    finish();
    assert_int_equal(http_failure(x, &err), 0);
    assert_non_null(strstr(received(), host));
}

/* A proxy may be private: it is ours. The name is its to resolve. */
static void test_proxy_of_the_environment(void **state)
{
    (void)state;
    serve(SCRIPT(HEAD, SEND(OK_EMPTY), UNTIL_GONE));
    setenv("http_proxy", server_url(server), 1);
    start((struct http_request){.method = "GET", .public_only = true},
          "http://registry.example/v2/?a=b");
    finish();
    assert_int_equal(http_failure(x, &err), 0);
    assert_int_equal(http_status(x), 200);
    const char *head = "GET http://registry.example/v2/?a=b HTTP/1.1\r\nHost: registry.example\r\n";
    assert_memory_equal(received(), head, strlen(head));
    /* exempt */
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("no_proxy", "127.0.0.1", 1);
    serve(SCRIPT(HEAD, SEND(OK_EMPTY), UNTIL_GONE));
    RUN(.method = "GET");
    assert_int_equal(http_failure(x, &err), 0);
    assert_memory_equal(received(), "GET /p HTTP/1.1\r\n", 17);
}

static void test_connections_are_kept(void **state)
{
    (void)state;
    serve(SCRIPT(HEAD, SEND(OK_EMPTY), HEAD, SEND(OK_EMPTY), HEAD, SEND(OK_EMPTY), UNTIL_GONE));
    for (int i = 0; i < 3; i++) {
        RUN(.method = "GET");
        assert_int_equal(http_failure(x, &err), 0);
    }
    server_stop(server);
    assert_int_equal(server_connections(server), 1);
}

/* ---- who is told, and when ---- */

struct waiter {
    struct task task; /* first */
    int wakes;
    bool saw_headers, saw_done;
};

static enum step_result step_look(struct task *task);
static const struct step look_step = {"look", step_look};

static enum step_result step_look(struct task *task)
{
    struct waiter *w = container_of(task, struct waiter, task);
    w->wakes++;
    if (x && http_has_headers(x) && !http_is_done(x)) {
        w->saw_headers = true;
        server_open_gate(server);
    }
    w->saw_done = x && http_is_done(x);
    return task_wait(task, &look_step);
}

static bool waiter_saw_done(void *arg)
{
    return ((const struct waiter *)arg)->saw_done;
}

static void test_waiter_is_woken(void **state)
{
    (void)state;
    static const struct task_type type = {"waiter", task_done};
    for (int early = 0; early < 2; early++) {
        struct waiter w = {0};
        http_free(x);
        x = NULL;
        serve(SCRIPT(HEAD,
                     SEND("HTTP/1.1 102 Wait\r\n\r\nHTTP/1.1 200 OK\r\n"
                          "Content-Length: 5\r\n\r\n"),
                     GATE, SEND("hello"), UNTIL_GONE));
        if (!early)
            server_open_gate(server);
        task_init(&w.task, loop, NULL, &type, NULL);
        task_start(&w.task, &look_step);
        _cleanup_free_ char *url = xasprintf("%s/p", server_url(server));
        x = http_start(
            loop, &w.task,
            &(struct http_request){
                .method = "GET", .url = url, .settings = &settings, .wake_on_headers = early});
        run_until(waiter_saw_done, &w);
        assert_int_equal(w.saw_headers, early);
        assert_int_equal(w.wakes, early ? 3 : 2); /* once for its start */
        assert_string_equal(http_text(x, NULL), "hello");
        task_free(&w.task);
    }
}

static bool something_came(void *arg)
{
    return ((const struct receiver *)arg)->got.len > 0;
}

static void test_cancel_in_mid_transfer(void **state)
{
    (void)state;
    struct receiver r = RECEIVER(-1);
    serve(SCRIPT(HEAD, SEND("HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n"), FILL(1000),
                 UNTIL_GONE));
    start((struct http_request){.download = DOWNLOAD(&r)}, "/p");
    run_until(something_came, &r);
    assert_false(http_is_done(x));
    http_resume(x); /* asked for, and never done */
    http_free(x);
    x = NULL;
    server_finish(server);
    assert_true(server_played_all(server));
    buf_done(&r.got);
}

static void test_cancel_before_anything(void **state)
{
    (void)state;
    serve(SCRIPT(HEAD));
    start((struct http_request){.headers = curl_slist_append(NULL, "X-A: b")}, "/p");
    http_free(x);
    x = NULL;
    http_free(NULL);
    assert_string_equal(received(), "");
}

static int group_setup(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    return http_global_init(NULL);
}

static int group_teardown(void **state)
{
    (void)state;
    http_global_done();
    return 0;
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_status_headers_text),
        TEST(test_chunked_text_and_trailers),
        TEST(test_redirects_are_not_followed),
        TEST(test_headers_are_bounded),
        TEST(test_texts_are_bounded),
        TEST(test_error_text_has_a_cap_of_its_own),
        TEST(test_what_goes_over_the_wire),
        TEST(test_head_and_paths),
        TEST(test_download),
        TEST(test_download_that_is_refused),
        TEST(test_download_stopped_by_the_receiver),
        TEST(test_download_that_breaks_off),
        TEST(test_upload),
        TEST(test_empty_upload),
        TEST(test_upload_refused_early),
        TEST(test_upload_on_a_dead_connection),
        TEST(test_silent_server),
        TEST(test_server_that_falls_silent),
        TEST(test_server_that_does_not_read),
        TEST(test_pausing_longer_than_the_limit),
        TEST(test_connections_that_fail),
        TEST(test_nobody_listens),
        TEST(test_plain_peer_on_https),
        TEST(test_urls_that_are_none),
        TEST(test_public_only_refuses_loopback),
        TEST(test_public_only_refuses_a_kept_connection),
        TEST(test_resolve),
        TEST(test_proxy_of_the_environment),
        TEST(test_connections_are_kept),
        TEST(test_waiter_is_woken),
        TEST(test_cancel_in_mid_transfer),
        TEST(test_cancel_before_anything),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
