/* A histogram of durations in nanoseconds with a bounded relative error: 128 buckets for each power
 * of two, so a value is known to 2 significant digits, better than 1 %, from a nanosecond to 18
 * minutes. Adding costs a few cycles and never allocates.
 *
 * One thread writes; others may read at any time, and see counts that are each right, if not all of
 * the same moment. There is no pointer in it, so it may lie in memory that processes share. Several
 * are merged into one; two snapshots of one, taken by merging into an empty one, are subtracted for
 * what came between them. */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

enum {
    HIST_SUB_BITS = 7,
    HIST_POWER_MAX = 40, /* 2^40 ns (18 minutes) and more share the last bucket */
    HIST_BUCKETS = (HIST_POWER_MAX - HIST_SUB_BITS + 1) << HIST_SUB_BITS,
};

/* Zeroed is empty. 35 KB; what is added often touches only the few lines where its values lie. */
struct hist {
    _Atomic uint64_t sum;
    _Atomic uint64_t max; /* exact, unless hist_subtract says otherwise */
    _Atomic uint64_t counts[HIST_BUCKETS];
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

static inline uint64_t hist_get(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static inline void hist_set(_Atomic uint64_t *counter, uint64_t value)
{
    atomic_store_explicit(counter, value, memory_order_relaxed);
}

/* What a plain increment costs: there is one writer. */
static inline void hist_bump(_Atomic uint64_t *counter, uint64_t n)
{
    hist_set(counter, hist_get(counter) + n);
}

/* --- writing ----------------------------------------------------------------------------- */

static inline void hist_add(struct hist *h, uint64_t value)
{
    hist_bump(&h->counts[hist_index(value)], 1);
    hist_bump(&h->sum, value);
    if (value > hist_get(&h->max))
        hist_set(&h->max, value);
}

static inline void hist_clear(struct hist *h)
{
    for (unsigned i = 0; i < HIST_BUCKETS; i++)
        hist_set(&h->counts[i], 0);
    hist_set(&h->sum, 0);
    hist_set(&h->max, 0);
}

/* Adds all that is in `from`, which others may be writing, to `into`, which is the caller's. */
static inline void hist_merge(struct hist *into, const struct hist *from)
{
    for (unsigned i = 0; i < HIST_BUCKETS; i++)
        hist_bump(&into->counts[i], hist_get(&from->counts[i]));
    hist_bump(&into->sum, hist_get(&from->sum));
    if (hist_get(&from->max) > hist_get(&into->max))
        hist_set(&into->max, hist_get(&from->max));
}

/* Takes an earlier snapshot of the same values off a later one. The largest of those that are left
 * is then known to its bucket only. */
static inline void hist_subtract(struct hist *later, const struct hist *earlier)
{
    uint64_t max = 0;
    for (unsigned i = 0; i < HIST_BUCKETS; i++) {
        hist_bump(&later->counts[i], 0 - hist_get(&earlier->counts[i]));
        if (hist_get(&later->counts[i]) > 0)
            max = i == HIST_BUCKETS - 1 ? UINT64_MAX : hist_upper(i) - 1;
    }
    hist_bump(&later->sum, 0 - hist_get(&earlier->sum));
    if (max < hist_get(&later->max))
        hist_set(&later->max, max);
}

/* --- reading ----------------------------------------------------------------------------- */

/* How many values are below `bound`, which is best the upper bound of a bucket. */
static inline uint64_t hist_count_below(const struct hist *h, uint64_t bound)
{
    uint64_t count = 0;
    for (unsigned i = 0; i < HIST_BUCKETS && hist_upper(i) <= bound; i++)
        count += hist_get(&h->counts[i]);
    return count;
}

/* How many are at least `from` and below `bound`, which are each 0 or a power of two. */
static inline uint64_t hist_count_between(const struct hist *h, uint64_t from, uint64_t bound)
{
    uint64_t count = 0;
    for (unsigned i = hist_index(from), end = hist_index(bound); i < end; i++)
        count += hist_get(&h->counts[i]);
    return count;
}

/* How many are at least that. */
static inline uint64_t hist_count_from(const struct hist *h, uint64_t from)
{
    uint64_t count = 0;
    for (unsigned i = hist_index(from); i < HIST_BUCKETS; i++)
        count += hist_get(&h->counts[i]);
    return count;
}

/* How many values there are. */
static inline uint64_t hist_total(const struct hist *h)
{
    return hist_count_below(h, UINT64_MAX);
}

/* Exact, as long as the sum of all fits 64 bits (584 years); 0 when empty. */
static inline double hist_mean(const struct hist *h)
{
    uint64_t total = hist_total(h);
    return total == 0 ? 0 : (double)hist_get(&h->sum) / (double)total;
}

/* The smallest value that the share `q` (0 to 1) of all values does not exceed, or up to 1 % more;
 * never more than the largest, which q = 1 gives exactly. 0 when empty. */
static inline uint64_t hist_quantile(const struct hist *h, double q)
{
    /* 0.99 × 100 is 99, not the 99.00000000000001 that rounding may make of it. */
    uint64_t total = hist_total(h), max = hist_get(&h->max), seen = 0;
    uint64_t wanted = (uint64_t)(q * (double)total + (1 - 1e-6));
    if (total == 0)
        return 0;
    if (wanted == 0)
        wanted = 1;
    for (unsigned i = 0; i < HIST_BUCKETS - 1; i++) {
        seen += hist_get(&h->counts[i]);
        if (seen >= wanted)
            return hist_upper(i) - 1 < max ? hist_upper(i) - 1 : max;
    }
    return max; /* it is in the last bucket, which has no end */
}
