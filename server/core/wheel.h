/* A hierarchical timer wheel with a resolution of one millisecond: four levels of 64 slots reach
 * some 4.6 hours ahead; what lies beyond waits in the last slot and is sorted in again. Adding
 * and cancelling are O(1). It knows no clock. */
#pragma once

#include "simul/list.h"

#include <stdbool.h>
#include <stdint.h>

enum { WHEEL_LEVELS = 4, WHEEL_BITS = 6, WHEEL_SLOTS = 1 << WHEEL_BITS };

/* Embedded by its owner; zeroed is "not armed". The wheel only links it. */
struct wheel_timer {
    struct list node;
    uint64_t due_ms;
    void (*fire)(struct wheel_timer *);
};

struct wheel {
    uint64_t now_ms;             /* everything due up to here has fired */
    uint64_t used[WHEEL_LEVELS]; /* bit i: slot i may hold timers */
    struct list slots[WHEEL_LEVELS][WHEEL_SLOTS];
};

void wheel_init(struct wheel *w, uint64_t now_ms);

/* Arms t to fire at the first wheel_advance that reaches due_ms. A time that has passed fires at
 * the next advance by at least one millisecond. t must not be armed. */
void wheel_add(struct wheel *w, struct wheel_timer *t, uint64_t due_ms);
void wheel_cancel(struct wheel_timer *t);

/* Moves the time to now_ms (never backwards) and fires what is due, in order of slots. A timer is
 * disarmed before its `fire` is called and may be armed again there. */
void wheel_advance(struct wheel *w, uint64_t now_ms);

/* A lower bound of the time until the next timer fires, in milliseconds; UINT64_MAX when none is
 * armed. Advancing by it and asking again reaches the timer. */
uint64_t wheel_next_ms(const struct wheel *w);
