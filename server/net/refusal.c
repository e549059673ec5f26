#include "net/refusal.h"

#include "core/log.h"
#include "net/listener.h"
#include "net/net.h"

#include <sys/socket.h>
#include <unistd.h>

enum { SECOND_US = 1000 * 1000 };

static bool may_shake_hands(struct net *n)
{
    return rate_try(&n->refusal_handshakes, n->loop->now_ms * 1000,
                    SECOND_US / REFUSAL_HANDSHAKES_PER_SECOND, REFUSAL_HANDSHAKES_PER_SECOND);
}

bool refusal_begin(const struct listener *l, int fd, const struct addr *peer)
{
    struct net *n = l->net;
    if (l->refusal != NULL && n->refusal_count < REFUSALS_MAX && (!l->tls || may_shake_hands(n)))
        return net_open(n, fd, (unsigned)(l - n->listeners), peer, l->refusal) == OK;
    close(fd);
    return false;
}

void refusal_say_at_once(const struct listener *l, int fd)
{
    if (l->tls || l->say_full == NULL)
        return;
    /* What has come is taken, since a close with unread input would reset our words away. */
    ssize_t got = recv(fd, l->net->in, l->net->in_bytes, MSG_DONTWAIT);
    struct span words = l->say_full(span_of(l->net->in, got < 0 ? 0 : (size_t)got));
    if (words.len > 0)
        (void)!send(fd, words.ptr, words.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
}

void refusal_log(struct net *n, const char *reason, const struct addr *peer)
{
    n->unlogged.count++;
    n->unlogged.reason = reason;
    n->unlogged.peer = *peer;
    refusal_log_due(n);
}

void refusal_log_due(struct net *n)
{
    if (n->unlogged.count == 0 ||
        !rate_try(&n->refusal_log, n->loop->now_ms * 1000, REFUSAL_LOG_MS * 1000, 1))
        return;
    char text[ADDR_CHARS];
    LOG_WARN("connections refused", LOG_STR("reason", n->unlogged.reason),
             LOG_STR("peer", addr_format(&n->unlogged.peer, text)),
             LOG_INT("count", n->unlogged.count), LOG_INT("loop", n->loop->index));
    n->unlogged.count = 0;
}

uint64_t refusal_log_next_ms(const struct net *n)
{
    if (n->unlogged.count == 0)
        return UINT64_MAX;
    return rate_wait_us(&n->refusal_log, n->loop->now_ms * 1000, REFUSAL_LOG_MS * 1000, 1) / 1000;
}
