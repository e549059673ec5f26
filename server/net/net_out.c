/* The second half of a tick: what is queued goes out in one call for each connection, closes go a
 * step further, and the poll is told what to look for next. */
#include "net/net.h"
#include "net/net_internal.h"
#include "net/transport.h"

#include <errno.h>
#include <string.h>

enum { WRITE_PIECES = 64 }; /* of an out-queue, per system call */

/* Sends what the socket takes now, in one call. */
static void send_queued(struct net *n, struct conn *c)
{
    if (c->out.bytes == 0 && transport_pending_bytes(c) == 0)
        return;
    struct iovec iov[WRITE_PIECES];
    int count = outq_iovec(&c->out, iov, WRITE_PIECES);
    size_t taken;
    if (transport_of(c)->write(c, iov, count, &taken) == IO_FAILED) {
        conn_abort(c, strerror(errno));
        return;
    }
    if (taken == 0)
        return;
    metric_add(&n->loop->metrics.out_bytes, taken);
    outq_consume(&c->out, &n->out, taken);
    if (c->state != CONN_OPEN || c->choked)
        net_note_activity(n, c);
    if (c->choked && c->out.bytes <= n->out_bytes_max / 2) {
        c->choked = false;
        conn_wake(c);
    }
}

static void begin_draining(struct conn *c)
{
    c->state = CONN_DRAINING;
    conn_set_timer(c, TIMER_CLOSE);
}

static bool is_all_sent(const struct conn *c)
{
    return c->out.bytes == 0 && transport_pending_bytes(c) == 0;
}

/* Shuts our end; false: what TLS says at its end is not sent yet, or that failed. */
static bool try_shut(struct net *n, struct conn *c)
{
    enum io_result r = transport_of(c)->shutdown(c);
    if (r == IO_AGAIN) {
        send_queued(n, c);
        if (c->state == CONN_DEAD || transport_pending_bytes(c) > 0)
            return false;
        r = transport_of(c)->shutdown(c);
    }
    if (r == IO_FAILED)
        conn_abort(c, "shutdown failed");
    return r == IO_OK;
}

/* A close, step by step: what is queued goes out, our end is shut, the peer ends its own. */
static void advance_close(struct net *n, struct conn *c)
{
    if (c->state == CONN_CLOSING && is_all_sent(c)) {
        if (c->resets)
            c->state = CONN_DEAD;
        else if (c->is_shut || try_shut(n, c))
            begin_draining(c);
    }
    if (c->state == CONN_DRAINING && c->eof)
        c->state = CONN_DEAD;
}

/* Our end alone. */
static void advance_half_close(struct net *n, struct conn *c)
{
    if (!is_all_sent(c) || !try_shut(n, c))
        return;
    c->is_shut = true;
    c->shuts = false;
}

/* A connection with more output queued than this is not read. */
static uint32_t read_mark(const struct net *n)
{
    if (memory_is_short(n) && n->out_bytes_max > MEMORY_QUEUE_BYTES)
        return MEMORY_QUEUE_BYTES;
    return n->out_bytes_max;
}

/* Asks the poll for what this connection can use now. A session that holds input which it cannot
 * use yet, or whose peer does not take what is queued, is not read. */
static void rearm(struct net *n, struct conn *c)
{
    bool read;
    if (c->state == CONN_OPEN)
        read = (c->wants_input || c->in.len == 0) && c->out.bytes <= read_mark(n);
    else
        read = true;
    int events = read && !c->eof ? EV_READ : 0;
    if (c->out.bytes > 0 || transport_pending_bytes(c) > 0)
        events |= EV_WRITE;
    int armed = ev_is_active(&c->io) ? c->io.events & (EV_READ | EV_WRITE) : 0;
    if (events == armed)
        return;
    if ((armed & EV_READ) != 0 && !read && c->out.bytes > read_mark(n))
        metric_add(&n->loop->metrics.read_pauses, 1);
    ev_io_stop(n->loop->ev, &c->io);
    if (events != 0) {
        ev_io_set(&c->io, c->io.fd, events);
        ev_io_start(n->loop->ev, &c->io);
    }
}

/* Everything has been sent, and the poll looks for input, as it did: what the rest of a flush would
 * find out too, but not in one look at the connection. */
static bool is_at_rest(const struct conn *c)
{
    return c->state == CONN_OPEN && c->out.bytes == 0 && c->in.len == 0 && !c->eof && !c->owes &&
           !c->lags && !c->shuts && ev_is_active(&c->io) &&
           (c->io.events & (EV_READ | EV_WRITE)) == EV_READ && transport_pending_bytes(c) == 0;
}

static void flush(struct net *n, struct conn *c)
{
    if (c->state == CONN_DEAD)
        return;
    send_queued(n, c);
    if (is_at_rest(c))
        return;
    if (c->state == CONN_CLOSING || c->state == CONN_DRAINING)
        advance_close(n, c);
    else if (c->shuts)
        advance_half_close(n, c);
    if (c->state == CONN_DEAD)
        return;
    if (outq_settle(&c->out, &n->out) != OK)
        conn_abort_no_memory(c);
    else
        rearm(n, c);
    if (c->state == CONN_DEAD)
        return;
    pace_note(n, c);
    memory_note(n, c);
}

/* At most so many of those whose turn it is. They close at once, so who is closing is not among
 * them. */
static size_t take_turns(struct net *n, struct later *l, size_t max, struct conn **turns)
{
    size_t count = 0;
    struct handle h;
    for (; max > 0 && later_pop(l, &h); max--) {
        struct conn *c = conn_find(n, h);
        if (c == NULL)
            continue;
        c->soon = c->soon && l != &n->soon;
        c->later = c->later && l != &n->later;
        turns[count++] = c;
    }
    return count;
}

/* How many of this tick's turns go to `soon`: all, less a quarter if `later` is not empty. */
static size_t soon_turns(const struct net *n)
{
    size_t all = n->turns_per_tick, kept = all / 4;
    if (kept > n->later.count)
        kept = n->later.count;
    return n->soon.count < all - kept ? n->soon.count : all - kept;
}

/* A system call drives others out of the cache, so what the next need is fetched meanwhile. */
static void flush_later(struct net *n)
{
    struct conn *turns[NET_TURNS_PER_TICK];
    size_t soon = soon_turns(n);
    size_t count = take_turns(n, &n->soon, soon, turns);
    count += take_turns(n, &n->later, n->turns_per_tick - soon, turns + count);
    for (size_t i = 0; i < count; i++) {
        if (i + 2 < count)
            conn_fetch(turns[i + 2]);
        if (i + 1 < count)
            outq_fetch(&turns[i + 1]->out);
        flush(n, turns[i]);
    }
}

bool net_has_unsent(const struct net *n)
{
    return n->soon.count + n->later.count > 0;
}

void net_flush(struct net *n)
{
    for (size_t i = 0; i < n->unsent_count; i++) {
        struct conn *c = n->unsent[i];
        flush(n, c);
        c->unsent = false; /* only now: an abort above does not stand it on the list again */
    }
    n->unsent_count = 0;
    flush_later(n); /* an abort there may, and finds room */
    n->out.gather_used = 0;
    memory_balance(n);
}
