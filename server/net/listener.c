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
    KEEPALIVE_SECONDS = 5 * 60,  /* a silent peer is asked for a sign of life */
    PAUSE_SPELL_MS = 1000,       /* pauses that follow each other so closely are logged once */
};

static bool set_flag(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

/* Connections inherit all of these, so they cost no system call at an accept. */
static bool set_connection_flags(int fd)
{
    return set_flag(fd, IPPROTO_TCP, TCP_NODELAY, 1) &&
           set_flag(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MS) &&
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

/* Counts a connection against limits.connections, which holds for the whole process. Nobody is
 * locked out of the admin listener by it: that is where a full server is looked at. */
static bool claim_connection(struct net *n, bool is_admin)
{
    uint32_t open = atomic_fetch_add_explicit(n->open_total, 1, memory_order_relaxed);
    if (is_admin || open < (uint64_t)n->config->limits.connections)
        return true;
    atomic_fetch_sub_explicit(n->open_total, 1, memory_order_relaxed);
    return false;
}

static void release_connection(struct net *n)
{
    atomic_fetch_sub_explicit(n->open_total, 1, memory_order_relaxed);
}

static void pause_accepting(struct net *n, bool admin_too, const char *reason)
{
    if (n->loop->now_ms >= n->accept_at_ms + PAUSE_SPELL_MS)
        LOG_WARN("accepting paused", LOG_STR("reason", reason), LOG_INT("loop", n->loop->index));
    metric_add(&n->loop->metrics.accept_pauses, 1);
    n->accept_paused = true;
    n->accept_at_ms = n->loop->now_ms + ACCEPT_PAUSE_MS;
    for (unsigned i = 0; i < n->listener_count; i++)
        if (admin_too || !n->listeners[i].is_admin)
            ev_io_stop(n->loop->ev, &n->listeners[i].io);
}

/* False when nothing more can be accepted now. */
static bool accept_one(struct listener *l)
{
    struct net *n = l->net;
    if (n->memory.is_short && !l->is_admin) {
        pause_accepting(n, false, "limits.memory_bytes is nearly reached");
        return false;
    }
    if (!claim_connection(n, l->is_admin)) {
        pause_accepting(n, false, "limits.connections is reached");
        return false;
    }
    struct sockaddr_storage ss;
    socklen_t len = sizeof(ss);
    int fd = accept4(l->fd, (struct sockaddr *)&ss, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        int error = errno;
        release_connection(n);
        if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM)
            pause_accepting(n, true, strerror(error));
        return error == ECONNABORTED || error == EINTR;
    }
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
        if (l->net != NULL)
            ev_io_stop(l->net->loop->ev, &l->io);
    close(l->fd);
    l->fd = -1;
}
