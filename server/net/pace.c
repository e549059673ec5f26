#include "net/pace.h"

#include "config/config.h"
#include "net/net.h"
#include "net/transport.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

enum { ROUND_STEPS = 16 };

void pace_configure(struct pace *p, const struct config *config)
{
    uint32_t round_seconds = (uint32_t)config->limits.rate_seconds;
    p->step_ms = round_seconds * 1000 / ROUND_STEPS + 1;
    p->in_bytes_min = (uint32_t)config->limits.read_rate_min * round_seconds;
    p->out_bytes_min = (uint32_t)config->limits.write_rate_min * round_seconds;
}

/* Whether the peer is expected to send, and we do read it. A PROXY header has its own time-out. */
static bool owes_input(const struct conn *c)
{
    bool has_begun = c->owes || (c->wants_input && c->in.len > 0 && !c->awaits_proxy);
    return has_begun && c->state == CONN_OPEN && ev_is_active(&c->io) && c->io.events & EV_READ;
}

static bool owes_taking(const struct conn *c)
{
    return c->out.bytes > 0 || transport_pending_bytes(c) > 0;
}

void pace_note(struct net *n, struct conn *c)
{
    bool in = owes_input(c), out = owes_taking(c);
    c->in_late = c->in_late && in;
    c->out_late = c->out_late && out;
    if ((in || out) == c->lags)
        return;
    c->lags = in || out;
    if (!c->lags)
        n->pace.lagging--;
    else if (n->pace.lagging++ == 0)
        n->pace.step_at_ms = n->loop->now_ms + n->pace.step_ms;
}

void pace_forget(struct net *n, struct conn *c)
{
    n->pace.lagging -= c->lags;
    c->lags = false;
}

/* What the kernel still has for the peer. Without it a peer behind a large socket buffer would seem
 * to take nothing for minutes, and then a megabyte at once. */
static uint32_t kernel_bytes(const struct conn *c)
{
    int bytes = 0;
    return ioctl(c->io.fd, SIOCOUTQ, &bytes) == 0 && bytes > 0 ? (uint32_t)bytes : 0;
}

/* out.sent is what the kernel had at the last visit, and what it was given since. */
static bool takes_too_little(const struct pace *p, const struct conn *c)
{
    uint32_t left = kernel_bytes(c);
    return c->out_late && (c->out.sent < left || c->out.sent - left < p->out_bytes_min);
}

static void visit(struct net *n, struct conn *c)
{
    const struct pace *p = &n->pace;
    if (!c->lags || c->state == CONN_DEAD)
        return;
    if (p->out_bytes_min > 0 && takes_too_little(p, c)) {
        conn_evict(c, END_SLOW);
        return;
    }
    if (c->in_late && c->in.got < p->in_bytes_min) {
        c->timed_out = true;
        c->fresh = true;
        conn_wake(c);
    }
    c->in_late = owes_input(c);
    c->in.got = 0;
    c->out_late = owes_taking(c);
    c->out.sent = c->out_late ? kernel_bytes(c) : 0;
}

void pace_advance(struct net *n)
{
    struct pace *p = &n->pace;
    uint32_t slots = n->conns.slot_count;
    if (p->lagging == 0 || n->loop->now_ms < p->step_at_ms)
        return;
    p->step_at_ms = n->loop->now_ms + p->step_ms;
    for (uint32_t i = 0; i < slots; i += ROUND_STEPS) {
        p->hand = p->hand + 1 < slots ? p->hand + 1 : 0;
        visit(n, conn_table_at(&n->conns, p->hand));
    }
}

uint64_t pace_next_ms(const struct net *n)
{
    const struct pace *p = &n->pace;
    if (p->lagging == 0)
        return UINT64_MAX;
    return p->step_at_ms > n->loop->now_ms ? p->step_at_ms - n->loop->now_ms : 0;
}
