/* Vectors for the request parser: bytes, and the trace they must give, however they are cut. */
#pragma once

#include "unit/proto/http_trace.h"

#include <criterion/criterion.h>

struct http_vector {
    const char *about;
    struct span in;
    const char *trace;
};

/* Cuts the input into pieces of `size` bytes after a first one of `first`. Each piece lies in
 * memory of its own size, so that reading beyond it is noticed. */
static inline void vector_run_cut(const struct http_vector *v, const struct http_limits *limits,
                                  size_t first, size_t size)
{
    struct http_trace t;
    trace_init(&t, limits);
    struct span rest = v->in;
    for (size_t n = first; rest.len > 0; n = size) {
        if (n > rest.len)
            n = rest.len;
        struct buf piece = {0};
        trace_ok(buf_append(&piece, span_take(rest, n)));
        piece.data = realloc(piece.data, n > 0 ? n : 1);
        bool goes_on = trace_feed(&t, span_of(piece.data, n));
        buf_deinit(&piece);
        if (!goes_on)
            break;
        rest = span_drop(rest, n);
    }
    cr_expect_str_eq(trace_finish(&t), v->trace, "%s, cut at %zu then every %zu (%s)", v->about,
                     first, size, t.parser.refusal.reason ? t.parser.refusal.reason : "accepted");
    trace_deinit(&t);
}

/* Whole, one byte at a time, and at every split point. */
static inline void vector_run(const struct http_vector *v, const struct http_limits *limits)
{
    vector_run_cut(v, limits, v->in.len, v->in.len);
    vector_run_cut(v, limits, 1, 1);
    for (size_t at = 1; at < v->in.len; at++)
        vector_run_cut(v, limits, at, v->in.len);
}

#define VECTORS_RUN(vectors, limits)                                                               \
    do {                                                                                           \
        for (size_t i_ = 0; i_ < sizeof(vectors) / sizeof((vectors)[0]); i_++)                     \
            vector_run(&(vectors)[i_], limits);                                                    \
    } while (0)

/* In static initializers, where SPAN's compound literal may not stand. */
#define TEXT(literal)                                                                              \
    {                                                                                              \
        (const uint8_t *)("" literal), sizeof(literal) - 1                                         \
    }
