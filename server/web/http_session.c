#include "web/http_session.h"

#include "net/listener.h"
#include "net/net.h"
#include "web/forwarded.h"

#include <stdio.h>
#include <time.h>

/* "Sun, 06 Nov 1994 08:49:37 GMT"; made once a second on each thread. */
static struct span date(const struct conn *c)
{
    static _Thread_local time_t made;
    static _Thread_local char text[32];
    time_t now = (time_t)(conn_net(c)->loop->wall_ms / 1000);
    if (now != made) {
        struct tm tm;
        gmtime_r(&now, &tm);
        strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm);
        made = now;
    }
    return span_str(text);
}

/* --- for handlers ------------------------------------------------------------------------ */

enum http_event http_read_body(struct conn *c, struct http_session *s, struct span *body)
{
    struct http_exchange *x = &s->exchange;
    if (x->is_read)
        return HTTP_EVENT_END;
    struct span in = conn_input(c);
    enum http_event event = http_parser_next(&s->parser, &in, body);
    conn_take(c, (size_t)(in.ptr - c->in.ptr));
    if (event == HTTP_EVENT_NEED_MORE && x->request->expects_continue && !x->is_answered &&
        !x->is_continued) {
        x->is_continued = true;
        conn_write(c, HTTP_CONTINUE);
    }
    if (event == HTTP_EVENT_BODY)
        x->is_continued = true;
    x->is_read = event == HTTP_EVENT_END || event == HTTP_EVENT_FAILED;
    c->owes = c->owes && !x->is_read;
    return event;
}

/* 408, and the end. */
static void time_out(struct conn *c, struct http_session *s)
{
    if (!s->exchange.is_answered) {
        http_response_init(&s->exchange.response, NULL, 408);
        http_refuse(c, s, 408, "the request was not complete in time");
    }
    conn_count_end(c, END_TIMEOUT);
    conn_fail(c, "the request was not complete in time");
}

bool http_body_is_lost(struct conn *c, struct http_session *s)
{
    if (c->eof)
        conn_fail(c, "the request's body was not complete");
    else if (c->timed_out)
        time_out(c, s);
    c->owes = c->state == CONN_OPEN;
    return !c->owes;
}

/* A peer that was not told to send the body may send it all the same, or its next request instead,
 * and the two cannot be told apart (RFC 9110 section 10.1.1). */
static bool may_withhold_body(const struct http_exchange *x)
{
    return x->request != NULL && x->request->expects_continue && !x->is_continued && !x->is_read;
}

void http_release(struct http_session *s)
{
    struct http_kept *kept = &s->exchange.kept;
    if (kept->ptr != NULL)
        kept->release(kept->ptr);
    *kept = (struct http_kept){0};
}

static void queue(struct conn *c, struct buf *b, enum err e)
{
    if (e == OK)
        conn_write(c, buf_span(b));
    else
        conn_abort_no_memory(c);
    buf_deinit(b);
}

void http_count_answer(struct conn *c, uint16_t status)
{
    struct loop_metrics *m = &conn_net(c)->loop->metrics;
    _Atomic uint64_t *const of_class[] = {&m->http_1xx, &m->http_2xx, &m->http_3xx, &m->http_4xx,
                                          &m->http_5xx};
    CHECK(status >= 100 && status < 600);
    metric_add(of_class[status / 100 - 1], 1);
}

void http_prepare_head(struct conn *c, struct http_session *s, uint16_t status, const char *type)
{
    struct http_response *r = &s->exchange.response;
    r->status = status;
    r->date = date(c);
    r->server = SPAN("simul");
    r->content_type = span_str(type);
    if (c->draining || may_withhold_body(&s->exchange))
        r->keep_alive = false;
    s->exchange.is_answered = true;
    http_count_answer(c, status);
}

void http_begin(struct conn *c, struct http_session *s, uint16_t status, const char *type)
{
    struct buf head = {0};
    http_prepare_head(c, s, status, type);
    queue(c, &head, http_response_head(&s->exchange.response, &head));
}

void http_send(struct conn *c, struct http_session *s, struct span data)
{
    const struct http_response *r = &s->exchange.response;
    if (r->bodyless || data.len == 0)
        return;
    if (r->chunked) {
        char head[HTTP_CHUNK_HEAD_MAX];
        conn_write(c, span_of(head, http_chunk_head(head, data.len)));
    }
    conn_write(c, data);
    if (r->chunked)
        conn_write(c, HTTP_CHUNK_TAIL);
}

void http_end(struct conn *c, struct http_session *s)
{
    if (s->exchange.response.chunked && !s->exchange.response.bodyless)
        conn_write(c, HTTP_LAST_CHUNK);
}

