/* HTTP/1.1 for a server (RFC 9110, RFC 9112): requests in, responses out. Sans-IO: no socket, no
 * clock.
 *
 * A request arrives as events: HTTP_EVENT_HEAD once its head is complete, HTTP_EVENT_BODY for
 * each run of body bytes, HTTP_EVENT_END. http_parser_next gives one event at a time and consumes
 * no byte beyond it, so a coroutine can stop between any two, and what follows an Upgrade stays in
 * the input for the next protocol.
 *
 * Whatever two implementations could read in two ways (request smuggling, RFC 9112 §11.2) is
 * refused, never repaired. */
#pragma once

#include "simul/buf.h"
#include "simul/err.h"
#include "simul/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- requests ---------------------------------------------------------------------------- */

/* The methods that we know; any other, CONNECT too, is refused with 501. */
enum http_method {
    HTTP_METHOD_GET,
    HTTP_METHOD_HEAD,
    HTTP_METHOD_POST,
    HTTP_METHOD_PUT,
    HTTP_METHOD_DELETE,
    HTTP_METHOD_OPTIONS,
    HTTP_METHOD_TRACE,
    HTTP_METHOD_PATCH,
};

/* The method's name as it stands in a request; static storage. */
const char *http_method_name(enum http_method method);

/* The method of that name, as it stands in a request. False: it is none that we know. */
bool http_method_find(struct span name, enum http_method *method);

/* A request's head. Its spans point into the parser's memory and live until http_parser_reset,
 * http_parser_deinit, or the call of http_parser_next that follows HTTP_EVENT_END. */
struct http_request {
    struct span target;  /* as it came */
    struct span path;    /* not decoded; begins with '/', or is "*" (OPTIONS only) */
    struct span query;   /* what follows the '?', not decoded; empty when there is none */
    struct span host;    /* from an absolute target, or else from Host; empty when there is none */
    struct span headers; /* to be walked with http_header_next */
    uint64_t content_length; /* bytes of body; 0 when there is none or when it is chunked */
    enum http_method method;
    uint8_t version_minor; /* HTTP/1.0 or HTTP/1.1 */
    bool chunked;
    bool keep_alive;       /* the peer would like to send another request (RFC 9112 §9.3) */
    bool expects_continue; /* the peer waits for HTTP_CONTINUE before it sends the body */
};

/* Takes the next header off `headers`, a copy of a message's. The value has no white space
 * around it. False when there is none left. */
bool http_header_next(struct span *headers, struct span *name, struct span *value);

/* The first value of a header, found without regard to case. `ptr` is NULL when it is absent, and
 * is not when it is empty. */
struct span http_header(struct span headers, const char *name);

/* Whether any header of this name lists the token, both without regard to case. */
bool http_header_has(struct span headers, const char *name, const char *token);

/* Takes the next element off a comma-separated list (RFC 9110 §5.6.1), without the white space
 * around it; empty elements are skipped. False when there is none left. */
bool http_list_next(struct span *list, struct span *element);

/* Whether a comma-separated list has the token as an element, without regard to case. */
bool http_token_list_has(struct span list, const char *token);

/* --- parsing ----------------------------------------------------------------------------- */

/* Bounds of one request. Lines are counted without their ends; trailers count as headers. */
struct http_limits {
    size_t line_bytes;   /* of the request line; beyond it 414 */
    size_t header_bytes; /* of all headers together; beyond it 431 */
    size_t header_count; /* beyond it 431 */
    uint64_t body_bytes; /* beyond it 413; 0 is no limit */
};

/* A chunk's size and its extensions together; beyond it 400. */
#define HTTP_CHUNK_LINE_BYTES_MAX 256

enum http_event {
    HTTP_EVENT_NEED_MORE, /* the input is used up */
    HTTP_EVENT_HEAD,      /* a head is complete: http_parser_request */
    HTTP_EVENT_BODY,      /* more of the body is in `body` */
    HTTP_EVENT_END,       /* the request is complete */
    HTTP_EVENT_FAILED, /* it is refused: `refusal` says why; nothing follows on this connection */
};

/* Why a request is refused. */
struct http_refusal {
    uint16_t status;    /* to be answered; 0 when nothing is refused */
    const char *reason; /* short, English, static storage */
};

/* Exposed to be embedded. Between two requests it owns no memory. */
struct http_parser {
    const struct http_limits *limits;
    struct http_message *message; /* the request being read; NULL between requests */
    struct http_refusal refusal;
};

/* `limits` is borrowed until http_parser_deinit. They may change between two calls: a request that
 * is beyond them then is refused as soon as more of it comes. */
void http_parser_init(struct http_parser *p, const struct http_limits *limits);

/* Frees what is left of a request, wherever it stands. */
void http_parser_deinit(struct http_parser *p);

