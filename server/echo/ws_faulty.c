#include "echo/ws_faulty.h"

#include "config/config.h"
#include "echo/faults.h"
#include "echo/shaper.h"
#include "echo/ws_replies.h"
#include "net/deflate.h"
#include "net/net.h"
#include "simul/ws.h"

struct ws_faulty {
    struct ws_reader reader;
    struct faults faults;
    struct shaper shaper;
    struct ws_replies replies;
    struct wheel_timer ping; /* ping_every_ms */
    struct buf message;      /* what has come of one */
    size_t counted;          /* memory_count: of the message and the replies */
    uint64_t message_count;
    bool has_counted; /* since the faults that come behind so many were looked at */
    bool ping_is_due;
    bool is_deaf;  /* nothing more is read */
    bool has_more; /* input is left that was not looked at */
    bool has_closed;
    uint16_t close_code; /* what the reader ended with */
    const char *failure; /* of the peer; NULL: it closed in good order */
};

static uint32_t value(const struct ws_faulty *f, enum fault fault)
{
    return f->faults.value[fault];
}

/* --- what comes behind so many messages -------------------------------------------------- */

static bool ends_here(const struct ws_faulty *f)
{
    return f->message_count == value(f, FAULT_AFTER) &&
           (faults_has(&f->faults, FAULT_CLOSE) || faults_has(&f->faults, FAULT_RST) ||
            faults_has(&f->faults, FAULT_HALFCLOSE));
}

static void end(struct conn *c, struct ws_faulty *f)
{
    ws_replies_count_fault(&f->replies);
    if (faults_has(&f->faults, FAULT_CLOSE))
        ws_replies_say_close(&f->replies, (uint16_t)value(f, FAULT_CLOSE), SPAN_EMPTY);
    if (faults_has(&f->faults, FAULT_RST)) {
        shaper_end(&f->shaper, SHAPER_RESET);
    } else if (faults_has(&f->faults, FAULT_HALFCLOSE)) {
        shaper_end(&f->shaper, SHAPER_HALF_CLOSE);
        conn_set_timer(c, TIMER_IDLE); /* no ping can ask whether the peer is there */
    } else {
        shaper_end(&f->shaper, SHAPER_CLOSE);
    }
}

/* For a limited time, after which the peer is told so; one that has gone is not kept for ever. */
static void stop_reading(struct ws_faulty *f)
{
    ws_replies_count_fault(&f->replies);
    f->is_deaf = true;
    shaper_stall(&f->shaper, FAULT_MS_MAX);
    ws_replies_say_close(&f->replies, WS_CODE_GOING_AWAY, SPAN("nothing is read any more"));
    shaper_end(&f->shaper, SHAPER_CLOSE);
}

/* Looks what is due behind as many messages as there were; their replies are said. */
static void act_on_count(struct conn *c, struct ws_faulty *f)
{
    if (!f->has_counted)
        return;
    f->has_counted = false;
    if (f->message_count == value(f, FAULT_AFTER) && faults_has(&f->faults, FAULT_STALL_MS)) {
        ws_replies_count_fault(&f->replies);
        shaper_stall(&f->shaper, value(f, FAULT_STALL_MS));
    }
    if (ends_here(f))
        end(c, f);
    if (faults_has(&f->faults, FAULT_NOREAD_AFTER) &&
        f->message_count == value(f, FAULT_NOREAD_AFTER))
        stop_reading(f);
}

/* --- input ------------------------------------------------------------------------------- */

/* After its end what comes is dropped. */
static bool is_over(const struct ws_faulty *f)
{
    return f->shaper.is_ending || f->reader.ended;
}

static bool can_hear(const struct ws_faulty *f)
{
    return !f->is_deaf && !ws_replies_wait(&f->replies) &&
           (is_over(f) || shaper_has_room(&f->shaper));
}

static enum err take_data(struct conn *c, struct ws_faulty *f, const struct ws_event *ev)
{
    enum err e = buf_append(&f->message, ev->payload);
    if (ev->is_compressed)
        deflate_note_inflated(c, ev);
    if (e == OK && ev->message_last) {
        metric_add(&conn_net(c)->loop->metrics.ws_messages, 1);
        f->message_count++;
        f->has_counted = true;
        e = ws_replies_add(&f->replies, ev->opcode, &f->message,
                           ev->is_compressed ? f->reader.deflate.out_bits : 0);
        if (e == OK && ends_here(f))
            ws_replies_release(&f->replies);
    }
    return e;
}

