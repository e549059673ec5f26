/* WebSocket, the client's side: the Upgrade, then messages in masked frames (RFC 6455), compressed
 * where that is wanted and the server agrees (RFC 7692). */
#include "load/client.h"
#include "load/wire.h"
#include "scenario/scenario.h"
#include "simul/http_client.h"
#include "simul/ws_handshake.h"
#include "simul/ws_mask.h"

#include <stdlib.h>

/* What is needed until the server has agreed. */
struct greeting {
    struct http_client http;
    bool is_answered;          /* its first byte has come */
    struct ws_deflate deflate; /* that was agreed on */
    char key[WS_KEY_CHARS + 1];
};

static const struct http_limits ANSWER_LIMITS = {
    .line_bytes = 1024, .header_bytes = 16 * 1024, .header_count = 64, .body_bytes = 64 * 1024};

/* --- the Upgrade ------------------------------------------------------------------------- */

/* An offer, and what it points to. */
struct upgrade {
    struct ws_handshake_offer offer;
    struct http_field fields[PLAN_HEADERS_MAX];
    struct span protocols[PLAN_PROTOCOLS_MAX];
    char host[URL_HOST_BYTES + 16];
};

static void make_upgrade(struct upgrade *u, const struct client *c)
{
    const struct plan *plan = c->driver->plan;
    url_host_print(c->url, u->host, sizeof u->host);
    for (unsigned k = 0; k < plan->header_count; k++)
        u->fields[k] = header_field(plan->headers[k]);
    for (unsigned k = 0; k < plan->protocol_count; k++)
        u->protocols[k] = span_str(plan->protocols[k]);
    u->offer = (struct ws_handshake_offer){
        .target = span_str(c->url->target),
        .host = span_str(u->host),
        .key = span_str(c->wire_state.greeting->key),
        .protocols = u->protocols,
        .protocol_count = plan->protocol_count,
        .origin = plan->origin != NULL ? span_str(plan->origin) : SPAN_EMPTY,
        .deflate = plan->deflate,
        .fields = u->fields,
        .field_count = plan->header_count,
    };
}

static void ws_greet(struct client *c)
{
    struct driver *d = c->driver;
    struct greeting *g = malloc(sizeof *g);
    uint32_t nonce[WS_NONCE_BYTES / sizeof(uint32_t)];
    struct buf request = {0};
    struct upgrade u;
    if (g == NULL)
        driver_out_of_memory(d);
    for (size_t i = 0; i < sizeof nonce / sizeof *nonce; i++)
        nonce[i] = driver_random(d);
    ws_handshake_key((const uint8_t *)nonce, g->key);
    g->is_answered = false;
    http_client_init(&g->http, &ANSWER_LIMITS);
    http_client_expect(&g->http, HTTP_METHOD_GET);
    c->wire_state.greeting = g;
    make_upgrade(&u, c);
    enum err e = ws_handshake_request(&u.offer, &request);
    if (e == OK)
        memcpy(client_put(c, request.len), request.data, request.len);
    buf_deinit(&request);
    if (e == ERR_NOMEM)
        driver_out_of_memory(d);
    if (e != OK)
        client_fail(c, FAULT_LOCAL, "that URL or header cannot stand in a request");
}

static void free_greeting(struct client *c)
{
    struct greeting *g = c->wire_state.greeting;
    if (g == NULL)
        return;
    http_client_deinit(&g->http);
    free(g);
    c->wire_state.greeting = NULL;
}

/* Judges the server's answer; false, and the client has failed, unless it agrees. */
static bool agrees(struct client *c)
{
    struct greeting *g = c->wire_state.greeting;
    const struct http_client_response *r = http_client_response(&g->http);
    struct ws_handshake_answer answer = ws_handshake_answer_of(r->status, r->headers);
    struct upgrade u;
    make_upgrade(&u, c);
    enum err e = ws_handshake_verify(&answer, &u.offer, &g->deflate);
    if (e == OK)
        return true;
    if (r->status != 101)
        client_fail(c, FAULT_HANDSHAKE, "no WebSocket there: the server answers %u %.*s", r->status,
                    SPAN_ARG(r->phrase));
    else if (e == ERR_UNKNOWN)
        client_fail(c, FAULT_PROTOCOL, "the server chose a subprotocol or extension by itself");
    else
        client_fail(c, FAULT_PROTOCOL, "the server's answer to the Upgrade is wrong");
    return false;
}

