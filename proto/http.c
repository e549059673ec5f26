/* The request parser. Two readers must agree on every request: llhttp, which parses it, and a
 * strict reader of our own, which knows where each line ends and refuses what llhttp, depending on
 * its version, lets through (bare CR and LF, folded headers, repeated lengths).
 *
 * Everything but body data is a line. A line is collected until it is whole, checked, and only then
 * given to llhttp; body data is given to llhttp no further than the body or the chunk reaches.
 * So llhttp never runs ahead of the event that we return and need not be paused, and how the input
 * was cut cannot matter. */
#include "http_request.h"

#include "simul/check.h"

#include <ctype.h>
#include <llhttp.h>

/* What is read next. */
enum phase {
    PHASE_REQUEST_LINE,
    PHASE_HEADERS,
    PHASE_BODY,       /* data of a body whose length is known */
    PHASE_CHUNK_LINE, /* size, extensions */
    PHASE_CHUNK_DATA,
    PHASE_CHUNK_END, /* the empty line behind a chunk's data */
    PHASE_TRAILERS,
    PHASE_COMPLETE, /* nothing; HTTP_EVENT_END is due */
    PHASE_OVER,     /* nothing; HTTP_EVENT_END was returned */
};

struct http_message {
    llhttp_t llhttp;
    struct http_request request;
    struct buf head; /* the head's lines as they came; stays where it is once they are whole */
    size_t request_line_len; /* without its end */
    size_t line_start;       /* where the header being collected begins in the head */
    struct buf line;         /* the line of chunked framing being collected */
    size_t header_bytes;     /* of headers and trailers so far, without line ends */
    size_t header_count;
    uint64_t data_left;     /* bytes of this body or chunk still to come */
    uint64_t chunked_bytes; /* of all chunks so far */
    enum phase phase;
    bool blank_seen;     /* an empty line came before the request line */
    bool llhttp_is_done; /* llhttp has seen the end of the message */
};

/* ---- llhttp ---- */

static int on_chunk_header(llhttp_t *llhttp)
{
    struct http_message *m = llhttp->data;
    m->data_left = llhttp->content_length;
    return 0;
}

static int on_message_complete(llhttp_t *llhttp)
{
    struct http_message *m = llhttp->data;
    m->llhttp_is_done = true;
    return 0;
}

static const llhttp_settings_t SETTINGS = {
    .on_chunk_header = on_chunk_header,
    .on_message_complete = on_message_complete,
};

static enum http_event fail(struct http_parser *p, struct http_refusal refusal)
{
    p->refusal = refusal;
    return HTTP_EVENT_FAILED;
}

/* False when llhttp refuses the bytes. All of them belong to this message: to stop for an upgrade
 * behind its last is no refusal. */
static bool feed(struct http_parser *p, struct span bytes)
{
    llhttp_t *llhttp = &p->message->llhttp;
    llhttp_errno_t e = llhttp_execute(llhttp, (const char *)bytes.ptr, bytes.len);
    if (e == HPE_OK || e == HPE_PAUSED_UPGRADE)
        return true;
    p->refusal = http_refuse(400, llhttp_get_error_reason(llhttp));
    return false;
}

/* ---- lines ---- */

enum line_state { LINE_PARTIAL, LINE_WHOLE, LINE_REFUSED };

struct line_limit {
    size_t bytes_max; /* without the line's end */
    struct http_refusal refusal;
};

/* Moves bytes from `in` to the line that begins at to->data + start, up to its CRLF. Reads them in
 * order, so the verdict is the same however the input was cut. */
