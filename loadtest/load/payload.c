#include "load/payload.h"

#include "load/digits.h"
#include "load/prose.h"
#include "simul/chance.h"
#include "simul/check.h"

#include <stdlib.h>

enum { PATTERN_SHIFTS = 1024, STAMP_CLIENT_BYTES = STAMP_BYTES - STAMP_NUMBER_BYTES };

static size_t pattern_bytes(const struct payload *p)
{
    return (size_t)p->size_max + PATTERN_SHIFTS;
}

static void fill(uint8_t *to, size_t bytes, enum payload_kind kind, uint64_t key)
{
    struct chance c = {key};
    if (kind == PAYLOAD_WORDS)
        prose_fill(to, bytes, key);
    for (size_t i = 0; kind != PAYLOAD_WORDS && i < bytes; i++) {
        uint64_t random = chance_next(&c);
        to[i] = kind == PAYLOAD_DIGITS ? DIGITS[random >> 58] : (uint8_t)random;
    }
}

enum payload_kind payload_kind_of(const struct plan *plan)
{
    if (plan->words)
        return PAYLOAD_WORDS;
    return plan->binary ? PAYLOAD_BYTES : PAYLOAD_DIGITS;
}

enum err payload_init(struct payload *p, uint32_t size_min, uint32_t size_max,
                      enum payload_kind kind, uint64_t key)
{
    *p = (struct payload){.size_min = size_min, .size_max = size_max};
    p->pattern = malloc(pattern_bytes(p));
    p->message = malloc((size_t)size_max + 1);
    if (p->pattern == NULL || p->message == NULL) {
        payload_deinit(p);
        return ERR_NOMEM;
    }
    fill(p->pattern, pattern_bytes(p), kind, key);
    return OK;
}

void payload_deinit(struct payload *p)
{
    free(p->pattern);
    free(p->message);
    *p = (struct payload){0};
}

/* Spreads neighbours apart. */
static uint64_t mix(uint32_t client, uint64_t number)
{
    uint64_t x = (number + 1) * 0x9e3779b97f4a7c15u ^ (uint64_t)client * 0xbf58476d1ce4e5b9u;
    return x ^ x >> 29;
}

uint32_t payload_size(const struct payload *p, uint32_t client, uint64_t number)
{
    uint64_t span = (uint64_t)p->size_max - p->size_min + 1;
    return span == 1 ? p->size_min : p->size_min + (uint32_t)(mix(client, number) % span);
}

static void make_stamp(uint8_t stamp[STAMP_BYTES], uint32_t client, uint64_t number)
{
    digits_put(stamp, STAMP_NUMBER_BYTES, number);
    digits_put(stamp + STAMP_NUMBER_BYTES, STAMP_CLIENT_BYTES, client);
}

static const uint8_t *pattern_of(const struct payload *p, uint32_t client, uint64_t number)
{
    return p->pattern + mix(client, number) % PATTERN_SHIFTS;
}

struct span payload_make(struct payload *p, uint32_t client, uint64_t number)
{
    uint8_t stamp[STAMP_BYTES];
    uint32_t size = payload_size(p, client, number);
    size_t stamped = size < STAMP_BYTES ? size : STAMP_BYTES;
    make_stamp(stamp, client, number);
    memcpy(p->message, stamp, stamped);
    memcpy(p->message + stamped, pattern_of(p, client, number) + stamped, size - stamped);
    return span_of(p->message, size);
}

bool payload_matches(const struct payload *p, uint32_t client, uint64_t number, size_t at,
                     struct span piece)
{
    uint32_t size = payload_size(p, client, number);
    if (at > size || piece.len > size - at)
        return false;
    if (at < STAMP_BYTES) {
        uint8_t stamp[STAMP_BYTES];
        size_t stamped = piece.len < STAMP_BYTES - at ? piece.len : STAMP_BYTES - at;
        make_stamp(stamp, client, number);
        if (memcmp(piece.ptr, stamp + at, stamped) != 0)
            return false;
        piece = span_drop(piece, stamped);
        at += stamped;
    }
    return memcmp(piece.ptr, pattern_of(p, client, number) + at, piece.len) == 0;
}

bool payload_read_stamp(const uint8_t stamp[STAMP_BYTES], uint32_t *client, uint64_t *number)
{
    uint64_t who = 0;
    bool is_stamp = digits_get(stamp, STAMP_NUMBER_BYTES, number) &&
                    digits_get(stamp + STAMP_NUMBER_BYTES, STAMP_CLIENT_BYTES, &who);
    *client = (uint32_t)who;
    return is_stamp;
}

bool payload_number(const uint8_t *stamp, size_t len, uint32_t client, uint64_t near,
                    uint64_t *number)
{
    uint8_t again[STAMP_BYTES];
    uint64_t low;
    CHECK(len > 0 && len <= STAMP_BYTES);
    unsigned digits = len < STAMP_NUMBER_BYTES ? (unsigned)len : STAMP_NUMBER_BYTES;
    if (!digits_get(stamp, digits, &low))
        return false;
    uint64_t turn = (uint64_t)1 << 6 * digits;
    *number = (near & ~(turn - 1)) | low;
    if (*number > near && *number - near > turn / 2 && *number >= turn)
        *number -= turn;
    else if (near > *number && near - *number > turn / 2)
        *number += turn;
    make_stamp(again, client, *number);
    return memcmp(stamp, again, len) == 0;
}
