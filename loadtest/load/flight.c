#include "load/flight.h"

#include "simul/check.h"

#include <stdlib.h>
#include <string.h>

enum err flight_send(struct flight *f, uint64_t when_ns)
{
    if (flight_count(f) == f->slots) {
        uint32_t slots = f->slots == 0 ? 1 : f->slots * 2;
        uint64_t *bigger = malloc(slots * sizeof *bigger);
        if (bigger == NULL)
            return ERR_NOMEM;
        for (uint64_t n = f->next; n < f->sent; n++)
            bigger[n & (slots - 1)] = flight_when(f, n);
        free(f->when_ns);
        f->when_ns = bigger;
        f->slots = slots;
    }
    f->when_ns[f->sent++ & (f->slots - 1)] = when_ns;
    return OK;
}

enum fault flight_fault(enum arrival arrival)
{
    static const enum fault FAULTS[] = {
        [ARRIVED_LATE] = FAULT_REORDERED,
        [ARRIVED_AGAIN] = FAULT_DUPLICATED,
        [ARRIVED_UNKNOWN] = FAULT_WRONG,
    };
    CHECK(arrival != ARRIVED);
    return FAULTS[arrival];
}

uint64_t flight_give_up(struct flight *f, uint64_t before_ns)
{
    uint64_t waiting = flight_waiting(f), left = waiting;
    while (left > 0 && flight_when(f, f->sent - left) < before_ns)
        left--;
    f->given_up = f->sent - left;
    return waiting - left;
}

/* Passes over the oldest that is on its way. True if one had to be forgotten. */
static bool pass(struct flight *f)
{
    bool forgets = false;
    if (f->missed == NULL)
        f->missed = malloc(FLIGHT_MISSED_MAX * sizeof *f->missed);
    uint64_t number = f->next++;
    if (f->missed == NULL)
        return true;
    if (f->missed_count == FLIGHT_MISSED_MAX) {
        memmove(f->missed, f->missed + 1, --f->missed_count * sizeof *f->missed);
        forgets = true;
    }
    f->missed[f->missed_count++] = number;
    return forgets;
}

static bool take_missed(struct flight *f, uint64_t number)
{
    for (uint32_t i = 0; i < f->missed_count; i++) {
        if (f->missed[i] == number) {
            memmove(f->missed + i, f->missed + i + 1, (--f->missed_count - i) * sizeof *f->missed);
            return true;
        }
    }
    return false;
}

enum arrival flight_arrive(struct flight *f, uint64_t number, uint64_t *passed, uint64_t *forgotten)
{
    *passed = *forgotten = 0;
    if (number >= f->sent)
        return ARRIVED_UNKNOWN;
    if (number < f->next)
        return take_missed(f, number) ? ARRIVED_LATE : ARRIVED_AGAIN;
    uint64_t waiting = flight_waiting(f);
    while (f->next < number)
        *forgotten += pass(f);
    *passed = waiting - flight_waiting(f);
    f->next++;
    return ARRIVED;
}

uint64_t flight_clear(struct flight *f)
{
    uint64_t lost = flight_count(f) + f->missed_count;
    free(f->when_ns);
    free(f->missed);
    *f = (struct flight){0};
    return lost;
}
