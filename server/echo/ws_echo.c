/* WebSocket echo. A frame that is whole in the input goes back as that frame; of one that is not,
 * each piece goes back as a fragment while it arrives, so a header never promises bytes that are
 * not in hand, and a message of any length needs no memory. What comes compressed is inflated, up
 * to ws.message_bytes_max, and goes back compressed: a long message in several frames, one for each
 * piece that it is inflated in, so that others have their turn in between. */
#include "echo/echo.h"

#include "config/config.h"
#include "net/deflate.h"
#include "net/net.h"
#include "simul/ws.h"

struct ws_echo {
    struct ws_reader reader;
};

void ws_echo_session_init(struct conn *c, void *frame, const struct ws_deflate *agreed)
{
    struct ws_echo *f = frame;
    f->reader.deflate = *agreed;
    deflate_begin(conn_net(c), &f->reader);
}

/* Whether what comes next is to be inflated, as far as that can be seen. */
static bool inflates_next(const struct ws_reader *r, const struct ws_input *in)
{
    return ws_reader_is_inflating(r) || (!ws_reader_is_in_frame(r) && (in->ptr[0] & WS_RSV1) != 0);
}

/* WS_NEED_MORE: all is taken, or the budget is used up. The size of a plain echo is not limited: it
 * is not assembled. What is compressed may give no event for as long as the peer likes; so it is
 * taken in pieces, and charged by what came. */
static enum ws_event_kind next_event(struct conn *c, struct ws_echo *f, struct ws_input *in,
                                     struct ws_event *ev)
{
    enum { PIECE_BYTES = 4096 }; /* more than ws_next may leave */
    const struct net *n = conn_net(c);
    const struct ws_rules rules = {
        .side = WS_SERVER,
        .inflated_bytes_max = (uint64_t)n->config->ws.message_bytes_max,
    };
    if (!inflates_next(&f->reader, in))
        return ws_next(&f->reader, n->ws_pool, &rules, in, ev);
    for (;;) {
        struct ws_input piece = {in->ptr, in->len < PIECE_BYTES ? in->len : PIECE_BYTES};
        enum ws_event_kind kind = ws_next(&f->reader, n->ws_pool, &rules, &piece, ev);
        size_t taken = (size_t)(piece.ptr - in->ptr);
        in->ptr = piece.ptr;
        in->len -= taken;
        conn_spend_inflating(c, taken);
        if (kind != WS_NEED_MORE || in->len == piece.len || conn_budget(c) == 0)
            return kind;
    }
}

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

/* Answers a piece of a message that came compressed. It may be a thousand times as long as what
 * came, so how much is queued is looked at behind each; false when it is too much to go on. */
static bool mirror(struct conn *c, const struct ws_echo *f, const struct ws_event *ev)
{
    struct net *n = conn_net(c);
    struct span compressed;
    metric_add(&n->loop->metrics.ws_messages, ev->message_last);
    deflate_note_inflated(c, ev);
    if (deflate_piece(n, f->reader.deflate.out_bits, ev->payload, ev->message_last, &compressed) !=
        OK) {
        conn_abort_no_memory(c);
        return false;
    }
    uint8_t header[WS_HEADER_BYTES_MAX];
    enum ws_opcode opcode = ev->message_first ? ev->opcode : WS_CONTINUATION;
    conn_write(c,
               span_of(header, deflate_header(header, opcode, ev->message_last, compressed.len)));
    conn_write(c, compressed);
    return conn_has_room(c);
}

/* Decodes and answers what is there. True: the budget, or the room in the out-queue, was used up
 * before that was done. */
static bool pump(struct conn *c, struct ws_echo *f)
{
    struct ws_input in = {c->in.ptr, c->in.len};
    struct ws_event ev;
    bool is_unfinished = false;
    uint8_t *start = conn_write_reserve(c, answer_bytes_max(in.len));
    uint8_t *out = start;
    while (start != NULL && !f->reader.ended) {
        out = reflect(c, f, &in, out);
        if (in.len == 0 && !ws_reader_has_rest(&f->reader))
            break;
        is_unfinished = !conn_spend(c);
        if (is_unfinished)
            break;
        enum ws_event_kind kind = next_event(c, f, &in, &ev);
        if (kind == WS_NEED_MORE) {
            is_unfinished = conn_budget(c) == 0;
            break;
        }
        if (kind != WS_DATA || !ev.is_compressed) {
            out = answer(c, kind, &ev, out);
            continue;
        }
        conn_write_commit(c, (size_t)(out - start));
        is_unfinished = !mirror(c, f, &ev);
        start = is_unfinished ? NULL : conn_write_reserve(c, answer_bytes_max(in.len));
        out = start;
    }
    if (start != NULL)
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

/* Whether the peer must go on with what it has begun: a frame, in which no pong can come, or a
 * message that is compressed, which holds an inflater. */
static bool owes(const struct ws_reader *r)
{
    return ws_reader_is_in_frame(r) || ws_reader_is_inflating(r);
}

static bool has_begun(const struct conn *c)
{
    return c->owes || c->in.len > 0;
}

static void time_out(struct conn *c)
{
    conn_count_end(c, END_TIMEOUT);
    if (has_begun(c))
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
        c->owes = owes(&f->reader);
        if (c->timed_out) {
            if (c->pinged || has_begun(c)) {
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
    deflate_end(conn_net(c), &f->reader);
}

static size_t held_bytes(const struct conn *c, const void *frame)
{
    const struct ws_echo *f = frame;
    return ws_reader_held_bytes(&f->reader, conn_net(c)->ws_pool);
}

const struct session_type ws_echo_session = {
    .name = "ws-echo",
    .protocol = PROTOCOL_WS,
    .is_lasting = true,
    .frame_bytes = sizeof(struct ws_echo),
    .input_bytes = 256 * 1024,
    .resume = run,
    .drop = drop,
    .held_bytes = held_bytes,
};
