/* A client of the server under test, in its own thread: a socket, with TLS on it if it likes. What
 * the server's end does not take at once is not said. */
#pragma once

#include "simul/buf.h"
#include "unit/net/tls_peer.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct client {
    int fd; /* -1: nobody */
    bool is_secure;
    struct tls_peer tls;
    struct buf heard;
};

/* What TLS has for the server. Whoever is served in this thread finds no errors of ours. */
static inline void client_flush(struct client *c)
{
    uint8_t out[4096];
    size_t len;
    while ((len = tls_peer_output(&c->tls, out, sizeof(out))) > 0)
        (void)!send(c->fd, out, len, MSG_NOSIGNAL);
    ERR_clear_error();
}

/* Connects to the Unix socket. */
static inline void client_open(struct client *c, const char *path, bool is_secure)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
    *c = (struct client){.is_secure = is_secure};
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    cr_assert_eq(connect(c->fd, (struct sockaddr *)&to, sizeof(to)), 0);
    if (is_secure) {
        tls_peer_init(&c->tls, 0, 0, NULL);
        SSL_do_handshake(c->tls.ssl);
        client_flush(c);
    }
}

static inline void client_leave(struct client *c)
{
    if (c->fd < 0)
        return;
    if (c->is_secure)
        tls_peer_deinit(&c->tls);
    buf_deinit(&c->heard);
    close(c->fd);
    c->fd = -1;
}

static inline void client_say(struct client *c, struct span bytes)
{
    if (bytes.len == 0)
        return;
    if (!c->is_secure) {
        (void)!send(c->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        return;
    }
    SSL_write(c->tls.ssl, bytes.ptr, (int)bytes.len);
    client_flush(c);
}

/* No more will be said. */
static inline void client_shut(struct client *c)
{
    if (c->is_secure) {
        SSL_shutdown(c->tls.ssl);
        client_flush(c);
    }
    shutdown(c->fd, SHUT_WR);
}

/* Takes what has come. */
static inline void client_hear(struct client *c)
{
    uint8_t in[16384];
    ssize_t n;
    while ((n = recv(c->fd, in, sizeof(in), 0)) > 0) {
        if (c->is_secure)
            tls_peer_input(&c->tls, span_of(in, (size_t)n));
        else
            cr_assert_eq(buf_append(&c->heard, span_of(in, (size_t)n)), OK);
    }
    if (!c->is_secure)
        return;
    while ((n = SSL_read(c->tls.ssl, in, sizeof(in))) > 0)
        cr_assert_eq(buf_append(&c->heard, span_of(in, (size_t)n)), OK);
    client_flush(c);
}

/* Goes on with its handshake, if it is not done. */
static inline void client_greet(struct client *c)
{
    if (c->fd >= 0 && c->is_secure && !SSL_is_init_finished(c->tls.ssl))
        client_hear(c);
}
