#include "chat/line_source.h"

#include "chat/chat_loop.h"
#include "net/deflate.h"
#include "net/net.h"

static struct ws_reader *reader_of(struct chat_session *s)
{
    return &container_of(s, struct chat_ws_session, chat)->reader;
}

/* --- TCP and TLS ------------------------------------------------------------------------- */

static enum line_result next_of_stream(struct conn *c, struct chat_session *s, struct span *line)
{
    struct span in = conn_input(c);
    bool is_skipping = s->is_skipping;
    enum irc_line_result r = irc_line_next(&is_skipping, &in, IRC_CLIENT_TAGS_BYTES_MAX, line);
    s->is_skipping = is_skipping;
    conn_take(c, conn_input(c).len - in.len);
    switch (r) {
    case IRC_LINE_READY:
        return LINE_READY;
    case IRC_LINE_TOO_LONG:
        return LINE_TOO_LONG;
    case IRC_LINE_NEED_MORE:
        break;
    }
    return LINE_NONE;
}

/* --- WebSocket --------------------------------------------------------------------------- */

enum { LINE_BYTES_MAX = IRC_CLIENT_TAGS_BYTES_MAX + IRC_REST_BYTES_MAX + 2 };

static void answer_ping(struct conn *c, struct span payload)
{
    uint8_t *out = conn_write_room(c, 2 + payload.len);
    if (out != NULL)
        ws_encode_frame(out, WS_OP_PONG, true, payload);
}

static enum line_result end(struct chat_session *s, const char *reason, uint16_t code)
{
    s->reason = reason;
    s->close_code = code;
    return LINE_ENDED;
}

/* A message is one line without CR LF, but one at its end is tolerated. */
static enum line_result take_message(struct chat_session *s, struct span message, struct span *line)
{
    if (message.len > 0 && message.ptr[message.len - 1] == '\n')
        message.len--;
    if (message.len > 0 && message.ptr[message.len - 1] == '\r')
        message.len--;
    bool is_too_long = s->is_skipping || !irc_line_fits(message, IRC_CLIENT_TAGS_BYTES_MAX);
    s->is_skipping = false;
    *line = message;
    if (is_too_long)
        return LINE_TOO_LONG;
    return message.len == 0 ? LINE_NONE : LINE_READY;
}

/* A piece of a message; LINE_NONE while there is more to come. */
static enum line_result take_data(struct conn *c, struct chat_session *s, const struct ws_event *ev,
                                  struct span *line)
{
    if (ev->message_first && ev->message_last)
        return take_message(s, ev->payload, line);
    if (ev->message_first)
        s->held.len = 0;
    if (s->held.len + ev->payload.len > LINE_BYTES_MAX) {
        s->is_skipping = true; /* too long for a line whatever follows */
    } else if (buf_append(&s->held, ev->payload) != OK) {
        conn_abort_no_memory(c);
        return end(s, "Out of memory", WS_CODE_INTERNAL);
    }
    return ev->message_last ? take_message(s, buf_span(&s->held), line) : LINE_NONE;
}

static enum line_result refuse_binary(struct chat_session *s)
{
    s->is_at_fault = true;
    return end(s, "a binary message where text.ircv3.net was agreed on", WS_CODE_UNSUPPORTED);
}

/* Compressed input may say nothing for as long as it likes, and costs up to 0.3 µs a byte: beside
 * the lines that come of it, flood control counts it by its length. What people write is shorter.
 */
static void count_compressed(struct conn *c, size_t taken)
{
    enum { BYTES_OF_A_LINE = 1024 };
    for (; taken >= BYTES_OF_A_LINE; taken -= BYTES_OF_A_LINE)
        flood_count(c);
}

static enum line_result next_of_ws(struct conn *c, struct chat_session *s, struct span *line)
{
    struct net *n = conn_net(c);
    for (;;) {
        struct ws_input in = {c->in.ptr, c->in.len};
        struct ws_event ev;
        enum ws_event_kind kind = ws_next(reader_of(s), n->ws_pool, &n->chat->ws_rules, &in, &ev);
        size_t taken = c->in.len - in.len;
        conn_take(c, taken);
        if (ws_reader_is_inflating(reader_of(s)) || (kind == WS_DATA && ev.is_compressed))
            count_compressed(c, taken);
        enum line_result r = LINE_NONE;
        switch (kind) {
        case WS_NEED_MORE:
            c->owes = ws_reader_is_in_message(reader_of(s));
            return LINE_NONE;
        case WS_DATA:
            if (ev.opcode == WS_BINARY && s->is_text_only)
                return refuse_binary(s);
            metric_add(&n->loop->metrics.ws_messages, ev.message_last);
            if (ev.is_compressed)
                deflate_note_inflated(c, &ev);
            r = take_data(c, s, &ev, line);
            if (r == LINE_NONE && ev.is_compressed && conn_budget(c) == 0)
                return LINE_LATER;
            break;
        case WS_PING:
            answer_ping(c, ev.payload);
            break;
        case WS_PONG:
            break;
        case WS_CLOSE:
            return end(s, "Connection closed", ev.close_code);
        case WS_FAILED:
            s->is_at_fault = true;
            return end(s, (const char *)ev.payload.ptr, ev.close_code);
        }
        if (r != LINE_NONE)
            return r;
    }
}

/* --- both -------------------------------------------------------------------------------- */

enum line_result line_source_next(struct conn *c, struct chat_session *s, struct span *line)
{
    return s->framing == FRAMING_LINE ? next_of_stream(c, s, line) : next_of_ws(c, s, line);
}

void line_source_drop(struct conn *c, struct chat_session *s)
{
    if (s->framing != FRAMING_LINE)
        deflate_end(conn_net(c), reader_of(s));
    buf_deinit(&s->held);
}