static void take_end(struct ws_faulty *f, const struct ws_event *ev, const char *failure)
{
    f->close_code = ev->close_code;
    f->failure = failure;
    ws_replies_release(&f->replies);
}

static void take(struct conn *c, struct ws_faulty *f, enum ws_event_kind kind,
                 const struct ws_event *ev)
{
    switch (kind) {
    case WS_DATA:
        if (take_data(c, f, ev) != OK)
            conn_abort_no_memory(c);
        break;
    case WS_PING:
        if (faults_has(&f->faults, FAULT_NOPONG))
            ws_replies_count_fault(&f->replies);
        else
            ws_replies_say_control(&f->replies, WS_OP_PONG, ev->payload);
        break;
    case WS_CLOSE:
        take_end(f, ev, NULL);
        break;
    case WS_FAILED:
        take_end(f, ev, (const char *)ev->payload.ptr);
        break;
    case WS_PONG:
    case WS_NEED_MORE:
        break;
    }
}

/* The replies to all that came before are said: now the close. */
static void close_if_ended(struct ws_faulty *f)
{
    if (!f->reader.ended || f->has_closed)
        return;
    f->has_closed = true;
    if (f->close_code == WS_CODE_NONE)
        ws_replies_say_control(&f->replies, WS_OP_CLOSE, SPAN_EMPTY);
    else
        ws_replies_say_close(&f->replies, f->close_code,
                             span_str(f->failure == NULL ? "" : f->failure));
}

/* Takes and answers what is there, as far as there is room for answers. */
static void pump(struct conn *c, struct ws_faulty *f)
{
    const uint64_t bytes_max = (uint64_t)conn_net(c)->config->ws.message_bytes_max;
    const struct ws_rules rules = {
        .side = WS_SERVER, .message_bytes_max = bytes_max, .inflated_bytes_max = bytes_max};
    struct ws_input in = {c->in.ptr, c->in.len};
    struct ws_event ev;
    enum ws_event_kind kind = WS_DATA;
    c->pinged = c->pinged && in.len == 0;
    while (kind != WS_NEED_MORE && ws_replies_say(&f->replies) && c->state == CONN_OPEN) {
        act_on_count(c, f);
        close_if_ended(f);
        if (!can_hear(f) || !conn_spend(c))
            break;
        if (is_over(f)) {
            in = (struct ws_input){in.ptr + in.len, 0};
            kind = WS_NEED_MORE;
        } else {
            kind = ws_next(&f->reader, conn_net(c)->ws_pool, &rules, &in, &ev);
            take(c, f, kind, &ev);
        }
    }
    memory_count(&conn_net(c)->memory, &f->counted, f->message.cap + f->replies.bytes);
    f->has_more = kind != WS_NEED_MORE;
    conn_take(c, (size_t)(in.ptr - c->in.ptr));
}

/* --- time -------------------------------------------------------------------------------- */

static void on_ping_due(struct wheel_timer *t)
{
    struct ws_faulty *f = container_of(t, struct ws_faulty, ping);
    f->ping_is_due = true;
    conn_wake(f->shaper.conn);
}

static void start_ping(struct ws_faulty *f)
{
    struct loop *l = conn_net(f->shaper.conn)->loop;
    if (faults_has(&f->faults, FAULT_PING_EVERY_MS))
        wheel_add(&l->sched.wheel, &f->ping, l->now_ms + value(f, FAULT_PING_EVERY_MS));
}

static void ping_if_due(struct ws_faulty *f)
{
    if (!f->ping_is_due)
        return;
    f->ping_is_due = false;
    if (shaper_has_room(&f->shaper) && !f->shaper.is_ending) {
        ws_replies_count_fault(&f->replies);
        ws_replies_say_control(&f->replies, WS_OP_PING, SPAN_EMPTY);
    }
    start_ping(f);
}

/* The peer was silent, or is slow with what it has begun; but while something of ours waits nobody
 * can tell. */
static void judge_silence(struct conn *c, struct ws_faulty *f)
{
    bool has_begun = c->owes || c->in.len > 0;
    conn_set_timer(c, (enum conn_timer)c->timer);
    if (!shaper_is_empty(&f->shaper))
        return;
    if (is_over(f)) {
        conn_close(c);
        return;
    }
    if (!c->pinged && !has_begun) {
        ws_replies_say_control(&f->replies, WS_OP_PING, SPAN_EMPTY);
        c->pinged = true;
        return;
    }
    conn_count_end(c, END_TIMEOUT);
    conn_note_end(c, "timed out");
    if (has_begun)
        ws_replies_say_close(&f->replies, WS_CODE_POLICY, SPAN("the frame did not go on in time"));
    else
        ws_replies_say_close(&f->replies, WS_CODE_GOING_AWAY, SPAN("no answer to a ping"));
    shaper_end(&f->shaper, SHAPER_CLOSE);
}

