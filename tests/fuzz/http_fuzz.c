/* Any bytes, cut anywhere, give the same requests, bodies and refusal as in one piece. */
#include "unit/proto/http_trace.h"

/* Small, so that they are reached. */
static const struct http_limits LIMITS = {
    .line_bytes = 128, .header_bytes = 512, .header_count = 8, .body_bytes = 1024};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The cuts follow from the bytes themselves, so that a seed is nothing but a request. */
static uint32_t hash(struct span s)
{
    uint32_t h = 2166136261U; /* FNV-1a */
    for (size_t i = 0; i < s.len; i++)
        h = (h ^ s.ptr[i]) * 16777619U;
    return h | 1;
}

static uint32_t random_next(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = span_of(data, size);
    struct http_trace whole, cut;
    trace_init(&whole, &LIMITS);
    trace_init(&cut, &LIMITS);
    trace_feed(&whole, rest);

    uint32_t state = hash(rest);
    uint32_t piece_max = 1 + random_next(&state) % 64;
    bool goes_on = true;
    while (goes_on && rest.len > 0) {
        size_t n = random_next(&state) % (piece_max + 1);
        struct span piece = span_take(rest, n < rest.len ? n : rest.len);
        rest = span_drop(rest, piece.len);
        goes_on = trace_feed(&cut, piece);
    }
    trace_finish(&whole);
    trace_finish(&cut);
    CHECK(span_eq(buf_span(&whole.text), buf_span(&cut.text)));
    trace_deinit(&whole);
    trace_deinit(&cut);
    return 0;
}
