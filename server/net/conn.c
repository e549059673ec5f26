#include "net/conn.h"

#include "core/log.h"
#include "net/access_log.h"
#include "net/net.h"

#include <stdlib.h>

/* What a compressed message costs beside one that is not, in such messages: that many, and one more
 * for each so many bytes. */
enum { COMPRESSED_MESSAGES = 32, COMPRESSED_BYTES = 16 };

struct handle conn_handle(const struct conn *c)
{
    return (struct handle){
        .slot = c->slot, .generation = c->generation, .loop = (uint16_t)conn_net(c)->loop->index};
}

enum door_verdict conn_set_peer(struct conn *c, const struct addr *peer)
{
    struct net *n = conn_net(c);
    if (c->at_door)
        door_leave(n->door, &c->peer, n->loop->now_ms);
    c->peer = *peer;
    c->at_door = c->relays = false;
    if (!net_asks_door(n, c->listener, peer))
        return DOOR_ADMITTED; /* another proxy, say */
    enum door_verdict verdict = door_enter(n->door, peer, n->loop->now_ms);
    c->at_door = verdict == DOOR_ADMITTED;
    return verdict;
}

uint32_t conn_budget(const struct conn *c)
{
    return conn_net(c)->budget;
}

void conn_spend_many(struct conn *c, uint32_t count)
{
    conn_net(c)->budget -= count;
}

static void spend_up_to_all(struct conn *c, size_t cost)
{
    uint32_t left = conn_budget(c);
    conn_spend_many(c, cost < left ? (uint32_t)cost : left);
}

void conn_spend_compressed(struct conn *c, size_t inflated_bytes)
{
    spend_up_to_all(c, COMPRESSED_MESSAGES + inflated_bytes / COMPRESSED_BYTES);
}

/* A byte costs as much as a message: of codes that say nothing, each takes up to 0.3 µs. */
void conn_spend_inflating(struct conn *c, size_t came_bytes)
{
    spend_up_to_all(c, came_bytes);
}

bool conn_spend(struct conn *c)
{
    if (conn_budget(c) == 0)
        return false;
    conn_spend_many(c, 1);
    return true;
}

void conn_write(struct conn *c, struct span s)
{
    net_touch(conn_net(c), c);
    if (outq_write(&c->out, &conn_net(c)->out, s) != OK)
        conn_abort_no_memory(c);
}

static inline void push(struct conn *c, struct shared *s)
{
    if (outq_push(&c->out, &conn_net(c)->out, s) != OK)
        conn_abort_no_memory(c);
}

void conn_write_shared(struct conn *c, struct shared *s)
{
    if (!c->unsent && !c->soon && !c->later)
        net_touch_later(conn_net(c), c);
    push(c, s);
}

void conn_write_shared_soon(struct conn *c, struct shared *s)
{
    if (!c->unsent && !c->soon)
        net_touch_soon(conn_net(c), c);
    push(c, s);
}

uint8_t *conn_write_room(struct conn *c, size_t len)
{
    net_touch(conn_net(c), c);
    uint8_t *room = outq_extend(&c->out, &conn_net(c)->out, len);
    if (room == NULL)
        conn_abort_no_memory(c);
    return room;
}

uint8_t *conn_write_reserve(struct conn *c, size_t max)
{
    uint8_t *room = outq_reserve(&conn_net(c)->out, max);
    if (room == NULL)
        conn_abort_no_memory(c);
    return room;
}

void conn_write_commit(struct conn *c, size_t len)
{
    net_touch(conn_net(c), c);
    if (outq_commit(&c->out, &conn_net(c)->out, len) != OK)
        conn_abort_no_memory(c);
}

bool conn_has_room(struct conn *c)
{
    return conn_has_room_for(c, UINT32_MAX);
}

bool conn_has_room_for(struct conn *c, uint32_t queued_bytes_max)
{
    uint32_t out_bytes_max = conn_net(c)->out_bytes_max;
    uint32_t max = queued_bytes_max < out_bytes_max ? queued_bytes_max : out_bytes_max;
    if (!c->choked && c->out.bytes <= max)
        return true;
    c->choked = true; /* until half is gone, or for less than that until more is sent */
    return false;
}

void conn_wake(struct conn *c)
{
    if (c->state == CONN_OPEN)
        sched_wake(&conn_net(c)->loop->sched, &c->task);
}

void conn_set_timer(struct conn *c, enum conn_timer timer)
{
    struct net *n = conn_net(c);
    if (conn_is_refusal(c))
        return;
    if (c->timer != TIMER_NONE)
        timeout_remove(&n->timers[c->timer], &c->timeout);
    c->timer = (uint8_t)timer;
    c->timed_out = false;
    if (timer != TIMER_NONE)
        timeout_add(&n->timers[timer], &c->timeout, n->loop->now_ms);
}

