/* HTTP echo: POST and PUT stream the body back with its type while it arrives, GET tells what was
 * asked. ?delay_ms=N waits before the answer, ?status=N chooses its status. */
#include "core/loop.h"
#include "net/listener.h"
#include "net/net.h"
#include "simul/utf8.h"
#include "web/http_session.h"
#include "web/routes.h"
#include "web/upgrade.h"

#include <jansson.h>
#include <stdlib.h>

enum { DELAY_MS_MAX = 60 * 1000 };

/* What cannot run in our origin, whatever is in it. Everything else is sent as plain text. */
static const char *const HARMLESS_TYPES[] = {"application/json", "application/octet-stream",
                                             "image/png", "image/jpeg", "text/csv"};

static const struct http_field FIELDS[] = {
    {SPAN("X-Content-Type-Options"), SPAN("nosniff")},
    {SPAN("Content-Security-Policy"), SPAN("sandbox; default-src 'none'")},
};

static const char *echo_type(const struct http_request *request)
{
    struct span type = http_header(request->headers, "Content-Type");
    for (size_t i = 0; i < type.len; i++)
        if (type.ptr[i] == ';' || type.ptr[i] == ' ')
            type.len = i;
    for (size_t i = 0; i < sizeof(HARMLESS_TYPES) / sizeof(HARMLESS_TYPES[0]); i++)
        if (span_eq_nocase(type, span_str(HARMLESS_TYPES[i])))
            return HARMLESS_TYPES[i];
    return "text/plain; charset=utf-8";
}

/* A number in the query. `absent` when there is none, -1 when it is none or out of bounds. */
static int query_number(const struct http_request *request, const char *name, int min, int max,
                        int absent)
{
    char text[16], *end;
    enum err e = http_query_get(request->query, name, text, sizeof(text));
    if (e == ERR_UNKNOWN)
        return absent;
    if (e != OK || text[0] < '0' || text[0] > '9')
        return -1;
    long n = strtol(text, &end, 10);
    return *end == '\0' && n >= min && n <= max ? (int)n : -1;
}

static int delay_ms(const struct http_session *s)
{
    return query_number(s->exchange.request, "delay_ms", 0, DELAY_MS_MAX, 0);
}

static int status(const struct http_session *s)
{
    return query_number(s->exchange.request, "status", 200, 599, 200);
}

/* JSON is UTF-8; other bytes of a header are taken as Latin-1, as browsers do. */
static json_t *json_text(struct span s)
{
    if (utf8_is_valid(s))
        return json_stringn((const char *)s.ptr, s.len);
    char *wide = malloc(s.len * 2);
    size_t n = 0;
    for (size_t i = 0; wide != NULL && i < s.len; i++) {
        if (s.ptr[i] >= 0x80)
            wide[n++] = (char)(0xc0 | s.ptr[i] >> 6);
        wide[n++] = (char)(s.ptr[i] >= 0x80 ? 0x80 | (s.ptr[i] & 0x3f) : s.ptr[i]);
    }
    json_t *text = wide == NULL ? NULL : json_stringn(wide, n);
    free(wide);
    return text;
}

static char *describe(const struct conn *c, const struct http_request *request)
{
    json_t *headers = json_array();
    struct span rest = request->headers, name, value;
    while (http_header_next(&rest, &name, &value))
        json_array_append_new(headers, json_pack("[o,o]", json_text(name), json_text(value)));
    char peer[ADDR_CHARS];
    json_t *all = json_pack("{s:s, s:o, s:s, s:o, s:s, s:b}", "method",
                            http_method_name(request->method), "target", json_text(request->target),
                            "version", request->version_minor == 0 ? "1.0" : "1.1", "headers",
                            headers, "peer", addr_format(&c->peer, peer), "tls", c->tls != NULL);
    char *text = all == NULL ? NULL : json_dumps(all, JSON_COMPACT);
    json_decref(all);
    return text;
}

static void answer_get(struct conn *c, struct http_session *s)
{
    char *text = describe(c, s->exchange.request);
    if (text == NULL) {
        http_refuse(c, s, 503, "out of memory");
        return;
    }
    http_answer_with(c, s, (uint16_t)status(s), "application/json", FIELDS, 2, span_str(text));
    free(text);
}

static void begin_stream(struct conn *c, struct http_session *s)
{
    struct http_exchange *x = &s->exchange;
    x->response.fields = FIELDS;
    x->response.field_count = 2;
    x->response.streamed = x->request->chunked;
    x->response.content_length = x->request->content_length;
    http_begin(c, s, (uint16_t)status(s), echo_type(x->request));
}

enum co_result route_echo(struct conn *c, struct http_session *s)
{
    struct http_exchange *x = &s->exchange;
    struct span body;
    enum http_event event;
    CO_BEGIN(x);
    if (upgrade_is_wanted(s)) {
        upgrade_to_echo(c, s);
        CO_RETURN;
    }
    if (delay_ms(s) < 0 || status(s) < 0) {
        http_refuse(c, s, 400, "delay_ms is 0 to 60000, status is 200 to 599");
        CO_RETURN;
    }
    if (delay_ms(s) > 0)
        CO_CALL(&x->sleep,
                co_sleep(&x->sleep, &conn_net(c)->loop->sched, &c->task, (uint32_t)delay_ms(s)));
    if (x->request->method == HTTP_METHOD_GET || x->request->method == HTTP_METHOD_HEAD) {
        answer_get(c, s);
        CO_RETURN;
    }
    /* The first event comes before the head, so that a peer that waits for it is told to go on. */
    while ((event = http_read_body(c, s, &body)) != HTTP_EVENT_END) {
        if (event == HTTP_EVENT_FAILED)
            CO_RETURN;
        if (event == HTTP_EVENT_BODY) {
            if (!x->is_answered)
                begin_stream(c, s);
            http_send(c, s, body);
        } else {
            if (http_body_is_lost(c, s))
                CO_RETURN;
            CO_AWAIT(conn_try_event(c)); /* woken by a read, or the timer */
        }
        CO_AWAIT(conn_has_room(c)); /* woken by the flush */
    }
    if (!x->is_answered)
        begin_stream(c, s);
    http_end(c, s);
    CO_END;
}
