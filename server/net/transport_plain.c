#include "net/conn.h"
#include "net/net.h"
#include "net/socket.h"
#include "net/transport.h"

#include <errno.h>
#include <sys/socket.h>

static enum io_result plain_read(struct conn *c, uint8_t *to, size_t cap, size_t *got)
{
    *got = 0;
    metric_add(&conn_net(c)->loop->metrics.reads, 1);
    ssize_t n = socket_recv(c->io.fd, to, cap);
    if (n > 0) {
        *got = (size_t)n;
        pace_count(&c->in.got, (size_t)n);
        return IO_OK;
    }
    if (n == 0)
        return IO_EOF;
    return errno == EAGAIN || errno == EINTR ? IO_AGAIN : IO_FAILED;
}

static enum io_result plain_write(struct conn *c, const struct iovec *iov, int count, size_t *taken)
{
    *taken = 0;
    metric_add(&conn_net(c)->loop->metrics.writes, 1);
    ssize_t n = socket_send(c->io.fd, iov, (size_t)count);
    if (n >= 0) {
        *taken = (size_t)n;
        pace_count(&c->out.sent, (size_t)n);
        return IO_OK;
    }
    return errno == EAGAIN || errno == EINTR ? IO_AGAIN : IO_FAILED;
}

static enum io_result plain_shutdown(struct conn *c)
{
    return shutdown(c->io.fd, SHUT_WR) == 0 ? IO_OK : IO_FAILED;
}

static bool plain_is_ready(const struct conn *c)
{
    (void)c;
    return true;
}

static void plain_free(struct conn *c)
{
    (void)c;
}

const struct transport transport_plain = {
    .name = "tcp",
    .read = plain_read,
    .write = plain_write,
    .shutdown = plain_shutdown,
    .is_ready = plain_is_ready,
    .free = plain_free,
};
