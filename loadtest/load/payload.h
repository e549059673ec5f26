/* What is sent to an echo server, made so that every reply can be checked without keeping what was
 * sent: a stamp that tells whose message it is and which, as far as it fits, then a run of a
 * pattern that depends on both.
 *
 *     | number, 7 characters | client, 5 | pattern …
 *
 * A character of the stamp has six bits, the lowest first, so that a short message has the bits
 * that change. Text is ASCII; binary messages have a pattern of random bytes. */
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

/* ERR_NOMEM. */
enum err payload_init(struct payload *p, const struct plan *plan);
/* Text that everybody who has the key makes alike, so that one can check what another sent.
 * ERR_NOMEM. */
enum err payload_init_keyed(struct payload *p, uint32_t size_min, uint32_t size_max, uint64_t key);
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
