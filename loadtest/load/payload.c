#include "load/payload.h"

#include "simul/check.h"

#include <stdlib.h>
#include <sys/random.h>

enum { PATTERN_SHIFTS = 1024 };

static const char DIGITS[65] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";

enum err payload_init(struct payload *p, const struct plan *plan)
{
    size_t bytes = (size_t)plan->size_max + PATTERN_SHIFTS;
    *p = (struct payload){malloc(bytes), malloc((size_t)plan->size_max + 1), plan->size_min,
                          plan->size_max};
    if (p->pattern == NULL || p->message == NULL) {
        payload_deinit(p);
        return ERR_NOMEM;
    }
    for (size_t done = 0; done < bytes;) {
        ssize_t n = getrandom(p->pattern + done, bytes - done, 0);
        CHECK(n > 0);
        done += (size_t)n;
    }
    for (size_t i = 0; !plan->binary && i < bytes; i++)
        p->pattern[i] = (uint8_t)DIGITS[p->pattern[i] & 63];
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
    for (unsigned i = 0; i < STAMP_NUMBER_BYTES; i++)
        stamp[i] = (uint8_t)DIGITS[number >> 6 * i & 63];
    for (unsigned i = 0; i < STAMP_BYTES - STAMP_NUMBER_BYTES; i++)
        stamp[STAMP_NUMBER_BYTES + i] = (uint8_t)DIGITS[client >> 6 * i & 63];
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

bool payload_number(const uint8_t *stamp, size_t len, uint32_t client, uint64_t near,
                    uint64_t *number)
{
    uint8_t again[STAMP_BYTES];
    uint64_t low = 0;
    CHECK(len > 0 && len <= STAMP_BYTES);
    unsigned digits = len < STAMP_NUMBER_BYTES ? (unsigned)len : STAMP_NUMBER_BYTES;
    for (unsigned i = 0; i < digits; i++) {
        const char *digit = stamp[i] == 0 ? NULL : strchr(DIGITS, stamp[i]);
        if (digit == NULL)
            return false;
        low |= (uint64_t)(digit - DIGITS) << 6 * i;
    }
    uint64_t turn = (uint64_t)1 << 6 * digits;
    *number = (near & ~(turn - 1)) | low;
    if (*number > near && *number - near > turn / 2 && *number >= turn)
        *number -= turn;
    else if (near > *number && near - *number > turn / 2)
        *number += turn;
    make_stamp(again, client, *number);
    return memcmp(stamp, again, len) == 0;
}