static const char *peer_text(const struct conn *c, char out[ADDR_CHARS])
{
    return addr_format(&c->peer, out);
}

void conn_count_end(struct conn *c, enum conn_end why)
{
    if (c->end != END_NONE)
        return;
    struct loop_metrics *m = &conn_net(c)->loop->metrics;
    _Atomic uint64_t *const counters[END_COUNT] = {
        [END_REFUSED] = &m->ended_refused, [END_PROTOCOL] = &m->protocol_errors,
        [END_TIMEOUT] = &m->timeouts,      [END_BROKEN] = &m->ended_broken,
        [END_SENDQ] = &m->evicted,         [END_SLOW] = &m->evicted_slow,
        [END_MEMORY] = &m->evicted_memory, [END_NO_MEMORY] = &m->out_of_memory,
        [END_SERVER] = &m->ended_server,
    };
    c->end = why;
    if (why != END_DONE) /* something may still come between: that is counted at the very end */
        metric_add(counters[why], 1);
}

void conn_note_end(struct conn *c, const char *reason)
{
    if (conn_net(c)->access != NULL)
        access_log_note_end(conn_net(c)->access, c, reason);
}

static const char *usual_end(const struct conn *c)
{
    return c->eof         ? "closed by peer"
           : c->draining  ? "drain"
           : c->timed_out ? "timed out"
                          : "finished";
}

void conn_close(struct conn *c)
{
    if (c->state != CONN_OPEN)
        return;
    conn_note_end(c, usual_end(c));
    c->state = CONN_CLOSING;
    conn_count_end(c, c->draining ? END_SERVER : END_DONE);
    conn_set_timer(c, TIMER_FLUSH);
    net_touch(conn_net(c), c);
}

void conn_reset(struct conn *c)
{
    conn_note_end(c, "reset");
    conn_close(c);
    c->resets = true;
}

void conn_half_close(struct conn *c)
{
    c->shuts = !c->is_shut;
    net_touch(conn_net(c), c);
}

static void log_fault(const struct conn *c, const char *reason)
{
    char peer[ADDR_CHARS];
    LOG_INFO("connection closed", LOG_STR("reason", reason), LOG_STR("session", c->session->name),
             LOG_STR("peer", peer_text(c, peer)), LOG_INT("loop", conn_net(c)->loop->index),
             LOG_INT("slot", c->slot));
}

void conn_fail(struct conn *c, const char *reason)
{
    if (c->state != CONN_OPEN)
        return;
    conn_count_end(c, END_PROTOCOL);
    log_fault(c, reason);
    conn_note_end(c, reason);
    conn_close(c);
}

void conn_evict(struct conn *c, enum conn_end why)
{
    if (c->state == CONN_DEAD)
        return;
    if (c->end == END_DONE)
        c->end = END_NONE; /* the session was done; only its output was not taken */
    conn_count_end(c, why);
    c->resets = true;
    log_fault(c, conn_end_reason(c));
    conn_abort(c, conn_end_reason(c));
}

/* The wording is that of the QUIT that other IRC users see. */
const char *conn_end_reason(const struct conn *c)
{
    switch (c->end) {
    case END_SENDQ:
        return "SendQ exceeded";
    case END_SLOW:
        return "SendQ drains too slowly";
    case END_MEMORY:
        return "Memory limit exceeded";
    default:
        return "Connection closed";
    }
}

void conn_abort(struct conn *c, const char *reason)
{
    if (c->state == CONN_DEAD)
        return;
    char peer[ADDR_CHARS];
    LOG_DEBUG("connection aborted", LOG_STR("reason", reason), LOG_STR("session", c->session->name),
              LOG_STR("peer", peer_text(c, peer)));
    conn_count_end(c, END_BROKEN);
    conn_note_end(c, reason);
    c->state = CONN_DEAD;
    net_touch(conn_net(c), c);
}

void conn_abort_no_memory(struct conn *c)
{
    conn_count_end(c, END_NO_MEMORY);
    conn_abort(c, "out of memory");
}

void *conn_become(struct conn *c, const struct session_type *next)
{
    struct net *n = conn_net(c);
    CHECK(c->running && n->next_session == NULL);
    n->next_frame = calloc(1, next->frame_bytes);
    if (n->next_frame == NULL) {
        conn_abort_no_memory(c);
        return NULL;
    }
    memory_take(&n->memory, next->frame_bytes);
    n->next_session = next;
    return n->next_frame;
}

void conn_pin(struct conn *c)
{
    CHECK(c->pins < UINT8_MAX);
    c->pins++;
}

void conn_unpin(struct net *n, struct handle h)
{
    conn_table_unpin(&n->conns, h.slot, h.generation);
}

struct conn *conn_find(struct net *n, struct handle h)
{
    struct conn *c = conn_table_at(&n->conns, h.slot);
    return c != NULL && c->generation == h.generation && c->state == CONN_OPEN ? c : NULL;
}
