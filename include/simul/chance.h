/* Chance that can be had again: the generator "splitmix64", by Sebastiano Vigna. The same seed
 * gives the same numbers; nothing secret is made with them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct chance {
    uint64_t state; /* the seed, at first */
};

static inline uint64_t chance_next(struct chance *c)
{
    uint64_t z = c->state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* Less than `bound`, which is not 0. */
static inline uint32_t chance_below(struct chance *c, uint32_t bound)
{
    return (uint32_t)((chance_next(c) >> 32) * bound >> 32);
}

/* True once in `n`; never, and nothing is drawn, when n is 0. */
static inline bool chance_hits(struct chance *c, uint32_t n)
{
    return n > 0 && chance_below(c, n) == 0;
}