static enum line_state collect_line(struct http_parser *p, struct buf *to, size_t start,
                                    struct span *in, struct line_limit limit)
{
    size_t len = to->len - start, used = 0;
    bool after_cr = len > 0 && to->data[to->len - 1] == '\r';
    bool whole = false;
    while (used < in->len && !whole) {
        uint8_t c = in->ptr[used++];
        if (after_cr && c != '\n')
            p->refusal = http_refuse(400, "bare CR");
        else if (after_cr)
            whole = true;
        else if (c == '\r')
            after_cr = true;
        else if (c == '\n')
            p->refusal = http_refuse(400, "bare LF");
        else if ((c < ' ' && c != '\t') || c == 0x7f)
            p->refusal = http_refuse(400, "control byte");
        else if (++len > limit.bytes_max)
            p->refusal = limit.refusal;
        if (p->refusal.status != 0)
            return LINE_REFUSED;
    }
    if (buf_append(to, span_take(*in, used)) != OK) {
        p->refusal = http_refuse(503, "out of memory");
        return LINE_REFUSED;
    }
    *in = span_drop(*in, used);
    return whole ? LINE_WHOLE : LINE_PARTIAL;
}

static enum http_event line_event(enum line_state state)
{
    return state == LINE_PARTIAL ? HTTP_EVENT_NEED_MORE : HTTP_EVENT_FAILED;
}

static struct line_limit header_limit(const struct http_parser *p)
{
    return (struct line_limit){p->limits->header_bytes - p->message->header_bytes,
                               http_refuse(431, "headers too large")};
}

/* Counts and checks a header or trailer line, given without its end. */
static struct http_refusal check_header_line(struct http_parser *p, struct span line)
{
    struct http_message *m = p->message;
    m->header_bytes += line.len;
    if (++m->header_count > p->limits->header_count)
        return http_refuse(431, "too many headers");
    return m->phase == PHASE_TRAILERS ? http_trailer_line_check(line)
                                      : http_header_line_check(line);
}

/* ---- the head ---- */

/* Whether llhttp read the same body framing out of the head as we did. */
static bool framing_agrees(const struct http_message *m)
{
    bool chunked = (m->llhttp.flags & F_CHUNKED) != 0;
    bool has_body = m->request.chunked || m->request.content_length > 0;
    return chunked == m->request.chunked && m->llhttp_is_done == !has_body &&
           (chunked || m->llhttp.content_length == m->request.content_length);
}

static enum http_event complete_head(struct http_parser *p)
{
    struct http_message *m = p->message;
    struct http_request *request = &m->request;
    struct span head = buf_span(&m->head);

    /* Once more, now that the text stays where it is. */
    p->refusal = http_request_line_parse(span_take(head, m->request_line_len), request);
    CHECK(p->refusal.status == 0);
    request->headers = span_drop(head, m->request_line_len + 2);
    request->headers.len -= 2; /* the empty line */
    p->refusal = http_request_headers_parse(request);
    if (p->refusal.status != 0)
        return HTTP_EVENT_FAILED;
    if (p->limits->body_bytes > 0 && request->content_length > p->limits->body_bytes)
        return fail(p, http_refuse(413, "body too large"));

    if (!feed(p, head))
        return HTTP_EVENT_FAILED;
    if (!framing_agrees(m))
        return fail(p, http_refuse(400, "ambiguous framing"));
    m->data_left = request->content_length;
    m->phase = request->chunked ? PHASE_CHUNK_LINE : m->data_left > 0 ? PHASE_BODY : PHASE_COMPLETE;
    return HTTP_EVENT_REQUEST;
}

static enum http_event read_request_line(struct http_parser *p, struct span *in)
{
    struct http_message *m = p->message;
    struct line_limit limit = {p->limits->line_bytes, http_refuse(414, "request line too long")};
    enum line_state state = collect_line(p, &m->head, 0, in, limit);
    if (state != LINE_WHOLE)
        return line_event(state);
    struct span line = span_take(buf_span(&m->head), m->head.len - 2);
    if (line.len == 0) {
        /* One is ignored (RFC 9112 §2.2). */
        if (m->blank_seen)
            return fail(p, http_refuse(400, "empty lines"));
        m->blank_seen = true;
        m->head.len = 0;
        return HTTP_EVENT_NEED_MORE;
    }
    /* Parsed again when the head is complete; here, so that garbage is answered at once. */
    p->refusal = http_request_line_parse(line, &m->request);
    if (p->refusal.status != 0)
        return HTTP_EVENT_FAILED;
    m->request_line_len = line.len;
    m->line_start = m->head.len;
    m->phase = PHASE_HEADERS;
    return HTTP_EVENT_NEED_MORE;
}

