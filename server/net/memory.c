#include "net/memory.h"

#include "config/config.h"
#include "core/log.h"
#include "net/listener.h"
#include "net/net.h"
#include "net/transport.h"
#include "simul/ws.h"

enum {
    VICTIMS_MAX = 16,            /* found in one walk over the connections */
    VICTIM_BYTES_MIN = 4 * 1024, /* evicting less is no relief */
    TOLD_MS = 10 * 1000,
};

void memory_configure(struct memory *m, const struct config *config)
{
    m->bytes_max = (uint64_t)config->limits.memory_bytes;
}

static uint64_t held_by(const struct conn *c)
{
    uint64_t held = (uint64_t)c->out.bytes + c->in.len + transport_pending_bytes(c);
    if (c->frame != NULL && c->session->held_bytes != NULL)
        held += c->session->held_bytes(c, c->frame);
    return held;
}

/* The most that one connection of the loop holds; 0: none is worth evicting. */
static uint64_t most_of(const struct loop *l)
{
    return metric_get(&l->metrics.held_bytes_max);
}

static void set_most(struct net *n, uint64_t bytes)
{
    atomic_store_explicit(&n->loop->metrics.held_bytes_max, bytes, memory_order_relaxed);
}

void memory_note(struct net *n, const struct conn *c)
{
    uint64_t held = held_by(c);
    if (held >= VICTIM_BYTES_MIN && held > most_of(n->loop))
        set_most(n, held);
}

/* Memory is short above this. */
static uint64_t short_mark(const struct memory *m)
{
    return m->bytes_max - m->bytes_max / 8;
}

bool memory_is_short(const struct net *n)
{
    return atomic_load_explicit(&n->loop->set->held_bytes, memory_order_relaxed) >
           short_mark(&n->memory);
}

/* The sum crosses the mark only when some loop changes it, and that loop notes it here. */
static void note_short(struct net *n, uint64_t bytes)
{
    _Atomic uint64_t *since = &n->loop->set->held_much_at_ms;
    bool is_short = bytes > short_mark(&n->memory);
    if (is_short != (atomic_load_explicit(since, memory_order_relaxed) != 0))
        atomic_store_explicit(since, is_short ? n->loop->now_ms : 0, memory_order_relaxed);
}

uint64_t memory_publish(struct net *n)
{
    struct memory *m = &n->memory;
    _Atomic uint64_t *total = &n->loop->set->held_bytes;
    metric_set(&n->loop->metrics.queued_bytes, n->out.heap_bytes);
    uint64_t bytes = m->counted_bytes + n->out.heap_bytes + n->ws_pool->held_bytes;
    uint64_t change = bytes - m->published_bytes, sum;
    if (change == 0) {
        sum = atomic_load_explicit(total, memory_order_relaxed);
    } else {
        m->published_bytes = bytes;
        metric_add(&n->loop->metrics.held_bytes, change);
        sum = atomic_fetch_add_explicit(total, change, memory_order_relaxed) + change;
    }
    note_short(n, sum);
    return sum;
}

/* The loop whose largest connection is the largest of all, as far as is known. */
static struct loop *loop_of_largest(const struct net *n)
{
    struct loop *largest = n->loop;
    for (unsigned i = 0; i < n->loop->set->count; i++) {
        struct loop *l = &n->loop->set->loops[i];
        if (most_of(l) > most_of(largest))
            largest = l;
    }
    return largest;
}

static bool may_be_evicted(const struct net *n, const struct conn *c)
{
    return c->session != NULL && c->state != CONN_DEAD && held_by(c) >= VICTIM_BYTES_MIN &&
           !n->listeners[c->listener].is_admin;
}

/* Finds the connections of this loop that hold the most, the largest first. */
static size_t find_victims(const struct net *n, struct conn *victims[VICTIMS_MAX])
{
    size_t count = 0;
    for (uint32_t slot = 0; slot < n->conns.slot_count; slot++) {
        struct conn *c = conn_table_at(&n->conns, slot);
        if (!may_be_evicted(n, c))
            continue;
        if (count == VICTIMS_MAX && held_by(c) <= held_by(victims[count - 1]))
            continue;
        size_t at = count < VICTIMS_MAX ? count++ : count - 1;
        for (; at > 0 && held_by(victims[at - 1]) < held_by(c); at--)
            victims[at] = victims[at - 1];
        victims[at] = c;
    }
    return count;
}

static void tell(struct net *n, uint64_t bytes)
{
    struct memory *m = &n->memory;
    if (m->told_at_ms != 0 && n->loop->now_ms < m->told_at_ms + TOLD_MS)
        return;
    m->told_at_ms = n->loop->now_ms;
    LOG_WARN("limits.memory_bytes is reached, or nearly; who holds the most is closed",
             LOG_INT("bytes", (int64_t)bytes), LOG_INT("limit", (int64_t)m->bytes_max),
             LOG_INT("loop", n->loop->index));
}

/* Evicts the largest connections of this loop, as long as they are the largest of all. */
static void evict_largest(struct net *n, uint64_t enough)
{
    struct conn *victims[VICTIMS_MAX];
    size_t count = find_victims(n, victims);
    uint64_t reaped = 0; /* will be, at the end of the tick */
    for (size_t i = 0; i < count; i++) {
        set_most(n, held_by(victims[i]));
        uint64_t bytes = memory_publish(n);
        if (bytes <= enough + reaped || loop_of_largest(n) != n->loop)
            return;
        tell(n, bytes);
        conn_evict(victims[i], END_MEMORY);
        outq_clear(&victims[i]->out, &n->out);
        reaped += held_by(victims[i]);
    }
    if (count < VICTIMS_MAX)
        set_most(n, 0);
}

/* What is known of other loops is never too little, and each loop corrects its own figure when it
 * looks; so waking the one that seems to have the largest terminates. */
static void relieve(struct net *n, uint64_t enough)
{
    struct loop *largest = loop_of_largest(n);
    if (largest == n->loop && most_of(largest) > 0) {
        evict_largest(n, enough);
        largest = loop_of_largest(n);
    }
    if (most_of(largest) > 0 && memory_publish(n) > enough)
        ev_async_send(largest->ev, &largest->wake); /* perhaps ourselves: there are more */
}

/* Whether it is time to evict. */
static bool is_due(struct net *n, uint64_t bytes)
{
    uint64_t since_ms = atomic_load_explicit(&n->loop->set->held_much_at_ms, memory_order_relaxed);
    return bytes > n->memory.bytes_max ||
           (since_ms != 0 && n->loop->now_ms >= since_ms + MEMORY_SHORT_MS);
}

void memory_balance(struct net *n)
{
    const struct memory *m = &n->memory;
    if (is_due(n, memory_publish(n)))
        relieve(n, short_mark(m) - m->bytes_max / 16);
}