/* Forgets the request whose HTTP_EVENT_END was returned. To be called once it has been answered, so
 * that an idle connection holds nothing; without it, the next call of http_parser_next does the
 * same. A request that has not ended cannot be forgotten: read its body to the end, or close. */
void http_parser_reset(struct http_parser *p);

/* Whether the parser stands between two requests and has seen no byte of the next. */
static inline bool http_parser_is_idle(const struct http_parser *p)
{
    return p->message == NULL;
}

/* Reads on to the next event. `in` is moved past what was consumed; with HTTP_EVENT_NEED_MORE it is
 * empty, and the caller need not keep its bytes. `body` is set with HTTP_EVENT_BODY only, is not
 * empty then, and is a part of the input. HTTP_EVENT_FAILED carries 400, 413, 414, 431, 501, 505,
 * or 503 when memory ran out. */
enum http_event http_parser_next(struct http_parser *p, struct span *in, struct span *body);

/* The request being read. To be called between HTTP_EVENT_HEAD and the end of its life only (see
 * struct http_request). */
const struct http_request *http_parser_request(const struct http_parser *p);

/* --- targets ----------------------------------------------------------------------------- */

/* Decodes %XX into `out` and ends it with a zero. ERR_SYNTAX: a broken escape, or %00. ERR_LIMIT:
 * more than size - 1 bytes. */
enum err http_percent_decode(struct span text, char *out, size_t size);

/* What a Host field names: "name", "name:port" or "[v6]:port". *port stays as it is where there is
 * none. False: it is none of these. */
bool http_host_split(struct span text, struct span *name, unsigned *port);

/* Whether a Host field names the machine that asks: localhost and its subdomains (RFC 6761 section
 * 6.3), 127.0.0.0/8, [::1]. */
bool http_host_is_loopback(struct span text);

/* The first parameter of this name in a query such as "a=1&b=two", decoded ('+' is a space) into
 * `out` and ended with a zero; without "=" it is empty. ERR_UNKNOWN: there is none. ERR_SYNTAX and
 * ERR_LIMIT: as http_percent_decode. */
enum err http_query_get(struct span query, const char *name, char *out, size_t size);

/* --- responses --------------------------------------------------------------------------- */

/* The interim response to a request that expects it. */
#define HTTP_CONTINUE SPAN("HTTP/1.1 100 Continue\r\n\r\n")

struct http_field {
    struct span name;
    struct span value;
};

/* Whether it may stand in a head: the name is a token, and nothing in the value ends the line. */
bool http_field_is_valid(struct http_field field);

/* A response. http_response_init fills it from the request; the caller completes it and calls
 * http_response_head. All spans are borrowed for that call. Text in it is ours, or came out of the
 * parser: a CR, LF or zero byte in it is our bug. */
struct http_response {
    uint16_t status;
    struct span date;         /* IMF-fixdate (RFC 9110 §5.6.7); empty: no Date */
    struct span server;       /* empty: no Server */
    struct span content_type; /* empty: no Content-Type */
    const struct http_field *fields;
    size_t field_count;
    uint64_t content_length; /* of the body, sent or not (HEAD); ignored when streamed */
    bool streamed;           /* the length is not known yet: chunked, or up to the close */
    bool keep_alive;         /* may be cleared by the caller, and by http_response_head */
    bool chunked;            /* set by http_response_head */
    bool bodyless;           /* set by http_response_head: the status or HEAD has no body */
    bool to_head;            /* it answers HEAD */
    uint8_t version_minor;   /* of the request */
};

/* A response to `request`, or, when that is NULL, to one that was refused before its head was
 * complete: it will close. */
void http_response_init(struct http_response *r, const struct http_request *request,
                        uint16_t status);

/* Appends status line and headers, and settles how the body is framed: Content-Length, chunked, or,
 * for a streamed body to HTTP/1.0, up to the close (keep_alive is cleared). ERR_NOMEM leaves `out`
 * as it was. */
enum err http_response_head(struct http_response *r, struct buf *out);

/* Appends a run of the body, framed as the head promised; nothing when it has no body. ERR_NOMEM
 * leaves `out` as it was. */
enum err http_response_body(const struct http_response *r, struct buf *out, struct span data);

/* Appends what ends the body. ERR_NOMEM leaves `out` as it was. */
enum err http_response_end(const struct http_response *r, struct buf *out);

/* For bodies that do not pass through a buf: what stands before and behind a chunk's bytes, and
 * what ends a chunked body. A chunk is never empty. */
#define HTTP_CHUNK_HEAD_MAX 19
#define HTTP_CHUNK_TAIL SPAN("\r\n")
#define HTTP_LAST_CHUNK SPAN("0\r\n\r\n")

/* Writes a chunk's first line, not ended with a zero; returns its length. */
size_t http_chunk_head(char out[static HTTP_CHUNK_HEAD_MAX], size_t bytes);

/* "Not Found" for 404; "Unknown" for what we never send. Static storage. */
const char *http_status_phrase(uint16_t status);
