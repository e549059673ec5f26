#include "echo/echo_upgrade.h"

#include "echo/echo.h"
#include "echo/faults.h"
#include "echo/ws_faulty.h"
#include "net/listener.h"
#include "net/net.h"
#include "simul/buf.h"
#include "simul/ws_handshake.h"
#include "web/http_session.h"
#include "web/upgrade.h"

#include <string.h>

static void begin_echo(struct conn *c, struct http_session *s, const struct ws_handshake *handshake)
{
    void *frame = upgrade_accept(c, s, handshake) ? conn_become(c, &ws_echo_session) : NULL;
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
        http_count_answer(c, handshake->status);
    }
    buf_deinit(&answer);
}

void echo_upgrade(struct conn *c, struct http_session *s)
{
    struct faults faults;
    struct ws_handshake handshake;
    if (!read_faults(c, s, &faults) || !upgrade_check(c, s, NULL, 0, &handshake))
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
