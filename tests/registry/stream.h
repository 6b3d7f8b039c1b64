/* SPDX-License-Identifier: Apache-2.0 */
/* A client's byte stream: a TCP socket, with TLS on it or not. TLS ends here, so that faults at
 * byte counts mean bytes of HTTP in both cases. */
#ifndef REGISTRY_STREAM_H
#define REGISTRY_STREAM_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <sys/types.h>

struct stream {
    int fd; /* -1 when closed */
    SSL *tls;
    bool wants_write; /* TLS must write before it can go on */
};

/* NULL if the files are no certificate chain and key. */
SSL_CTX *stream_tls_context(const char *cert, const char *key);
/* Takes the connected, non-blocking socket `fd`; `context` may be NULL. */
void stream_init(struct stream *stream, int fd, SSL_CTX *context);
/* Bytes moved; 0 at the end of the stream (read only); -1 to try again later; -2 when broken. */
ssize_t stream_read(struct stream *stream, void *data, size_t len);
ssize_t stream_write(struct stream *stream, const void *data, size_t len);
/* Whether bytes were already taken from the socket and wait for stream_read. */
bool stream_has_pending(const struct stream *stream);
/* The server name which the client asked for by TLS; NULL if none. */
const char *stream_sni(const struct stream *stream);
/* No more writes: TLS close notification if `politely`, then FIN. */
void stream_end_writes(struct stream *stream, bool politely);
/* Bytes which the client has not yet acknowledged. */
int stream_unacknowledged(const struct stream *stream);
/* Closes; with `reset` the client sees RST. */
void stream_close(struct stream *stream, bool reset);

#endif
