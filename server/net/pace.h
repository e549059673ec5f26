/* Who is too slow: a peer that takes what is queued for it, or goes on with what it has begun (a
 * WebSocket frame, a request's body, a line), by less than so many bytes a second.
 *
 * While any connection of a loop lags so, a hand goes round over all of them, once in
 * limits.rate_seconds. It judges those that lagged the whole round by the bytes that moved
 * meanwhile, so the end comes between one round and two after the peer has fallen behind. Two
 * counters and four bits of struct conn are all that this costs an idle connection. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct config;
struct conn;
struct net;

struct pace {
    uint64_t step_at_ms; /* when the hand moves next, if anybody lags */
    uint32_t step_ms;
    uint32_t in_bytes_min, out_bytes_min; /* of a round; 0: any pace will do */
    uint32_t hand;                        /* the slot that it comes to next */
    uint32_t lagging;                     /* connections with `lags` */
};

/* At the start, zeroed, and when the settings change. */
void pace_configure(struct pace *p, const struct config *config);

/* Bytes have moved; `count` is in.got or out.sent of a connection. */
static inline void pace_count(uint32_t *count, size_t bytes)
{
    *count = bytes < UINT32_MAX - *count ? *count + (uint32_t)bytes : UINT32_MAX;
}

/* Looks whether the connection lags. Called after each of its flushes, when the poll is armed. */
void pace_note(struct net *n, struct conn *c);
/* The connection goes. */
void pace_forget(struct net *n, struct conn *c);

/* A part of the tick, behind the reads: moves the hand if it is time. Who takes too little is
 * evicted; the session of one who gives too little finds that time has run out (c->timed_out). */
void pace_advance(struct net *n);
/* In milliseconds from now; UINT64_MAX: nobody lags. */
uint64_t pace_next_ms(const struct net *n);
