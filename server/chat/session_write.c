/* What this loop says to a session. */
#include "chat/session.h"

#include "chat/chat_loop.h"
#include "chat/hub/numeric.h"
#include "chat/response.h"
#include "config/config.h"
#include "simul/utf8.h"

struct span chat_session_nick(const struct chat_session *s)
{
    if (!s->is_registered)
        return SPAN("*");
    return span_of(s->registration->nick, s->registration->nick_bytes);
}

void chat_session_write_tagged(struct conn *c, struct span tags, struct span line)
{
    uint8_t header[DEFLATE_STORED_HEADER_BYTES_MAX];
    enum framing framing = chat_session_of(c)->framing;
    bool is_stored = chat_session_of(c)->out_bits != 0;
    bool has_own = line.len > 0 && line.ptr[0] == '@';
    size_t tags_bytes = tags.len == 0 ? 0 : 1 + tags.len + 1;
    size_t line_bytes = tags_bytes + line.len - (tags.len > 0 && has_own);
    size_t header_bytes = is_stored ? render_stored_header(framing, line_bytes, header)
                                    : render_header(framing, line_bytes, header);
    conn_write(c, span_of(header, header_bytes));
    if (tags.len > 0) {
        conn_write(c, SPAN("@"));
        conn_write(c, tags);
        conn_write(c, has_own ? SPAN(";") : SPAN(" "));
        line = span_drop(line, has_own);
    }
    conn_write(c, line);
    if (framing == FRAMING_LINE)
        conn_write(c, SPAN("\r\n"));
    else if (is_stored)
        conn_write(c, deflate_stored_end);
}

void chat_session_write(struct conn *c, struct span line)
{
    if (response_is_to(c))
        response_write(c, line);
    else
        chat_session_write_tagged(c, SPAN_EMPTY, line);
}

/* Writes what is in the loop's scratch, if it could be formatted. */
static void write_scratch(struct conn *c, enum err e)
{
    if (e == OK)
        chat_session_write(c, buf_span(&chat_loop_of(c)->scratch));
    else
        conn_abort_no_memory(c);
}

void chat_session_numeric(struct conn *c, const char *numeric, const struct span *params,
                          size_t count)
{
    struct chat_loop *cl = chat_loop_of(c);
    cl->scratch.len = 0;
    write_scratch(c, numeric_format(&cl->scratch, span_str(cl->config->server.name), numeric,
                                    chat_session_nick(chat_session_of(c)), params, count));
}

void chat_session_say(struct conn *c, const char *command, const struct span *params, size_t count)
{
    struct chat_loop *cl = chat_loop_of(c);
    struct irc_line line = {
        .source = span_str(cl->config->server.name),
        .command = span_str(command),
        .param_count = count,
        .has_trailing = true,
    };
    memcpy(line.params, params, count * sizeof(params[0]));
    cl->scratch.len = 0;
    write_scratch(c, irc_format(&line, &cl->scratch));
}

void chat_session_notice(struct conn *c, struct span text)
{
    const struct span params[] = {chat_session_nick(chat_session_of(c)), text};
    chat_session_say(c, "NOTICE", params, 2);
}

static void write_close(struct conn *c, uint16_t code)
{
    uint8_t frame[WS_CLOSE_FRAME_BYTES_MAX];
    conn_write(c, span_of(frame, ws_encode_close(frame, code, SPAN_EMPTY)));
}

void chat_session_goodbye(struct conn *c, const char *reason)
{
    const struct chat_session *s = chat_session_of(c);
    if (s->close_code == 0) {
        struct buf *scratch = &chat_loop_of(c)->scratch;
        char host[ADDR_IP_CHARS];
        scratch->len = 0;
        enum err e =
            buf_printf(scratch, "ERROR :Closing Link: %s (%s)", addr_ip(&c->peer, host), reason);
        scratch->len = utf8_cut(buf_span(scratch), IRC_REST_BYTES_MAX).len;
        write_scratch(c, e);
    }
    if (s->framing != FRAMING_LINE)
        write_close(c, s->close_code != 0 ? s->close_code
                       : c->draining      ? WS_CODE_GOING_AWAY
                                          : WS_CODE_NORMAL);
}
