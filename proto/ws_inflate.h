/* Messages that came compressed (RFC 7692 section 7.2.2), inflated as they arrive. An inflater is
 * lent by a pool, and goes by a number, which is what a reader has room for.
 *
 * What it inflates gathers in a buffer of its own until the message is complete; then the buffer is
 * the pool's, which hands it on to the next message. */
#pragma once

#include "simul/ws.h"

/* Lends an inflater that has seen nothing yet, and returns its number; 0: there is no memory. */
uint32_t ws_inflater_lend(struct ws_pool *pool);
void ws_inflater_return(struct ws_pool *pool, uint32_t number);

/* What a message may be. */
struct ws_inflate_limits {
    uint64_t bytes_max;
    uint8_t *utf8; /* where its text is checked to (utf8.h), UTF8_COMPLETE at the beginning; NULL:
                      it is not text */
};

/* Inflates what the next piece of a message, of any length, gives. ERR_LIMIT: more than bytes_max;
 * ERR_UTF8: a byte that text cannot have there; ERR_SYNTAX: not DEFLATE (RFC 1951); ERR_NOMEM.
 * Which of the first three it is does not depend on the pieces. After an error the inflater is of
 * no use but to be returned. */
enum err ws_inflate(struct ws_pool *pool, uint32_t number, struct span compressed,
                    struct ws_inflate_limits limits);

/* Ends the message and gives it out: *message is valid until the next call with that pool. The
 * inflater is at the beginning of a message again, and knows what was said before. Errors as
 * above; also ERR_SYNTAX if the message is cut short, ERR_UTF8 if its text ends inside a character.
 */
enum err ws_inflate_end(struct ws_pool *pool, uint32_t number, struct ws_inflate_limits limits,
                        struct span *message);

/* What the inflater holds, in bytes. */
size_t ws_inflater_held_bytes(const struct ws_pool *pool, uint32_t number);

/* Frees what is idle. Nothing may be lent. */
void ws_inflaters_deinit(struct ws_inflaters *all);
