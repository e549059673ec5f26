/* Masking of payload longer than a few vectors. The same loop is compiled for the vectors that
 * every machine of the target has (SSE2, NEON, or none) and, on x86-64, for AVX2, which is chosen
 * at run time. */
#include "simul/ws_mask.h"

#if defined(__x86_64__)
typedef uint64_t vector __attribute__((vector_size(32)));
#else
typedef uint64_t vector __attribute__((vector_size(16)));
#endif

static inline uint64_t spread(uint32_t mask)
{
    return (uint64_t)mask << 32 | mask;
}

/* A macro, since a function would be lowered for the common target before it could be inlined into
 * one for AVX2. The first and the last vector may overlap those between, of which all but the last
 * two are stored aligned; they are loaded before anything is stored, and stored after it. */
#define MASK_LONG(name, target)                                                                    \
    target bool name(uint8_t *dst, const uint8_t *src, size_t len, uint32_t mask)                  \
    {                                                                                              \
        enum { STEP = sizeof(vector) };                                                            \
        size_t i = STEP - ((uintptr_t)dst & (STEP - 1)), last_at = len - STEP;                     \
        uint64_t first_key = spread(mask), key = spread(ws_mask_turn(mask, i));                    \
        vector a, b, first, last, all;                                                             \
        memcpy(&first, src, STEP);                                                                 \
        memcpy(&last, src + last_at, STEP);                                                        \
        first ^= first_key;                                                                        \
        last ^= spread(ws_mask_turn(mask, len));                                                   \
        all = first | last;                                                                        \
        for (; i + STEP < last_at; i += 2 * STEP) {                                                \
            memcpy(&a, src + i, STEP);                                                             \
            memcpy(&b, src + i + STEP, STEP);                                                      \
            a ^= key;                                                                              \
            b ^= key;                                                                              \
            all |= a | b;                                                                          \
            memcpy(dst + i, &a, STEP);                                                             \
            memcpy(dst + i + STEP, &b, STEP);                                                      \
        }                                                                                          \
        if (i < last_at) {                                                                         \
            memcpy(&a, src + i, STEP);                                                             \
            a ^= key;                                                                              \
            all |= a;                                                                              \
            memcpy(dst + i, &a, STEP);                                                             \
        }                                                                                          \
        memcpy(dst, &first, STEP);                                                                 \
        memcpy(dst + last_at, &last, STEP);                                                        \
        uint64_t any = 0;                                                                          \
        for (size_t w = 0; w < STEP / 8; w++)                                                      \
            any |= all[w];                                                                         \
        return (any & 0x8080808080808080u) == 0;                                                   \
    }

MASK_LONG(ws_mask_common, )

#if defined(__x86_64__)
MASK_LONG(mask_avx2, __attribute__((target("avx2"))) static)

bool ws_mask_long(uint8_t *dst, const uint8_t *src, size_t len, uint32_t mask)
{
    /* One load and a branch that is always predicted: the answer is kept by the C run-time. */
    if (__builtin_cpu_supports("avx2"))
        return mask_avx2(dst, src, len, mask);
    return ws_mask_common(dst, src, len, mask);
}
#else
bool ws_mask_long(uint8_t *dst, const uint8_t *src, size_t len, uint32_t mask)
{
    return ws_mask_common(dst, src, len, mask);
}
#endif
