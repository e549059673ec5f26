/* What is sent to an echo server, made so that every reply can be checked without keeping what was
 * sent: a stamp that tells whose message it is and which, as far as it fits, then a run of a
 * pattern that depends on both.
 *
 *     | number, 7 characters | client, 5 | pattern …
 *
 * A character of the stamp has six bits, the lowest first, so that a short message has the bits
 * that change. What everybody makes alike who has the key, one can check that another has sent. */
#pragma once

#include "plan/plan.h"
#include "simul/err.h"
#include "simul/span.h"

#include <stdbool.h>
#include <stdint.h>

enum { STAMP_BYTES = 12, STAMP_NUMBER_BYTES = 7 };

struct payload {
    uint8_t *pattern; /* size_max and PATTERN_SHIFTS bytes */
    uint8_t *message; /* size_max bytes: the last one that was made */
    uint32_t size_min, size_max;
};

/* What the pattern is made of: the first two are ASCII. */
enum payload_kind {
    PAYLOAD_DIGITS, /* random characters, of 64 */
    PAYLOAD_WORDS,  /* load/prose.h */
    PAYLOAD_BYTES,  /* random, which no compressor makes shorter */
};

/* What the plan has messages made of, where they need not be text. */
enum payload_kind payload_kind_of(const struct plan *plan);

/* ERR_NOMEM. */
enum err payload_init(struct payload *p, uint32_t size_min, uint32_t size_max,
                      enum payload_kind kind, uint64_t key);
void payload_deinit(struct payload *p);

/* How long that message is. */
uint32_t payload_size(const struct payload *p, uint32_t client, uint64_t number);

/* Makes a message; it lives until the next is made. */
struct span payload_make(struct payload *p, uint32_t client, uint64_t number);

/* Whether a piece of a message, that begins `at` bytes into it, is as it was sent. */
bool payload_matches(const struct payload *p, uint32_t client, uint64_t number, size_t at,
                     struct span piece);

/* What a whole stamp says; false when it is none. It may say anything: payload_matches decides. */
bool payload_read_stamp(const uint8_t stamp[STAMP_BYTES], uint32_t *client, uint64_t *number);

/* The number in a stamp, or in the first len bytes of one: then the nearest to `near` that has
 * these bits. False when it is not a stamp of that client's. */
bool payload_number(const uint8_t *stamp, size_t len, uint32_t client, uint64_t near,
                    uint64_t *number);
