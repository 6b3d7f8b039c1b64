/* SPDX-License-Identifier: Apache-2.0 */
/* A listening TCP socket. */
#ifndef REGISTRY_LISTENER_H
#define REGISTRY_LISTENER_H

#include <stdbool.h>

struct listener {
    int fd;
    bool tls;
    char *address; /* "127.0.0.1:5000", with the port which the kernel chose */
    int port;
};

/* `where` is ADDR:PORT, [ADDR]:PORT for IPv6; port 0 lets the kernel choose. Ends the program
 * when that is impossible. */
void listener_init(struct listener *listener, const char *where, bool tls);
void listener_done(struct listener *listener);
/* A connected, non-blocking socket; -1 if none waits. */
int listener_accept(const struct listener *listener);
/* "http://127.0.0.1:5000"; the caller frees it. */
char *listener_url(const struct listener *listener);

#endif
