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

/* Every encoder below writes at `out` and returns where it ended. What one input is answered with
 * is never longer than this: frames lose their mask, and each piece that wslay gives (up to 4 KiB)
 * gets a header of its own; a close comes last. */
static size_t answer_bytes_max(size_t input_bytes)
{
    return input_bytes + (input_bytes / 4096 + 2) * WS_HEADER_BYTES_MAX + WS_CLOSE_FRAME_BYTES_MAX;
}

static uint8_t *put_frame(uint8_t *out, enum ws_opcode opcode, bool fin, struct span payload)
{
    return out + ws_encode_frame(out, opcode, fin, payload);
}

static uint8_t *put_close(uint8_t *out, uint16_t code, struct span reason)
{
    return out + ws_encode_close(out, code, reason);
}

/* Answers one event. */
static uint8_t *answer(struct conn *c, enum ws_event_kind kind, const struct ws_event *ev,
                       uint8_t *out)
{
    switch (kind) {
    case WS_DATA:
        if (ev->message_last)
            metric_add(&conn_net(c)->loop->metrics.ws_messages, 1);
        return put_frame(out, ev->message_first ? ev->opcode : WS_CONTINUATION, ev->message_last,
                         ev->payload);
    case WS_PING:
        return put_frame(out, WS_OP_PONG, true, ev->payload);
    case WS_CLOSE:
        return put_close(out, ev->close_code, SPAN_EMPTY);
    case WS_FAILED:
        conn_fail(c, (const char *)ev->payload.ptr);
        return put_close(out, ev->close_code, ev->payload);
    case WS_PONG:
    case WS_NEED_MORE:
        break;
    }
    return out;
}

/* Answers the whole messages that come next, if any do. */
static uint8_t *reflect(struct conn *c, const struct ws_echo *f, struct ws_input *in, uint8_t *out)
{
    if (ws_reader_is_in_message(&f->reader))
        return out;
    size_t count = ws_reflect(in, &out, conn_budget(c));
    conn_spend_many(c, (uint32_t)count);
    metric_add(&conn_net(c)->loop->metrics.ws_messages, count);
    return out;
}

/* Decodes and answers what is there. True: the budget was used up before that was done. */
static bool pump(struct conn *c, struct ws_echo *f)
{
    struct ws_input in = {c->in.ptr, c->in.len};
    struct ws_event ev;
    bool is_unfinished = false;
    uint8_t *start = conn_write_reserve(c, answer_bytes_max(in.len));
    if (start == NULL)
        return false;
    uint8_t *out = start;
    while (!f->reader.ended) {
        out = reflect(c, f, &in, out);
        if (in.len == 0)
            break;
        is_unfinished = !conn_spend(c);
        if (is_unfinished)
            break;
        enum ws_event_kind kind = ws_next(&f->reader, conn_net(c)->ws_pool, &RULES, &in, &ev);
        if (kind == WS_NEED_MORE)
            break;
        out = answer(c, kind, &ev, out);
    }
    conn_write_commit(c, (size_t)(out - start));
    conn_take(c, (size_t)(in.ptr - c->in.ptr));
    return is_unfinished;
}

static void send_close(struct conn *c, uint16_t code, struct span reason)
{
    uint8_t frame[WS_CLOSE_FRAME_BYTES_MAX];
    conn_write(c, span_of(frame, (size_t)(put_close(frame, code, reason) - frame)));
}

static void send_ping(struct conn *c)
{
    uint8_t frame[WS_HEADER_BYTES_MAX];
    conn_write(c, span_of(frame, (size_t)(put_frame(frame, WS_OP_PING, true, SPAN_EMPTY) - frame)));
}

/* A frame has begun, and no pong can come before it ends. */
static bool is_in_frame(const struct conn *c)
{
    return c->owes || c->in.len > 0;
}

static void time_out(struct conn *c)
{
    metric_add(&conn_net(c)->loop->metrics.timeouts, 1);
    if (is_in_frame(c))
        send_close(c, WS_CODE_POLICY, SPAN("the frame did not go on in time"));
    else
        send_close(c, WS_CODE_GOING_AWAY, SPAN("no answer to a ping"));
}

static enum co_result run(struct conn *c, void *frame)
{
    struct ws_echo *f = frame;
    CO_BEGIN(c);
    conn_set_timer(c, TIMER_WS_PING);
    for (;;) {
        bool is_unfinished = pump(c, f);
        if (f->reader.ended)
            CO_RETURN;
        if (is_unfinished) {
            CO_YIELD;                   /* to the back of the queue */
            CO_AWAIT(conn_has_room(c)); /* woken by the flush */
            continue;
        }
        if (c->eof)
            CO_RETURN;
        if (c->draining) {
            send_close(c, WS_CODE_GOING_AWAY, SPAN("the server is about to stop"));
            CO_RETURN;
        }
        c->owes = ws_reader_is_in_frame(&f->reader);
        if (c->timed_out) {
            if (c->pinged || is_in_frame(c)) {
                time_out(c);
                CO_RETURN;
            }
            send_ping(c);
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
