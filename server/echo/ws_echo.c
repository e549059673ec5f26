/* WebSocket echo. A frame that is whole in the input goes back as that frame; of one that is not,
 * each piece goes back as a fragment while it arrives, so a header never promises bytes that are
 * not in hand, and a message of any length needs no memory. */
#include "echo/echo.h"

#include "net/net.h"
#include "simul/ws.h"

struct ws_echo {
    struct ws_reader reader;
};

/* The size of a plain echo is not limited: it is not assembled. */
static const struct ws_rules RULES = {.side = WS_SERVER};

static void send_frame(struct conn *c, enum ws_opcode opcode, bool fin, struct span payload)
{
    uint8_t header[WS_HEADER_BYTES_MAX];
    size_t n = ws_encode_header(header, opcode, fin, payload.len);
    uint8_t *out = conn_write_room(c, n + payload.len);
    if (out == NULL)
        return;
    memcpy(out, header, n);
    if (payload.len > 0)
        memcpy(out + n, payload.ptr, payload.len);
}

static void send_close(struct conn *c, uint16_t code, struct span reason)
{
    uint8_t frame[WS_CLOSE_FRAME_BYTES_MAX];
    size_t n = ws_encode_close(frame, code, reason);
    conn_write(c, span_of(frame, n));
}

/* Answers one event; false when it was the last. */
static bool answer(struct conn *c, enum ws_event_kind kind, const struct ws_event *ev)
{
    switch (kind) {
    case WS_DATA:
        send_frame(c, ev->message_first ? ev->opcode : WS_CONTINUATION, ev->message_last,
                   ev->payload);
        if (ev->message_last)
            metric_add(&conn_net(c)->loop->metrics.ws_messages, 1);
        return true;
    case WS_PING:
        send_frame(c, WS_OP_PONG, true, ev->payload);
        return true;
    case WS_CLOSE:
        send_close(c, ev->close_code, SPAN_EMPTY);
        return false;
    case WS_FAILED:
        send_close(c, ev->close_code, ev->payload);
        conn_fail(c, (const char *)ev->payload.ptr);
        return false;
    case WS_PONG:
    case WS_NEED_MORE:
        return true;
    }
    return true;
}

/* Decodes what is there, within the budget. */
static enum ws_event_kind pump(struct conn *c, struct ws_echo *f)
{
    struct ws_input in = {c->in.ptr, c->in.len};
    struct ws_event ev;
    enum ws_event_kind kind = WS_NEED_MORE;
    bool go_on = true;
    while (go_on && conn_spend(c)) {
        kind = ws_next(&f->reader, conn_net(c)->ws_pool, &RULES, &in, &ev);
        if (kind == WS_NEED_MORE)
            break;
        go_on = answer(c, kind, &ev);
    }
    conn_take(c, (size_t)(in.ptr - c->in.ptr));
    return kind;
}

static enum co_result run(struct conn *c, void *frame)
{
    struct ws_echo *f = frame;
    CO_BEGIN(c);
    conn_set_timer(c, TIMER_WS_PING);
    for (;;) {
        enum ws_event_kind last = pump(c, f);
        if (f->reader.ended)
            CO_RETURN;
        if (last != WS_NEED_MORE) {
            CO_YIELD;                   /* the budget is used up: to the back of the queue */
            CO_AWAIT(conn_has_room(c)); /* woken by the flush */
            continue;
        }
        if (c->eof)
            CO_RETURN;
        if (c->draining) {
            send_close(c, WS_CODE_GOING_AWAY, SPAN("the server is about to stop"));
            CO_RETURN;
        }
        if (c->timed_out) {
            if (c->pinged) {
                metric_add(&conn_net(c)->loop->metrics.timeouts, 1);
                send_close(c, WS_CODE_GOING_AWAY, SPAN("no answer to a ping"));
                CO_RETURN;
            }
            send_frame(c, WS_OP_PING, true, SPAN_EMPTY);
            c->pinged = true;
            conn_set_timer(c, TIMER_WS_PING);
        }
        CO_AWAIT(conn_try_event(c)); /* woken by a read, the timer, or the drain */
        c->pinged = c->pinged && c->timed_out;
    }
    CO_END;
}

static void drop(struct conn *c, void *frame)
{
    struct ws_echo *f = frame;
    ws_reader_deinit(&f->reader, conn_net(c)->ws_pool);
}

const struct session_type ws_echo_session = {
    .name = "ws-echo",
    .frame_bytes = sizeof(struct ws_echo),
    .input_bytes = 256 * 1024,
    .resume = run,
    .drop = drop,
};
