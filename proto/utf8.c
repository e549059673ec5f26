/* The UTF-8 validator. Runs of other scripts are judged 32 bytes at a time where the machine has
 * AVX2, and ASCII eight bytes at a time; a whole sequence is judged by one load and two comparisons
 * of all its bytes at once. These only ever skip what is right. A sequence that is wrong, or cut by
 * the end of the input, goes through the automaton, which knows one byte at a time and is the
 * judge.
 *
 * The automaton's states say what must follow (RFC 3629 section 4):
 *   TAIL1..3   so many bytes 80..BF
 *   AFTER_E0   A0..BF, then TAIL1 (less is overlong)     AFTER_ED   80..9F (more is a surrogate)
 *   AFTER_F0   90..BF, then TAIL2 (less is overlong)     AFTER_F4   80..8F (more is > U+10FFFF) */
#include "simul/utf8.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

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

#if defined(__x86_64__)

/* After Keiser and Lemire, "Validating UTF-8 in less than one instruction per byte" (2021): nearly
 * every error shows in two neighbouring bytes. Three tables, for the halves of the first byte and
 * the upper half of the second, give the errors that each allows; what all three allow is there. */
enum {
    SHORT = 1 << 0,     /* a lead without its tail */
    LONG = 1 << 1,      /* a tail behind ASCII */
    OVER2 = 1 << 2,     /* C0, C1 */
    OVER3 = 1 << 3,     /* E0 and 80..9F */
    OVER4 = 1 << 4,     /* F0 and 80..8F; with F5..FF, which LARGE tells for the other tails */
    SURROGATE = 1 << 5, /* ED and A0..BF */
    LARGE = 1 << 6,     /* F4 and 90..BF, or more */
    TWO_TAILS = 1 << 7, /* right or wrong, by what stands two and three bytes before */
    ANY_LOW = SHORT | LONG | TWO_TAILS, /* do not depend on the lower half */
    ANY_TAIL = LONG | OVER2 | TWO_TAILS,
};

#define BOTH_LANES(...) _mm256_setr_epi8(__VA_ARGS__, __VA_ARGS__)

/* Of each pair of neighbours (before, byte) the errors as bits. */
__attribute__((target("avx2"))) static inline __m256i pair_errors(__m256i before, __m256i byte)
{
    const __m256i low_half = _mm256_set1_epi8(15);
    const char past = (char)(ANY_LOW | LARGE | OVER4), tail = (char)ANY_TAIL, two = (char)TWO_TAILS;
    const __m256i first_high =
        BOTH_LANES(LONG, LONG, LONG, LONG, LONG, LONG, LONG, LONG, two, two, two, two,
                   SHORT | OVER2, SHORT, SHORT | OVER3 | SURROGATE, SHORT | LARGE | OVER4);
    const __m256i first_low =
        BOTH_LANES((char)(ANY_LOW | OVER2 | OVER3 | OVER4), (char)(ANY_LOW | OVER2), (char)ANY_LOW,
                   (char)ANY_LOW, (char)(ANY_LOW | LARGE), past, past, past, past, past, past, past,
                   past, (char)(past | SURROGATE), past, past);
    const __m256i second_high = BOTH_LANES(
        SHORT, SHORT, SHORT, SHORT, SHORT, SHORT, SHORT, SHORT, (char)(tail | OVER3 | OVER4),
        (char)(tail | OVER3 | LARGE), (char)(tail | SURROGATE | LARGE),
        (char)(tail | SURROGATE | LARGE), SHORT, SHORT, SHORT, SHORT);
    __m256i before_high = _mm256_and_si256(_mm256_srli_epi16(before, 4), low_half);
    __m256i before_low = _mm256_and_si256(before, low_half);
    __m256i byte_high = _mm256_and_si256(_mm256_srli_epi16(byte, 4), low_half);
    return _mm256_and_si256(_mm256_and_si256(_mm256_shuffle_epi8(first_high, before_high),
                                             _mm256_shuffle_epi8(first_low, before_low)),
                            _mm256_shuffle_epi8(second_high, byte_high));
}

/* The bytes of block, moved up by n, with the last ones of the block before it in front. */
#define MOVED(before, block, n)                                                                    \
    _mm256_alignr_epi8(block, _mm256_permute2x128_si256(before, block, 0x21), 16 - (n))

/* From the beginning of a character to the beginning of another, everything between being right;
 * as far as whole blocks go. */
__attribute__((target("avx2"))) static const uint8_t *skip_blocks(const uint8_t *p,
                                                                  const uint8_t *end)
{
    const __m256i below_e0 = _mm256_set1_epi8(0xe0 - 0x80),
                  below_f0 = _mm256_set1_epi8(0xf0 - 0x80);
    const __m256i high_bit = _mm256_set1_epi8((char)0x80);
    const uint8_t *begin = p;
    __m256i before = _mm256_setzero_si256();
    for (; end - p >= 32; p += 32) {
        __m256i block = _mm256_loadu_si256((const __m256i *)(const void *)p);
        __m256i errors = pair_errors(MOVED(before, block, 1), block);
        /* A third or fourth byte must follow a tail; any other must not. */
        __m256i third = _mm256_subs_epu8(MOVED(before, block, 2), below_e0);
        __m256i fourth = _mm256_subs_epu8(MOVED(before, block, 3), below_f0);
        __m256i must_be_two_tails = _mm256_and_si256(_mm256_or_si256(third, fourth), high_bit);
        errors = _mm256_xor_si256(errors, must_be_two_tails);
        if (!_mm256_testz_si256(errors, errors))
            break;
        before = block;
    }
    /* The last character may go on in the next block: back to its lead. */
    for (int back = 1; back <= 3 && p - begin >= back; back++) {
        if (p[-back] >= 0xc0)
            return p - back;
    }
    return p;
}

static inline const uint8_t *skip_valid(const uint8_t *p, const uint8_t *end)
{
    return end - p >= 32 && __builtin_cpu_supports("avx2") ? skip_blocks(p, end) : p;
}

#else

static inline const uint8_t *skip_valid(const uint8_t *p, const uint8_t *end)
{
    (void)end;
    return p;
}

#endif

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
            const uint8_t *next = skip_valid(p, end);
            if (next != p) {
                p = next;
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

struct span utf8_cut(struct span s, size_t bytes_max)
{
    enum { TAIL_BYTES_MAX = 3 };
    if (s.len <= bytes_max)
        return s;
    size_t len = bytes_max;
    for (int i = 0; i < TAIL_BYTES_MAX && len > 0 && (s.ptr[len] & 0xc0) == 0x80; i++)
        len--;
    return span_take(s, len);
}
