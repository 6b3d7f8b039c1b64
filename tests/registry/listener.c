/* SPDX-License-Identifier: Apache-2.0 */
/* A listening TCP socket. */
#include "listener.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util.h"

static struct addrinfo *resolve(const char *where)
{
    const char *colon = strrchr(where, ':');
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *result = NULL;

    if (colon == NULL)
        die("%s: no ADDR:PORT", where);
    CLEANUP(freep) char *host = xstrndup(where, (size_t)(colon - where));
    size_t len = strlen(host);
    char *bare = host;
    if (len > 1 && host[0] == '[' && host[len - 1] == ']') {
        host[len - 1] = '\0';
        bare++;
    }
    if (getaddrinfo(bare, colon + 1, &hints, &result) != 0)
        die("%s: no numeric ADDR:PORT", where);
    return result;
}

static void describe(struct listener *listener)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);
    char host[64], port[16];
    uint64_t number = 0;

    if (getsockname(listener->fd, (struct sockaddr *)&address, &len) < 0 ||
        getnameinfo((struct sockaddr *)&address, len, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        die("cannot read the address of a listener");
    parse_u64(port, &number);
    listener->port = (int)number;
    listener->address = strchr(host, ':') != NULL ? xasprintf("[%s]:%s", host, port)
                                                  : xasprintf("%s:%s", host, port);
}

void listener_init(struct listener *listener, const char *where, bool tls)
{
    struct addrinfo *address = resolve(where);
    int on = 1;

    listener->tls = tls;
    listener->fd =
        socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (listener->fd < 0)
        die("%s: no socket", where);
    setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(listener->fd, address->ai_addr, address->ai_addrlen) < 0 ||
        listen(listener->fd, SOMAXCONN) < 0)
        die("%s: cannot listen", where);
    freeaddrinfo(address);
    describe(listener);
}

void listener_done(struct listener *listener)
{
    close(listener->fd);
    free(listener->address);
}

int listener_accept(const struct listener *listener)
{
    return accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

char *listener_url(const struct listener *listener)
{
    return xasprintf("%s://%s", listener->tls ? "https" : "http", listener->address);
}
