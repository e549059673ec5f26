#include "web/upgrade.h"

#include "config/config.h"
#include "core/log.h"
#include "net/listener.h"
#include "net/net.h"
#include "net/refusal.h"
#include "simul/ws_handshake.h"
#include "web/http_session.h"

enum { ORIGINS_MAX = 64 };

bool upgrade_is_wanted(const struct http_session *s)
{
    return http_header_has(s->exchange.request->headers, "Upgrade", "websocket");
}

static void refuse(struct conn *c, struct http_session *s, const struct ws_handshake *handshake)
{
    static const struct http_field allowed[] = {{SPAN("Allow"), SPAN("GET")}};
    static const struct http_field required[] = {
        {SPAN("Connection"), SPAN("Upgrade")}, /* beside "close" (RFC 9110 section 7.8) */
        {SPAN("Upgrade"), SPAN("websocket")},
        {SPAN("Sec-WebSocket-Version"), SPAN("13")},
    };
    const struct http_field *fields = NULL;
    size_t field_count = 0;
    if (handshake->status == 405) {
        fields = allowed;
        field_count = sizeof(allowed) / sizeof(allowed[0]);
    } else if (handshake->status == 426) {
        fields = required;
        field_count = sizeof(required) / sizeof(required[0]);
    }
    char text[256];
    int n = snprintf(text, sizeof(text), "%s\n", handshake->reason);
    s->exchange.response.keep_alive = false;
    http_answer_with(c, s, handshake->status, NULL, fields, field_count, span_of(text, (size_t)n));
    char peer[ADDR_CHARS];
    LOG_INFO("WebSocket refused", LOG_STR("peer", addr_format(&c->peer, peer)),
             LOG_INT("status", handshake->status), LOG_STR("reason", handshake->reason));
}

/* Asks the door about the client that the connection is for from here on. False: the refusal is
 * queued. */
static bool is_admitted(struct conn *c, struct http_session *s)
{
    if (!s->exchange.is_forwarded)
        return true;
    enum door_verdict verdict = conn_set_peer(c, &s->exchange.forwarded);
    if (verdict == DOOR_ADMITTED)
        return true;
    refusal_note(conn_net(c), verdict, &c->peer);
    http_refuse_address(c, s);
    return false;
}

bool upgrade_check(struct conn *c, struct http_session *s, const struct span *protocols,
                   size_t protocol_count, struct ws_handshake *handshake)
{
    struct net *n = conn_net(c);
    struct span origins[ORIGINS_MAX], list = span_str(n->config->ws.origins);
    size_t origin_count = 0;
    while (origin_count < ORIGINS_MAX && http_list_next(&list, &origins[origin_count]))
        origin_count++;
    const struct listener *l = &n->listeners[c->listener];
    const struct ws_handshake_policy policy = {
        .protocols = protocols,
        .protocol_count = protocol_count,
        .origins = origins,
        .origin_count = origin_count,
        .deflate = {.is_on = l->deflate, .may_keep_in = n->config->ws.deflate_takeover},
        .is_tls = l->tls,
        .is_loopback = addr_is_loopback(&l->addr)};
    ws_handshake_check(s->exchange.request, &policy, handshake);
    if (handshake->status != 101) {
        refuse(c, s, handshake);
        return false;
    }
    return is_admitted(c, s);
}

bool upgrade_accept(struct conn *c, struct http_session *s, const struct ws_handshake *handshake)
{
    struct buf answer = {0};
    enum err e = ws_handshake_format(handshake, &answer);
    if (e == OK)
        conn_write(c, buf_span(&answer));
    buf_deinit(&answer);
    if (e != OK)
        conn_abort_no_memory(c);
    else
        http_count_answer(c, handshake->status);
    s->exchange.is_upgraded = e == OK;
    return e == OK;
}
