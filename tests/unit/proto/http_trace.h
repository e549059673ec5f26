/* Runs a request parser over bytes that arrive in pieces, and writes down what it says, as text to
 * be compared: per request a line "METHOD path?query 1.x HOST" with marks, its headers, "body …"
 * with all of the body, and "end"; then "failed STATUS", "more" inside a message, or nothing.
 * For unit tests and the fuzz target. */
#pragma once

#include "simul/check.h"
#include "simul/http.h"

/* Generous enough for every vector that is not about limits. */
static const struct http_limits TRACE_LIMITS = {
    .line_bytes = 200, .header_bytes = 400, .header_count = 10, .body_bytes = 1000};

struct http_trace {
    struct http_parser parser;
    struct buf text;
    struct buf body;
};

/* Memory is not what these callers test here. */
static inline void trace_ok(enum err e)
{
    CHECK(e == OK);
}

static inline void trace_request(struct http_trace *t)
{
    const struct http_request *r = http_parser_request(&t->parser);
    trace_ok(buf_printf(&t->text, "%s %.*s", http_method_name(r->method), SPAN_ARG(r->path)));
    if (r->query.len > 0)
        trace_ok(buf_printf(&t->text, "?%.*s", SPAN_ARG(r->query)));
    trace_ok(buf_printf(&t->text, " 1.%u %.*s", r->version_minor, SPAN_ARG(r->host)));
    if (r->chunked)
        trace_ok(buf_append(&t->text, SPAN(" chunked")));
    if (!r->keep_alive)
        trace_ok(buf_append(&t->text, SPAN(" closes")));
    if (r->expects_continue)
        trace_ok(buf_append(&t->text, SPAN(" expects")));
    trace_ok(buf_append(&t->text, SPAN("\n")));
    struct span headers = r->headers, name, value;
    while (http_header_next(&headers, &name, &value)) {
        if (!span_eq_nocase(name, SPAN("host")))
            trace_ok(buf_printf(&t->text, "%.*s=%.*s\n", SPAN_ARG(name), SPAN_ARG(value)));
    }
}

static inline void trace_body(struct http_trace *t)
{
    if (t->body.len == 0)
        return;
    trace_ok(buf_append(&t->text, SPAN("body ")));
    trace_ok(buf_append(&t->text, buf_span(&t->body)));
    trace_ok(buf_append(&t->text, SPAN("\n")));
    t->body.len = 0;
}

/* One piece of input, up to the end of it or a refusal; false after a refusal. */
static inline bool trace_feed(struct http_trace *t, struct span in)
{
    struct span body, piece = in;
    for (;;) {
        enum http_event event = http_parser_next(&t->parser, &in, &body);
        CHECK((event == HTTP_EVENT_BODY) == (body.len > 0));
        switch (event) {
        case HTTP_EVENT_NEED_MORE:
            CHECK(in.len == 0);
            return true;
        case HTTP_EVENT_HEAD:
            trace_request(t);
            break;
        case HTTP_EVENT_BODY:
            /* Not copied: a part of the input. */
            CHECK(body.ptr >= piece.ptr && body.ptr + body.len <= in.ptr);
            trace_ok(buf_append(&t->body, body));
            break;
        case HTTP_EVENT_END:
            trace_body(t);
            trace_ok(buf_append(&t->text, SPAN("end\n")));
            break;
        case HTTP_EVENT_FAILED:
            trace_body(t);
            trace_ok(buf_printf(&t->text, "failed %u\n", t->parser.refusal.status));
            return false;
        }
    }
}

static inline void trace_init(struct http_trace *t, const struct http_limits *limits)
{
    *t = (struct http_trace){0};
    http_parser_init(&t->parser, limits);
}

/* There is no more input. The text stays until trace_deinit and is ended with a zero. */
static inline const char *trace_finish(struct http_trace *t)
{
    if (t->parser.refusal.status == 0) {
        trace_body(t);
        if (!http_parser_is_idle(&t->parser))
            trace_ok(buf_append(&t->text, SPAN("more\n")));
    }
    trace_ok(buf_append(&t->text, span_of("", 1)));
    return (const char *)t->text.data;
}

static inline void trace_deinit(struct http_trace *t)
{
    http_parser_deinit(&t->parser);
    buf_deinit(&t->text);
    buf_deinit(&t->body);
}
