/* What reading a request and reading a response have in common: lines, the head as it came, the
 * body's framing, and llhttp beside it. For http.c and http_client.c, which know what a first line
 * means and what follows from a head.
 *
 * Two readers must agree on every message: llhttp, which parses it, and a strict reader of our own,
 * which knows where each line ends and refuses what llhttp, depending on its version, lets through
 * (bare CR and LF, folded headers, repeated lengths).
 *
 * Everything but body data is a line. A line is collected until it is whole, checked, and only then
 * given to llhttp; body data is given to llhttp no further than the body or the chunk reaches.
 * So llhttp never runs ahead of the event that we return and need not be paused, and how the input
 * was cut cannot matter. */
#pragma once

#include "http_framing.h"

#include <llhttp.h>

/* What is read next. */
enum http_phase {
    HTTP_PHASE_FIRST_LINE,
    HTTP_PHASE_HEADERS,
    HTTP_PHASE_BODY,       /* data of a body whose length is known */
    HTTP_PHASE_TO_CLOSE,   /* data of a body that the close ends */
    HTTP_PHASE_CHUNK_LINE, /* size, extensions */
    HTTP_PHASE_CHUNK_DATA,
    HTTP_PHASE_CHUNK_END, /* the empty line behind a chunk's data */
    HTTP_PHASE_TRAILERS,
    HTTP_PHASE_COMPLETE, /* nothing; HTTP_EVENT_END is due */
    HTTP_PHASE_OVER,     /* nothing; HTTP_EVENT_END was returned */
};

/* One message. It may not move once it is initialised. */
struct http_reader {
    llhttp_t llhttp;
    const struct http_limits *limits;
    struct http_refusal refusal; /* why HTTP_LINE_REFUSED or HTTP_EVENT_FAILED was returned */
    struct buf head; /* the head's lines as they came; stays where it is once they are whole */
    size_t first_line_len; /* without its end */
    size_t line_start;     /* where the header being collected begins in the head */
    struct buf line;       /* the line of chunked framing being collected */
    size_t header_bytes;   /* of headers and trailers so far, without line ends */
    size_t header_count;
    uint64_t data_left;  /* bytes of this body or chunk still to come */
    uint64_t body_bytes; /* of a body whose length was not known, so far */
    enum http_phase phase;
    bool skips_body;     /* whatever the headers say, no body comes: llhttp is told so */
    bool llhttp_is_done; /* llhttp has seen the end of the message */
};

/* `limits` is borrowed until http_reader_deinit. */
void http_reader_init(struct http_reader *r, llhttp_type_t type, const struct http_limits *limits);
void http_reader_deinit(struct http_reader *r);

enum http_line { HTTP_LINE_PARTIAL, HTTP_LINE_WHOLE, HTTP_LINE_REFUSED };

/* What a line that is not whole means for the caller of the reader. */
static inline enum http_event http_line_event(enum http_line state)
{
    return state == HTTP_LINE_PARTIAL ? HTTP_EVENT_NEED_MORE : HTTP_EVENT_FAILED;
}

/* Collects the first line into `head`. Beyond limits->line_bytes it is refused with `too_long`. */
enum http_line http_reader_first_line(struct http_reader *r, struct span *in,
                                      struct http_refusal too_long);

/* Forgets the first line, and takes the next for it. */
void http_reader_skip_line(struct http_reader *r);

/* Collects a header; HTTP_LINE_WHOLE is the empty line behind the last. */
enum http_line http_reader_header(struct http_reader *r, struct span *in);

/* The first line, without its end, and the headers. They stay where they are from the end of the
 * head on. */
struct span http_reader_first(const struct http_reader *r);
struct span http_reader_headers(const struct http_reader *r);

/* What the head means is known: gives it to llhttp, which must read the same framing out of it, and
 * goes on to the body. HTTP_EVENT_HEAD or HTTP_EVENT_FAILED. */
enum http_event http_reader_begin_body(struct http_reader *r, struct http_framing framing);

/* Reads one line or one run of the body, or ends the message. HTTP_EVENT_NEED_MORE: there is
 * nothing to report yet; the next step goes on with the input that is left. */
enum http_event http_reader_body(struct http_reader *r, struct span *in, struct span *body);

/* The connection was closed in HTTP_PHASE_TO_CLOSE: HTTP_EVENT_END or HTTP_EVENT_FAILED. */
enum http_event http_reader_close(struct http_reader *r);

/* Whether another step may have something to report. */
static inline bool http_reader_can_go_on(const struct http_reader *r, struct span in)
{
    return in.len > 0 || r->phase == HTTP_PHASE_COMPLETE;
}