void http_answer_with(struct conn *c, struct http_session *s, uint16_t status, const char *type,
                      const struct http_field *fields, size_t field_count, struct span body)
{
    struct http_response *r = &s->exchange.response;
    r->fields = fields;
    r->field_count = field_count;
    r->content_length = body.len;
    http_begin(c, s, status, type == NULL ? "text/plain; charset=utf-8" : type);
    http_send(c, s, body);
}

void http_answer(struct conn *c, struct http_session *s, uint16_t status, const char *type,
                 struct span body)
{
    static const struct http_field safe[] = {
        {SPAN("X-Content-Type-Options"), SPAN("nosniff")},
    };
    http_answer_with(c, s, status, type, safe, 1, body);
}

void http_refuse(struct conn *c, struct http_session *s, uint16_t status, const char *reason)
{
    char text[256];
    int n = snprintf(text, sizeof(text), "%s\n", reason);
    http_answer(c, s, status, NULL, span_of(text, (size_t)n));
}

/* --- routes ------------------------------------------------------------------------------ */

static bool matches(const struct http_route *route, struct span path)
{
    struct span own = span_str(route->path);
    return route->is_prefix ? span_starts_with(path, own) : span_eq(path, own);
}

static bool allows(const struct http_route *route, enum http_method method)
{
    if (method == HTTP_METHOD_HEAD)
        method = HTTP_METHOD_GET;
    return (route->methods & 1u << method) != 0;
}

static void refuse_method(struct conn *c, struct http_session *s, const struct http_route *route)
{
    char allow[64] = "";
    size_t len = 0;
    for (int m = HTTP_METHOD_GET; m <= HTTP_METHOD_PATCH; m++)
        if (allows(route, (enum http_method)m))
            len += (size_t)snprintf(allow + len, sizeof(allow) - len, "%s%s", len == 0 ? "" : ", ",
                                    http_method_name((enum http_method)m));
    const struct http_field field = {SPAN("Allow"), span_of(allow, len)};
    http_answer_with(c, s, 405, NULL, &field, 1, SPAN("method not allowed here; see Allow\n"));
}

static enum co_result not_found(struct conn *c, struct http_session *s)
{
    http_refuse(c, s, 404, "not found");
    return CO_DONE;
}

static enum co_result bad_method(struct conn *c, struct http_session *s)
{
    const struct http_route *routes = c->session == &admin_session ? admin_routes : web_routes;
    while (!matches(routes, s->exchange.request->path))
        routes++;
    refuse_method(c, s, routes);
    return CO_DONE;
}

void http_refuse_address(struct conn *c, struct http_session *s)
{
    const struct http_field field = {SPAN("Retry-After"), SPAN("10")}; /* seconds */
    s->exchange.response.keep_alive = false;
    http_answer_with(c, s, 429, NULL, &field, 1, SPAN("too many connections from your address\n"));
}

static enum co_result refuse_address(struct conn *c, struct http_session *s)
{
    http_refuse_address(c, s);
    return CO_DONE;
}

bool http_is_rebound(const struct conn *c, const struct http_session *s)
{
    const struct span host = s->exchange.request->host;
    const struct addr *at = &conn_net(c)->listeners[c->listener].addr;
    return addr_is_loopback(at) && !at->is_unix && host.len > 0 && !s->exchange.is_forwarded &&
           !http_host_is_loopback(host);
}

static enum co_result refuse_host(struct conn *c, struct http_session *s)
{
    http_refuse(c, s, 403, "here only localhost, or an address of it, is a Host");
    return CO_DONE;
}

static http_handler *find_handler(const struct conn *c, const struct http_session *s)
{
    const struct http_request *request = s->exchange.request;
    bool is_admin = c->session == &admin_session;
    if (conn_is_refusal(c))
        return refuse_address;
    if (is_admin && http_is_rebound(c, s))
        return refuse_host;
    const struct http_route *r = is_admin ? admin_routes : web_routes;
    for (; r->path != NULL; r++)
        if (matches(r, request->path))
            return allows(r, request->method) ? r->handle : bad_method;
    return not_found;
}

/* --- the session ------------------------------------------------------------------------- */

/* Reads on to the end of a request's head. */
static enum http_event read_head(struct conn *c, struct http_session *s)
{
    struct span body, in = conn_input(c);
    enum http_event event = http_parser_next(&s->parser, &in, &body);
    conn_take(c, (size_t)(in.ptr - c->in.ptr));
    return event;
}

static void begin_exchange(struct http_session *s)
{
    struct http_exchange *x = &s->exchange;
    *x = (struct http_exchange){.request = http_parser_request(&s->parser)};
    http_response_init(&x->response, x->request, 200);
}

/* Notes whom the request is for, if its sender is trusted to say so. Requests of several clients
 * may share a proxy's connection, so a connection that is counted at the door for its own address
 * stays counted. */
