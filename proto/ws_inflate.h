/* Messages that came compressed (RFC 7692 section 7.2.2), inflated as they arrive. An inflater is
 * lent by a pool, and goes by a number, which is what a reader has room for.
 *
 * What it inflates gathers in a buffer of its own until a piece is full or the message complete;
 * then the buffer is the pool's, which hands it on to the next piece. Of what was compressed, what
 * is not inflated by then is copied aside: a few bytes may be a thousand times as many. */
#pragma once

#include "simul/ws.h"

/* Lends an inflater that has seen nothing yet, and returns its number; 0: there is no memory. */
uint32_t ws_inflater_lend(struct ws_pool *pool);
void ws_inflater_return(struct ws_pool *pool, uint32_t number);

/* What a message may be, and how much of it is handed out at once. */
struct ws_inflate_limits {
    uint64_t bytes_max;
    size_t piece_bytes;
    uint8_t *utf8; /* where its text is checked to (utf8.h), UTF8_COMPLETE at the beginning; NULL:
                      it is not text */
};

/* A piece of a message, valid until the next call with that pool. */
struct ws_inflated {
    struct span piece; /* piece_bytes of them, unless it is the last */
    bool is_piece;     /* there is one; else what came made none full */
    bool is_first, is_last;
    bool has_rest; /* the next call goes on with what is left of what came */
};

/* Inflates what comes next of a message, of any length, until there is a piece of it. While
 * has_rest was the answer, `compressed` is empty and `is_last`, that the message ends with it, of
 * no meaning. After the last piece the inflater is at the beginning of a message again, and knows
 * what was said before.
 *
 * ERR_LIMIT: more than bytes_max; ERR_UTF8: a byte that text cannot have there, or it ends inside a
 * character; ERR_SYNTAX: not DEFLATE (RFC 1951), or cut short; ERR_NOMEM. Which of the first three
 * it is, and behind which pieces, does not depend on how what came was cut. After an error the
 * inflater is of no use but to be returned. */
enum err ws_inflate(struct ws_pool *pool, uint32_t number, struct span compressed, bool is_last,
                    struct ws_inflate_limits limits, struct ws_inflated *out);

/* What the inflater holds, in bytes. */
size_t ws_inflater_held_bytes(const struct ws_pool *pool, uint32_t number);

/* Frees what is idle. Nothing may be lent. */
void ws_inflaters_deinit(struct ws_inflaters *all);
