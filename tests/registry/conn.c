/* SPDX-License-Identifier: Apache-2.0 */
/* One client connection. Invariants: at most one exchange at a time (a client which pipelines
 * is thrown out: none that matters does, and its faults could not be told apart); when
 * libmicrohttpd has answered, every byte of the answer is in `out`; a closed connection waits only
 * for libmicrohttpd to let go. */
#include "conn.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util.h"

enum {
    BLOCK = 64 * 1024,
    RESET_PATIENCE_MS = 1000,
    LINGER_PATIENCE_MS = 2000,
    TICK_MS = 1,
};

struct conn *conn_new(uint64_t number, size_t listener, int client_fd, SSL_CTX *tls,
                      int *ret_mhd_fd)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0)
        die("socketpair: no more file descriptors");
    struct conn *conn = xcalloc(1, sizeof(*conn));
    conn->number = number;
    conn->listener = listener;
    conn->inner = pair[0];
    conn->mhd_fd = *ret_mhd_fd = pair[1];
    stream_init(&conn->client, client_fd, tls);
    return conn;
}

void conn_free(struct conn *conn)
{
    if (conn->client.fd >= 0)
        stream_close(&conn->client, false);
    if (conn->inner >= 0)
        close(conn->inner);
    buf_done(&conn->in);
    buf_done(&conn->out);
    free(conn);
}

static void close_inner(struct conn *conn)
{
    if (conn->inner >= 0)
        close(conn->inner);
    conn->inner = -1;
    conn->inner_eof = true;
}

/* Detaches the exchange before it is told, because it may free itself. */
static void end_exchange(struct conn *conn)
{
    struct exchange *exchange = conn->exchange;

    conn->exchange = NULL;
    if (exchange != NULL)
        exchange->on_end(exchange);
}

static void close_now(struct conn *conn, bool reset)
{
    stream_close(&conn->client, reset);
    close_inner(conn);
    conn->state = CONN_CLOSED;
    end_exchange(conn);
}

/* Says goodbye by FIN and waits a little for the client's: closing at once while the client is
 * still sending would turn into an RST which can eat our last words. */
static void linger(struct conn *conn, bool politely)
{
    close_inner(conn);
    stream_end_writes(&conn->client, politely);
    conn->state = CONN_LINGERING;
    conn->deadline = monotonic_ms() + LINGER_PATIENCE_MS;
    end_exchange(conn);
}

void conn_end(struct conn *conn, bool reset, enum exchange_end end)
{
    if (conn->state != CONN_OPEN)
        return;
    if (conn->exchange != NULL)
        conn->exchange->end = end;
    if (!reset) {
        linger(conn, false);
        return;
    }
    close_inner(conn);
    conn->state = CONN_RESETTING;
    conn->deadline = monotonic_ms() + RESET_PATIENCE_MS;
    end_exchange(conn);
}

static void read_inner(struct conn *conn)
{
    ssize_t got = 0;

    if (conn->inner < 0 || conn->inner_eof)
        return;
    got = recv(conn->inner, buf_reserve(&conn->out, BLOCK), BLOCK, 0);
    if (got > 0)
        conn->out.len += (size_t)got;
    else if (got == 0 || (errno != EAGAIN && errno != EINTR))
        conn->inner_eof = true;
}

void conn_answered(struct conn *conn)
{
    size_t before;

    do {
        before = conn->out.len;
        read_inner(conn);
    } while (conn->out.len > before);
    if (conn->exchange != NULL)
        conn->exchange->answered = true;
}

static void client_is_gone(struct conn *conn)
{
    if (conn->exchange != NULL)
        conn->exchange->end = EXCHANGE_CLIENT_CLOSED;
    close_now(conn, false);
}

static void read_client(struct conn *conn)
{
    ssize_t got;

    if (conn->client_eof || conn->in.len >= BLOCK)
        return;
    got = stream_read(&conn->client, buf_reserve(&conn->in, BLOCK), BLOCK);
    if (got > 0)
        conn->in.len += (size_t)got;
    else if (got == 0)
        conn->client_eof = true;
    else if (got == -2)
        client_is_gone(conn);
}

static void write_inner(struct conn *conn)
{
    ssize_t put;

    if (conn->inner < 0)
        return;
    if (conn->in.len > 0) {
        put = send(conn->inner, conn->in.data, conn->in.len, MSG_NOSIGNAL);
        if (put > 0)
            buf_consume(&conn->in, (size_t)put);
        else if (errno != EAGAIN && errno != EINTR)
            buf_consume(&conn->in, conn->in.len); /* libmicrohttpd refuses the rest */
    }
    if (conn->client_eof && conn->in.len == 0)
        shutdown(conn->inner, SHUT_WR);
}

static size_t allowed(struct conn *conn, uint64_t now)
{
    if (conn->exchange == NULL)
        return conn->out.len;
    return exchange_allow(conn->exchange, &conn->out, now);
}

