/* The client's half: what makes a message a response, over the reader that requests share, and the
 * heads of requests. */
#include "simul/http_client.h"

#include "http_reader.h"

#include "simul/check.h"

#include <inttypes.h>

struct http_client_message {
    struct http_reader reader;
    struct http_client_response response;
};

/* --- the head ---------------------------------------------------------------------------- */

/* "HTTP/1.1 200 OK" (RFC 9112 §4). The blank before an empty phrase is often forgotten. */
static struct http_refusal parse_status_line(struct span line, struct http_client_response *r)
{
    struct span rest = line, version = span_take_until(&rest, ' ');
    struct span status = span_take_until(&rest, ' ');
    struct http_refusal refusal = http_version_parse(version, &r->version_minor);
    if (refusal.status != 0)
        return refusal;
    if (status.len != 3)
        return http_refuse(400, "malformed status");
    r->status = 0;
    for (size_t i = 0; i < status.len; i++) {
        if (!http_is_digit(status.ptr[i]))
            return http_refuse(400, "malformed status");
        r->status = (uint16_t)(r->status * 10 + (status.ptr[i] - '0'));
    }
    if (r->status < 100)
        return http_refuse(400, "malformed status");
    r->phrase = rest;
    return HTTP_ACCEPTED;
}

/* What the head of a response says about its body, or else its status and its request do
 * (RFC 9112 §6.3). */
static struct http_framing settle_framing(struct http_framing said, bool has_no_body)
{
    if (has_no_body)
        return (struct http_framing){HTTP_BODY_NONE, 0};
    if (said.body == HTTP_BODY_NONE)
        said.body = HTTP_BODY_TO_CLOSE;
    return said;
}

static struct http_refusal parse_head(struct http_client_message *m, bool to_head,
                                      struct http_framing *framing)
{
    struct http_reader *reader = &m->reader;
    struct http_client_response *r = &m->response;
    struct http_refusal refusal = parse_status_line(http_reader_first(reader), r);
    CHECK(refusal.status == 0); /* it was parsed before; now it stays where it is */
    r->headers = http_reader_headers(reader);
    refusal = http_framing_parse(r->headers, r->version_minor, framing);
    if (refusal.status != 0)
        return refusal;
    reader->skips_body = to_head || http_status_is_bodyless(r->status);
    *framing = settle_framing(*framing, reader->skips_body);
    r->content_length = framing->length;
    r->chunked = framing->body == HTTP_BODY_CHUNKED;
    r->to_close = framing->body == HTTP_BODY_TO_CLOSE;
    r->keep_alive =
        http_connection_persists(r->headers, r->version_minor) && !r->to_close && r->status != 101;
    return HTTP_ACCEPTED;
}

static enum http_event read_status_line(struct http_client_message *m, struct span *in)
{
    struct http_reader *r = &m->reader;
    enum http_line state = http_reader_first_line(r, in, http_refuse(400, "status line too long"));
    if (state != HTTP_LINE_WHOLE)
        return http_line_event(state);
    /* Here already, so that garbage is noticed at once. */
    r->refusal = parse_status_line(http_reader_first(r), &m->response);
    return r->refusal.status != 0 ? HTTP_EVENT_FAILED : HTTP_EVENT_NEED_MORE;
}

static enum http_event read_header(struct http_client *c, struct span *in)
{
    struct http_client_message *m = c->message;
    struct http_reader *r = &m->reader;
    struct http_framing framing;
    enum http_line state = http_reader_header(r, in);
    if (state != HTTP_LINE_WHOLE)
        return http_line_event(state);
    r->refusal = parse_head(m, (c->to_head & 1) != 0, &framing);
    if (r->refusal.status != 0)
        return HTTP_EVENT_FAILED;
    enum http_event event = http_reader_begin_body(r, framing);
    if (event == HTTP_EVENT_FAILED || m->response.status >= 200 || m->response.status == 101)
        return event;
    /* An interim response (RFC 9110 §15.2); the response is still to come. */
    http_reader_deinit(r);
    http_reader_init(r, HTTP_RESPONSE, c->limits);
    m->response = (struct http_client_response){0};
    return HTTP_EVENT_NEED_MORE;
}

/* --- the reader -------------------------------------------------------------------------- */

void http_client_init(struct http_client *c, const struct http_limits *limits)
{
    *c = (struct http_client){.limits = limits};
}

void http_client_deinit(struct http_client *c)
{
    if (c->message == NULL)
        return;
    http_reader_deinit(&c->message->reader);
    free(c->message);
    c->message = NULL;
}

void http_client_expect(struct http_client *c, enum http_method method)
{
    CHECK(c->expected < HTTP_CLIENT_PIPELINE_MAX);
    if (method == HTTP_METHOD_HEAD)
        c->to_head |= (uint64_t)1 << c->expected;
    c->expected++;
}

static bool is_over(const struct http_client *c)
{
    return c->message != NULL && c->message->reader.phase == HTTP_PHASE_OVER;
}

void http_client_reset(struct http_client *c)
{
    CHECK(c->message == NULL || is_over(c));
    http_client_deinit(c);
}

