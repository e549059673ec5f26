#include "net/acceptor.h"

#include "config/config.h"
#include "core/log.h"
#include "net/door.h"
#include "net/listener.h"
#include "net/net.h"
#include "net/refusal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    ACCEPTS_PER_TICK = 64,
    SHARED_ACCEPTS_PER_TICK = 4, /* so that the other loops get some */
    PAUSE_SPELL_MS = 1000,       /* pauses that follow each other so closely are logged once */
};

void acceptor_init(struct acceptor *a)
{
    *a = (struct acceptor){.null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC), .spare_fd = -1};
    acceptor_keep_spare(a);
}

void acceptor_deinit(struct acceptor *a)
{
    if (a->spare_fd >= 0)
        close(a->spare_fd);
    if (a->null_fd >= 0)
        close(a->null_fd);
    *a = (struct acceptor){.null_fd = -1, .spare_fd = -1};
}

void acceptor_keep_spare(struct acceptor *a)
{
    if (a->spare_fd < 0)
        a->spare_fd = fcntl(a->null_fd, F_DUPFD_CLOEXEC, 0);
}

/* Counts a connection against limits.connections, which holds for the whole process. The admin
 * listener is exempt: that is where a full server is looked at. */
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

static bool is_paused(const struct listener *l, unsigned pauses)
{
    return (pauses & PAUSE_DESCRIPTORS) != 0 ||
           ((pauses & (PAUSE_CONNECTIONS | PAUSE_MEMORY)) != 0 && !l->is_admin) ||
           ((pauses & PAUSE_HANDSHAKES) != 0 && l->tls);
}

static void set_pauses(struct net *n, unsigned pauses)
{
    n->acceptor.pauses = pauses;
    for (unsigned i = 0; i < n->listener_count; i++) {
        struct listener *l = &n->listeners[i];
        if (is_paused(l, pauses))
            ev_io_stop(n->loop->ev, &l->io);
        else if (l->fd >= 0)
            ev_io_start(n->loop->ev, &l->io);
    }
}

static void pause_accepting(struct net *n, enum accept_pause why, const char *reason)
{
    struct acceptor *a = &n->acceptor;
    if (n->loop->now_ms >= a->again_at_ms + PAUSE_SPELL_MS)
        LOG_WARN("accepting paused", LOG_STR("reason", reason), LOG_INT("loop", n->loop->index));
    metric_add(&n->loop->metrics.accept_pauses, 1);
    a->again_at_ms = n->loop->now_ms + ACCEPTOR_PAUSE_MS;
    set_pauses(n, a->pauses | why);
}

void acceptor_resume(struct net *n)
{
    acceptor_keep_spare(&n->acceptor);
    set_pauses(n, n->acceptor.pauses & PAUSE_HANDSHAKES);
}

void acceptor_note_handshakes(struct net *n, unsigned waiting)
{
    bool is_pausing = (n->acceptor.pauses & PAUSE_HANDSHAKES) != 0;
    if (!is_pausing && waiting > HANDSHAKES_WAITING_MAX) {
        metric_add(&n->loop->metrics.handshake_pauses, 1);
        set_pauses(n, n->acceptor.pauses | PAUSE_HANDSHAKES);
    } else if (is_pausing && waiting <= HANDSHAKES_WAITING_MAX / 2) {
        set_pauses(n, n->acceptor.pauses & ~(unsigned)PAUSE_HANDSHAKES);
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
    if (net_open(n, fd, listener_index(l), peer, l->session) == OK)
        return;
    if (net_asks_door(n, listener_index(l), peer))
        door_leave(n->door, peer, n->loop->now_ms);
    release_connection(n);
    metric_add(&n->loop->metrics.refused_memory, 1);
}

/* Whether a connection waits to be accepted, which accept does not tell without descriptors. */
static bool is_awaited(const struct listener *l)
{
    struct pollfd p = {.fd = l->fd, .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

/* Accepts when only the spare descriptor is left: serves a client of the admin listener on it,
 * since that is where such a server is looked at, and refuses any other. -1: there is no connection
 * to serve; errno is 0 if one was refused. */
static int accept_on_spare(struct listener *l, struct addr *peer)
{
    struct net *n = l->net;
    if (!is_awaited(l)) {
        errno = EAGAIN;
        return -1;
    }
    close(n->acceptor
              .spare_fd); /* if another thread is quicker than we, it is gone: accepting pauses */
    n->acceptor.spare_fd = -1;
    int fd = accept_peer(l, peer);
    if (fd >= 0 && l->is_admin)
        return fd;
    int error = fd < 0 ? errno : 0;
    if (fd >= 0) {
        metric_add(&n->loop->metrics.refused_descriptors, 1);
        refusal_log(n, "no descriptor is left", peer);
        refusal_say_at_once(l, fd);
        n->acceptor.spare_fd =
            dup3(n->acceptor.null_fd, fd, O_CLOEXEC); /* closes it, and nobody comes between */
    }
    acceptor_keep_spare(&n->acceptor);
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
    if (fd < 0 && (errno == EMFILE || errno == ENFILE) && n->acceptor.spare_fd >= 0)
        fd = accept_on_spare(l, &peer);
    if (fd < 0) {
        int error = errno;
        release_connection(n);
        if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM)
            pause_accepting(n, PAUSE_DESCRIPTORS, strerror(error));
        return error == 0 || error == ECONNABORTED || error == EINTR;
    }
    enum door_verdict verdict = net_asks_door(n, listener_index(l), &peer)
                                    ? door_enter(n->door, &peer, n->loop->now_ms)
                                    : DOOR_ADMITTED;
    if (verdict == DOOR_ADMITTED)
        open_conn(l, fd, &peer);
    else if (!refusal_begin(l, fd, &peer, verdict))
        release_connection(n);
    return true;
}

void acceptor_on_io(struct ev_loop *ev, ev_io *io, int revents)
{
    (void)ev;
    (void)revents;
    struct listener *l = container_of(io, struct listener, io);
    int max = l->is_shared ? SHARED_ACCEPTS_PER_TICK : ACCEPTS_PER_TICK;
    for (int i = 0; i < max && accept_one(l); i++)
        ;
}
