/* Any bytes from a server, cut anywhere, give the same responses, bodies and failure as in one
 * piece, and the close behind them means the same. */
#include "fuzz/cut.h"
#include "unit/proto/http_client_trace.h"

/* Small, so that they are reached. */
static const struct http_limits LIMITS = {
    .line_bytes = 128, .header_bytes = 512, .header_count = 8, .body_bytes = 1024};

/* What was asked: H is HEAD. */
static const char METHODS[] = "GHGG";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct client_trace whole, cut;
    client_trace_init(&whole, &LIMITS, METHODS);
    client_trace_init(&cut, &LIMITS, METHODS);
    client_trace_feed(&whole, span_of(data, size));

    struct cut pieces = cut_begin(span_of(data, size));
    struct span piece;
    while (cut_next(&pieces, &piece) && client_trace_feed(&cut, piece))
        ;
    client_trace_close(&whole);
    client_trace_close(&cut);
    CHECK(span_eq(buf_span(&whole.text), buf_span(&cut.text)));
    client_trace_deinit(&whole);
    client_trace_deinit(&cut);
    return 0;
}