static enum http_event read_header_line(struct http_parser *p, struct span *in)
{
    struct http_message *m = p->message;
    enum line_state state = collect_line(p, &m->head, m->line_start, in, header_limit(p));
    if (state != LINE_WHOLE)
        return line_event(state);
    struct span line = span_drop(buf_span(&m->head), m->line_start);
    line.len -= 2;
    if (line.len == 0)
        return complete_head(p);
    p->refusal = check_header_line(p, line);
    if (p->refusal.status != 0)
        return HTTP_EVENT_FAILED;
    m->line_start = m->head.len;
    return HTTP_EVENT_NEED_MORE;
}

/* ---- the body ---- */

static enum http_event read_data(struct http_parser *p, struct span *in, struct span *body)
{
    struct http_message *m = p->message;
    if (in->len == 0)
        return HTTP_EVENT_NEED_MORE;
    struct span data = span_take(*in, in->len < m->data_left ? in->len : (size_t)m->data_left);
    if (!feed(p, data))
        return HTTP_EVENT_FAILED;
    *body = data;
    *in = span_drop(*in, data.len);
    m->data_left -= data.len;
    if (m->data_left == 0)
        m->phase = m->request.chunked ? PHASE_CHUNK_END : PHASE_COMPLETE;
    return HTTP_EVENT_BODY;
}

/* The length of a chunk line's size, behind which there is nothing, or extensions (RFC 9112 §7.1);
 * 0 when it is malformed. */
static size_t chunk_size_length(struct span line)
{
    size_t digits = 0;
    while (digits < line.len && isxdigit(line.ptr[digits]))
        digits++;
    return digits == line.len || line.ptr[digits] == ';' ? digits : 0;
}

static enum http_event read_chunk_line(struct http_parser *p, struct span *in)
{
    static const struct line_limit LIMIT = {HTTP_CHUNK_LINE_BYTES_MAX,
                                            {400, "chunk extensions too long"}};
    struct http_message *m = p->message;
    enum line_state state = collect_line(p, &m->line, 0, in, LIMIT);
    if (state != LINE_WHOLE)
        return line_event(state);
    size_t digits = chunk_size_length(span_take(buf_span(&m->line), m->line.len - 2));
    if (digits == 0)
        return fail(p, http_refuse(400, "malformed chunk size"));
    /* Extensions are ignored: llhttp's versions differ about them, so it is not shown any. */
    memcpy(m->line.data + digits, "\r\n", 2);
    if (!feed(p, span_take(buf_span(&m->line), digits + 2)))
        return HTTP_EVENT_FAILED;
    m->line.len = 0;

    uint64_t bytes_max = p->limits->body_bytes > 0 ? p->limits->body_bytes : UINT64_MAX;
    if (m->data_left > bytes_max - m->chunked_bytes)
        return fail(p, http_refuse(413, "body too large"));
    m->chunked_bytes += m->data_left;
    m->phase = m->data_left > 0 ? PHASE_CHUNK_DATA : PHASE_TRAILERS;
    return HTTP_EVENT_NEED_MORE;
}

static enum http_event read_chunk_end(struct http_parser *p, struct span *in)
{
    static const struct line_limit LIMIT = {0, {400, "chunk longer than its size"}};
    struct http_message *m = p->message;
    enum line_state state = collect_line(p, &m->line, 0, in, LIMIT);
    if (state != LINE_WHOLE)
        return line_event(state);
    if (!feed(p, buf_span(&m->line)))
        return HTTP_EVENT_FAILED;
    m->line.len = 0;
    m->phase = PHASE_CHUNK_LINE;
    return HTTP_EVENT_NEED_MORE;
}