/* The server is about to stop: nothing waits any more. */
static void leave(struct conn *c, struct ws_faulty *f)
{
    uint8_t frame[WS_CLOSE_FRAME_BYTES_MAX];
    if (!shaper_clear(&f->shaper) || f->has_closed || c->shuts || c->is_shut)
        return;
    size_t n = ws_encode_close(frame, WS_CODE_GOING_AWAY, SPAN("the server is about to stop"));
    conn_write(c, span_of(frame, n));
}

/* --- the session ------------------------------------------------------------------------- */

static bool is_idle(const struct ws_faulty *f)
{
    return !ws_replies_wait(&f->replies) && shaper_is_empty(&f->shaper);
}

/* Whether pump has something to do without anything new from the peer. */
static bool can_go_on(const struct ws_faulty *f)
{
    if (ws_replies_wait(&f->replies))
        return shaper_has_room(&f->shaper);
    return f->has_more && can_hear(f);
}

static bool try_event(struct conn *c, struct ws_faulty *f)
{
    if (shaper_can_run(&f->shaper) || can_go_on(f) || f->ping_is_due)
        return true;
    if (can_hear(f))
        return conn_try_event(c);
    conn_leave_input(c);
    return c->draining || c->timed_out;
}

static enum co_result run(struct conn *c, void *frame)
{
    struct ws_faulty *f = frame;
    CO_BEGIN(c);
    conn_set_timer(c, TIMER_WS_PING);
    start_ping(f);
    for (;;) {
        ping_if_due(f);
        pump(c, f);
        c->owes = can_hear(f) && ws_reader_is_in_message(&f->reader);
        if (c->timed_out)
            judge_silence(c, f);
        shaper_run(&f->shaper); /* behind all that says something */
        if (c->state != CONN_OPEN)
            CO_RETURN;
        if (c->draining) {
            leave(c, f);
            CO_RETURN;
        }
        if (f->has_closed && is_idle(f)) {
            if (f->failure != NULL)
                conn_fail(c, f->failure);
            CO_RETURN;
        }
        if (c->eof && !f->has_more) {
            ws_replies_release(&f->replies); /* no more come to be shuffled with */
            if (is_idle(f))
                CO_RETURN;
        }
        if (conn_budget(c) == 0)
            CO_YIELD;              /* to the back of the queue */
        CO_AWAIT(try_event(c, f)); /* woken by a read, the flush, a timer, or the drain */
    }
    CO_END;
}

void ws_faulty_session_init(struct conn *c, void *frame, const struct faults *faults,
                            const struct ws_deflate *agreed, struct span answer)
{
    struct ws_faulty *f = frame;
    f->faults = *faults;
    f->reader.deflate = *agreed;
    deflate_begin(conn_net(c), &f->reader);
    f->ping.fire = on_ping_due;
    f->has_counted = true; /* what is to come behind none is due */
    shaper_init(&f->shaper, c, faults);
    ws_replies_init(&f->replies, c, &f->faults, &f->shaper);
    shaper_trickle(&f->shaper, answer);
}

static void drop(struct conn *c, void *frame)
{
    struct ws_faulty *f = frame;
    wheel_cancel(&f->ping);
    ws_replies_deinit(&f->replies);
    buf_deinit(&f->message);
    memory_count(&conn_net(c)->memory, &f->counted, 0);
    shaper_deinit(&f->shaper);
    deflate_end(conn_net(c), &f->reader);
}

static size_t held_bytes(const struct conn *c, const void *frame)
{
    const struct ws_faulty *f = frame;
    return f->counted + f->shaper.counted + ws_reader_held_bytes(&f->reader, conn_net(c)->ws_pool);
}

const struct session_type ws_faulty_session = {
    .name = "ws-faulty",
    .protocol = PROTOCOL_WS,
    .is_lasting = true,
    .frame_bytes = sizeof(struct ws_faulty),
    .input_bytes = 16 * 1024, /* it may all have to be inflated in one resume, at 80 ns a byte */
    .resume = run,
    .drop = drop,
    .held_bytes = held_bytes,
};
