/* HTTP/1.1, the client's side: a message that is sent is a request's body, one that comes is a
 * response's (RFC 9112). One request at a time; there is no handshake.
 *
 * A response is one message: an empty piece when its head is there, the pieces of its body, an
 * empty piece at its end. A server may close after a response, or while it waits for a request
 * (section 9.3); then the next connection takes the place of this one. */
#include "load/client.h"
#include "load/wire.h"
#include "scenario/scenario.h"
#include "simul/check.h"
#include "simul/http_client.h"

#include <stdlib.h>

struct http_exchange {
    struct http_client reader;
    struct buf head;        /* of the request that was sent last */
    size_t head_body_bytes; /* how long a body it announces */
    uint64_t asked_ns;      /* when that was; 0: its response has begun */
    bool was_answered;      /* there was a response on this connection */
};

static const struct http_limits RESPONSE_LIMITS = {
    .line_bytes = 8 * 1024, .header_bytes = 64 * 1024, .header_count = 256};

/* --- requests ---------------------------------------------------------------------------- */

static enum http_method method_of(const struct client *c)
{
    enum http_method method;
    CHECK(http_method_find(span_str(c->driver->plan->method), &method));
    return method;
}

/* Makes the head of requests with a body of that length. ERR_SYNTAX: a target or header that cannot
 * stand there. */
static enum err make_head(const struct client *c, size_t body_bytes)
{
    const struct plan *plan = c->driver->plan;
    struct http_exchange *x = c->wire_state.http;
    struct http_field fields[PLAN_HEADERS_MAX];
    char host[URL_HOST_BYTES + 16];
    url_host_print(c->url, host, sizeof host);
    for (unsigned k = 0; k < plan->header_count; k++)
        fields[k] = header_field(plan->headers[k]);
    struct http_client_request request = {
        .method = method_of(c),
        .target = span_str(c->url->target),
        .host = span_str(host),
        .fields = fields,
        .field_count = plan->header_count,
        .content_length = body_bytes,
    };
    x->head.len = 0;
    x->head_body_bytes = body_bytes;
    enum err e = http_client_request_format(&request, &x->head);
    if (e == ERR_NOMEM)
        driver_out_of_memory(c->driver);
    return e;
}

static void http_greet(struct client *c)
{
    struct http_exchange *x = calloc(1, sizeof *x);
    if (x == NULL)
        driver_out_of_memory(c->driver);
    http_client_init(&x->reader, &RESPONSE_LIMITS);
    c->wire_state.http = x;
    if (make_head(c, 0) == OK)
        client_greeted(c);
    else
        client_fail(c, FAULT_LOCAL, "that URL or header cannot stand in a request");
}

static void http_send(struct client *c, struct span payload, bool is_text)
{
    struct http_exchange *x = c->wire_state.http;
    (void)is_text;
    if (payload.len != x->head_body_bytes)
        CHECK(make_head(c, payload.len) == OK); /* with another length it could be made */
    http_client_expect(&x->reader, method_of(c));
    x->asked_ns = c->driver->now_ns;
    uint8_t *to = client_put(c, x->head.len + payload.len);
    memcpy(to, x->head.data, x->head.len);
    if (payload.len > 0)
        memcpy(to + x->head.len, payload.ptr, payload.len);
}

/* --- responses --------------------------------------------------------------------------- */

static bool is_refusal(const struct http_client_response *r)
{
    return r->status >= 400;
}

static void deliver(struct client *c, struct span piece, bool is_first, bool is_last)
{
    struct message m = {.payload = piece,
                        .first = is_first,
                        .last = is_last,
                        .is_refusal =
                            is_refusal(http_client_response(&c->wire_state.http->reader))};
    c->driver->plan->scenario->on_message(c, &m);
}

static void meet_head(struct client *c)
{
    const struct http_client_response *r = http_client_response(&c->wire_state.http->reader);
    if (is_refusal(r)) {
        char text[REASON_BYTES];
        snprintf(text, sizeof text, "%u %.*s", r->status, SPAN_ARG(r->phrase));
        lane_fault_add(c->driver->lane, FAULT_STATUS, 1);
        lane_reason_add(c->driver->lane, text);
    }
    deliver(c, SPAN(""), true, false);
}

static void meet_end(struct client *c)
{
    struct http_exchange *x = c->wire_state.http;
    x->was_answered = true;
    if (!http_client_response(&x->reader)->keep_alive)
        client_renew(c);
    deliver(c, SPAN(""), false, true);
}

static void http_decode(struct client *c, struct ws_input *in)
{
    struct http_exchange *x = c->wire_state.http;
    struct span rest = span_of(in->ptr, in->len), body;
    if (x->asked_ns != 0) {
        driver_latency(c->driver, TIMING_FIRST_BYTE, x->asked_ns);
        x->asked_ns = 0;
    }
    while (client_is_talking(c)) {
        enum http_event event = http_client_next(&x->reader, &rest, &body);
        *in = (struct ws_input){in->ptr + (in->len - rest.len), rest.len};
        switch (event) {
        case HTTP_EVENT_NEED_MORE:
            return;
        case HTTP_EVENT_HEAD:
            meet_head(c);
            break;
        case HTTP_EVENT_BODY:
            deliver(c, body, false, false);
            break;
        case HTTP_EVENT_END:
            if (in->len == 0)
                meet_end(c);
            else
                client_fail(c, FAULT_PROTOCOL, "more than one response to a request");
            break;
        case HTTP_EVENT_FAILED:
            client_fail(c, FAULT_PROTOCOL, "not HTTP: %s", x->reader.failure);
            break;
        }
    }
}

static bool http_on_eof(struct client *c)
{
    struct http_exchange *x = c->wire_state.http;
    switch (http_client_close(&x->reader)) {
    case HTTP_EVENT_END:
        meet_end(c);
        return c->is_spent;
    case HTTP_EVENT_FAILED:
        client_fail(c, FAULT_CLOSED, "the server %s", x->reader.failure);
        return true;
    default:
        return x->was_answered && client_renew(c);
    }
}

static void http_deinit(struct client *c)
{
    struct http_exchange *x = c->wire_state.http;
    if (x == NULL)
        return;
    http_client_deinit(&x->reader);
    buf_deinit(&x->head);
    free(x);
}

const struct wire wire_http = {
    .greet = http_greet,
    .decode = http_decode,
    .send = http_send,
    .on_eof = http_on_eof,
    .deinit = http_deinit,
};
