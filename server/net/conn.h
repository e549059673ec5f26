/* A connection, and what a session may do with it.
 *
 * A connection owns its descriptor, its transport's state, what it still has to send, input that
 * was left over, and one session: a coroutine with its frame. The session is resumed with `in`
 * pointing at all unread input; it takes from the front, queues output, and gives way. It is
 * resumed again when there is something to look at: bytes, the end of input, room to send, a
 * time-out, the drain, or an answer that it waits for. Nothing here blocks or calls back. */
#pragma once

#include "core/loop.h"
#include "core/timeout.h"
#include "net/addr.h"
#include "net/door.h"
#include "net/outq.h"
#include "simul/co.h"
#include "simul/span.h"

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

struct conn;
struct net;
struct tls_conn;

/* Why the peer has been silent; each kind has its duration in the settings. */
enum conn_timer {
    TIMER_NONE,
    TIMER_HANDSHAKE, /* TLS, the first request, registration: limits.handshake_seconds */
    TIMER_IDLE,      /* between HTTP requests */
    TIMER_WS_PING,   /* ws.ping_seconds */
    TIMER_CHAT_PING, /* chat.ping_seconds */
    TIMER_FLUSH,     /* the session is over, and the peer takes nothing of what is queued */
    TIMER_CLOSE,     /* the peer's part of a close */
    TIMER_REFUSAL,   /* it is not let in: from accept to end, no other takes its place */
    TIMER_COUNT,
};

/* What a session speaks, as the access log tells it. */
enum conn_protocol {
    PROTOCOL_NONE, /* nothing that shows it has come yet */
    PROTOCOL_TCP,
    PROTOCOL_HTTP,
    PROTOCOL_WS,
    PROTOCOL_IRC,
    PROTOCOL_IRC_WS,
};

/* A kind of session. Its root coroutine stands in the connection itself (CO_BEGIN(c)); what must
 * survive an await beside that is in its frame: `frame_bytes` allocated zeroed when it begins.
 * `drop` frees what the frame owns beside itself (may be NULL); it is called once, in whatever
 * state the frame is. */
struct session_type {
    const char *name;
    enum conn_protocol protocol;
    bool is_refusal; /* of those who are not let in (net/refusal.h) */
    bool is_lasting; /* it has no end of its own: a drain tells such peers one after the other */
    size_t frame_bytes;
    size_t input_bytes; /* input allowance: unread input beyond it stays in the kernel */
    enum co_result (*resume)(struct conn *c, void *frame);
    void (*drop)(struct conn *c, void *frame);
    /* What the session has borrowed from its loop, in bytes; NULL: nothing ever. */
    size_t (*held_bytes)(const struct conn *c, const void *frame);
};

enum conn_state {
    CONN_OPEN,
    CONN_CLOSING,  /* the session is over: output is flushed */
    CONN_DRAINING, /* our end is shut: the peer's rest is read and dropped */
    CONN_DEAD,     /* reaped at the end of the tick */
};

/* Why a connection ends. The first reason stays. */
enum conn_end {
    END_NONE,     /* it does not */
    END_DONE,     /* the session is through, or the peer hung up */
    END_REFUSED,  /* it was not let in */
    END_PROTOCOL, /* of what the peer sent */
    END_TIMEOUT,  /* the peer was silent, or did not take or end the close */
    END_BROKEN,   /* reset, or unreachable */
    /* Evictions, of a peer that did nothing wrong but hold what others need: */
    END_SENDQ,     /* more is queued than limits.out_bytes */
    END_SLOW,      /* it takes less than limits.write_rate_min */
    END_MEMORY,    /* it holds the most, and all hold more than limits.memory_bytes */
    END_NO_MEMORY, /* memory for it could not be had */
    END_SERVER,    /* the server stops */
    END_COUNT,
};

