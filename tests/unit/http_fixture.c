/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread and the test share the struct; the test reads what the thread writes only after
 * the thread was joined. Everything that may block looks at the stop pipe as well.
 */
#include "http_fixture.h"

#include "base/str.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_MS 30000

struct server {
    struct play *script;
    char url[32];
    int port;
    int listener, peer; /* peer: -1 when there is none */
    int stop, gate;     /* eventfds */
    pthread_t thread;
    bool joined, played_all;
    size_t connections;
    struct buf received;
};

char fixture_byte(size_t i)
{
    return (char)(i * 31 + i / 251 + i / 65521);
}

/* True when `fd` is ready, false when the test wants to stop or has gone wrong. */
static bool wait_for(const struct server *s, int fd, short events)
{
    struct pollfd fds[] = {{.fd = s->stop, .events = POLLIN}, {.fd = fd, .events = events}};
    return poll(fds, 2, WAIT_MS) > 0 && !fds[0].revents;
}

static void hang_up(struct server *s)
{
    if (s->peer >= 0)
        close(s->peer);
    s->peer = -1;
}

static bool accept_next(struct server *s)
{
    hang_up(s);
    if (!wait_for(s, s->listener, POLLIN))
        return false;
    s->peer = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    s->connections += s->peer >= 0;
    return s->peer >= 0;
}

static bool read_some(struct server *s, char *to, size_t size, ssize_t *ret_len)
{
    if (!wait_for(s, s->peer, POLLIN))
        return false;
    *ret_len = recv(s->peer, to, size, 0);
    return *ret_len > 0;
}

/* Byte by byte: what follows the head stays in the socket. */
static bool read_head(struct server *s)
{
    size_t from = s->received.len;
    ssize_t len;
    for (char byte; read_some(s, &byte, 1, &len);) {
        buf_add_char(&s->received, byte);
        if (byte == '\n' && s->received.len - from >= 4 &&
            str_has_suffix(buf_str(&s->received) + from, "\r\n\r\n"))
            return true;
    }
    return false;
}

static bool read_body(struct server *s, size_t left)
{
    char part[4096];
    for (ssize_t len; left; left -= (size_t)len) {
        if (!read_some(s, part, left < sizeof(part) ? left : sizeof(part), &len))
            return false;
        buf_add(&s->received, part, (size_t)len);
    }
    return true;
}

static bool read_until_gone(struct server *s)
{
    char part[4096];
    ssize_t len = 1;
    while (read_some(s, part, sizeof(part), &len))
        continue;
    return len <= 0;
}

static bool send_all(struct server *s, const char *data, size_t left)
{
    for (ssize_t len; left; left -= (size_t)len, data += len) {
        if (!wait_for(s, s->peer, POLLOUT))
            return false;
        len = send(s->peer, data, left, MSG_NOSIGNAL);
        if (len <= 0)
            return false;
    }
    return true;
}

static bool send_filling(struct server *s, size_t len)
{
    _cleanup_free_ char *data = xmalloc(len);
    for (size_t i = 0; i < len; i++)
        data[i] = fixture_byte(i);
    return send_all(s, data, len);
}

static bool pass_gate(const struct server *s)
{
    uint64_t count;
    return wait_for(s, s->gate, POLLIN) && read(s->gate, &count, sizeof(count)) > 0;
}

static bool play(struct server *s, const struct play *step)
{
    switch (step->type) {
    case PLAY_ACCEPT:
        return accept_next(s);
    case PLAY_HEAD:
        return read_head(s);
    case PLAY_BODY:
        return read_body(s, step->len);
    case PLAY_SEND:
        return send_all(s, step->text, strlen(step->text));
    case PLAY_FILL:
        return send_filling(s, step->len);
    case PLAY_CLOSE:
        hang_up(s);
        return true;
    case PLAY_GATE:
        return pass_gate(s);
    case PLAY_UNTIL_GONE:
        return read_until_gone(s);
    default:
        return false;
    }
}

static void *play_script(void *arg)
{
    struct server *s = arg;
    const struct play *step = s->script;
    while (step->type != PLAY_END && play(s, step))
        step++;
    s->played_all = step->type == PLAY_END;
    hang_up(s);
    return NULL;
}

struct server *server_start(const struct play *script)
{
    struct server *s = xcalloc(1, sizeof(*s));
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(where);
    size_t steps = 1;
    while (script[steps - 1].type != PLAY_END)
        steps++;
    *s = (struct server){.script = xmemdup(script, steps * sizeof(*script)),
                         .peer = -1,
                         .received = BUF_INIT(64 * 1024 * 1024)};
    s->stop = eventfd(0, EFD_CLOEXEC);
    s->gate = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(s->listener, (const struct sockaddr *)&where, len) < 0 ||
        listen(s->listener, 16) < 0 ||
        getsockname(s->listener, (struct sockaddr *)&where, &len) < 0)
        return NULL;
    s->port = ntohs(where.sin_port);
    snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%d", s->port);
    return pthread_create(&s->thread, NULL, play_script, s) == 0 ? s : NULL;
}

const char *server_url(const struct server *s)
{
    return s->url;
}

int server_port(const struct server *s)
{
    return s->port;
}

static void ring(int fd)
{
    uint64_t one = 1;
    ssize_t written = write(fd, &one, sizeof(one));
    (void)written;
}

void server_open_gate(struct server *s)
{
    ring(s->gate);
}

void server_finish(struct server *s)
{
    if (!s->joined)
        pthread_join(s->thread, NULL);
    s->joined = true;
}

void server_stop(struct server *s)
{
    ring(s->stop);
    server_finish(s);
}

bool server_played_all(const struct server *s)
{
    return s->played_all;
}

const char *server_received(const struct server *s, size_t *ret_len)
{
    if (ret_len)
        *ret_len = s->received.len;
    return buf_str(&s->received);
}

size_t server_connections(const struct server *s)
{
    return s->connections;
}

void server_free(struct server *s)
{
    if (!s)
        return;
    server_stop(s);
    close(s->listener);
    close(s->stop);
    close(s->gate);
    buf_done(&s->received);
    free(s->script);
    free(s);
}
