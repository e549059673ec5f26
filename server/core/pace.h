/* A rate with a burst ("so many a second, so many at once") in one number: when the next would be
 * due if they came evenly (the generic cell rate algorithm, a token bucket without tokens). It
 * knows no clock: time comes in, in microseconds, and may stand still or step back. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Zeroed: nothing has come yet. */
struct pace {
    uint64_t due_us;
};

/* Whether another may come now; only then it counts. `burst`, at least 1, may come at once, and
 * one more every interval_us. */
static inline bool pace_try(struct pace *p, uint64_t now_us, uint64_t interval_us, uint32_t burst)
{
    uint64_t due_us = p->due_us > now_us ? p->due_us : now_us;
    if (due_us - now_us > (burst - 1) * interval_us)
        return false;
    p->due_us = due_us + interval_us;
    return true;
}

/* Whether a whole burst may come again: as good as zeroed. */
static inline bool pace_is_rested(const struct pace *p, uint64_t now_us)
{
    return p->due_us <= now_us;
}
