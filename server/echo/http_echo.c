/* HTTP echo: POST and PUT stream the body back with its type while it arrives, GET tells what was
 * asked. A query that names faults has it misbehave (http_faulty.c). */
#include "echo/http_echo.h"

#include "echo/echo_upgrade.h"
#include "echo/faults.h"
#include "echo/http_faulty.h"
#include "net/listener.h"
#include "net/net.h"
#include "simul/utf8.h"
#include "web/http_session.h"
#include "web/routes.h"
#include "web/upgrade.h"

#include <jansson.h>
#include <stdlib.h>

/* What cannot run in our origin, whatever is in it. Everything else is sent as plain text. */
static const char *const HARMLESS_TYPES[] = {"application/json", "application/octet-stream",
                                             "image/png", "image/jpeg", "text/csv"};

const struct http_field http_echo_fields[HTTP_ECHO_FIELDS] = {
    {SPAN("X-Content-Type-Options"), SPAN("nosniff")},
    {SPAN("Content-Security-Policy"), SPAN("sandbox; default-src 'none'")},
};

const char *http_echo_type(const struct http_request *request)
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

char *http_echo_describe(const struct conn *c, const struct http_request *request)
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
    char *text = http_echo_describe(c, s->exchange.request);
    if (text == NULL) {
        http_refuse(c, s, 503, "out of memory");
        return;
    }
    http_answer_with(c, s, 200, "application/json", http_echo_fields, HTTP_ECHO_FIELDS,
                     span_str(text));
    free(text);
}

static void begin_stream(struct conn *c, struct http_session *s)
{
    struct http_exchange *x = &s->exchange;
    x->response.fields = http_echo_fields;
    x->response.field_count = HTTP_ECHO_FIELDS;
    x->response.streamed = x->request->chunked;
    x->response.content_length = x->request->content_length;
    http_begin(c, s, 200, http_echo_type(x->request));
}

/* Reads what the query asks for; what is wrong with it is answered. False: it is. */
static bool read_faults(struct conn *c, struct http_session *s)
{
    struct http_exchange *x = &s->exchange;
    struct faults faults;
    char message[FAULTS_MESSAGE_CHARS];
    const bool are_on = conn_net(c)->listeners[c->listener].faults;
    if (!are_on && faults_need_setting(x->request->query, FAULTS_HTTP)) {
        http_refuse(c, s, 403, FAULTS_OFF_TEXT);
        return false;
    }
    if (faults_parse(x->request->query, FAULTS_HTTP, are_on, &faults, message) != OK) {
        http_refuse(c, s, 400, message);
        return false;
    }
    if (faults.named == 0)
        return true;
    enum err e = http_faulty_new(c, s, &faults);
    if (e != OK)
        http_refuse(c, s, 503, "out of memory");
    return e == OK;
}

enum co_result route_echo(struct conn *c, struct http_session *s)
{
    struct http_exchange *x = &s->exchange;
    struct span body;
    enum http_event event;
    CO_BEGIN(x);
    if (upgrade_is_wanted(s)) {
        echo_upgrade(c, s);
        CO_RETURN;
    }
    if (!read_faults(c, s))
        CO_RETURN;
    if (http_faulty_of(s) != NULL) {
        CO_CALL(http_faulty_of(s), http_faulty_run(c, s));
        CO_RETURN;
    }
    if (x->request->method == HTTP_METHOD_GET || x->request->method == HTTP_METHOD_HEAD) {
        answer_get(c, s);
        CO_RETURN;
    }
    /* The first event is read before the head is sent, so that a peer that waits for "100 Continue"
     * gets it. */
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
