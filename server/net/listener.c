#include "net/listener.h"

#include "config.h"
#include "core/log.h"
#include "net/net.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BACKLOG = 4096,
    ACCEPTS_PER_TICK = 64,
    USER_TIMEOUT_MS = 30 * 1000, /* unacknowledged bytes for this long: the peer is gone */
};

static bool set_flag(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
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
              listen(fd, BACKLOG) == 0 && getsockname(fd, (struct sockaddr *)&ss, &len) == 0;
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

/* Counts a connection against limits.connections, which holds for the whole process. */
static bool claim_connection(struct net *n)
{
    uint32_t open = atomic_fetch_add_explicit(n->open_total, 1, memory_order_relaxed);
    if (open < (uint64_t)n->config->limits.connections)
        return true;
    atomic_fetch_sub_explicit(n->open_total, 1, memory_order_relaxed);
    return false;
}

static void release_connection(struct net *n)
{
    atomic_fetch_sub_explicit(n->open_total, 1, memory_order_relaxed);
}

/* False when nothing more can be accepted now. */
static bool accept_one(struct listener *l)
{
    struct net *n = l->net;
    if (!claim_connection(n)) {
        LOG_WARN("accepting paused: limits.connections is reached", LOG_STR("listener", l->name));
        listener_pause_all(n);
        return false;
    }
    struct sockaddr_storage ss;
    socklen_t len = sizeof(ss);
    int fd = accept4(l->fd, (struct sockaddr *)&ss, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        release_connection(n);
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            LOG_WARN("accepting paused", LOG_STR("listener", l->name),
                     LOG_STR("reason", strerror(errno)));
            listener_pause_all(n);
        }
        return errno == ECONNABORTED || errno == EINTR;
    }
    set_flag(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_flag(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MS);
    struct addr peer = addr_from_sockaddr(&ss);
    if (net_open(n, fd, (unsigned)(l - n->listeners), &peer, l->session) != OK) {
        release_connection(n);
        metric_add(&n->loop->metrics.out_of_memory, 1);
    }
    return true;
}

static void on_accept(struct ev_loop *ev, ev_io *io, int revents)
{
    (void)ev;
    (void)revents;
    struct listener *l = container_of(io, struct listener, io);
    for (int i = 0; i < ACCEPTS_PER_TICK && accept_one(l); i++)
        ;
}

void listener_start(struct listener *l, struct net *n)
{
    l->net = n;
    ev_io_init(&l->io, on_accept, l->fd, EV_READ);
    ev_io_start(n->loop->ev, &l->io);
}

void listener_pause_all(struct net *n)
{
    n->accept_paused = true;
    n->accept_at_ms = n->loop->now_ms + ACCEPT_PAUSE_MS;
    for (unsigned i = 0; i < n->listener_count; i++)
        ev_io_stop(n->loop->ev, &n->listeners[i].io);
}

void listener_resume_all(struct net *n)
{
    n->accept_paused = false;
    for (unsigned i = 0; i < n->listener_count; i++)
        if (n->listeners[i].fd >= 0)
            ev_io_start(n->loop->ev, &n->listeners[i].io);
}

void listener_stop(struct listener *l)
{
    if (l->fd < 0)
        return;
    if (l->net != NULL) /* it was started */
        ev_io_stop(l->net->loop->ev, &l->io);
    close(l->fd);
    l->fd = -1;
}
