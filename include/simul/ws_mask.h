/* The masking of WebSocket payload (RFC 6455 section 5.3): the i-th byte is XORed with the mask's
 * byte i modulo 4. It is its own inverse, so one function masks and unmasks.
 *
 * A mask is handled as a uint32_t whose four bytes in memory are the mask's bytes in order. */
#pragma once

#include "simul/span.h"

/* The mask as it stands `offset` bytes into the payload. */
static inline uint32_t ws_mask_turn(uint32_t mask, size_t offset)
{
    unsigned bits = 8 * (unsigned)(offset & 3);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return mask >> bits | mask << (-bits & 31);
#else
    return mask << bits | mask >> (-bits & 31);
#endif
}

/* ws_mask for any length above WS_MASK_SHORT: by the best vectors that this machine has, and by
 * those that every machine has. */
bool ws_mask_long(uint8_t *dst, const uint8_t *src, size_t len, uint32_t mask);
bool ws_mask_common(uint8_t *dst, const uint8_t *src, size_t len, uint32_t mask);

enum { WS_MASK_SHORT = 64 };

typedef uint32_t ws_mask_block __attribute__((vector_size(16)));

static inline bool ws_mask_is_ascii(ws_mask_block b)
{
#if defined(__SSE2__)
    typedef char bytes __attribute__((vector_size(16)));
    return __builtin_ia32_pmovmskb128((bytes)b) == 0; /* one instruction takes all the high bits */
#else
    return ((b[0] | b[1] | b[2] | b[3]) & 0x80808080u) == 0;
#endif
}

/* Masks or unmasks len bytes from src to dst, which are the same or do not overlap; any alignment.
 * Tells whether all that it wrote is ASCII, which costs next to nothing here and saves the UTF-8
 * validator a second look at the bytes. */
static inline bool ws_mask(uint8_t *dst, const uint8_t *src, size_t len, uint32_t mask)
{
    /* Short payload is covered by blocks from both its ends, which may overlap in the middle. All
     * are loaded before any is stored, since dst may be src. */
    if (len > WS_MASK_SHORT)
        return ws_mask_long(dst, src, len, mask);
    if (len >= 16) {
        uint32_t head = mask, tail = ws_mask_turn(mask, len);
        ws_mask_block first, second, third, last;
        size_t second_at = len > 32 ? 16 : 0, third_at = len > 32 ? len - 32 : 0;
        memcpy(&first, src, 16);
        memcpy(&second, src + second_at, 16);
        memcpy(&third, src + third_at, 16);
        memcpy(&last, src + len - 16, 16);
        first ^= head;
        second ^= head;
        third ^= third_at != 0 ? tail : head;
        last ^= tail;
        memcpy(dst, &first, 16);
        memcpy(dst + second_at, &second, 16);
        memcpy(dst + third_at, &third, 16);
        memcpy(dst + len - 16, &last, 16);
        return ws_mask_is_ascii(first | second | third | last);
    }
    if (len >= 8) {
        uint32_t turned = ws_mask_turn(mask, len);
        uint64_t first, last, head = (uint64_t)mask << 32 | mask;
        memcpy(&first, src, 8);
        memcpy(&last, src + len - 8, 8);
        first ^= head;
        last ^= (uint64_t)turned << 32 | turned;
        memcpy(dst, &first, 8);
        memcpy(dst + len - 8, &last, 8);
        return ((first | last) & 0x8080808080808080u) == 0;
    }
    uint8_t key[4], any = 0;
    memcpy(key, &mask, 4);
    for (size_t i = 0; i < len; i++) {
        dst[i] = src[i] ^ key[i & 3];
        any |= dst[i];
    }
    return any < 0x80;
}
