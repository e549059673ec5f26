/* The UTF-8 validator. ASCII is skipped eight bytes at a time; a whole sequence is judged by one
 * load and two comparisons of all its bytes at once; only a sequence that is cut by the end of the
 * input, or that is wrong, goes through the automaton, which knows one byte at a time.
 *
 * The automaton's states say what must follow (RFC 3629 section 4):
 *   TAIL1..3   so many bytes 80..BF
 *   AFTER_E0   A0..BF, then TAIL1 (less is overlong)     AFTER_ED   80..9F (more is a surrogate)
 *   AFTER_F0   90..BF, then TAIL2 (less is overlong)     AFTER_F4   80..8F (more is > U+10FFFF) */
#include "simul/utf8.h"

enum { TAIL1 = 1, TAIL2, TAIL3, AFTER_E0, AFTER_ED, AFTER_F0, AFTER_F4 };

static uint8_t lead_step(uint8_t byte)
{
    if (byte < 0x80)
        return UTF8_COMPLETE;
    if (byte < 0xc2 || byte > 0xf4)
        return UTF8_REJECTED;
    if (byte < 0xe0)
        return TAIL1;
    if (byte < 0xf0)
        return byte == 0xe0 ? AFTER_E0 : byte == 0xed ? AFTER_ED : TAIL2;
    return byte == 0xf0 ? AFTER_F0 : byte == 0xf4 ? AFTER_F4 : TAIL3;
}

static uint8_t step(uint8_t state, uint8_t byte)
{
    static const struct {
        uint8_t low, high, next;
    } follow[] = {
        [TAIL1] = {0x80, 0xbf, UTF8_COMPLETE}, [TAIL2] = {0x80, 0xbf, TAIL1},
        [TAIL3] = {0x80, 0xbf, TAIL2},         [AFTER_E0] = {0xa0, 0xbf, TAIL1},
        [AFTER_ED] = {0x80, 0x9f, TAIL1},      [AFTER_F0] = {0x90, 0xbf, TAIL2},
        [AFTER_F4] = {0x80, 0x8f, TAIL2},
    };
    if (state == UTF8_COMPLETE)
        return lead_step(byte);
    if (byte < follow[state].low || byte > follow[state].high)
        return UTF8_REJECTED;
    return follow[state].next;
}

/* The length of the whole, valid, non-ASCII sequence at p, which has four readable bytes; 0 if
 * there is none. */
static inline size_t sequence_bytes(const uint8_t *p)
{
    uint32_t w = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    if ((w & 0xc0e0) == 0x80c0)
        return (w & 0x1e) != 0 ? 2 : 0; /* C0 and C1 are overlong */
    if ((w & 0xc0c0f0) == 0x8080e0) {
        uint32_t top = w & 0x200f; /* the code point's bits 15..12 and 11 */
        return top != 0 && top != 0x200d ? 3 : 0;
    }
    if ((w & 0xc0c0c0f8) == 0x808080f0) {
        uint32_t plane = (w & 7) << 2 | (w >> 12 & 3);
        return plane >= 1 && plane <= 16 ? 4 : 0;
    }
    return 0;
}

static inline const uint8_t *skip_ascii(const uint8_t *p, const uint8_t *end)
{
    while (end - p >= 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        if ((word & 0x8080808080808080u) != 0)
            break;
        p += 8;
    }
    while (p < end && *p < 0x80)
        p++;
    return p;
}

uint8_t utf8_check(uint8_t state, struct span s)
{
    if (state == UTF8_REJECTED || s.len == 0)
        return state;
    const uint8_t *p = s.ptr, *end = s.ptr + s.len;
    while (p < end) {
        if (state == UTF8_COMPLETE) {
            if (*p < 0x80) {
                p = skip_ascii(p, end);
                continue;
            }
            size_t n = end - p >= 4 ? sequence_bytes(p) : 0;
            if (n > 0) {
                p += n;
                continue;
            }
        }
        state = step(state, *p++);
        if (state == UTF8_REJECTED)
            return state;
    }
    return state;
}
