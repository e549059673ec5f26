#include "http_reader.h"

#include <ctype.h>

#define BODY_TOO_LARGE http_refuse(413, "body too large")

/* --- llhttp ------------------------------------------------------------------------------ */

static int on_headers_complete(llhttp_t *llhttp)
{
    struct http_reader *r = llhttp->data;
    return r->skips_body ? 1 : 0;
}

static int on_chunk_header(llhttp_t *llhttp)
{
    struct http_reader *r = llhttp->data;
    r->data_left = llhttp->content_length;
    return 0;
}

static int on_message_complete(llhttp_t *llhttp)
{
    struct http_reader *r = llhttp->data;
    r->llhttp_is_done = true;
    return 0;
}

static const llhttp_settings_t SETTINGS = {
    .on_headers_complete = on_headers_complete,
    .on_chunk_header = on_chunk_header,
    .on_message_complete = on_message_complete,
};

static enum http_event fail(struct http_reader *r, struct http_refusal refusal)
{
    r->refusal = refusal;
    return HTTP_EVENT_FAILED;
}

/* False when llhttp refuses the bytes. All of them belong to this message: to stop for an upgrade
 * behind its last is no refusal. */
static bool feed(struct http_reader *r, struct span bytes)
{
    llhttp_errno_t e = llhttp_execute(&r->llhttp, (const char *)bytes.ptr, bytes.len);
    if (e == HPE_OK || e == HPE_PAUSED_UPGRADE)
        return true;
    r->refusal = http_refuse(400, llhttp_get_error_reason(&r->llhttp));
    return false;
}

/* --- lines ------------------------------------------------------------------------------- */

struct line_limit {
    size_t bytes_max; /* without the line's end */
    struct http_refusal refusal;
};

/* Moves bytes from `in` to the line that begins at to->data + start, up to its CRLF. Reads them in
 * order, so the verdict is the same however the input was cut. */
static enum http_line collect_line(struct http_reader *r, struct buf *to, size_t start,
                                   struct span *in, struct line_limit limit)
{
    size_t len = to->len - start, used = 0;
    bool after_cr = len > 0 && to->data[to->len - 1] == '\r';
    bool whole = false;
    while (used < in->len && !whole) {
        uint8_t c = in->ptr[used++];
        if (after_cr && c != '\n')
            r->refusal = http_refuse(400, "bare CR");
        else if (after_cr)
            whole = true;
        else if (c == '\r')
            after_cr = true;
        else if (c == '\n')
            r->refusal = http_refuse(400, "bare LF");
        else if ((c < ' ' && c != '\t') || c == 0x7f)
            r->refusal = http_refuse(400, "control byte");
        else if (++len > limit.bytes_max)
            r->refusal = limit.refusal;
        if (r->refusal.status != 0)
            return HTTP_LINE_REFUSED;
    }
    if (buf_append(to, span_take(*in, used)) != OK) {
        r->refusal = http_refuse(503, "out of memory");
        return HTTP_LINE_REFUSED;
    }
    *in = span_drop(*in, used);
    return whole ? HTTP_LINE_WHOLE : HTTP_LINE_PARTIAL;
}

/* What a limit, which may have become smaller meanwhile, leaves beside what there is. */
static uint64_t room(uint64_t max, uint64_t used)
{
    return used < max ? max - used : 0;
}

static struct line_limit header_limit(const struct http_reader *r)
{
    return (struct line_limit){(size_t)room(r->limits->header_bytes, r->header_bytes),
                               http_refuse(431, "headers too large")};
}

/* Counts and checks a header or trailer line, given without its end. */
static struct http_refusal check_header_line(struct http_reader *r, struct span line)
{
    r->header_bytes += line.len;
    if (++r->header_count > r->limits->header_count)
        return http_refuse(431, "too many headers");
    return r->phase == HTTP_PHASE_TRAILERS ? http_trailer_line_check(line)
                                           : http_header_line_check(line);
}

/* --- the head ---------------------------------------------------------------------------- */

enum http_line http_reader_first_line(struct http_reader *r, struct span *in,
                                      struct http_refusal too_long)
{
    struct line_limit limit = {r->limits->line_bytes, too_long};
    enum http_line state = collect_line(r, &r->head, 0, in, limit);
    if (state != HTTP_LINE_WHOLE)
        return state;
    r->first_line_len = r->head.len - 2;
    r->line_start = r->head.len;
    r->phase = HTTP_PHASE_HEADERS;
    return HTTP_LINE_WHOLE;
}

