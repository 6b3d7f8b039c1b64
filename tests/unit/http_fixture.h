/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server below HTTP: one thread on a port of loopback that plays a script, step by step, byte by
 * byte. It knows nothing of HTTP but where a head ends, so it can misbehave in any way.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum play_type {
    PLAY_END,        /* of the script; whatever is open gets closed */
    PLAY_ACCEPT,     /* the next connection; the one before is closed */
    PLAY_HEAD,       /* reads up to the empty line; kept for server_received */
    PLAY_BODY,       /* reads `len` bytes; kept, too */
    PLAY_SEND,       /* `text` */
    PLAY_FILL,       /* sends `len` bytes: fixture_byte(0), fixture_byte(1)... */
    PLAY_CLOSE,      /* the connection */
    PLAY_GATE,       /* waits for server_open_gate */
    PLAY_UNTIL_GONE, /* reads and forgets until the peer closes */
};

struct play {
    enum play_type type;
    const char *text;
    size_t len;
};

struct server;

/* The script ends with PLAY_END; its texts outlive the server. NULL when it can't start. */
struct server *server_start(const struct play *script);
/* "http://127.0.0.1:PORT"; owned by the server. */
const char *server_url(const struct server *server);
int server_port(const struct server *server);
void server_open_gate(struct server *server);
/* Waits until the script has ended; what the last three say is final then. */
void server_finish(struct server *server);
/* The same, but breaks the script off where it is. */
void server_stop(struct server *server);
/* True when the script came to its end. */
bool server_played_all(const struct server *server);
/* All heads and bodies, one after the other, NUL-terminated. */
const char *server_received(const struct server *server, size_t *ret_len);
size_t server_connections(const struct server *server);
void server_free(struct server *server);

/* What byte number i of a body is: never the same sequence at two places of a ring. */
char fixture_byte(size_t i);
