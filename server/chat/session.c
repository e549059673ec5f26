#include "chat/session.h"

#include "chat/chat_loop.h"
#include "chat/hub/held.h"
#include "chat/line_source.h"
#include "chat/response.h"
#include "chat/session_register.h"
#include "chat/verb.h"
#include "config/config.h"
#include "net/deflate.h"
#include "net/net.h"
#include "simul/http.h"
#include "simul/utf8.h"

#include <stdlib.h>

enum {
    INPUT_BYTES = 16 * 1024,
    LONG_QUEUED_BYTES_MAX = 32 * 1024, /* when the next part of a long answer is fetched */
};

/* --- one line ---------------------------------------------------------------------------- */

static void refuse_utf8(struct conn *c, const struct verb *verb)
{
    SAY(c, "FAIL", verb == NULL ? SPAN("*") : span_str(verb->name), SPAN("INVALID_UTF8"),
        SPAN("Message rejected, this server takes UTF-8 only"));
}

/* A browser that was tricked into talking to our port says this first, and in the body lines of
 * somebody else's choosing. */
static bool is_http(struct span command)
{
    enum http_method method;
    return http_method_find(command, &method) || span_eq(command, SPAN("CONNECT"));
}

static void refuse_http(struct chat_session *s)
{
    s->is_at_fault = true;
    s->reason = "HTTP is not spoken here";
}

/* Answers a line without the hub. */
static void answer(struct conn *c, struct chat_session *s, const struct verb *verb,
                   const struct irc_line *line)
{
    if (!s->is_registered && is_http(line->command))
        refuse_http(s);
    else if (verb == NULL)
        NUMERIC(c, "421", line->command, SPAN("Unknown command"));
    else if (!s->is_registered && !verb->is_early)
        NUMERIC(c, "451", SPAN("You have not registered"));
    else if (line->param_count < verb->params_min)
        NUMERIC(c, "461", span_str(verb->name), SPAN("Not enough parameters"));
    else
        verb->local(c, s, line);
}

/* Only sessions that negotiated tags may send them. */
static bool is_tag_misuse(const struct chat_session *s, const struct irc_line *line)
{
    return line->tags.len > 0 && !(s->caps & CAP_MESSAGE_TAGS);
}

void chat_session_post(struct conn *c, struct chat_command *command)
{
    struct chat_session *s = chat_session_of(c);
    s->in_flight++;
    s->has_turn = false;
    chat_loop_post(chat_loop_of(c), command);
}

static void post(struct conn *c, struct chat_session *s, const struct verb *verb, struct span bytes)
{
    struct line_command *l = line_command_new(conn_handle(c), bytes);
    if (l == NULL) {
        conn_abort_no_memory(c);
        s->reason = "Out of memory";
        return;
    }
    response_init(&l->response, c, &l->line);
    if (verb->judge != NULL)
        verb->judge(c, s, &l->line);
    if (is_tag_misuse(s, &l->line))
        l->line.tags = SPAN_EMPTY;
    l->said.apply = verb->hub;
    l->said.caps = s->caps;
    l->said.response = l->response.label.len > 0 ? &l->response : NULL;
    l->command.item.entry.is_query = l->line.param_count < verb->decides_from;
    s->awaits_long = verb->has_long_answer;
    chat_session_post(c, &l->command);
    if (verb->ends_session)
        s->reason = "Quit";
}

/* The next part of the long answer. */
static void go_on(struct conn *c, struct chat_session *s)
{
    struct chat_command *command = &s->unfinished->command;
    s->unfinished = NULL;
    chat_session_post(c, command);
}

static void answer_or_refuse(struct conn *c, struct chat_session *s, enum err e, bool is_utf8,
                             const struct irc_line *line)
{
    const struct verb *verb = e == OK ? verb_find(line->command) : NULL;
    if (!is_utf8)
        refuse_utf8(c, verb);
    else if (e != OK)
        SAY(c, "FAIL", SPAN("*"), SPAN("INVALID_LINE"),
            SPAN("Message rejected, it is no IRC line"));
    else
        answer(c, s, verb, line);
}

/* Answers or posts the line. False, and nothing is done, while an answer of this loop would
 * overtake one that the hub still owes. */
static bool try_serve(struct conn *c, struct chat_session *s, struct span bytes)
{
    struct irc_line line = {0};
    enum err e = irc_parse(bytes, &line);
    const struct verb *verb = e == OK ? verb_find(line.command) : NULL;
    bool is_utf8 = utf8_is_valid(bytes);
    if (e == OK && is_utf8 && s->is_registered && verb != NULL && verb->hub != NULL &&
        line.param_count >= verb->params_min) {
        post(c, s, verb, bytes);
        return true;
    }
    if (s->in_flight > 0)
        return false;
    struct chat_loop *cl = chat_loop_of(c);
    struct response response;
    response_init(&response, c, &line);
    cl->response = response.label.len > 0 ? &response : NULL;
    answer_or_refuse(c, s, e, is_utf8, &line);
    cl->response = NULL;
    response_end(&response, c);
    return true;
}

