/* Finds peers that are too slow: that take what is queued for them, or go on with what they have
 * begun (a WebSocket frame, a request's body, a line), at less than so many bytes a second.
 *
 * While any connection of a loop lags, a clock hand sweeps over all of them, once in
 * limits.rate_seconds. Those that lagged for the whole round are judged by the bytes that moved
 * meanwhile, so the end comes between one and two rounds after the peer has fallen behind. An idle
 * connection pays two counters and four bits of struct conn for this. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct config;
struct conn;
struct net;

struct pace {
    uint64_t step_at_ms; /* when the hand moves next, if anybody lags */
    uint32_t step_ms;
    uint32_t in_bytes_min, out_bytes_min; /* in one round; 0: no minimum */
    uint32_t hand;                        /* the slot that it visits next */
    uint32_t lagging;                     /* connections with `lags` */
};

/* At the start, on a zeroed struct, and when the settings change. */
void pace_configure(struct pace *p, const struct config *config);

/* Bytes have moved; `count` is a connection's in.got or out.sent. Saturates. */
static inline void pace_count(uint32_t *count, size_t bytes)
{
    *count = bytes < UINT32_MAX - *count ? *count + (uint32_t)bytes : UINT32_MAX;
}

/* Notes whether the connection lags. To be called after each of its flushes, once the poll is
 * armed. */
void pace_note(struct net *n, struct conn *c);
/* The connection is about to be freed. */
void pace_forget(struct net *n, struct conn *c);

/* A part of the tick, after the reads: moves the hand if it is time. A peer that takes too little
 * is evicted; the session of one that sends too little is told that its time is up (c->timed_out).
 */
void pace_advance(struct net *n);
/* When the hand moves next, in milliseconds from now; UINT64_MAX: nobody lags. */
uint64_t pace_next_ms(const struct net *n);
