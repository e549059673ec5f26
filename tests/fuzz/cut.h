/* Cuts an input into pieces that follow from its own bytes, so that a seed is nothing but a
 * message. */
#pragma once

#include "simul/span.h"

struct cut {
    struct span rest;
    uint32_t state;
    uint32_t piece_max;
};

static inline uint32_t cut_random(struct cut *c)
{
    c->state ^= c->state << 13;
    c->state ^= c->state >> 17;
    c->state ^= c->state << 5;
    return c->state;
}

static inline struct cut cut_begin(struct span in)
{
    struct cut c = {.rest = in, .state = 2166136261U};
    for (size_t i = 0; i < in.len; i++)
        c.state = (c.state ^ in.ptr[i]) * 16777619U; /* FNV-1a */
    c.state |= 1;
    c.piece_max = 1 + cut_random(&c) % 64;
    return c;
}

/* Takes the next piece, which may be empty. False when there is none left. */
static inline bool cut_next(struct cut *c, struct span *piece)
{
    if (c->rest.len == 0)
        return false;
    size_t n = cut_random(c) % (c->piece_max + 1);
    *piece = span_take(c->rest, n < c->rest.len ? n : c->rest.len);
    c->rest = span_drop(c->rest, piece->len);
    return true;
}