/* Trailers are checked and bounded as headers are, and dropped. */
static enum http_event read_trailers(struct http_parser *p, struct span *in)
{
    struct http_message *m = p->message;
    enum line_state state = collect_line(p, &m->line, 0, in, header_limit(p));
    if (state != LINE_WHOLE)
        return line_event(state);
    struct span line = buf_span(&m->line);
    if (line.len == 2)
        m->phase = PHASE_COMPLETE;
    else
        p->refusal = check_header_line(p, span_take(line, line.len - 2));
    if (p->refusal.status != 0 || !feed(p, line))
        return HTTP_EVENT_FAILED;
    m->line.len = 0;
    return HTTP_EVENT_NEED_MORE;
}

static enum http_event complete(struct http_parser *p)
{
    if (!p->message->llhttp_is_done)
        return fail(p, http_refuse(400, "ambiguous end"));
    p->message->phase = PHASE_OVER;
    return HTTP_EVENT_END;
}

/* ---- the parser ---- */

void http_parser_init(struct http_parser *p, const struct http_limits *limits)
{
    *p = (struct http_parser){.limits = limits};
}

void http_parser_deinit(struct http_parser *p)
{
    struct http_message *m = p->message;
    if (m == NULL)
        return;
    buf_deinit(&m->head);
    buf_deinit(&m->line);
    free(m);
    p->message = NULL;
}

void http_parser_reset(struct http_parser *p)
{
    /* What is left of a body would be taken for a request. */
    CHECK(p->message == NULL || p->message->phase == PHASE_OVER);
    http_parser_deinit(p);
}

static bool start_message(struct http_parser *p)
{
    struct http_message *m = calloc(1, sizeof(*m));
    if (m == NULL) {
        p->refusal = http_refuse(503, "out of memory");
        return false;
    }
    llhttp_init(&m->llhttp, HTTP_REQUEST, &SETTINGS);
    m->llhttp.data = m;
    p->message = m;
    return true;
}

/* Reads one line or one run of data. HTTP_EVENT_NEED_MORE: there is nothing to report yet; the
 * next step goes on with the input that is left. */
static enum http_event step(struct http_parser *p, struct span *in, struct span *body)
{
    switch (p->message->phase) {
    case PHASE_REQUEST_LINE:
        return read_request_line(p, in);
    case PHASE_HEADERS:
        return read_header_line(p, in);
    case PHASE_BODY:
    case PHASE_CHUNK_DATA:
        return read_data(p, in, body);
    case PHASE_CHUNK_LINE:
        return read_chunk_line(p, in);
    case PHASE_CHUNK_END:
        return read_chunk_end(p, in);
    case PHASE_TRAILERS:
        return read_trailers(p, in);
    case PHASE_COMPLETE:
    case PHASE_OVER:
        break;
    }
    return complete(p);
}

enum http_event http_parser_next(struct http_parser *p, struct span *in, struct span *body)
{
    *body = SPAN_EMPTY;
    if (p->refusal.status != 0)
        return HTTP_EVENT_FAILED;
    if (p->message != NULL && p->message->phase == PHASE_OVER)
        http_parser_reset(p);
    if (p->message == NULL && in->len > 0 && !start_message(p))
        return HTTP_EVENT_FAILED;
    if (p->message == NULL)
        return HTTP_EVENT_NEED_MORE;
    enum http_event event;
    do {
        event = step(p, in, body);
    } while (event == HTTP_EVENT_NEED_MORE && (in->len > 0 || p->message->phase == PHASE_COMPLETE));
    return event;
}

const struct http_request *http_parser_request(const struct http_parser *p)
{
    CHECK(p->message != NULL && p->message->request.headers.ptr != NULL);
    return &p->message->request;
}
