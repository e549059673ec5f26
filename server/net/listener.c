#include "net/listener.h"

#include "config/config.h"
#include "core/log.h"
#include "net/door.h"
#include "net/net.h"
#include "net/refusal.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BACKLOG = 4096,
    ACCEPTS_PER_TICK = 64,
    SHARED_ACCEPTS_PER_TICK = 4,  /* so that the other loops get some */
    USER_TIMEOUT_MS = 30 * 1000,  /* unacknowledged bytes for this long: the peer is gone */
    UNSENT_BYTES_MAX = 128 << 10, /* in the kernel, which would take 4 MB from us and for nothing */
    KEEPALIVE_SECONDS = 5 * 60,   /* a silent peer is asked for a sign of life */
    PAUSE_SPELL_MS = 1000,        /* pauses that follow each other so closely are logged once */
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

/* --- pauses ------------------------------------------------------------------------------ */

static bool is_paused(const struct net *n, const struct listener *l)
{
    return (n->pauses & PAUSE_DESCRIPTORS) != 0 ||
           ((n->pauses & (PAUSE_CONNECTIONS | PAUSE_MEMORY)) != 0 && !l->is_admin) ||
           ((n->pauses & PAUSE_HANDSHAKES) != 0 && l->tls);
}

static void set_pauses(struct net *n, unsigned pauses)
{
    n->pauses = pauses;
    for (unsigned i = 0; i < n->listener_count; i++) {
        struct listener *l = &n->listeners[i];
        if (is_paused(n, l))
            ev_io_stop(n->loop->ev, &l->io);
        else if (l->fd >= 0)
            ev_io_start(n->loop->ev, &l->io);
    }
}

static void pause_accepting(struct net *n, enum accept_pause why, const char *reason)
{
    if (n->loop->now_ms >= n->accept_at_ms + PAUSE_SPELL_MS)
        LOG_WARN("accepting paused", LOG_STR("reason", reason), LOG_INT("loop", n->loop->index));
    metric_add(&n->loop->metrics.accept_pauses, 1);
    n->accept_at_ms = n->loop->now_ms + ACCEPT_PAUSE_MS;
    set_pauses(n, n->pauses | why);
}

void listener_resume_all(struct net *n)
{
    listener_keep_spare(n);
    set_pauses(n, n->pauses & PAUSE_HANDSHAKES);
}

void listener_note_handshakes(struct net *n, unsigned waiting)
{
    bool is_pausing = (n->pauses & PAUSE_HANDSHAKES) != 0;
    if (!is_pausing && waiting > HANDSHAKES_WAITING_MAX) {
        metric_add(&n->loop->metrics.handshake_pauses, 1);
        set_pauses(n, n->pauses | PAUSE_HANDSHAKES);
    } else if (is_pausing && waiting <= HANDSHAKES_WAITING_MAX / 2) {
        set_pauses(n, n->pauses & ~(unsigned)PAUSE_HANDSHAKES);
    }
}

/* --- accepting --------------------------------------------------------------------------- */

/* A descriptor, or -1 and errno. */
static int accept_peer(const struct listener *l, struct addr *peer)
{
    struct sockaddr_storage ss;
    socklen_t len = sizeof(ss);
    int fd = accept4(l->fd, (struct sockaddr *)&ss, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0)
        *peer = addr_from_sockaddr(&ss);
    return fd;
}

static void open_conn(struct listener *l, int fd, const struct addr *peer)
{
    struct net *n = l->net;
    if (net_open(n, fd, (unsigned)(l - n->listeners), peer, l->session) == OK)
        return;
    if (net_asks_door(n, (unsigned)(l - n->listeners), peer))
        door_leave(n->door, peer, n->loop->now_ms);
    release_connection(n);
    metric_add(&n->loop->metrics.refused_memory, 1);
}

void listener_keep_spare(struct net *n)
{
    if (n->spare_fd < 0)
        n->spare_fd = fcntl(n->null_fd, F_DUPFD_CLOEXEC, 0);
}

/* Whether somebody waits to be accepted. Without descriptors accept does not tell. */
static bool is_awaited(const struct listener *l)
{
    struct pollfd p = {.fd = l->fd, .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

/* No descriptor is left but the spare one. The admin listener's client is served on it, for that is
 * where such a server is looked at; anybody else is refused. -1: nobody was there to be served;
 * errno tells whether anybody was there at all: 0. */
static int accept_on_spare(struct listener *l, struct addr *peer)
{
    struct net *n = l->net;
    if (!is_awaited(l)) {
        errno = EAGAIN;
        return -1;
    }
    close(n->spare_fd); /* if another thread is quicker than we, it is gone: accepting pauses */
    n->spare_fd = -1;
    int fd = accept_peer(l, peer);
    if (fd >= 0 && l->is_admin)
        return fd;
    int error = fd < 0 ? errno : 0;
    if (fd >= 0) {
        metric_add(&n->loop->metrics.refused_descriptors, 1);
        refusal_log(n, "no descriptor is left", peer);
        refusal_say_at_once(l, fd);
        n->spare_fd = dup3(n->null_fd, fd, O_CLOEXEC); /* closes it, and nobody comes between */
    }
    listener_keep_spare(n);
    errno = error;
    return -1;
}

/* False when nothing more can be accepted now. */
static bool accept_one(struct listener *l)
{
    struct net *n = l->net;
    if (memory_is_short(n) && !l->is_admin) {
        pause_accepting(n, PAUSE_MEMORY, "limits.memory_bytes is nearly reached");
        return false;
    }
    if (!claim_connection(n, l->is_admin)) {
        pause_accepting(n, PAUSE_CONNECTIONS, "limits.connections is reached");
        return false;
    }
    struct addr peer;
    int fd = accept_peer(l, &peer);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE) && n->spare_fd >= 0)
        fd = accept_on_spare(l, &peer);
    if (fd < 0) {
        int error = errno;
        release_connection(n);
        if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM)
            pause_accepting(n, PAUSE_DESCRIPTORS, strerror(error));
        return error == 0 || error == ECONNABORTED || error == EINTR;
    }
    enum door_verdict verdict = net_asks_door(n, (unsigned)(l - n->listeners), &peer)
                                    ? door_enter(n->door, &peer, n->loop->now_ms)
                                    : DOOR_ADMITTED;
    if (verdict == DOOR_ADMITTED)
        open_conn(l, fd, &peer);
    else if (!refusal_begin(l, fd, &peer, verdict))
        release_connection(n);
    return true;
}

static void on_accept(struct ev_loop *ev, ev_io *io, int revents)
{
    (void)ev;
    (void)revents;
    struct listener *l = container_of(io, struct listener, io);
    int max = l->is_shared ? SHARED_ACCEPTS_PER_TICK : ACCEPTS_PER_TICK;
    for (int i = 0; i < max && accept_one(l); i++)
        ;
}

void listener_start(struct listener *l, struct net *n)
{
    l->net = n;
    ev_io_init(&l->io, on_accept, l->fd, EV_READ);
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