static void note_peer(struct conn *c, struct http_session *s)
{
    struct http_exchange *x = &s->exchange;
    x->is_forwarded =
        forwarded_find(conn_net(c)->config, &s->hop, x->request->headers, &x->forwarded);
    if (c->at_door)
        return;
    c->relays = x->is_forwarded;
    c->peer = x->is_forwarded ? x->forwarded : s->hop;
}

/* Frees what a handler may have left, wherever it stands. */
static void end_exchange(struct conn *c, struct http_session *s)
{
    struct http_exchange *x = &s->exchange;
    http_release(s);
    buf_deinit(&x->body);
    memory_count(&conn_net(c)->memory, &x->body_counted, 0);
}

/* Says what is wrong with the request before the connection closes. */
static void refuse_request(struct conn *c, struct http_session *s)
{
    const struct http_refusal *refusal = &s->parser.refusal;
    if (!s->exchange.is_answered) {
        http_response_init(&s->exchange.response, NULL, refusal->status);
        http_refuse(c, s, refusal->status, refusal->reason);
    }
    conn_fail(c, refusal->reason);
}

/* Reads and drops what the handler left of the body. CO_WAITING: more is to come. */
static enum co_result skip_body(struct conn *c, struct http_session *s)
{
    struct span body;
    for (;;) {
        enum http_event event = http_read_body(c, s, &body);
        if (event == HTTP_EVENT_END || event == HTTP_EVENT_FAILED)
            return CO_DONE;
        if (event == HTTP_EVENT_NEED_MORE)
            return CO_WAITING;
    }
}

static enum co_result run(struct conn *c, void *frame)
{
    struct http_session *s = frame;
    enum http_event event;
    CO_BEGIN(c);
    http_parser_init(&s->parser, &conn_net(c)->http_limits);
    s->hop = c->peer;
    for (;;) {
        while ((event = read_head(c, s)) == HTTP_EVENT_NEED_MORE) {
            if (c->eof || (c->draining && http_parser_is_idle(&s->parser)))
                CO_RETURN;
            if (c->timed_out) {
                if (!http_parser_is_idle(&s->parser))
                    time_out(c, s);
                CO_RETURN;
            }
            if (!http_parser_is_idle(&s->parser) && c->timer != TIMER_HANDSHAKE)
                conn_set_timer(c, TIMER_HANDSHAKE); /* a head that has begun must be completed */
            CO_AWAIT(conn_try_event(c));            /* woken by a read, the timer, or the drain */
        }
        if (event == HTTP_EVENT_FAILED) {
            refuse_request(c, s);
            CO_RETURN;
        }

        begin_exchange(s);
        note_peer(c, s);
        conn_set_timer(c, TIMER_IDLE);
        metric_add(&conn_net(c)->loop->metrics.http_requests, 1);
        CO_CALL(&s->exchange, find_handler(c, s)(c, s));
        if (s->exchange.is_upgraded)
            CO_RETURN;

        while (skip_body(c, s) == CO_WAITING) {
            if (!s->exchange.response.keep_alive || http_body_is_lost(c, s))
                CO_RETURN;
            CO_AWAIT(conn_try_event(c)); /* woken by a read, or the timer */
        }
        end_exchange(c, s);
        if (s->parser.refusal.status != 0)
            refuse_request(c, s);
        if (!s->exchange.response.keep_alive || c->state != CONN_OPEN)
            CO_RETURN;
        http_parser_reset(&s->parser);
        s->exchange = (struct http_exchange){0}; /* the next head may be refused */
        conn_set_timer(c, TIMER_IDLE);
        CO_AWAIT(conn_has_room(c)); /* woken by the flush */
        if (!conn_spend(c))
            CO_YIELD; /* pipelined requests have their turns too */
    }
    CO_END;
}

static void drop(struct conn *c, void *frame)
{
    struct http_session *s = frame;
    end_exchange(c, s);
    http_parser_deinit(&s->parser);
}

static size_t held_bytes(const struct conn *c, const void *frame)
{
    const struct http_exchange *x = &((const struct http_session *)frame)->exchange;
    (void)c;
    return x->body_counted + (x->kept.held_bytes == NULL ? 0 : x->kept.held_bytes(x->kept.ptr));
}

const struct session_type http_session = {
    .name = "http",
    .protocol = PROTOCOL_HTTP,
    .frame_bytes = sizeof(struct http_session),
    .input_bytes = 64 * 1024,
    .resume = run,
    .drop = drop,
    .held_bytes = held_bytes,
};

const struct session_type admin_session = {
    .name = "admin",
    .protocol = PROTOCOL_HTTP,
    .frame_bytes = sizeof(struct http_session),
    .input_bytes = 64 * 1024,
    .resume = run,
    .drop = drop,
};

const struct session_type http_refusal_session = {
    .name = "http-refusal",
    .protocol = PROTOCOL_HTTP,
    .is_refusal = true,
    .frame_bytes = sizeof(struct http_session),
    .input_bytes = 64 * 1024,
    .resume = run,
    .drop = drop,
};