/* What output needs stands in front, side by side: fewer cache lines to fetch in a fan-out. */
struct conn {
    ev_io io; /* io.data is the struct net */
    struct outq out;
    struct {
        uint8_t *ptr;
        uint32_t len;
        uint32_t got; /* all that came since the hand did (pace.h) */
    } in;             /* unread input; on the heap (or NULL) while the session is not running */
    const struct session_type *session;
    void *frame;          /* of the session; NULL: it is over */
    struct tls_conn *tls; /* NULL: plain TCP */
    uint32_t slot;
    uint32_t generation;
    uint8_t listener;     /* index into net->listeners */
    uint8_t state;        /* enum conn_state */
    uint8_t timer;        /* enum conn_timer that runs */
    uint8_t pins;         /* who else holds the slot: see conn_pin */
    bool fresh : 1;       /* something happened since conn_try_event */
    bool wants_input : 1; /* the session gave way because it needs more input */
    bool eof : 1;         /* the peer sends nothing more */
    bool timed_out : 1;   /* the timer ran out, or the peer stalls; conn_set_timer clears it */
    bool touched : 1;     /* stands in net->touched */
    bool unsent : 1;      /* stands in net->unsent */
    bool soon : 1;        /* stands in net->soon */
    bool later : 1;       /* stands in net->later */
    bool draining : 1;    /* the server is about to stop */
    bool polled : 1;      /* stands in net->polled */
    bool choked : 1;      /* conn_has_room said no: wake it when half is gone */
    bool running : 1;     /* the session is being resumed */
    bool readable : 1;    /* as the poll said */
    bool writable : 1;
    bool pinged : 1;  /* for sessions: the peer was silent, and was asked if it is there */
    bool owes : 1;    /* for sessions: the peer must go on with what it has begun, at
                         limits.read_rate_min; input that is left counts as begun anyway */
    bool resets : 1;  /* the close ends in a reset */
    bool shuts : 1;   /* our end is to be shut while the session goes on */
    bool is_shut : 1; /* and is */
    bool lags : 1;    /* it owes us bytes, or has to take some; counted in net->pace */
    bool in_late : 1, out_late : 1; /* the same, ever since the hand came by */
    bool awaits_proxy : 1;          /* its PROXY header is still to come (net/transport_proxy.c) */
    bool at_door : 1;               /* counted at net->door, under the peer's address */
    bool relays : 1;       /* the peer is whom a proxy's present request is for; not at the door */
    enum conn_end end : 7; /* why it does, or will */

    struct timeout timeout;
    struct task task;
    struct addr peer; /* whom a proxy speaks for, where it told us */
    struct co co;     /* the session's root coroutine: CO_BEGIN(c) */
};

static inline struct net *conn_net(const struct conn *c)
{
    return c->io.data;
}

struct handle conn_handle(const struct conn *c);

/* The peer is a proxy that speaks for another: from now on that is who counts, here and at the
 * door. Unless that admits it, the connection must end. */
enum door_verdict conn_set_peer(struct conn *c, const struct addr *peer);

/* When it was accepted, in seconds of the loop's clock. */
static inline uint32_t conn_opened_s(const struct conn *c)
{
    return c->timeout.born_s;
}

/* It was accepted only to be told that it is not let in. */
static inline bool conn_is_refusal(const struct conn *c)
{
    return c->timer == TIMER_REFUSAL;
}

/* --- input ------------------------------------------------------------------------------- */

/* For CO_AWAIT when the codec needs more: true once something happened since the last time it
 * answered true (bytes, the end of input, the timer, the drain). Lets the loop read on. */
static inline bool conn_try_event(struct conn *c)
{
    c->wants_input = true;
    bool fresh = c->fresh;
    c->fresh = false;
    return fresh;
}

/* Takes that back: what the session awaits now is no input, though it asked for some in this
 * resume. Input that it holds already must not grow beyond its allowance. */
static inline void conn_leave_input(struct conn *c)
{
    c->wants_input = false;
}

static inline struct span conn_input(const struct conn *c)
{
    return (struct span){c->in.ptr, c->in.len};
}

/* Drops the first n bytes of the input. */
static inline void conn_take(struct conn *c, size_t n)
{
    c->in.ptr += n;
    c->in.len -= (uint32_t)n;
}

/* Counts one message against this resume's budget; false when it is used up and the session must
 * CO_YIELD, so that others have their turn. */
bool conn_spend(struct conn *c);
/* The same for many at once: how many there may be, and how many there were. */
uint32_t conn_budget(const struct conn *c);
void conn_spend_many(struct conn *c, uint32_t count);
/* A message that was counted, or a piece of one, was compressed, and has so many bytes without
 * that: it costs as much as many others, or all that is left. */
void conn_spend_compressed(struct conn *c, size_t inflated_bytes);
/* So many bytes came that were inflated, whether or not a message is complete with them; likewise.
 */
void conn_spend_inflating(struct conn *c, size_t came_bytes);

/* --- output ------------------------------------------------------------------------------ */

/* All queue, none sends. Without memory the connection is marked for closing, so the caller need
 * not look. */
