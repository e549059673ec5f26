/* HTTP/1.1 for a client (RFC 9110, RFC 9112): requests out, responses in. Sans-IO: no socket, no
 * clock.
 *
 * A response arrives as the events of http.h: HTTP_EVENT_HEAD, HTTP_EVENT_BODY for each run of body
 * bytes, HTTP_EVENT_END. http_client_next gives one event at a time and consumes no byte beyond it:
 * behind the end of a 101 (Switching Protocols) stands the next protocol's first byte. Interim
 * responses (other 1xx) are read and dropped.
 *
 * The reader is as strict as the server's: what two readers could take in two ways is refused. */
#pragma once

#include "simul/http.h"

/* --- responses --------------------------------------------------------------------------- */

/* A response's head. Its spans point into the reader's memory and live until http_client_reset,
 * http_client_deinit, or the call of http_client_next that follows HTTP_EVENT_END. */
struct http_client_response {
    struct span phrase;      /* behind the status; may be empty */
    struct span headers;     /* to be walked with http_header_next, or http_header */
    uint64_t content_length; /* bytes of body to come; 0 when there is none, or nobody said */
    uint16_t status;         /* 101, or 200 to 999 */
    uint8_t version_minor;   /* HTTP/1.0 or HTTP/1.1 */
    bool chunked;
    bool to_close;   /* the body is all that comes before the close */
    bool keep_alive; /* another request may be sent on this connection */
};

/* Requests that may be on their way at a time. */
#define HTTP_CLIENT_PIPELINE_MAX 64

/* The reader of one connection's responses. Exposed to be embedded. Between two responses it owns
 * no memory. */
struct http_client {
    const struct http_limits *limits;
    struct http_client_message *message; /* the response being read; NULL between responses */
    const char *failure; /* why HTTP_EVENT_FAILED was returned; short, static; NULL before */
    uint64_t to_head;    /* bit by bit, the next response's lowest: whether it answers HEAD */
    uint8_t expected;    /* responses still to end */
    bool is_last;        /* the connection is done with HTTP: nothing may follow */
};

/* `limits` is borrowed, and must not change, until http_client_deinit. `line_bytes` is that of the
 * status line. */
void http_client_init(struct http_client *c, const struct http_limits *limits);

/* Frees what is left of a response, wherever it stands. */
void http_client_deinit(struct http_client *c);

/* To be called for every request that is sent, before its response is read, and for no more than
 * HTTP_CLIENT_PIPELINE_MAX at a time: the response to HEAD has no body, whatever its head says. */
void http_client_expect(struct http_client *c, enum http_method method);

/* Forgets the response whose HTTP_EVENT_END was returned, so that an idle connection holds nothing;
 * without it, the next call of http_client_next does the same. */
void http_client_reset(struct http_client *c);

/* Whether no response is expected, nor begun. */
bool http_client_is_idle(const struct http_client *c);

/* Reads on to the next event. `in` is moved past what was consumed; with HTTP_EVENT_NEED_MORE it is
 * empty, and the caller need not keep its bytes. `body` is set with HTTP_EVENT_BODY only, is not
 * empty then, and is a part of the input. HTTP_EVENT_FAILED, with `failure` set: the bytes are no
 * response, or beyond a limit, or one that nobody asked for, or memory ran out; the connection is
 * of no more use. */
enum http_event http_client_next(struct http_client *c, struct span *in, struct span *body);

/* The server has closed the connection, and all input was read. HTTP_EVENT_END: that ended the
 * response. HTTP_EVENT_FAILED: it cut off a response, or came instead of one. HTTP_EVENT_NEED_MORE:
 * none was missing. */
enum http_event http_client_close(struct http_client *c);

/* The response being read. To be called between HTTP_EVENT_HEAD and the end of its life only. */
const struct http_client_response *http_client_response(const struct http_client *c);

/* --- requests ---------------------------------------------------------------------------- */

/* A request. Everything is borrowed for the call. */
struct http_client_request {
    enum http_method method;
    struct span target;              /* "/path?query" */
    struct span host;                /* "name", with ":port" unless it is the scheme's own */
    const struct http_field *fields; /* a Host among them takes the place of `host` */
    size_t field_count;
    uint64_t content_length; /* of the body, which the caller sends behind */
};

/* Appends the head of a request. ERR_SYNTAX: a target, host or field that would break it.
 * ERR_NOMEM. Both leave `out` as it was. */
enum err http_client_request_format(const struct http_client_request *request, struct buf *out);

/* The same, but for the empty line at the end: the caller appends headers of its own, and that. */
enum err http_client_request_begin(const struct http_client_request *request, struct buf *out);
