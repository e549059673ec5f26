#include "web/upgrade.h"

#include "chat/session.h"
#include "config/config.h"
#include "core/log.h"
#include "echo/echo.h"
#include "echo/faults.h"
#include "echo/ws_faulty.h"
#include "net/listener.h"
#include "net/net.h"
#include "net/refusal.h"
#include "simul/ws_handshake.h"
#include "web/http_session.h"

enum { ORIGINS_MAX = 64 };

static const struct span CHAT_PROTOCOLS[] = {SPAN("text.ircv3.net"), SPAN("binary.ircv3.net")};

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
    LOG_INFO("WebSocket refused", LOG_INT("status", handshake->status),
             LOG_STR("reason", handshake->reason));
}

/* Whom the connection is for from here on is asked for at the door; false when the refusal is
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

/* Judges the request; false when the refusal is queued. */
static bool judge(struct conn *c, struct http_session *s, const struct span *protocols,
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

/* True when the 101 is queued. */
static bool accept_upgrade(struct conn *c, struct http_session *s,
                           const struct ws_handshake *handshake)
{
    struct buf answer = {0};
    enum err e = ws_handshake_format(handshake, &answer);
    if (e == OK)
        conn_write(c, buf_span(&answer));
    buf_deinit(&answer);
    if (e != OK)
        conn_abort_no_memory(c);
    s->exchange.is_upgraded = e == OK;
    return e == OK;
}

/* --- echo -------------------------------------------------------------------------------- */

static void begin_echo(struct conn *c, struct http_session *s, const struct ws_handshake *handshake)
{
    void *frame = accept_upgrade(c, s, handshake) ? conn_become(c, &ws_echo_session) : NULL;
    if (frame != NULL)
        ws_echo_session_init(c, frame, &handshake->deflate.agreed);
}

/* Reads what faults are asked for, perhaps none; false when the refusal is queued. */
static bool read_faults(struct conn *c, struct http_session *s, struct faults *faults)
{
    char message[FAULTS_MESSAGE_CHARS];
    struct span query = s->exchange.request->query;
    *faults = (struct faults){0};
    if (conn_net(c)->listeners[c->listener].faults) {
        if (faults_parse(query, FAULTS_WS, true, faults, message) == OK)
            return true;
        http_refuse(c, s, 400, message);
        return false;
    }
    if (!faults_need_setting(query, FAULTS_WS))
        return true;
    http_refuse(c, s, 403, FAULTS_OFF_TEXT);
    return false;
}

/* Takes out the answer's Upgrade, which stands on a line of its own. */
static void drop_upgrade(struct buf *answer)
{
    static const struct span line = SPAN("Upgrade: websocket\r\n");
    uint8_t *at = memmem(answer->data, answer->len, line.ptr, line.len);
    CHECK(at != NULL);
    answer->len -= line.len;
    memmove(at, at + line.len, answer->len - (size_t)(at - answer->data));
}

/* The 101 with what is wrong in it, and with what is in force. */
static enum err format_faulty(const struct faults *faults, struct ws_handshake *handshake,
                              struct buf *answer)
{
    static const struct span end = SPAN("\r\n");
    char text[FAULTS_TEXT_CHARS];
    uint32_t fault = faults->value[FAULT_HANDSHAKE];
    if (fault == FAULT_ANSWER_BAD_ACCEPT)
        handshake->accept[0] = handshake->accept[0] == 'A' ? 'B' : 'A';
    enum err e = ws_handshake_format(handshake, answer);
    if (e != OK)
        return e;
    if (fault == FAULT_ANSWER_NO_UPGRADE)
        drop_upgrade(answer);
    answer->len -= end.len;
    return buf_printf(answer, FAULTS_FIELD ": %s\r\n\r\n", faults_format(faults, text));
}

/* The status that was asked for instead of the 101. */
static void refuse_as_asked(struct conn *c, struct http_session *s, const struct faults *faults)
{
    char text[FAULTS_TEXT_CHARS];
    const struct http_field field = {SPAN(FAULTS_FIELD), span_str(faults_format(faults, text))};
    s->exchange.response.keep_alive = false;
    http_answer_with(c, s, (uint16_t)faults->value[FAULT_HANDSHAKE], NULL, &field, 1,
                     SPAN("refused, as it was asked for\n"));
}

static void begin_faulty(struct conn *c, struct http_session *s, const struct faults *faults,
                         struct ws_handshake *handshake)
{
    bool is_slow = faults->value[FAULT_HANDSHAKE] == FAULT_ANSWER_SLOW;
    struct buf answer = {0};
    void *frame = NULL;
    if (format_faulty(faults, handshake, &answer) != OK)
        conn_abort_no_memory(c);
    else
        frame = conn_become(c, &ws_faulty_session);
    if (frame != NULL) {
        if (!is_slow)
            conn_write(c, buf_span(&answer));
        ws_faulty_session_init(c, frame, faults, &handshake->deflate.agreed,
                               is_slow ? buf_span(&answer) : SPAN_EMPTY);
        s->exchange.is_upgraded = true;
    }
    buf_deinit(&answer);
}

void upgrade_to_echo(struct conn *c, struct http_session *s)
{
    struct faults faults;
    struct ws_handshake handshake;
    if (!read_faults(c, s, &faults) || !judge(c, s, NULL, 0, &handshake))
        return;
    if (faults.named == 0)
        begin_echo(c, s, &handshake);
    else if (faults.value[FAULT_HANDSHAKE] >= fault_rows[FAULT_HANDSHAKE].min)
        refuse_as_asked(c, s, &faults);
    else
        begin_faulty(c, s, &faults, &handshake);
    metric_add(&conn_net(c)->loop->metrics.faulty_echoes, faults.named != 0);
    metric_add(&conn_net(c)->loop->metrics.faults, faults_has(&faults, FAULT_HANDSHAKE));
}

/* --- chat -------------------------------------------------------------------------------- */

static enum chat_ws_protocol protocol_of(const struct ws_handshake *handshake)
{
    if (span_eq(handshake->protocol, CHAT_PROTOCOLS[0]))
        return CHAT_WS_TEXT;
    return span_eq(handshake->protocol, CHAT_PROTOCOLS[1]) ? CHAT_WS_BINARY : CHAT_WS_NONE;
}

void upgrade_to_chat(struct conn *c, struct http_session *s)
{
    struct ws_handshake handshake;
    if (!judge(c, s, CHAT_PROTOCOLS, 2, &handshake) || !accept_upgrade(c, s, &handshake))
        return;
    void *frame = conn_become(c, &chat_ws_session);
    if (frame != NULL)
        chat_ws_session_init(c, frame, protocol_of(&handshake), &handshake.deflate.agreed);
}
