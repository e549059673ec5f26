/* HTTP on a connection: reads a request, finds its route, lets the route answer, and goes on with
 * the next. A route's handler is a coroutine with the session as its frame. */
#pragma once

#include "net/conn.h"
#include "simul/buf.h"
#include "simul/http.h"

extern const struct session_type http_session;  /* the routes of the public listeners */
extern const struct session_type admin_session; /* those of the admin listener */
/* For peers that are not let in (net/refusal.h): 429 to the first request, whatever it asks for. */
extern const struct session_type http_refusal_session;

/* What a handler keeps of its own across an await, in a type that only it knows. */
struct http_kept {
    void *ptr;                              /* NULL: nothing */
    void (*release)(void *kept);            /* see http_release */
    size_t (*held_bytes)(const void *kept); /* as of struct session_type; NULL: nothing ever */
};

/* One request and its answer. It is the frame of the request's handler: zeroed before each request,
 * and freed after it. */
struct http_exchange {
    struct co co; /* of the handler */
    const struct http_request *request;
    struct http_response response;
    bool is_answered;      /* the response's head is queued */
    bool is_continued;     /* the peer needs no "100 Continue": it got it, or did not wait for it */
    bool is_read;          /* the request's body is used up */
    bool is_upgraded;      /* another protocol has taken over: the session ends */
    struct buf body;       /* the request's body, if the handler wants it whole */
    size_t body_counted;   /* memory_count */
    bool is_forwarded;     /* by a proxy, for somebody else */
    struct addr forwarded; /* who that is */
    struct http_kept kept;
};

struct http_session {
    struct http_parser parser;
    struct addr hop; /* who sends the requests; the peer is whom the present one is for */
    struct http_exchange exchange;
};

typedef enum co_result http_handler(struct conn *c, struct http_session *s);

struct http_route {
    const char *path;
    bool is_prefix;   /* everything below the path as well */
    unsigned methods; /* bits 1 << HTTP_METHOD_…; HEAD is implied by GET */
    http_handler *handle;
};

/* The table ends with a path of NULL. */
extern const struct http_route web_routes[];
extern const struct http_route admin_routes[];

/* --- for handlers ------------------------------------------------------------------------ */

/* The next event of the request's body: HTTP_EVENT_BODY with a span into the input,
 * HTTP_EVENT_NEED_MORE (await conn_try_event, and give up when the input has ended),
 * HTTP_EVENT_END, or HTTP_EVENT_FAILED. Asks a peer that waits for it to send the body. */
enum http_event http_read_body(struct conn *c, struct http_session *s, struct span *body);

/* Whether the rest of the body will never come, because the input has ended or the peer is silent.
 * The connection is then closed, after a 408 if nothing was answered yet, and the handler returns.
 * Otherwise the peer owes the rest, at limits.read_rate_min. */
bool http_body_is_lost(struct conn *c, struct http_session *s);

/* Whether the request came to a loopback listener under a name that is not of loopback: a page of
 * elsewhere, whose own name has come to point here (DNS rebinding), is then of the same origin.
 * What a trusted proxy passes on is not, nor what comes by a Unix socket, where no page can. */
bool http_is_rebound(const struct conn *c, const struct http_session *s);

/* Releases what the handler keeps, if it does. The session does so when the exchange ends, wherever
 * the handler stands then. */
void http_release(struct http_session *s);

/* Completes exchange.response, so that its head can be formatted: with this status and type; length
 * or streaming as set before. */
void http_prepare_head(struct conn *c, struct http_session *s, uint16_t status, const char *type);
/* The same, and queues the head. */
void http_begin(struct conn *c, struct http_session *s, uint16_t status, const char *type);
/* Queues a part of a body, framed as the head promised; and its end. */
void http_send(struct conn *c, struct http_session *s, struct span data);
void http_end(struct conn *c, struct http_session *s);

/* Counts an answer whose head is formatted elsewhere: a 101. */
void http_count_answer(struct conn *c, uint16_t status);

/* A whole answer. `type` NULL is plain text. Extra fields are borrowed for the call. */
void http_answer(struct conn *c, struct http_session *s, uint16_t status, const char *type,
                 struct span body);
void http_answer_with(struct conn *c, struct http_session *s, uint16_t status, const char *type,
                      const struct http_field *fields, size_t field_count, struct span body);
/* A plain-text answer that is the reason and a line feed. */
void http_refuse(struct conn *c, struct http_session *s, uint16_t status, const char *reason);
/* Answers 429 and ends the session: the door does not admit the address. */
void http_refuse_address(struct conn *c, struct http_session *s);
