/* A histogram of durations with a bounded relative error: 16 buckets for each power of two, so a
 * value is known to 6 %. Adding costs a few cycles and never allocates. One thread writes; others
 * may read at any time, and see counts that are each right, if not all of the same moment. */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

enum {
    HIST_SUB_BITS = 4,
    HIST_POWER_MAX =
        40, /* values from 2^40 on (18 minutes, in nanoseconds) share the last bucket */
    HIST_BUCKETS = (HIST_POWER_MAX - HIST_SUB_BITS + 1) << HIST_SUB_BITS,
};

/* Zeroed is empty. */
struct hist {
    _Atomic uint64_t counts[HIST_BUCKETS];
    _Atomic uint64_t sum;
};

static inline unsigned hist_index(uint64_t value)
{
    if (value < 1u << HIST_SUB_BITS)
        return (unsigned)value;
    if (value >= (uint64_t)1 << HIST_POWER_MAX)
        return HIST_BUCKETS - 1;
    unsigned power = 63 - (unsigned)__builtin_clzll(value);
    unsigned shift = power - HIST_SUB_BITS;
    return ((shift + 1) << HIST_SUB_BITS) + (unsigned)(value >> shift) - (1u << HIST_SUB_BITS);
}

/* The smallest value that is in a later bucket. */
static inline uint64_t hist_upper(unsigned index)
{
    if (index < 1u << HIST_SUB_BITS)
        return index + 1;
    unsigned shift = (index >> HIST_SUB_BITS) - 1;
    uint64_t sub = index & ((1u << HIST_SUB_BITS) - 1);
    return ((1u << HIST_SUB_BITS) + sub + 1) << shift;
}

static inline void hist_bump(_Atomic uint64_t *counter, uint64_t n)
{
    uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, value + n, memory_order_relaxed);
}

static inline void hist_add(struct hist *h, uint64_t value)
{
    hist_bump(&h->counts[hist_index(value)], 1);
    hist_bump(&h->sum, value);
}

/* How many values are below `bound`, which is best the upper bound of a bucket; UINT64_MAX: all. */
static inline uint64_t hist_count_below(const struct hist *h, uint64_t bound)
{
    uint64_t count = 0;
    for (unsigned i = 0; i < HIST_BUCKETS && hist_upper(i) <= bound; i++)
        count += atomic_load_explicit(&h->counts[i], memory_order_relaxed);
    return count;
}

/* A value that the share `q` (0 to 1) of all values does not exceed, to 6 %; 0 when empty. */
static inline uint64_t hist_quantile(const struct hist *h, double q)
{
    uint64_t total = hist_count_below(h, UINT64_MAX), seen = 0;
    uint64_t wanted = (uint64_t)(q * (double)total + 0.5);
    if (total == 0)
        return 0;
    if (wanted == 0)
        wanted = 1;
    for (unsigned i = 0; i < HIST_BUCKETS; i++) {
        seen += atomic_load_explicit(&h->counts[i], memory_order_relaxed);
        if (seen >= wanted)
            return hist_upper(i) - 1;
    }
    return hist_upper(HIST_BUCKETS - 1) - 1;
}