static void write_client(struct conn *conn, uint64_t now)
{
    size_t count = allowed(conn, now);

    if (count == 0)
        return;
    ssize_t put = stream_write(&conn->client, conn->out.data, count);
    if (put == -2) {
        client_is_gone(conn);
        return;
    }
    if (put <= 0)
        return;
    buf_consume(&conn->out, (size_t)put);
    if (conn->exchange != NULL)
        exchange_sent(conn->exchange, (size_t)put);
}

/* Acts on what the exchange has come to. */
static void judge(struct conn *conn)
{
    struct exchange *exchange = conn->exchange;

    if (exchange != NULL) {
        enum exchange_verdict verdict = exchange_verdict(exchange, &conn->out);

        if (verdict == VERDICT_CLOSE) {
            conn_end(conn, exchange->plan.reset, exchange->end);
            return;
        }
        if (verdict == VERDICT_FINISHED)
            end_exchange(conn);
        else if (conn->client_eof && exchange_is_stuck(exchange))
            client_is_gone(conn);
    }
    if (conn->state == CONN_OPEN && conn->exchange == NULL && conn->inner_eof && conn->out.len == 0)
        linger(conn, true);
}

bool conn_begin(struct conn *conn, struct exchange *exchange)
{
    /* The last answer may have left before libmicrohttpd told that it was complete. */
    if (conn->exchange != NULL && conn->state == CONN_OPEN)
        judge(conn);
    if (conn->exchange != NULL)
        conn_end(conn, true, EXCHANGE_CLIENT_CLOSED);
    if (conn->state != CONN_OPEN)
        return false;
    conn->requests++;
    conn->exchange = exchange;
    return true;
}

/* Throws away what still comes until the client has closed, too. */
static void step_lingering(struct conn *conn, uint64_t now)
{
    ssize_t got;

    do {
        got = recv(conn->client.fd, buf_reserve(&conn->in, BLOCK), BLOCK, 0);
    } while (got > 0);
    if (got == 0 || (errno != EAGAIN && errno != EINTR) || now >= conn->deadline)
        close_now(conn, false);
}

static void step_open(struct conn *conn, uint64_t now, short client_events)
{
    if (client_events & (POLLERR | POLLHUP)) {
        client_is_gone(conn);
        return;
    }
    if ((client_events & (POLLIN | POLLOUT)) || stream_has_pending(&conn->client))
        read_client(conn);
    if (conn->state != CONN_OPEN)
        return;
    write_inner(conn);
    if (conn->out.len < BLOCK)
        read_inner(conn);
    write_client(conn, now);
    if (conn->state == CONN_OPEN)
        judge(conn);
}

void conn_step(struct conn *conn, uint64_t now, short client_events)
{
    if (conn->state == CONN_OPEN && now >= conn->not_before) {
        step_open(conn, now, client_events);
    } else if (conn->state == CONN_LINGERING) {
        step_lingering(conn, now);
    } else if (conn->state == CONN_RESETTING) {
        if (stream_unacknowledged(&conn->client) == 0 || now >= conn->deadline)
            close_now(conn, true);
    }
}

static void interest_open(struct conn *conn, uint64_t now, struct pollfd fds[2])
{
    if (!conn->client_eof && conn->in.len < BLOCK)
        fds[0].events |= POLLIN;
    if (conn->client.wants_write || allowed(conn, now) > 0)
        fds[0].events |= POLLOUT;
    fds[1].fd = conn->inner_eof ? -1 : conn->inner;
    if (conn->in.len > 0)
        fds[1].events |= POLLOUT;
    if (conn->out.len < BLOCK)
        fds[1].events |= POLLIN;
    else if (fds[1].events == 0)
        fds[1].fd = -1; /* POLLHUP alone would spin */
}

void conn_interest(struct conn *conn, uint64_t now, struct pollfd fds[2])
{
    fds[0] = (struct pollfd){.fd = conn->client.fd};
    fds[1] = (struct pollfd){.fd = -1};
    if (conn->state == CONN_OPEN && now >= conn->not_before)
        interest_open(conn, now, fds);
    else if (conn->state == CONN_LINGERING)
        fds[0].events = POLLIN;
    else
        fds[0].fd = -1;
}

uint64_t conn_next_deadline(const struct conn *conn, uint64_t now)
{
    if (conn->state == CONN_LINGERING)
        return conn->deadline;
    if (conn->state == CONN_RESETTING)
        return now + TICK_MS;
    if (conn->state != CONN_OPEN)
        return UINT64_MAX;
    if (now < conn->not_before)
        return conn->not_before;
    if (stream_has_pending(&conn->client) && conn->in.len < BLOCK)
        return now;
    if (conn->exchange == NULL)
        return UINT64_MAX;
    uint64_t deadline = exchange_deadline(conn->exchange, &conn->out);
    return deadline > now ? deadline : UINT64_MAX;
}

bool conn_is_over(const struct conn *conn)
{
    return conn->state == CONN_CLOSED && conn->mhd_fd < 0;
}