bool http_client_is_idle(const struct http_client *c)
{
    return c->expected == 0;
}

static enum http_event fail(struct http_client *c, const char *failure)
{
    c->failure = failure;
    return HTTP_EVENT_FAILED;
}

static enum http_event start_message(struct http_client *c)
{
    if (c->is_last)
        return fail(c, "bytes behind the last response");
    if (c->expected == 0)
        return fail(c, "a response to no request");
    c->message = calloc(1, sizeof(*c->message));
    if (c->message == NULL)
        return fail(c, "out of memory");
    http_reader_init(&c->message->reader, HTTP_RESPONSE, c->limits);
    return HTTP_EVENT_NEED_MORE;
}

static enum http_event step(struct http_client *c, struct span *in, struct span *body)
{
    switch (c->message->reader.phase) {
    case HTTP_PHASE_FIRST_LINE:
        return read_status_line(c->message, in);
    case HTTP_PHASE_HEADERS:
        return read_header(c, in);
    default:
        return http_reader_body(&c->message->reader, in, body);
    }
}

/* What an event of the response being read means for those behind it. */
static enum http_event settle(struct http_client *c, enum http_event event)
{
    if (event == HTTP_EVENT_FAILED)
        return fail(c, c->message->reader.refusal.reason);
    if (event != HTTP_EVENT_END)
        return event;
    c->expected--;
    c->to_head >>= 1;
    c->is_last = !c->message->response.keep_alive;
    return event;
}

enum http_event http_client_next(struct http_client *c, struct span *in, struct span *body)
{
    *body = SPAN_EMPTY;
    if (c->failure != NULL)
        return HTTP_EVENT_FAILED;
    if (is_over(c))
        http_client_reset(c);
    if (c->message == NULL && in->len > 0 && start_message(c) == HTTP_EVENT_FAILED)
        return HTTP_EVENT_FAILED;
    if (c->message == NULL)
        return HTTP_EVENT_NEED_MORE;
    enum http_event event;
    do {
        event = step(c, in, body);
    } while (event == HTTP_EVENT_NEED_MORE && http_reader_can_go_on(&c->message->reader, *in));
    return settle(c, event);
}

enum http_event http_client_close(struct http_client *c)
{
    if (c->failure != NULL)
        return HTTP_EVENT_FAILED;
    if (c->message != NULL && c->message->reader.phase == HTTP_PHASE_TO_CLOSE)
        return settle(c, http_reader_close(&c->message->reader));
    if (c->expected == 0)
        return HTTP_EVENT_NEED_MORE;
    return fail(c, c->message == NULL || is_over(c) ? "closed before the response"
                                                    : "closed within the response");
}

const struct http_client_response *http_client_response(const struct http_client *c)
{
    CHECK(c->message != NULL && c->message->response.headers.ptr != NULL);
    return &c->message->response;
}

/* --- requests ---------------------------------------------------------------------------- */

/* Visible ASCII: a blank would end the target, and anything else is not allowed in one. */
static bool is_target(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] <= ' ' || text.ptr[i] >= 0x7f)
            return false;
    }
    return text.len > 0;
}

static bool has_field(const struct http_client_request *request, struct span name)
{
    for (size_t i = 0; i < request->field_count; i++) {
        if (span_eq_nocase(request->fields[i].name, name))
            return true;
    }
    return false;
}

static bool is_valid(const struct http_client_request *request)
{
    for (size_t i = 0; i < request->field_count; i++) {
        if (!http_field_is_valid(request->fields[i]))
            return false;
    }
    return is_target(request->target) && http_host_is_valid(request->host);
}

/* Methods whose requests say so when they have no body (RFC 9110 §8.6). */
static bool expects_body(enum http_method method)
{
    return method == HTTP_METHOD_POST || method == HTTP_METHOD_PUT || method == HTTP_METHOD_PATCH;
}

static enum err append_request(const struct http_client_request *request, struct buf *out)
{
    enum err e = buf_printf(out, "%s %.*s HTTP/1.1\r\n", http_method_name(request->method),
                            SPAN_ARG(request->target));
    if (e == OK && !has_field(request, SPAN("host")))
        e = http_field_append(out, (struct http_field){SPAN("Host"), request->host});
    for (size_t i = 0; e == OK && i < request->field_count; i++)
        e = http_field_append(out, request->fields[i]);
    if (e == OK && (request->content_length > 0 || expects_body(request->method)))
        e = buf_printf(out, "Content-Length: %" PRIu64 "\r\n", request->content_length);
    return e;
}

enum err http_client_request_begin(const struct http_client_request *request, struct buf *out)
{
    if (!is_valid(request))
        return ERR_SYNTAX;
    size_t before = out->len;
    enum err e = append_request(request, out);
    if (e != OK)
        out->len = before;
    return e;
}

enum err http_client_request_format(const struct http_client_request *request, struct buf *out)
{
    size_t before = out->len;
    enum err e = http_client_request_begin(request, out);
    if (e == OK)
        e = buf_append(out, SPAN("\r\n"));
    if (e != OK)
        out->len = before;
    return e;
}
