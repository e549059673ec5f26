/* The request parser: what makes a message a request, over the reader that responses share. */
#include "http_reader.h"

#include "simul/check.h"

struct http_message {
    struct http_reader reader;
    struct http_request request;
    bool blank_seen; /* an empty line came before the request line */
};

/* --- the head ---------------------------------------------------------------------------- */

static enum http_event read_request_line(struct http_message *m, struct span *in)
{
    struct http_reader *r = &m->reader;
    enum http_line state = http_reader_first_line(r, in, http_refuse(414, "request line too long"));
    if (state != HTTP_LINE_WHOLE)
        return http_line_event(state);
    struct span line = http_reader_first(r);
    if (line.len == 0 && !m->blank_seen) {
        /* One is ignored (RFC 9112 §2.2). */
        m->blank_seen = true;
        http_reader_skip_line(r);
        return HTTP_EVENT_NEED_MORE;
    }
    /* Parsed again when the head is complete; here, so that garbage is answered at once. */
    r->refusal = line.len == 0 ? http_refuse(400, "empty lines")
                               : http_request_line_parse(line, &m->request);
    return r->refusal.status != 0 ? HTTP_EVENT_FAILED : HTTP_EVENT_NEED_MORE;
}

static enum http_event read_header(struct http_message *m, struct span *in)
{
    struct http_reader *r = &m->reader;
    enum http_line state = http_reader_header(r, in);
    if (state != HTTP_LINE_WHOLE)
        return http_line_event(state);

    /* Once more, now that the text stays where it is. */
    struct http_framing framing;
    r->refusal = http_request_line_parse(http_reader_first(r), &m->request);
    CHECK(r->refusal.status == 0);
    m->request.headers = http_reader_headers(r);
    r->refusal = http_request_headers_parse(&m->request, &framing);
    return r->refusal.status != 0 ? HTTP_EVENT_FAILED : http_reader_begin_body(r, framing);
}

/* --- the parser -------------------------------------------------------------------------- */

void http_parser_init(struct http_parser *p, const struct http_limits *limits)
{
    *p = (struct http_parser){.limits = limits};
}

void http_parser_deinit(struct http_parser *p)
{
    if (p->message == NULL)
        return;
    http_reader_deinit(&p->message->reader);
    free(p->message);
    p->message = NULL;
}

void http_parser_reset(struct http_parser *p)
{
    /* What is left of a body would be taken for a request. */
    CHECK(p->message == NULL || p->message->reader.phase == HTTP_PHASE_OVER);
    http_parser_deinit(p);
}

static bool start_message(struct http_parser *p)
{
    p->message = calloc(1, sizeof(*p->message));
    if (p->message == NULL) {
        p->refusal = http_refuse(503, "out of memory");
        return false;
    }
    http_reader_init(&p->message->reader, HTTP_REQUEST, p->limits);
    return true;
}

static enum http_event step(struct http_message *m, struct span *in, struct span *body)
{
    if (m->reader.phase == HTTP_PHASE_FIRST_LINE)
        return read_request_line(m, in);
    if (m->reader.phase == HTTP_PHASE_HEADERS)
        return read_header(m, in);
    return http_reader_body(&m->reader, in, body);
}

enum http_event http_parser_next(struct http_parser *p, struct span *in, struct span *body)
{
    *body = SPAN_EMPTY;
    if (p->refusal.status != 0)
        return HTTP_EVENT_FAILED;
    if (p->message != NULL && p->message->reader.phase == HTTP_PHASE_OVER)
        http_parser_reset(p);
    if (p->message == NULL && in->len > 0 && !start_message(p))
        return HTTP_EVENT_FAILED;
    if (p->message == NULL)
        return HTTP_EVENT_NEED_MORE;
    enum http_event event;
    do {
        event = step(p->message, in, body);
    } while (event == HTTP_EVENT_NEED_MORE && http_reader_can_go_on(&p->message->reader, *in));
    if (event == HTTP_EVENT_FAILED)
        p->refusal = p->message->reader.refusal;
    return event;
}

const struct http_request *http_parser_request(const struct http_parser *p)
{
    CHECK(p->message != NULL && p->message->request.headers.ptr != NULL);
    return &p->message->request;
}
