/* The messages of one client that are on their way: when each was to be sent, which one is to come
 * next, and which ones have been passed over and may come late.
 *
 * Messages have numbers from 0 on. next ≤ number < sent: on their way. Zeroed is empty. */
#pragma once

#include "load/board.h"
#include "simul/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { FLIGHT_MISSED_MAX = 64 };

struct flight {
    uint64_t sent;     /* how many were sent: the number of the next */
    uint64_t next;     /* the one whose reply is to come next */
    uint64_t given_up; /* those before it are not waited for any more, though they may come */
    uint64_t *when_ns; /* a ring of `slots`, by number; intended times */
    uint32_t slots;    /* a power of two, or 0 */
    uint32_t missed_count;
    uint64_t *missed; /* numbers that were passed over, the oldest first; NULL: never any */
};

enum arrival {
    ARRIVED,         /* the next in order, or a later one: those between are missed */
    ARRIVED_LATE,    /* one that was missed: it came behind a later one */
    ARRIVED_AGAIN,   /* one that had come before */
    ARRIVED_UNKNOWN, /* one that was never sent */
};

static inline uint64_t flight_count(const struct flight *f)
{
    return f->sent - f->next;
}

/* How many of these are waited for. */
static inline uint64_t flight_waiting(const struct flight *f)
{
    return f->sent - (f->next > f->given_up ? f->next : f->given_up);
}

/* When a message that is on its way was to be sent. */
static inline uint64_t flight_when(const struct flight *f, uint64_t number)
{
    return f->when_ns[number & (f->slots - 1)];
}

/* Notes that the next message is sent. ERR_NOMEM. */
enum err flight_send(struct flight *f, uint64_t when_ns);

/* Notes that a reply to this number came. *passed is how many were passed over that were waited
 * for, *forgotten how many of the passed over are now lost, since only FLIGHT_MISSED_MAX are kept
 * in mind. */
enum arrival flight_arrive(struct flight *f, uint64_t number, uint64_t *passed,
                           uint64_t *forgotten);

/* What is wrong with a reply that has not ARRIVED in order. */
enum fault flight_fault(enum arrival arrival);

/* Waits no longer for those that were to be sent before that; returns how many these are. They stay
 * on their way: who answers late, but in order, has answered. */
uint64_t flight_give_up(struct flight *f, uint64_t before_ns);

/* Forgets everything; returns how many never came. */
uint64_t flight_clear(struct flight *f);
