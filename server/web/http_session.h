/* HTTP on a connection: reads a request, finds its route, lets the route answer, and goes on with
 * the next. A route's handler is a coroutine with the session as its frame. */
#pragma once

#include "net/conn.h"
#include "simul/buf.h"
#include "simul/http.h"

extern const struct session_type http_session;  /* the routes of the public listeners */
extern const struct session_type admin_session; /* those of the admin listener */
/* For one that is not let in (net/refusal.h): 429 to its first request, whatever that asks for. */
extern const struct session_type http_refusal_session;

/* What one handler alone knows and needs across an await. */
struct http_kept {
    void *ptr;                              /* NULL: nothing */
    void (*release)(void *kept);            /* see http_release */
    size_t (*held_bytes)(const void *kept); /* as of struct session_type; NULL: nothing ever */
};

/* One request and its answer. What a handler keeps across an await is here, since it has no frame
 * of its own; all of it is zeroed before each request, and freed after it. */
struct http_exchange {
    struct co co; /* of the handler */
    const struct http_request *request;
    struct http_response response;
    bool is_answered;      /* the response's head is queued */
    bool is_continued;     /* a peer that would wait for "100 Continue" got it, or did not wait */
    bool is_read;          /* the request's body is used up */
    bool is_upgraded;      /* another protocol has taken over: the session ends */
    struct buf body;       /* where the handler wants the body whole */
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

/* Whether the rest of the body will not come, since the input has ended or the peer is silent. The
 * connection is then closed, after a 408 where nothing was answered; the handler returns. Else the
 * peer owes it, at limits.read_rate_min. */
bool http_body_is_lost(struct conn *c, struct http_session *s);

/* Releases what the handler keeps, if it does. The session does so when the exchange ends, wherever
 * the handler stands then. */
void http_release(struct http_session *s);

/* Completes exchange.response, whose head is then to be formatted: status and type as given, length
 * or streaming as set there. */
void http_prepare_head(struct conn *c, struct http_session *s, uint16_t status, const char *type);
/* The same, and queues the head. */
void http_begin(struct conn *c, struct http_session *s, uint16_t status, const char *type);
/* Queues a part of a body, framed as the head promised; and its end. */
void http_send(struct conn *c, struct http_session *s, struct span data);
void http_end(struct conn *c, struct http_session *s);

/* A whole answer. `type` NULL is plain text. Extra fields are borrowed for the call. */
void http_answer(struct conn *c, struct http_session *s, uint16_t status, const char *type,
                 struct span body);
void http_answer_with(struct conn *c, struct http_session *s, uint16_t status, const char *type,
                      const struct http_field *fields, size_t field_count, struct span body);
/* A plain-text answer that is the reason and a line feed. */
void http_refuse(struct conn *c, struct http_session *s, uint16_t status, const char *reason);
/* 429, and the end: the door does not admit the address. */
void http_refuse_address(struct conn *c, struct http_session *s);
