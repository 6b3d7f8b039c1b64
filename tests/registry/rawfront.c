/* SPDX-License-Identifier: Apache-2.0 */
/* The raw TCP layer and the loop of the program.
 *
 * Every turn asks the connections what they wait for, polls, moves bytes towards libmicrohttpd,
 * lets it run (all request handlers run there), and moves its answers towards the clients. */
#include "rawfront.h"

#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

enum { SLOT_SIGNAL, SLOT_DAEMON, SLOT_LISTENERS };
enum { MAX_RUNS = 16 };

struct conn *rawfront_find(const struct rawfront *front, int fd)
{
    for (size_t i = 0; i < front->conn_count; i++) {
        if (front->conns[i]->mhd_fd == fd)
            return front->conns[i];
    }
    return NULL;
}

static void add_conn(struct rawfront *front, size_t index, int client_fd)
{
    /* libmicrohttpd wants some address; nobody reads it. */
    static const struct sockaddr_in nobody = {.sin_family = AF_INET};
    struct listener *listener = &front->listeners[index];
    int mhd_fd;
    struct conn *conn =
        conn_new(++front->accepted, index, client_fd, listener->tls ? front->tls : NULL, &mhd_fd);

    front->conns = xrealloc(front->conns, (front->conn_count + 1) * sizeof(struct conn *));
    front->conns[front->conn_count++] = conn;
    front->on_accept(front->cls, conn);
    if (MHD_add_connection(front->daemon, mhd_fd, (const struct sockaddr *)&nobody,
                           sizeof(nobody)) != MHD_YES)
        die("libmicrohttpd refuses a connection");
}

static void accept_all(struct rawfront *front, size_t index)
{
    int fd;

    while ((fd = listener_accept(&front->listeners[index])) >= 0)
        add_conn(front, index, fd);
}

static void reap(struct rawfront *front)
{
    size_t kept = 0;

    for (size_t i = 0; i < front->conn_count; i++) {
        if (conn_is_over(front->conns[i]))
            conn_free(front->conns[i]);
        else
            front->conns[kept++] = front->conns[i];
    }
    front->conn_count = kept;
}

static int timeout_of(const struct rawfront *front, uint64_t now)
{
    uint64_t deadline = UINT64_MAX;
    MHD_UNSIGNED_LONG_LONG mhd_timeout;

    if (MHD_get_timeout(front->daemon, &mhd_timeout) == MHD_YES)
        deadline = now + mhd_timeout;
    for (size_t i = 0; i < front->conn_count; i++) {
        uint64_t next = conn_next_deadline(front->conns[i], now);

        if (next < deadline)
            deadline = next;
    }
    if (deadline == UINT64_MAX)
        return -1;
    if (deadline <= now)
        return 0;
    return deadline - now > INT_MAX ? INT_MAX : (int)(deadline - now);
}

static int daemon_fd(const struct rawfront *front)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(front->daemon, MHD_DAEMON_INFO_EPOLL_FD);

    return info->epoll_fd;
}

/* The poll set: signal, daemon, listeners, then two slots for every connection. */
static size_t fill(const struct rawfront *front, struct pollfd *fds, uint64_t now)
{
    size_t used = SLOT_LISTENERS;

    fds[SLOT_SIGNAL] = (struct pollfd){.fd = front->signal_fd, .events = POLLIN};
    fds[SLOT_DAEMON] = (struct pollfd){.fd = daemon_fd(front), .events = POLLIN};
    for (size_t i = 0; i < front->listener_count; i++)
        fds[used++] = (struct pollfd){.fd = front->listeners[i].fd, .events = POLLIN};
    for (size_t i = 0; i < front->conn_count; i++, used += 2)
        conn_interest(front->conns[i], now, fds + used);
    return used;
}

static void step_conns(struct rawfront *front, const struct pollfd *fds, size_t count)
{
    uint64_t now = monotonic_ms();

    for (size_t i = 0; i < count; i++)
        conn_step(front->conns[i], now, fds != NULL ? fds[2 * i].revents : 0);
}

static void run_daemon(struct rawfront *front)
{
    MHD_UNSIGNED_LONG_LONG timeout;

    for (int i = 0; i < MAX_RUNS; i++) {
        MHD_run(front->daemon);
        if (MHD_get_timeout(front->daemon, &timeout) != MHD_YES || timeout > 0)
            break;
    }
}

/* One turn of the loop; false when a signal has come. */
static bool turn(struct rawfront *front, struct pollfd **fds)
{
    size_t before = front->conn_count;
    size_t first = SLOT_LISTENERS + front->listener_count;
    uint64_t now = monotonic_ms();

    *fds = xrealloc(*fds, (first + 2 * before) * sizeof(**fds));
    size_t count = fill(front, *fds, now);
    if (poll(*fds, (nfds_t)count, timeout_of(front, now)) < 0)
        return true;
    if ((*fds)[SLOT_SIGNAL].revents != 0)
        return false;
    step_conns(front, *fds + first, before);
    for (size_t i = 0; i < front->listener_count; i++) {
        if ((*fds)[SLOT_LISTENERS + i].revents != 0)
            accept_all(front, i);
    }
    run_daemon(front);
    step_conns(front, NULL, front->conn_count);
    reap(front);
    return true;
}

void rawfront_run(struct rawfront *front)
{
    CLEANUP(freep) struct pollfd *fds = NULL;

    while (turn(front, &fds))
        continue;
    /* libmicrohttpd ends its connections when it sees that we have closed ours. */
    for (size_t i = 0; i < front->conn_count; i++)
        conn_end(front->conns[i], true, EXCHANGE_SERVER_CLOSED);
}

void rawfront_done(struct rawfront *front)
{
    for (size_t i = 0; i < front->conn_count; i++)
        conn_free(front->conns[i]);
    for (size_t i = 0; i < front->listener_count; i++)
        listener_done(&front->listeners[i]);
    free(front->conns);
    free(front->listeners);
    SSL_CTX_free(front->tls);
}
