/* The drain of one loop: nobody new comes, and those who are here learn that they have to go. Were
 * all told at once, all would be back at once, at this server's successor or at the next one. */
#include "net/listener.h"
#include "net/net.h"
#include "net/net_internal.h"
#include "net/transport.h"
#include "simul/chance.h"

#include <stdlib.h>

static bool is_concerned(const struct net *n, const struct conn *c)
{
    return c->state == CONN_OPEN && !n->listeners[c->listener].is_admin;
}

static bool has_turn(const struct net *n, const struct conn *c)
{
    return is_concerned(n, c) && c->session->is_lasting && transport_of(c)->is_ready(c);
}

static void tell(struct net *n, struct conn *c)
{
    if (!is_concerned(n, c))
        return;
    if (!transport_of(c)->is_ready(c)) {
        conn_count_end(c, END_SERVER);
        conn_abort(c, "the server is about to stop");
        return;
    }
    c->draining = true;
    c->fresh = true;
    conn_wake(c);
}

/* --- turns ------------------------------------------------------------------------------- */

static void count_turn(struct net *n, struct conn *c)
{
    n->drain.count += has_turn(n, c);
}

static void give_turn_or_tell(struct net *n, struct conn *c)
{
    if (has_turn(n, c))
        n->drain.turns[n->drain.count++] = conn_handle(c);
    else
        tell(n, c);
}

/* In the order of slots who came together, and perhaps is one room, would leave together. */
static void shuffle(struct handle *turns, uint32_t count, uint64_t seed)
{
    struct chance chance = {seed};
    for (uint32_t i = count; i > 1; i--) {
        uint32_t other = chance_below(&chance, i);
        struct handle h = turns[i - 1];
        turns[i - 1] = turns[other];
        turns[other] = h;
    }
}

void net_drain(struct net *n, uint64_t span_ms)
{
    n->draining = true;
    for (unsigned i = 0; i < n->listener_count; i++)
        if (!n->listeners[i].is_admin)
            listener_stop(&n->listeners[i]);
    net_for_each(n, count_turn);
    if (span_ms > 0 && n->drain.count > 0)
        n->drain.turns = malloc(n->drain.count * sizeof(*n->drain.turns));
    n->drain.count = 0;
    if (n->drain.turns == NULL) {
        net_for_each(n, tell);
        return;
    }
    net_for_each(n, give_turn_or_tell);
    n->drain.began_ms = n->loop->now_ms;
    n->drain.span_ms = span_ms;
    shuffle(n->drain.turns, n->drain.count, n->loop->wall_ms);
    net_drain_due(n);
}

/* When the next one is told, since the drain began. */
static uint64_t turn_ms(const struct net *n)
{
    return n->drain.span_ms * n->drain.told / n->drain.count;
}

void net_drain_due(struct net *n)
{
    uint64_t since_ms = n->loop->now_ms - n->drain.began_ms;
    while (n->drain.told < n->drain.count && turn_ms(n) <= since_ms) {
        struct conn *c = conn_find(n, n->drain.turns[n->drain.told++]);
        if (c != NULL)
            tell(n, c);
    }
}

uint64_t net_drain_next_ms(const struct net *n)
{
    if (n->drain.told == n->drain.count)
        return UINT64_MAX;
    uint64_t since_ms = n->loop->now_ms - n->drain.began_ms;
    return turn_ms(n) > since_ms ? turn_ms(n) - since_ms : 0;
}

void net_drain_free(struct net *n)
{
    free(n->drain.turns);
}

bool net_is_drained(const struct net *n)
{
    return n->draining && n->conns.open_count == n->admin_count;
}
