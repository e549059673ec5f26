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

/* What the connection's timer runs for. Each kind has one duration for all connections. */
enum conn_timer {
    TIMER_NONE,
    TIMER_HANDSHAKE, /* TLS, the first request, registration: limits.handshake_seconds */
    TIMER_IDLE,      /* between HTTP requests */
    TIMER_WS_PING,   /* ws.ping_seconds */
    TIMER_CHAT_PING, /* chat.ping_seconds */
    TIMER_FLUSH,     /* the session is over, and the peer takes none of what is queued */
    TIMER_CLOSE,     /* the peer's part of a close */
    TIMER_REFUSAL,   /* a peer that is not let in, from accept to end; no other timer replaces it */
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

/* A kind of session. Its root coroutine is that of the connection itself (CO_BEGIN(c)); whatever
 * else must survive an await is in its frame, of `frame_bytes`, which is allocated, zeroed, when it
 * begins. `drop` (may be NULL) frees what the frame owns; it is called once, wherever the session
 * stands. */
struct session_type {
    const char *name;
    enum conn_protocol protocol;
    bool is_refusal; /* for peers that are not let in (net/refusal.h) */
    bool is_lasting; /* it has no end of its own, so a drain spreads such sessions over its time */
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

/* Why a connection ends; the first reason stays. */
enum conn_end {
    END_NONE,     /* it does not */
    END_DONE,     /* the session is through, or the peer hung up */
    END_REFUSED,  /* it was not let in */
    END_PROTOCOL, /* by what the peer sent */
    END_TIMEOUT,  /* the peer was silent, or did not take or end the close */
    END_BROKEN,   /* reset, or unreachable */
    /* Evictions, of a peer that did nothing wrong but hold what others need: */
    END_SENDQ,     /* more is queued than limits.out_bytes */
    END_SLOW,      /* it takes less than limits.write_rate_min */
    END_MEMORY,    /* it holds the most, and all hold more than limits.memory_bytes */
    END_NO_MEMORY, /* memory ran out */
    END_SERVER,    /* the server stops */
    END_COUNT,
};

/* What output needs comes first, side by side, so that a fan-out fetches fewer cache lines. */
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
    struct addr peer; /* or whom a proxy speaks for, if one told us */
    struct co co;     /* the session's root coroutine: CO_BEGIN(c) */
};

static inline struct net *conn_net(const struct conn *c)
{
    return c->io.data;
}

struct handle conn_handle(const struct conn *c);

/* The peer is a proxy that speaks for `peer`, which is what counts from now on, here and at the
 * door. Unless the verdict is DOOR_ADMITTED, the caller ends the connection. */
enum door_verdict conn_set_peer(struct conn *c, const struct addr *peer);

/* When it was accepted, in seconds of the loop's clock. */
static inline uint32_t conn_opened_s(const struct conn *c)
{
    return c->timeout.born_s;
}

/* Whether it was accepted only to be told that it is not let in. */
static inline bool conn_is_refusal(const struct conn *c)
{
    return c->timer == TIMER_REFUSAL;
}

/* --- input ------------------------------------------------------------------------------- */

/* For CO_AWAIT when the codec needs more: true if something has happened since it last returned
 * true (bytes, the end of input, the timer, the drain). Lets the loop read on. */
static inline bool conn_try_event(struct conn *c)
{
    c->wants_input = true;
    bool fresh = c->fresh;
    c->fresh = false;
    return fresh;
}

/* Takes that back: the session asked for input in this resume, but now awaits something else. What
 * it holds must not grow beyond its allowance meanwhile. */
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

/* Counts one message against this resume's budget. False: it is used up, and the session must
 * CO_YIELD to give others their turn. */
bool conn_spend(struct conn *c);
/* The same for many messages at once: how many there may be, and how many there were. */
uint32_t conn_budget(const struct conn *c);
void conn_spend_many(struct conn *c, uint32_t count);
/* A message that has been counted, or a piece of one, came compressed and has so many bytes once
 * inflated: charges as much as many plain messages, at most all that is left. */
void conn_spend_compressed(struct conn *c, size_t inflated_bytes);
/* So many bytes of compressed input were inflated, whether or not they completed a message: charges
 * for them, at most all that is left. */
void conn_spend_inflating(struct conn *c, size_t came_bytes);

/* --- output ------------------------------------------------------------------------------ */

/* These functions only queue; the flush sends. Without memory they mark the connection for closing,
 * so the caller need not check. */
void conn_write(struct conn *c, struct span s);
/* Takes a reference of its own. Unless something else is written too, it may go out some ticks
 * later: see net/later.h. */
void conn_write_shared(struct conn *c, struct shared *s);
/* The same for a message to few recipients, which does not wait behind messages to many. */
void conn_write_shared_soon(struct conn *c, struct shared *s);
/* `len` contiguous bytes at the end of the queue, to be filled before any other call; NULL without
 * memory. */
uint8_t *conn_write_room(struct conn *c, size_t len);

/* The same for a run whose length is known only once it is written: room for `max` bytes, of which
 * conn_write_commit, which must be the next call, queues the first `len`. */
uint8_t *conn_write_reserve(struct conn *c, size_t max);
void conn_write_commit(struct conn *c, size_t len);

/* False while more than limits.out_bytes are queued; the session is woken when half of that is
 * gone. */
bool conn_has_room(struct conn *c);
/* The same with a lower mark, for what should follow only when little is queued. */
bool conn_has_room_for(struct conn *c, uint32_t queued_bytes_max);

/* Whether the last flush left something that the peer did not take. */
static inline bool conn_is_blocked(const struct conn *c)
{
    return ev_is_active(&c->io) && c->io.events & EV_WRITE;
}

/* Prefetches what a write or a flush is about to need. */
static inline void conn_fetch(const struct conn *c)
{
    __builtin_prefetch(&c->io, 1);
    __builtin_prefetch(&c->in, 1);
    __builtin_prefetch(&c->pins, 1);
}

/* --- life -------------------------------------------------------------------------------- */

/* Resumes the session in this tick or the next. */
void conn_wake(struct conn *c);

/* Starts the timer of this kind, in place of any that runs. Input restarts it, and so does output
 * that a choked or closing peer takes, except for TIMER_HANDSHAKE and TIMER_REFUSAL, which run on.
 * Does nothing on a refusal. */
void conn_set_timer(struct conn *c, enum conn_timer timer);

/* Ends the session (the caller returns CO_DONE next, or never runs again): what is queued is sent,
 * our end is shut, and the rest of the peer's input is drained for a bounded time. Calling it again
 * is harmless. conn_fail also logs `reason` as the peer's fault, once, and counts a protocol error.
 */
void conn_close(struct conn *c);
void conn_fail(struct conn *c, const char *reason);
/* Tells the access log, if there is one, why the connection ends; the first reason stays. The
 * functions here that end a connection do so themselves. `reason` is static. */
void conn_note_end(struct conn *c, const char *reason);
/* Two odd ends, for an echo that was asked to misbehave. conn_reset is a conn_close that resets the
 * connection (SO_LINGER of 0) instead of shutting our end. conn_half_close shuts our end, TLS's
 * first, once everything queued is sent; the session goes on reading, but must not write any more,
 * and its own close then only drains. */
void conn_reset(struct conn *c);
void conn_half_close(struct conn *c);
/* Ends it at once, without a flush, and logs it; also while a close is under way. `why` is
 * END_SENDQ, END_SLOW or END_MEMORY. */
void conn_evict(struct conn *c, enum conn_end why);
/* Records and counts why it is about to end; the first reason stays. */
void conn_count_end(struct conn *c, enum conn_end why);
static inline bool conn_is_evicted(const struct conn *c)
{
    return c->end == END_SENDQ || c->end == END_SLOW || c->end == END_MEMORY;
}
/* What others may be told about the end: why it was evicted, or "Connection closed". Static. */
const char *conn_end_reason(const struct conn *c);
/* Ends it at once, without a flush. Counted as END_BROKEN unless another reason was recorded. */
void conn_abort(struct conn *c, const char *reason);
/* The same for want of memory. */
void conn_abort_no_memory(struct conn *c);

/* Lets another session take over, with the input that is left, when the present one returns CO_DONE
 * in this resume. Returns the new session's zeroed frame, for the present one to fill in what it
 * hands over; NULL without memory, and the connection is aborted. */
void *conn_become(struct conn *c, const struct session_type *next);

/* While pinned, the slot of a closed connection is not used again, so a late answer to its handle
 * finds nothing instead of a stranger. conn_unpin takes the handle, since the connection itself
 * may be gone. */
void conn_pin(struct conn *c);
void conn_unpin(struct net *n, struct handle h);
/* The connection of that handle; NULL when it is gone or closing. */
struct conn *conn_find(struct net *n, struct handle h);
