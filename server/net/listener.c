#include "net/listener.h"

#include "net/acceptor.h"
#include "net/net.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BACKLOG = 4096,
    GONE_SECONDS_MIN = 30,        /* bytes unacknowledged for so long at least: the peer is gone */
    UNSENT_BYTES_MAX = 128 << 10, /* in the kernel, which would take 4 MB from us and for nothing */
    KEEPALIVE_SECONDS = 5 * 60,   /* a silent peer is asked for a sign of life */
};

static bool set_flag(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

/* Accepted connections inherit all of these, which saves a system call for each. */
static bool set_connection_flags(int fd)
{
    return set_flag(fd, IPPROTO_TCP, TCP_NODELAY, 1) &&
           set_flag(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNSENT_BYTES_MAX) &&
           set_flag(fd, SOL_SOCKET, SO_KEEPALIVE, 1) &&
           set_flag(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_SECONDS);
}

enum err listener_bind(struct addr *addr, bool is_first, int *out)
{
    struct sockaddr_storage ss;
    socklen_t len = addr_to_sockaddr(addr, &ss);
    int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return ERR_IO;
    static const uint8_t any[16] = {0};
    bool both_families = addr->is_v6 && memcmp(addr->ip, any, sizeof(any)) == 0;
    bool ok = set_flag(fd, SOL_SOCKET, SO_REUSEADDR, 1) &&
              (is_first || set_flag(fd, SOL_SOCKET, SO_REUSEPORT, 1)) &&
              (!addr->is_v6 || set_flag(fd, IPPROTO_IPV6, IPV6_V6ONLY, !both_families)) &&
              bind(fd, (struct sockaddr *)&ss, len) == 0 &&
              (!is_first || set_flag(fd, SOL_SOCKET, SO_REUSEPORT, 1)) &&
              set_connection_flags(fd) && listen(fd, BACKLOG) == 0 &&
              getsockname(fd, (struct sockaddr *)&ss, &len) == 0;
    if (!ok) {
        int error = errno;
        close(fd);
        errno = error;
        return ERR_IO;
    }
    addr->port = addr_from_sockaddr(&ss).port;
    *out = fd;
    return OK;
}

void listener_configure(struct listener *l, const struct config *config)
{
    /* The kernel also counts the time for which a peer that is there takes nothing. So it has to be
     * longer than limits.write_rate_min leaves it, twice limits.rate_seconds, and is unlimited if
     * any pace will do. */
    int seconds = config->limits.write_rate_min == 0 ? 0 : 3 * (int)config->limits.rate_seconds;
    if (seconds > 0 && seconds < GONE_SECONDS_MIN)
        seconds = GONE_SECONDS_MIN;
    if (l->fd >= 0 && !l->addr.is_unix)
        (void)set_flag(l->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, seconds * 1000);
}

void listener_set_flags(int fd)
{
    (void)set_connection_flags(fd); /* it serves without them, too */
}

const char *listener_format(const struct listener *l, char out[LISTENER_TEXT_CHARS])
{
    if (l->addr.is_unix)
        snprintf(out, LISTENER_TEXT_CHARS, "unix:%s", l->path);
    else
        addr_format(&l->addr, out);
    return out;
}

unsigned listener_index(const struct listener *l)
{
    return (unsigned)(l - l->net->listeners);
}

void listener_start(struct listener *l, struct net *n)
{
    l->net = n;
    listener_configure(l, n->config);
    ev_io_init(&l->io, acceptor_on_io, l->fd, EV_READ);
    ev_io_start(n->loop->ev, &l->io);
}

void listener_stop(struct listener *l)
{
    if (l->fd < 0)
        return;
    if (l->net != NULL) /* it was started */
        ev_io_stop(l->net->loop->ev, &l->io);
    if (l->path_inode != 0)
        unix_socket_remove(l->path, l->path_inode);
    close(l->fd);
    l->fd = -1;
}