/* Reads the answer. True when it is over and frames may follow. */
static bool read_answer(struct client *c, struct ws_input *in)
{
    struct span rest = span_of(in->ptr, in->len), body;
    struct greeting *g = c->wire_state.greeting;
    struct http_client *http = &g->http;
    if (!g->is_answered && !client_is_beside(c)) /* there it is of the requests */
        driver_time(c->driver, TIMING_FIRST_BYTE, c->stage_ns);
    g->is_answered = true;
    for (;;) {
        enum http_event event = http_client_next(http, &rest, &body);
        *in = (struct ws_input){in->ptr + (in->len - rest.len), rest.len};
        if (event == HTTP_EVENT_NEED_MORE)
            return false;
        if (event == HTTP_EVENT_FAILED) {
            client_fail(c, FAULT_HANDSHAKE, "no WebSocket there: %s", http->failure);
            return false;
        }
        if (event == HTTP_EVENT_HEAD && !agrees(c))
            return false;
        if (event == HTTP_EVENT_END)
            break;
    }
    struct ws_deflate deflate = g->deflate;
    free_greeting(c);
    c->wire_state.ws = (struct ws_reader){.deflate = deflate};
    if (ws_deflate_is_agreed(&deflate))
        lane_count_add(c->driver->lane, COUNT_COMPRESSED, 1);
    driver_time(c->driver, TIMING_HANDSHAKE, c->stage_ns);
    client_greeted(c);
    return client_is_talking(c);
}

/* --- frames ------------------------------------------------------------------------------ */

/* Queues a frame; `rsv` is WS_RSV1 or nothing. */
static void put_frame(struct client *c, enum ws_opcode opcode, uint8_t rsv, struct span payload)
{
    uint32_t mask = driver_random(c->driver);
    uint8_t header[WS_HEADER_BYTES_MAX];
    size_t n = ws_encode_header_masked(header, opcode, true, payload.len, mask);
    header[0] |= rsv;
    uint8_t *to = client_put(c, n + payload.len);
    memcpy(to, header, n);
    if (payload.len > 0)
        ws_mask(to + n, payload.ptr, payload.len, mask);
}

/* Where both have agreed on it, all that is sent is compressed, however short, as browsers do. */
static void ws_send(struct client *c, struct span payload, bool is_text)
{
    const struct ws_deflate *deflate = &c->wire_state.ws.deflate;
    bool is_compressed = ws_deflate_is_agreed(deflate);
    if (is_compressed &&
        ws_deflater_run(&c->driver->deflater, deflate->out_bits, payload, &payload) != OK)
        driver_out_of_memory(c->driver);
    put_frame(c, is_text ? WS_TEXT : WS_BINARY, is_compressed ? WS_RSV1 : 0, payload);
}

static void send_close(struct client *c, uint16_t code)
{
    uint8_t payload[2] = {(uint8_t)(code >> 8), (uint8_t)code};
    put_frame(c, WS_OP_CLOSE, 0, span_of(payload, code == WS_CODE_NONE ? 0 : sizeof payload));
}

static void meet_close(struct client *c, const struct ws_event *ev)
{
    send_close(c, ev->close_code);
    client_part(c, FAULT_CLOSED, "closed by the server: %u %.*s", ev->close_code,
                SPAN_ARG(ev->payload));
}

static void meet_failure(struct client *c, const struct ws_event *ev)
{
    send_close(c, ev->close_code);
    client_part(c, FAULT_PROTOCOL, "the server broke a rule: %.*s", SPAN_ARG(ev->payload));
}

static void ws_decode(struct client *c, struct ws_input *in)
{
    struct driver *d = c->driver;
    struct ws_event ev;
    if (c->state == CLIENT_GREETING && !read_answer(c, in))
        return;
    while (client_is_talking(c)) {
        switch (ws_next(&c->wire_state.ws, &d->frames, &d->rules, in, &ev)) {
        case WS_NEED_MORE:
            return;
        case WS_DATA: {
            struct message m = {.payload = ev.payload,
                                .first = ev.message_first,
                                .last = ev.message_last,
                                .is_text = ev.opcode == WS_TEXT};
            d->plan->scenario->on_message(c, &m);
            break;
        }
        case WS_PING:
            if (!client_is_clogged(c)) /* RFC 6455 section 5.5.3: a later one will do */
                put_frame(c, WS_OP_PONG, 0, ev.payload);
            break;
        case WS_PONG:
            break;
        case WS_CLOSE:
            meet_close(c, &ev);
            break;
        case WS_FAILED:
            meet_failure(c, &ev);
            break;
        }
    }
}

static void ws_leave(struct client *c)
{
    send_close(c, WS_CODE_NORMAL);
}

static void ws_deinit(struct client *c)
{
    if (c->state == CLIENT_GREETING)
        free_greeting(c);
    else if (c->state > CLIENT_GREETING)
        ws_reader_deinit(&c->wire_state.ws, &c->driver->frames);
}

const struct wire wire_ws = {
    .greet = ws_greet,
    .decode = ws_decode,
    .send = ws_send,
    .leave = ws_leave,
    .deinit = ws_deinit,
};