void http_reader_skip_line(struct http_reader *r)
{
    r->head.len = 0;
    r->phase = HTTP_PHASE_FIRST_LINE;
}

enum http_line http_reader_header(struct http_reader *r, struct span *in)
{
    enum http_line state = collect_line(r, &r->head, r->line_start, in, header_limit(r));
    if (state != HTTP_LINE_WHOLE)
        return state;
    struct span line = span_drop(buf_span(&r->head), r->line_start);
    if (line.len == 2)
        return HTTP_LINE_WHOLE;
    r->refusal = check_header_line(r, span_take(line, line.len - 2));
    r->line_start = r->head.len;
    return r->refusal.status != 0 ? HTTP_LINE_REFUSED : HTTP_LINE_PARTIAL;
}

struct span http_reader_first(const struct http_reader *r)
{
    return span_take(buf_span(&r->head), r->first_line_len);
}

struct span http_reader_headers(const struct http_reader *r)
{
    struct span headers = span_drop(buf_span(&r->head), r->first_line_len + 2);
    headers.len -= 2; /* the empty line */
    return headers;
}

static bool has_body(struct http_framing framing)
{
    return framing.body > HTTP_BODY_LENGTH || framing.length > 0;
}

/* Whether llhttp read the same body framing out of the head as we did. */
static bool framing_agrees(const struct http_reader *r, struct http_framing framing)
{
    if (r->llhttp_is_done != !has_body(framing))
        return false;
    if (r->skips_body)
        return true; /* the headers may speak of a body that does not come */
    bool chunked = (r->llhttp.flags & F_CHUNKED) != 0;
    if (framing.body == HTTP_BODY_TO_CLOSE && llhttp_message_needs_eof(&r->llhttp) == 0)
        return false;
    return chunked == (framing.body == HTTP_BODY_CHUNKED) &&
           (chunked || r->llhttp.content_length == framing.length);
}

static enum http_phase first_body_phase(struct http_framing framing)
{
    if (!has_body(framing))
        return HTTP_PHASE_COMPLETE;
    if (framing.body == HTTP_BODY_CHUNKED)
        return HTTP_PHASE_CHUNK_LINE;
    return framing.body == HTTP_BODY_TO_CLOSE ? HTTP_PHASE_TO_CLOSE : HTTP_PHASE_BODY;
}

enum http_event http_reader_begin_body(struct http_reader *r, struct http_framing framing)
{
    if (r->limits->body_bytes > 0 && framing.length > r->limits->body_bytes)
        return fail(r, BODY_TOO_LARGE);
    if (!feed(r, buf_span(&r->head)))
        return HTTP_EVENT_FAILED;
    if (!framing_agrees(r, framing))
        return fail(r, http_refuse(400, "ambiguous framing"));
    r->data_left = framing.length;
    r->phase = first_body_phase(framing);
    return HTTP_EVENT_HEAD;
}

/* --- the body ---------------------------------------------------------------------------- */

/* What the limit leaves of a body whose length was not known. */
static uint64_t body_room(const struct http_reader *r)
{
    return room(r->limits->body_bytes > 0 ? r->limits->body_bytes : UINT64_MAX, r->body_bytes);
}

static enum http_event read_data(struct http_reader *r, struct span *in, struct span *body)
{
    if (in->len == 0)
        return HTTP_EVENT_NEED_MORE;
    struct span data = span_take(*in, in->len < r->data_left ? in->len : (size_t)r->data_left);
    if (!feed(r, data))
        return HTTP_EVENT_FAILED;
    *body = data;
    *in = span_drop(*in, data.len);
    r->data_left -= data.len;
    if (r->data_left == 0)
        r->phase = r->phase == HTTP_PHASE_CHUNK_DATA ? HTTP_PHASE_CHUNK_END : HTTP_PHASE_COMPLETE;
    return HTTP_EVENT_BODY;
}

