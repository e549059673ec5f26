/* Runs a reader of responses over bytes that arrive in pieces, and writes down what it says, as
 * text to be compared: per response a line "STATUS 1.x PHRASE" with marks, its headers, "body …"
 * with all of the body, and "end"; then "failed: WHY", and for the close what that meant.
 * For unit tests and the fuzz target. */
#pragma once

#include "simul/check.h"
#include "simul/http_client.h"

struct client_trace {
    struct http_client client;
    struct buf text;
    struct buf body;
};

/* Memory is not what these callers test here. */
static inline void client_trace_ok(enum err e)
{
    CHECK(e == OK);
}

/* `methods` has a letter for each request that was sent: H is HEAD. */
static inline void client_trace_init(struct client_trace *t, const struct http_limits *limits,
                                     const char *methods)
{
    *t = (struct client_trace){0};
    http_client_init(&t->client, limits);
    for (; *methods != '\0'; methods++)
        http_client_expect(&t->client, *methods == 'H' ? HTTP_METHOD_HEAD : HTTP_METHOD_GET);
}

static inline void client_trace_head(struct client_trace *t)
{
    const struct http_client_response *r = http_client_response(&t->client);
    client_trace_ok(
        buf_printf(&t->text, "%u 1.%u %.*s", r->status, r->version_minor, SPAN_ARG(r->phrase)));
    if (r->content_length > 0)
        client_trace_ok(buf_printf(&t->text, " %llu", (unsigned long long)r->content_length));
    if (r->chunked)
        client_trace_ok(buf_append(&t->text, SPAN(" chunked")));
    if (r->to_close)
        client_trace_ok(buf_append(&t->text, SPAN(" to-close")));
    if (!r->keep_alive)
        client_trace_ok(buf_append(&t->text, SPAN(" last")));
    client_trace_ok(buf_append(&t->text, SPAN("\n")));
    struct span headers = r->headers, name, value;
    while (http_header_next(&headers, &name, &value))
        client_trace_ok(buf_printf(&t->text, "%.*s=%.*s\n", SPAN_ARG(name), SPAN_ARG(value)));
}

static inline void client_trace_body(struct client_trace *t)
{
    if (t->body.len == 0)
        return;
    client_trace_ok(buf_append(&t->text, SPAN("body ")));
    client_trace_ok(buf_append(&t->text, buf_span(&t->body)));
    client_trace_ok(buf_append(&t->text, SPAN("\n")));
    t->body.len = 0;
}

/* Writes an event down; false when nothing follows in this input. */
static inline bool client_trace_event(struct client_trace *t, enum http_event event)
{
    switch (event) {
    case HTTP_EVENT_NEED_MORE:
        return false;
    case HTTP_EVENT_HEAD:
        client_trace_head(t);
        return true;
    case HTTP_EVENT_BODY:
        return true;
    case HTTP_EVENT_END:
        client_trace_body(t);
        client_trace_ok(buf_append(&t->text, SPAN("end\n")));
        return true;
    case HTTP_EVENT_FAILED:
        client_trace_body(t);
        client_trace_ok(buf_printf(&t->text, "failed: %s\n", t->client.failure));
        return false;
    }
    return false;
}

/* One piece of input, up to the end of it or a failure; false after a failure. */
static inline bool client_trace_feed(struct client_trace *t, struct span in)
{
    struct span body, piece = in;
    enum http_event event;
    do {
        event = http_client_next(&t->client, &in, &body);
        CHECK((event == HTTP_EVENT_BODY) == (body.len > 0));
        CHECK(event != HTTP_EVENT_NEED_MORE || in.len == 0);
        if (event == HTTP_EVENT_BODY) {
            /* Not copied: a part of the input. */
            CHECK(body.ptr >= piece.ptr && body.ptr + body.len <= in.ptr);
            client_trace_ok(buf_append(&t->body, body));
        }
    } while (client_trace_event(t, event));
    return event != HTTP_EVENT_FAILED;
}

/* There is no more input: the server has closed. The text stays until client_trace_deinit and is
 * ended with a zero. */
static inline const char *client_trace_close(struct client_trace *t)
{
    if (t->client.failure == NULL)
        client_trace_event(t, http_client_close(&t->client));
    client_trace_ok(buf_append(&t->text, span_of("", 1)));
    return (const char *)t->text.data;
}

static inline void client_trace_deinit(struct client_trace *t)
{
    http_client_deinit(&t->client);
    buf_deinit(&t->text);
    buf_deinit(&t->body);
}
