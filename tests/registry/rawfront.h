/* SPDX-License-Identifier: Apache-2.0 */
/* The raw TCP layer and the loop of the program: accepts connections, gives libmicrohttpd one end
 * of a socket pair for each, and moves the bytes between. One thread does everything. */
#ifndef REGISTRY_RAWFRONT_H
#define REGISTRY_RAWFRONT_H

#include <microhttpd.h>
#include <stddef.h>
#include <stdint.h>

#include "conn.h"
#include "listener.h"

struct rawfront {
    struct listener *listeners; /* owned */
    size_t listener_count;
    SSL_CTX *tls;              /* NULL without a certificate; owned */
    struct MHD_Daemon *daemon; /* borrowed; made with MHD_USE_EPOLL and no listening socket */
    int signal_fd;             /* readable when the program has to end; borrowed */
    void (*on_accept)(void *cls, struct conn *conn); /* may slow down or end the connection */
    void *cls;
    struct conn **conns;
    size_t conn_count;
    uint64_t accepted;
};

/* Serves until a signal comes. */
void rawfront_run(struct rawfront *front);
/* After the daemon was stopped. */
void rawfront_done(struct rawfront *front);
/* The connection whose libmicrohttpd end is `fd`; NULL if unknown. */
struct conn *rawfront_find(const struct rawfront *front, int fd);

#endif
