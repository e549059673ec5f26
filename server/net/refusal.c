#include "net/refusal.h"

#include "core/log.h"
#include "net/listener.h"
#include "net/net.h"
#include "net/net_internal.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SECOND_US = 1000 * 1000 };

static bool may_shake_hands(struct net *n)
{
    return rate_try(&n->refusals.handshakes, n->loop->now_ms * 1000,
                    SECOND_US / REFUSAL_HANDSHAKES_PER_SECOND, REFUSAL_HANDSHAKES_PER_SECOND);
}

static bool has_words(struct net *n, const struct listener *l)
{
    return l->refusal != NULL && n->refusals.count < REFUSALS_MAX &&
           (!l->tls || may_shake_hands(n));
}

void refusal_note(struct net *n, enum door_verdict verdict, const struct addr *peer)
{
    struct loop_metrics *m = &n->loop->metrics;
    switch (verdict) {
    case DOOR_ADMITTED:
        break;
    case DOOR_CROWDED:
        metric_add(&m->refused_crowded, 1);
        refusal_log(n, "limits.connections_per_address", peer);
        break;
    case DOOR_HASTY:
        metric_add(&m->refused_hasty, 1);
        refusal_log(n, "limits.connection_rate_per_address", peer);
        break;
    case DOOR_NO_MEMORY:
        metric_add(&m->refused_memory, 1);
        refusal_log(n, "out of memory", peer);
        break;
    }
}

bool refusal_begin(const struct listener *l, int fd, const struct addr *peer,
                   enum door_verdict verdict)
{
    struct net *n = l->net;
    refusal_note(n, verdict, peer);
    if (has_words(n, l))
        return net_open(n, fd, listener_index(l), peer, l->refusal) == OK;
    close(fd);
    return false;
}

bool refusal_take_over(struct conn *c, enum door_verdict verdict)
{
    struct net *n = conn_net(c);
    const struct session_type *session = n->listeners[c->listener].refusal;
    refusal_note(n, verdict, &c->peer);
    if (!has_words(n, &n->listeners[c->listener]))
        return false;
    void *frame = calloc(1, session->frame_bytes);
    if (frame == NULL)
        return false;
    net_end_session(c); /* which has not begun */
    c->session = session;
    c->frame = frame;
    net_count_session(n, session, 1);
    conn_count_end(c, END_REFUSED);
    memory_take(&n->memory, session->frame_bytes);
    conn_set_timer(c, TIMER_REFUSAL);
    n->refusals.count++;
    conn_wake(c);
    return true;
}

void refusal_say_at_once(const struct listener *l, int fd)
{
    if (l->tls || l->say_full == NULL)
        return;
    /* Reads what has come, since a close with unread input would reset the connection before our
     * words arrive. */
    ssize_t got = recv(fd, l->net->in, l->net->in_bytes, MSG_DONTWAIT);
    struct span words = l->say_full(span_of(l->net->in, got < 0 ? 0 : (size_t)got));
    if (words.len > 0)
        (void)!send(fd, words.ptr, words.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
}

void refusal_log(struct net *n, const char *reason, const struct addr *peer)
{
    n->refusals.unlogged.count++;
    n->refusals.unlogged.reason = reason;
    n->refusals.unlogged.peer = *peer;
    refusal_log_due(n);
}

void refusal_log_due(struct net *n)
{
    if (n->refusals.unlogged.count == 0 ||
        !rate_try(&n->refusals.log, n->loop->now_ms * 1000, REFUSAL_LOG_MS * 1000, 1))
        return;
    char text[ADDR_CHARS];
    LOG_WARN("connections refused", LOG_STR("reason", n->refusals.unlogged.reason),
             LOG_STR("peer", addr_format(&n->refusals.unlogged.peer, text)),
             LOG_INT("count", n->refusals.unlogged.count), LOG_INT("loop", n->loop->index));
    n->refusals.unlogged.count = 0;
}

uint64_t refusal_log_next_ms(const struct net *n)
{
    if (n->refusals.unlogged.count == 0)
        return UINT64_MAX;
    return rate_wait_us(&n->refusals.log, n->loop->now_ms * 1000, REFUSAL_LOG_MS * 1000, 1) / 1000;
}