/* --- events besides lines ---------------------------------------------------------------- */

static bool is_late_to_register(const struct conn *c, const struct chat_session *s)
{
    const struct net *n = conn_net(c);
    uint32_t took_ms = (uint32_t)n->loop->now_ms - s->began_ms;
    return !s->is_registered &&
           (c->timed_out || took_ms >= (uint64_t)n->config->limits.handshake_seconds * 1000);
}

/* A silent peer is asked once whether it is there; further silence ends the session, as does a line
 * or frame that does not go on. */
static void on_silence(struct conn *c, struct chat_session *s)
{
    if (s->was_pinged) {
        conn_count_end(c, END_TIMEOUT);
        s->reason = c->in_late ? "Input stalled" : chat_loop_of(c)->ping_reason->text;
        return;
    }
    s->was_pinged = true;
    SAY(c, "PING", span_str(chat_loop_of(c)->config->server.name));
    conn_set_timer(c, TIMER_CHAT_PING);
}

static void look_at_clock(struct conn *c, struct chat_session *s)
{
    if (c->draining) {
        s->reason = "Server is shutting down";
    } else if (is_late_to_register(c, s)) {
        conn_count_end(c, END_TIMEOUT);
        s->reason = "Registration timed out";
    } else if (c->timed_out) {
        on_silence(c, s);
    }
}

/* Whether a line may be taken: it can be posted, its answer can be queued, and it is no flood. A
 * long answer goes on only while little of it is queued, so that it holds no more memory than a
 * short one; it has been counted as a line already. A session that finds no credit of the loop's
 * waits in line for one, and no other session overtakes those in line. */
static bool may_take(struct conn *c, struct chat_session *s)
{
    struct chat_loop *cl = chat_loop_of(c);
    unsigned in_flight_max = s->awaits_long ? 1 : CHAT_IN_FLIGHT_MAX;
    uint32_t queued_max = s->unfinished == NULL ? UINT32_MAX : LONG_QUEUED_BYTES_MAX;
    if (s->in_flight >= in_flight_max || !conn_has_room_for(c, queued_max))
        return false;
    if (s->unfinished == NULL && flood_must_wait(c))
        return false;
    if (cl->credits > 0 && (s->has_turn || cl->waiting.count == 0))
        return true;
    s->has_turn = false;
    if (!s->is_waiting)
        chat_loop_await_credit(cl, c);
    return false;
}

static bool may_go_on(struct conn *c, struct chat_session *s)
{
    return s->reason != NULL || c->timed_out || c->draining || may_take(c, s);
}

static bool try_event(struct conn *c, const struct chat_session *s)
{
    return s->reason != NULL || conn_try_event(c);
}

/* --- the coroutine ----------------------------------------------------------------------- */

/* Keeps the line, which lies in the input, until its turn comes. */
static bool hold(struct conn *c, struct chat_session *s, struct span line)
{
    if (s->held.data != NULL && line.ptr == s->held.data) {
        s->held.len = line.len; /* it was put together there, perhaps with a line end behind */
        return true;
    }
    s->held.len = 0;
    if (buf_append(&s->held, line) == OK)
        return true;
    conn_abort_no_memory(c);
    s->reason = "Out of memory";
    return false;
}

/* A child: takes one line and serves it, or sets s->reason. */
static enum co_result serve_line(struct conn *c, struct chat_session *s)
{
    struct span line;
    enum line_result r;
    struct chat_serving *const f = &s->serving;
    CO_BEGIN(f);
    for (;;) {
        CO_AWAIT(may_go_on(c, s)); /* woken by the hub, room, a credit, any timer, the drain */
        if (s->reason == NULL)
            look_at_clock(c, s);
        if (s->reason != NULL)
            CO_RETURN;
        if (!may_take(c, s))
            continue;
        if (!conn_spend(c)) {
            CO_YIELD;
            continue;
        }
        if (s->unfinished != NULL) {
            go_on(c, s);
            continue;
        }
        r = line_source_next(c, s, &line);
        if (r == LINE_LATER) {
            CO_YIELD;
            continue;
        }
        if (r != LINE_NONE)
            break;
        if (c->eof) {
            s->reason = "Connection closed";
            CO_RETURN;
        }
        CO_AWAIT(try_event(c, s)); /* woken by a read, the timer, the drain, a KILL */
    }
    if (r == LINE_ENDED)
        CO_RETURN;
    flood_count(c);
    s->was_pinged = false;
    s->is_too_long = r == LINE_TOO_LONG;
    metric_add(&conn_net(c)->loop->metrics.irc_lines, 1);
    if (!s->is_too_long && try_serve(c, s, line)) {
        buf_deinit(&s->held);
        CO_RETURN;
    }
    if (!s->is_too_long && !hold(c, s, line))
        CO_RETURN;
    CO_AWAIT(s->in_flight == 0); /* woken by the hub's returns */
    if (s->is_too_long)
        NUMERIC(c, "417", SPAN("Input line was too long"));
    else
        try_serve(c, s, buf_span(&s->held));
    buf_deinit(&s->held);
    CO_END;
}

