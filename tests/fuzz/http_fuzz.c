/* Any bytes, cut anywhere, give the same requests, bodies and refusal as in one piece. */
#include "fuzz/cut.h"
#include "unit/proto/http_trace.h"

/* Small, so that they are reached. */
static const struct http_limits LIMITS = {
    .line_bytes = 128, .header_bytes = 512, .header_count = 8, .body_bytes = 1024};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_trace whole, cut;
    trace_init(&whole, &LIMITS);
    trace_init(&cut, &LIMITS);
    trace_feed(&whole, span_of(data, size));

    struct cut pieces = cut_begin(span_of(data, size));
    struct span piece;
    while (cut_next(&pieces, &piece) && trace_feed(&cut, piece))
        ;
    trace_finish(&whole);
    trace_finish(&cut);
    CHECK(span_eq(buf_span(&whole.text), buf_span(&cut.text)));
    trace_deinit(&whole);
    trace_deinit(&cut);
    return 0;
}
