/* A rate with a burst ("so many a second, so many at once") in one number: when the next would be
 * due if they came evenly (the generic cell rate algorithm, a token bucket without tokens). It
 * knows no clock: time comes in, in microseconds, and may stand still or step back. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Zeroed: nothing has come yet. */
struct rate {
    uint64_t due_us;
};

/* How long it is until another may come; 0: it may now. `burst`, at least 1, may come at once, and
 * one more every interval_us. */
static inline uint64_t rate_wait_us(const struct rate *r, uint64_t now_us, uint64_t interval_us,
                                    uint32_t burst)
{
    uint64_t ahead_us = r->due_us > now_us ? r->due_us - now_us : 0;
    uint64_t free_us = (burst - 1) * interval_us;
    return ahead_us > free_us ? ahead_us - free_us : 0;
}

/* One has come. */
static inline void rate_count(struct rate *r, uint64_t now_us, uint64_t interval_us)
{
    r->due_us = (r->due_us > now_us ? r->due_us : now_us) + interval_us;
}

/* Whether another may come now; only then it counts. */
static inline bool rate_try(struct rate *r, uint64_t now_us, uint64_t interval_us, uint32_t burst)
{
    if (rate_wait_us(r, now_us, interval_us, burst) > 0)
        return false;
    rate_count(r, now_us, interval_us);
    return true;
}

/* Whether a whole burst may come again: as good as zeroed. */
static inline bool rate_is_rested(const struct rate *r, uint64_t now_us)
{
    return r->due_us <= now_us;
}
