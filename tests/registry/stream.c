/* SPDX-License-Identifier: Apache-2.0 */
/* A client's byte stream: a TCP socket, with TLS on it or not. */
#include "stream.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

SSL_CTX *stream_tls_context(const char *cert, const char *key)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());

    if (context == NULL || SSL_CTX_use_certificate_chain_file(context, cert) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
        SSL_CTX_free(context);
        return NULL;
    }
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return context;
}

void stream_init(struct stream *stream, int fd, SSL_CTX *context)
{
    int on = 1;

    *stream = (struct stream){.fd = fd};
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (context != NULL) {
        stream->tls = SSL_new(context);
        SSL_set_fd(stream->tls, fd);
        SSL_set_accept_state(stream->tls);
    }
}

static ssize_t tls_result(struct stream *stream, int result)
{
    stream->wants_write = false;
    if (result > 0)
        return result;
    int error = SSL_get_error(stream->tls, result);
    ERR_clear_error();
    stream->wants_write = error == SSL_ERROR_WANT_WRITE;
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return -1;
    return error == SSL_ERROR_ZERO_RETURN ? 0 : -2;
}

static ssize_t plain_result(ssize_t result)
{
    if (result >= 0)
        return result;
    return errno == EAGAIN || errno == EINTR ? -1 : -2;
}

ssize_t stream_read(struct stream *stream, void *data, size_t len)
{
    if (stream->tls != NULL)
        return tls_result(stream, SSL_read(stream->tls, data, (int)len));
    return plain_result(recv(stream->fd, data, len, 0));
}

ssize_t stream_write(struct stream *stream, const void *data, size_t len)
{
    if (stream->tls != NULL)
        return tls_result(stream, SSL_write(stream->tls, data, (int)len));
    return plain_result(send(stream->fd, data, len, MSG_NOSIGNAL));
}

bool stream_has_pending(const struct stream *stream)
{
    return stream->tls != NULL && SSL_pending(stream->tls) > 0;
}

const char *stream_sni(const struct stream *stream)
{
    return stream->tls != NULL ? SSL_get_servername(stream->tls, TLSEXT_NAMETYPE_host_name) : NULL;
}

void stream_end_writes(struct stream *stream, bool politely)
{
    if (stream->tls != NULL && politely)
        SSL_shutdown(stream->tls);
    ERR_clear_error();
    shutdown(stream->fd, SHUT_WR);
}

int stream_unacknowledged(const struct stream *stream)
{
    int bytes = 0;

    return ioctl(stream->fd, SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

void stream_close(struct stream *stream, bool reset)
{
    struct linger no_goodbye = {.l_onoff = 1, .l_linger = 0};

    if (reset)
        setsockopt(stream->fd, SOL_SOCKET, SO_LINGER, &no_goodbye, sizeof(no_goodbye));
    SSL_free(stream->tls);
    stream->tls = NULL;
    close(stream->fd);
    stream->fd = -1;
}