void conn_write(struct conn *c, struct span s);
/* Takes its own reference. Unless something else is written too, it may go out some ticks later:
 * see net/later.h. */
void conn_write_shared(struct conn *c, struct shared *s);
/* The same for what few are told, which does not wait for what many are. */
void conn_write_shared_soon(struct conn *c, struct shared *s);
/* len contiguous bytes to be filled before any other call; NULL without memory. */
uint8_t *conn_write_room(struct conn *c, size_t len);

/* The same for a run whose length shows while it is written: room for `max` bytes, of which the
 * conn_write_commit that must come next queues the first `len`. */
uint8_t *conn_write_reserve(struct conn *c, size_t max);
void conn_write_commit(struct conn *c, size_t len);

/* False while more than limits.out_bytes are queued; the session is then woken when half is gone.
 */
bool conn_has_room(struct conn *c);
/* The same for what may only follow when little is queued: at most so many bytes. */
bool conn_has_room_for(struct conn *c, uint32_t queued_bytes_max);

/* Whether the last flush left something, since the peer did not take it. */
static inline bool conn_is_blocked(const struct conn *c)
{
    return ev_is_active(&c->io) && c->io.events & EV_WRITE;
}

/* Asks the processor for what a write or a flush is about to need. */
static inline void conn_fetch(const struct conn *c)
{
    __builtin_prefetch(&c->io, 1);
    __builtin_prefetch(&c->in, 1);
    __builtin_prefetch(&c->pins, 1);
}

/* --- life -------------------------------------------------------------------------------- */

/* Resumes the session in this tick or the next. */
void conn_wake(struct conn *c);

/* Starts the timer of this kind anew and forgets an earlier one. Input restarts it, and so do bytes
 * that a choked or closing peer takes; only TIMER_HANDSHAKE and TIMER_REFUSAL run on. Without
 * effect on a refusal. */
void conn_set_timer(struct conn *c, enum conn_timer timer);

/* The session ends here (the caller returns CO_DONE next, or never runs again): what is queued is
 * sent, our end is shut, the peer's rest is drained for a bounded time. Calling it again is
 * harmless. conn_fail logs `reason` once as the peer's fault and counts it as a protocol error. */
void conn_close(struct conn *c);
void conn_fail(struct conn *c, const char *reason);
/* Tells the access log why it ends, unless it knows already or keeps none; the functions here that
 * end it do so themselves, a conn_close where the reason shows: the peer has, the server drains, or
 * the timer ran out. `reason` is static, and so are theirs
 * where it is not known already. */
void conn_note_end(struct conn *c, const char *reason);
/* Two odd ends, for an echo that was asked to misbehave. conn_reset is a conn_close with a reset
 * (SO_LINGER of 0) where our end would be shut. conn_half_close shuts our end when what is queued
 * is sent, TLS's first, while the session goes on to read: it writes nothing more, since the write
 * would fail. Its own close then only drains. */
void conn_reset(struct conn *c);
void conn_half_close(struct conn *c);
/* At once, without flushing and logged; also while the close is under way. `why` is END_SENDQ,
 * END_SLOW or END_MEMORY. */
void conn_evict(struct conn *c, enum conn_end why);
/* Notes and counts why it is about to end, unless there is a reason already. */
void conn_count_end(struct conn *c, enum conn_end why);
static inline bool conn_is_evicted(const struct conn *c)
{
    return c->end == END_SENDQ || c->end == END_SLOW || c->end == END_MEMORY;
}
/* What others may be told of the end: why it was evicted, or "Connection closed". Static. */
const char *conn_end_reason(const struct conn *c);
/* At once and without flushing: counted as END_BROKEN, unless another reason was noted. */
void conn_abort(struct conn *c, const char *reason);
/* The same where memory for it could not be had. */
void conn_abort_no_memory(struct conn *c);

/* Another session takes over, with the input that is left, when the present one returns CO_DONE
 * in this resume. Returns the new session's zeroed frame, so that the present one can fill in
 * what it hands over; NULL without memory, and the connection is aborted. */
void *conn_become(struct conn *c, const struct session_type *next);

/* While pinned, the slot of a closed connection is not used again, so a late answer to its handle
 * finds nothing instead of a stranger. conn_unpin takes the handle, since the connection itself
 * may be gone. */
void conn_pin(struct conn *c);
void conn_unpin(struct net *n, struct handle h);
/* NULL when it is gone or closing. */
struct conn *conn_find(struct net *n, struct handle h);
