#include "echo/http_faulty.h"

#include "echo/http_echo.h"
#include "net/net.h"
#include "net/socket.h"
#include "web/http_session.h"

#include <stdlib.h>

static void on_look_due(struct wheel_timer *t)
{
    struct http_faulty *f = container_of(t, struct http_faulty, look);
    f->look_is_due = true;
    conn_wake(f->conn);
}

static void release(void *kept)
{
    struct http_faulty *f = kept;
    co_sleep_cancel(&f->sleep);
    wheel_cancel(&f->look);
    shaper_deinit(&f->shaper);
    memory_give(&conn_net(f->conn)->memory, sizeof(*f));
    free(f);
}

/* An answer that is late. */
static size_t held_bytes(const void *kept)
{
    const struct http_faulty *f = kept;
    return f->shaper.counted;
}

enum err http_faulty_new(struct conn *c, struct http_session *s, const struct faults *faults)
{
    struct http_faulty *f = calloc(1, sizeof(*f));
    if (f == NULL)
        return ERR_NOMEM;
    f->conn = c;
    f->look.fire = on_look_due;
    f->faults = *faults;
    f->read_left =
        faults_has(faults, FAULT_NOREAD_AFTER) ? faults->value[FAULT_NOREAD_AFTER] : UINT64_MAX;
    shaper_init(&f->shaper, c, &f->faults);
    stream_faults_init(&f->stream, &f->faults, &f->shaper);
    memory_take(&conn_net(c)->memory, sizeof(*f));
    metric_add(&conn_net(c)->loop->metrics.faulty_echoes, 1);
    s->exchange.kept = (struct http_kept){f, release, held_bytes};
    return OK;
}

struct http_faulty *http_faulty_of(const struct http_session *s)
{
    return s->exchange.kept.ptr;
}

/* --- what is said ------------------------------------------------------------------------ */

/* Hands on what was formatted, and frees it. */
static void say(struct http_faulty *f, struct buf *text, enum err e)
{
    if (e == OK)
        shaper_say(&f->shaper, buf_span(text));
    else
        conn_abort_no_memory(f->conn);
    buf_deinit(text);
}

/* The last byte of a body whose length is promised is never sent. */
static void limit_truncated(struct http_faulty *f, const struct http_response *r)
{
    if (!faults_has(&f->faults, FAULT_TRUNCATE) || r->streamed)
        return;
    uint64_t left = r->content_length > 0 ? r->content_length - 1 : 0;
    if (f->stream.left > left)
        f->stream.left = left;
}

static void say_head(struct http_session *s, struct http_faulty *f, const char *type)
{
    struct http_response *r = &s->exchange.response;
    struct http_field fields[HTTP_ECHO_FIELDS + 1 + FAULT_FIELDS_MAX];
    char own[FAULTS_TEXT_CHARS], asked[FAULT_FIELDS_MAX][FAULT_FIELD_CHARS];
    struct span query = s->exchange.request->query;
    size_t count = 0;
    for (; count < HTTP_ECHO_FIELDS; count++)
        fields[count] = http_echo_fields[count];
    fields[count++] =
        (struct http_field){SPAN(FAULTS_FIELD), span_str(faults_format(&f->faults, own))};
    for (int i = 0; faults_next_field(&query, asked[i], &fields[count]) == OK; i++)
        count++;
    r->fields = fields;
    r->field_count = count;
    r->streamed |= faults_has(&f->faults, FAULT_CHUNKED);
    limit_truncated(f, r);
    uint32_t status = faults_has(&f->faults, FAULT_STATUS) ? f->faults.value[FAULT_STATUS] : 200;
    struct buf head = {0};
    http_prepare_head(f->conn, s, (uint16_t)status, type);
    say(f, &head, http_response_head(r, &head));
    stream_faults_count(&f->stream, 0);
}

static void say_body(struct http_session *s, struct http_faulty *f, struct span body)
{
    const struct http_response *r = &s->exchange.response;
    struct buf changed = {0};
    if (stream_faults_pass(&f->stream, body, &changed) != OK)
        conn_abort_no_memory(f->conn);
    for (struct span rest = buf_span(&changed); rest.len > 0 && !r->bodyless;) {
        uint64_t room = stream_faults_room(&f->stream);
        struct span part = span_take(rest, rest.len < room ? rest.len : room);
        struct buf framed = {0};
        say(f, &framed, http_response_body(r, &framed, part));
        stream_faults_count(&f->stream, part.len);
        rest = span_drop(rest, part.len);
    }
    buf_deinit(&changed);
}

static void say_end(struct http_session *s, struct http_faulty *f)
{
    struct buf end = {0};
    f->is_said = true;
    if (!faults_has(&f->faults, FAULT_TRUNCATE)) {
        say(f, &end, http_response_end(&s->exchange.response, &end));
    } else if (!f->stream.is_past) {
        f->stream.done++;
        shaper_end(&f->shaper, SHAPER_CLOSE); /* in the place of the last chunk */
    }
}

/* --- what it answers to ------------------------------------------------------------------ */

static void answer_get(struct http_session *s, struct http_faulty *f)
{
    char *text = http_echo_describe(f->conn, s->exchange.request);
    if (text == NULL) {
        conn_abort_no_memory(f->conn);
        return;
    }
    s->exchange.response.content_length = strlen(text);
    say_head(s, f, "application/json");
    say_body(s, f, span_str(text));
    say_end(s, f);
    free(text);
}

static void begin_stream(struct http_session *s, struct http_faulty *f)
{
    struct http_exchange *x = &s->exchange;
    if (x->is_answered)
        return;
    x->response.streamed = x->request->chunked;
    x->response.content_length = x->request->content_length;
    say_head(s, f, http_echo_type(x->request));
}

