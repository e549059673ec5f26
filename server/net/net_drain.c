#include "net/net_drain.h"

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

static void give_turn_or_tell(struct net *n, struct conn *c)
{
    if (has_turn(n, c))
        n->drain.waiting[n->drain.count++] = conn_handle(c);
    else
        tell(n, c);
}

/* In the order of slots who came together, and perhaps is one room, would leave together. */
static void shuffle(struct handle *waiting, uint32_t count, uint64_t seed)
{
    struct chance chance = {seed};
    for (uint32_t i = count; i > 1; i--) {
        uint32_t other = chance_below(&chance, i);
        struct handle h = waiting[i - 1];
        waiting[i - 1] = waiting[other];
        waiting[other] = h;
    }
}

void net_drain(struct net *n, struct drain_turns *turns)
{
    n->draining = true;
    for (unsigned i = 0; i < n->listener_count; i++)
        if (!n->listeners[i].is_admin)
            listener_stop(&n->listeners[i]);
    if (turns != NULL && n->conns.open_count > 0)
        n->drain.waiting = malloc(n->conns.open_count * sizeof(*n->drain.waiting));
    if (n->drain.waiting == NULL) {
        net_for_each(n, tell);
        return;
    }
    net_for_each(n, give_turn_or_tell);
    n->drain.turns = turns;
    atomic_fetch_add(&turns->count, n->drain.count);
    shuffle(n->drain.waiting, n->drain.count, n->loop->wall_ms);
    net_drain_due(n);
}

/* How long it is until the next turn, after so many; 0: it is time. */
static uint64_t turn_in_ms(const struct net *n, uint32_t told)
{
    const struct drain_turns *all = n->drain.turns;
    uint64_t at_ms = all->began_ms + all->span_ms * told / atomic_load(&all->count);
    return at_ms > n->loop->now_ms ? at_ms - n->loop->now_ms : 0;
}

/* Whether it is time to tell one, and no other loop is about to. */
static bool try_turn(struct net *n)
{
    uint32_t told = atomic_load(&n->drain.turns->told);
    while (turn_in_ms(n, told) == 0)
        if (atomic_compare_exchange_weak(&n->drain.turns->told, &told, told + 1))
            return true;
    return false;
}

void net_drain_due(struct net *n)
{
    while (n->drain.told < n->drain.count && try_turn(n)) {
        struct conn *c = conn_find(n, n->drain.waiting[n->drain.told++]);
        if (c != NULL)
            tell(n, c);
    }
}

uint64_t net_drain_next_ms(const struct net *n)
{
    if (n->drain.told == n->drain.count)
        return UINT64_MAX;
    return turn_in_ms(n, atomic_load(&n->drain.turns->told));
}

void net_drain_free(struct net *n)
{
    free(n->drain.waiting);
}

bool net_is_drained(const struct net *n)
{
    return n->draining && n->conns.open_count == n->admin_count;
}
