/* SPDX-License-Identifier: Apache-2.0 */
/* One client connection: bytes go between the client and libmicrohttpd, which sees nothing but
 * one end of a socket pair. So a request handler knows its connection exactly, and what leaves
 * for the client is decided here, under the rules of the exchange in progress. */
#ifndef REGISTRY_CONN_H
#define REGISTRY_CONN_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "exchange.h"
#include "stream.h"

enum conn_state {
    CONN_OPEN,
    CONN_RESETTING, /* RST as soon as the client has acknowledged what was sent */
    CONN_LINGERING, /* FIN was sent; what the client still sends is thrown away */
    CONN_CLOSED,
};

struct conn {
    uint64_t number;   /* from 1, in order of arrival */
    size_t listener;   /* index */
    uint64_t requests; /* begun on this connection, the present one included */
    struct stream client;
    int inner;  /* our end of the socket pair; -1 when closed */
    int mhd_fd; /* the other end, owned by libmicrohttpd; -1 when it has let go */
    bool client_eof;
    bool inner_eof;
    struct buf in;  /* on the way from the client */
    struct buf out; /* on the way to the client */
    struct exchange *exchange;
    enum conn_state state;
    uint64_t deadline;   /* CONN_RESETTING and CONN_LINGERING: when patience ends */
    uint64_t not_before; /* slow accept: nothing is read before */
};

/* Takes the client's socket. On success `*ret_mhd_fd` is the end for libmicrohttpd. */
struct conn *conn_new(uint64_t number, size_t listener, int client_fd, SSL_CTX *tls,
                      int *ret_mhd_fd);
void conn_free(struct conn *conn);

/* A request begins. False if the connection is at its end; the exchange is then not taken. */
bool conn_begin(struct conn *conn, struct exchange *exchange);
/* libmicrohttpd has written all of the answer, or has given up the request. */
void conn_answered(struct conn *conn);
/* Ends the connection now, with RST or FIN, whatever is in flight. */
void conn_end(struct conn *conn, bool reset, enum exchange_end end);

/* Fills two entries of a poll set: the client's and the inner socket. */
void conn_interest(struct conn *conn, uint64_t now, struct pollfd fds[2]);
/* Moves bytes as far as they go. */
void conn_step(struct conn *conn, uint64_t now, short client_events);
uint64_t conn_next_deadline(const struct conn *conn, uint64_t now);
bool conn_is_over(const struct conn *conn);

#endif