/* The connection stays as it is for a while, and nobody reads. */
static void hold(struct http_faulty *f)
{
    f->is_held = true;
    f->stream.done++;
    shaper_stall(&f->shaper, FAULT_MS_MAX);
    shaper_end(&f->shaper, SHAPER_CLOSE);
}

/* Answers what has come of the body. False: the rest will not come. */
static bool answer_body(struct conn *c, struct http_session *s, struct http_faulty *f)
{
    struct span body;
    f->wants_body = false;
    while (!f->is_said && !f->shaper.is_ending && shaper_has_room(&f->shaper)) {
        if (f->read_left == 0) {
            hold(f);
            break;
        }
        switch (http_read_body(c, s, &body)) {
        case HTTP_EVENT_BODY:
            begin_stream(s, f);
            body = span_take(body, body.len < f->read_left ? body.len : f->read_left);
            f->read_left -= body.len;
            say_body(s, f, body);
            break;
        case HTTP_EVENT_END:
            begin_stream(s, f);
            say_end(s, f);
            break;
        case HTTP_EVENT_NEED_MORE:
            f->wants_body = !http_body_is_lost(c, s);
            return f->wants_body;
        case HTTP_EVENT_HEAD:
        case HTTP_EVENT_FAILED:
            return false;
        }
    }
    return true;
}

/* Answers what there is. False: the rest of the body will not come. */
static bool answer(struct conn *c, struct http_session *s, struct http_faulty *f)
{
    enum http_method method = s->exchange.request->method;
    bool goes_on = true;
    if (method != HTTP_METHOD_GET && method != HTTP_METHOD_HEAD)
        goes_on = answer_body(c, s, f);
    else if (!f->is_said && !f->shaper.is_ending)
        answer_get(s, f);
    metric_add(&conn_net(c)->loop->metrics.faults, f->stream.done);
    f->stream.done = 0;
    return goes_on;
}

/* The peer's time runs only while we wait for it, and it has nothing to wait for. */
static void mark_turn(struct conn *c, const struct http_faulty *f)
{
    c->owes = f->wants_body && shaper_is_empty(&f->shaper);
    enum conn_timer timer = c->owes ? TIMER_IDLE : TIMER_NONE;
    if (c->timer != timer)
        conn_set_timer(c, timer);
    if (!f->wants_body)
        conn_leave_input(c);
}

/* The delay of the whole answer. It is not left to the shaper, since the head is written when it
 * leaves: if a drain has begun meanwhile, the head says so. */
static uint32_t delay_ms(const struct http_faulty *f)
{
    struct chance chance = {~(uint64_t)f->faults.value[FAULT_SEED]}; /* not that of the body */
    return f->faults.value[FAULT_DELAY_MS] +
           chance_below(&chance, f->faults.value[FAULT_JITTER_MS] + 1);
}

/* A drain waits for nobody who has gone, though nothing is read that would tell. Who has only shut
 * one half gets the answer: so it is not dropped, but waits no more. Until then we look again. */
static bool hurries(struct conn *c, struct http_faulty *f)
{
    enum { LOOK_AGAIN_MS = 500 };
    struct loop *l = conn_net(c)->loop;
    if (!c->draining || f->shaper.hurries || (f->has_looked && !f->look_is_due))
        return f->shaper.hurries;
    f->has_looked = true;
    f->look_is_due = false;
    f->shaper.hurries = c->eof || socket_is_left(c->io.fd);
    if (!f->shaper.hurries)
        wheel_add(&l->sched.wheel, &f->look, l->now_ms + LOOK_AGAIN_MS);
    return f->shaper.hurries;
}

static bool may_begin(struct conn *c, struct http_faulty *f)
{
    struct sched *s = &conn_net(c)->loop->sched;
    return hurries(c, f) || co_sleep(&f->sleep, s, &c->task, delay_ms(f)) == CO_DONE;
}

static bool can_go_on(struct conn *c, struct http_faulty *f)
{
    (void)hurries(c, f);
    return shaper_can_run(&f->shaper) || (f->wants_body && conn_try_event(c)) ||
           (f->is_held && c->draining);
}

enum co_result http_faulty_run(struct conn *c, struct http_session *s)
{
    struct http_exchange *x = &s->exchange;
    struct http_faulty *f = http_faulty_of(s);
    CO_BEGIN(f);
    conn_set_timer(c, TIMER_NONE);
    if (delay_ms(f) > 0)
        CO_AWAIT(may_begin(c, f)); /* woken by the sleep, the look, or the drain */
    co_sleep_cancel(&f->sleep);
    if (!faults_has(&f->faults, FAULT_TRUNCATE))
        stream_faults_count(&f->stream, 0); /* a reset at once comes before the head */
    for (;;) {
        if (!answer(c, s, f))
            CO_RETURN;
        shaper_run(&f->shaper);
        if (c->state != CONN_OPEN)
            break;
        mark_turn(c, f);
        if (shaper_is_empty(&f->shaper) && !f->wants_body)
            break;
        if (f->is_held && c->draining)
            break;
        CO_AWAIT(can_go_on(c, f)); /* woken by the shaper, a read, any timer, or the drain */
    }
    if (!f->shaper.is_ending)
        CO_RETURN;
    /* Nothing more can be said. Half of the connection may be left. */
    x->is_answered = true;
    x->response.keep_alive = false;
    conn_set_timer(c, TIMER_IDLE);
    while (c->state == CONN_OPEN && !c->eof && !c->timed_out && !c->draining) {
        conn_take(c, c->in.len);
        CO_AWAIT(conn_try_event(c)); /* woken by a read, the timer, or the drain */
    }
    CO_END;
}