/* As much as the limit allows, and then the refusal, so that the cuts do not matter. */
static enum http_event read_to_close(struct http_reader *r, struct span *in, struct span *body)
{
    uint64_t room = body_room(r);
    if (in->len == 0)
        return HTTP_EVENT_NEED_MORE;
    if (room == 0)
        return fail(r, BODY_TOO_LARGE);
    struct span data = span_take(*in, in->len < room ? in->len : (size_t)room);
    if (!feed(r, data))
        return HTTP_EVENT_FAILED;
    *body = data;
    *in = span_drop(*in, data.len);
    r->body_bytes += data.len;
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

static enum http_event read_chunk_line(struct http_reader *r, struct span *in)
{
    static const struct line_limit LIMIT = {HTTP_CHUNK_LINE_BYTES_MAX,
                                            {400, "chunk extensions too long"}};
    enum http_line state = collect_line(r, &r->line, 0, in, LIMIT);
    if (state != HTTP_LINE_WHOLE)
        return http_line_event(state);
    size_t digits = chunk_size_length(span_take(buf_span(&r->line), r->line.len - 2));
    if (digits == 0)
        return fail(r, http_refuse(400, "malformed chunk size"));
    /* Extensions are ignored: llhttp's versions differ about them, so it is not shown any. */
    memcpy(r->line.data + digits, "\r\n", 2);
    if (!feed(r, span_take(buf_span(&r->line), digits + 2)))
        return HTTP_EVENT_FAILED;
    r->line.len = 0;

    if (r->data_left > body_room(r))
        return fail(r, BODY_TOO_LARGE);
    r->body_bytes += r->data_left;
    r->phase = r->data_left > 0 ? HTTP_PHASE_CHUNK_DATA : HTTP_PHASE_TRAILERS;
    return HTTP_EVENT_NEED_MORE;
}

static enum http_event read_chunk_end(struct http_reader *r, struct span *in)
{
    static const struct line_limit LIMIT = {0, {400, "chunk longer than its size"}};
    enum http_line state = collect_line(r, &r->line, 0, in, LIMIT);
    if (state != HTTP_LINE_WHOLE)
        return http_line_event(state);
    if (!feed(r, buf_span(&r->line)))
        return HTTP_EVENT_FAILED;
    r->line.len = 0;
    r->phase = HTTP_PHASE_CHUNK_LINE;
    return HTTP_EVENT_NEED_MORE;
}

/* Trailers are checked and bounded as headers are, and dropped. */
/* Trailers are checked and bounded as headers are, and dropped. */
static enum http_event read_trailers(struct http_reader *r, struct span *in)
{
    enum http_line state = collect_line(r, &r->line, 0, in, header_limit(r));
    if (state != HTTP_LINE_WHOLE)
        return http_line_event(state);
    struct span line = buf_span(&r->line);
    if (line.len == 2)
        r->phase = HTTP_PHASE_COMPLETE;
    else
        r->refusal = check_header_line(r, span_take(line, line.len - 2));
    if (r->refusal.status != 0 || !feed(r, line))
        return HTTP_EVENT_FAILED;
    r->line.len = 0;
    return HTTP_EVENT_NEED_MORE;
}

static enum http_event end(struct http_reader *r)
{
    if (!r->llhttp_is_done)
        return fail(r, http_refuse(400, "ambiguous end"));
    r->phase = HTTP_PHASE_OVER;
    return HTTP_EVENT_END;
}

enum http_event http_reader_body(struct http_reader *r, struct span *in, struct span *body)
{
    switch (r->phase) {
    case HTTP_PHASE_BODY:
    case HTTP_PHASE_CHUNK_DATA:
        return read_data(r, in, body);
    case HTTP_PHASE_TO_CLOSE:
        return read_to_close(r, in, body);
    case HTTP_PHASE_CHUNK_LINE:
        return read_chunk_line(r, in);
    case HTTP_PHASE_CHUNK_END:
        return read_chunk_end(r, in);
    case HTTP_PHASE_TRAILERS:
        return read_trailers(r, in);
    case HTTP_PHASE_FIRST_LINE:
    case HTTP_PHASE_HEADERS:
    case HTTP_PHASE_COMPLETE:
    case HTTP_PHASE_OVER:
        break;
    }
    return end(r);
}

enum http_event http_reader_close(struct http_reader *r)
{
    llhttp_errno_t e = llhttp_finish(&r->llhttp);
    return e == HPE_OK ? end(r) : fail(r, http_refuse(400, llhttp_get_error_reason(&r->llhttp)));
}

/* --- the reader -------------------------------------------------------------------------- */

void http_reader_init(struct http_reader *r, llhttp_type_t type, const struct http_limits *limits)
{
    *r = (struct http_reader){.limits = limits};
    llhttp_init(&r->llhttp, type, &SETTINGS);
    r->llhttp.data = r;
}

void http_reader_deinit(struct http_reader *r)
{
    buf_deinit(&r->head);
    buf_deinit(&r->line);
}