static enum co_result run(struct conn *c, void *frame)
{
    struct chat_session *s = frame;
    CO_BEGIN(c);
    if (!session_register_begin(c, s))
        CO_RETURN;
    while (!s->is_registered && s->reason == NULL) {
        CO_CALL(&s->serving, serve_line(c, s));
        if (s->reason != NULL || !session_register_is_ready(s))
            continue;
        session_register_post(c, s);
        CO_AWAIT(s->in_flight == 0); /* woken by the hub's answer */
    }
    if (s->is_registered)
        conn_set_timer(c, TIMER_CHAT_PING);
    while (s->reason == NULL)
        CO_CALL(&s->serving, serve_line(c, s));
    CO_AWAIT(s->in_flight == 0); /* woken by the hub's returns: its answers come first */
    chat_session_goodbye(c, s->farewell == NULL ? s->reason
                                                : (const char *)message_text(s->farewell).ptr);
    if (s->is_at_fault)
        conn_fail(c, s->reason);
    if (!c->eof && !c->draining) /* which say more */
        conn_note_end(c, s->reason);
    conn_close(c);
    CO_END;
}

/* --- what it holds --------------------------------------------------------------------------- */

static size_t hub_held_bytes(const struct chat_session *s)
{
    return (size_t)s->held_steps * HELD_STEP_BYTES;
}

void chat_session_set_held(struct conn *c, uint8_t steps)
{
    struct chat_session *s = chat_session_of(c);
    struct memory *m = &conn_net(c)->memory;
    memory_give(m, hub_held_bytes(s));
    s->held_steps = steps;
    memory_take(m, hub_held_bytes(s));
    memory_note(conn_net(c), c);
}

static size_t line_held_bytes(const struct conn *c, const void *frame)
{
    (void)c;
    return hub_held_bytes(frame);
}

static size_t ws_held_bytes(const struct conn *c, const void *frame)
{
    const struct chat_ws_session *w = frame;
    return hub_held_bytes(&w->chat) + ws_reader_held_bytes(&w->reader, conn_net(c)->ws_pool);
}

/* --- its end --------------------------------------------------------------------------------- */

static void drop(struct conn *c, void *frame)
{
    struct chat_session *s = frame;
    struct chat_loop *cl = chat_loop_of(c);
    members_remove_all(cl, s);
    memory_give(&conn_net(c)->memory, hub_held_bytes(s));
    flood_deinit(&s->flood);
    line_source_drop(c, s);
    if (s->unfinished != NULL)
        chat_command_free(&s->unfinished->command);
    message_put(s->farewell);
    metric_sub(&conn_net(c)->loop->metrics.sessions, s->is_registered);
    if (s->registration == NULL)
        return; /* not begun, or with the hub: the loop closes it when it comes back */
    if (s->is_pinned)
        chat_loop_post_close(cl, s->registration,
                             s->reason == NULL ? conn_end_reason(c) : s->reason);
    else
        chat_command_free(&s->registration->command);
}

void chat_ws_session_init(struct conn *c, void *frame, enum chat_ws_protocol protocol,
                          const struct ws_deflate *agreed)
{
    struct chat_ws_session *w = frame;
    w->chat.is_text_only = protocol == CHAT_WS_TEXT;
    w->chat.framing = protocol == CHAT_WS_BINARY ? FRAMING_WS_BINARY : FRAMING_WS_TEXT;
    w->chat.out_bits = agreed->out_bits;
    w->reader.deflate = *agreed;
    deflate_begin(conn_net(c), &w->reader);
}

const struct session_type chat_line_session = {
    .name = "irc",
    .protocol = PROTOCOL_IRC,
    .is_lasting = true,
    .frame_bytes = sizeof(struct chat_session),
    .input_bytes = INPUT_BYTES,
    .resume = run,
    .drop = drop,
    .held_bytes = line_held_bytes,
};

const struct session_type chat_ws_session = {
    .name = "irc over websocket",
    .protocol = PROTOCOL_IRC_WS,
    .is_lasting = true,
    .frame_bytes = sizeof(struct chat_ws_session),
    .input_bytes = INPUT_BYTES,
    .resume = run,
    .drop = drop,
    .held_bytes = ws_held_bytes,
};
