#include "echo/tcp_faulty.h"

#include "echo/faults.h"
#include "echo/shaper.h"
#include "echo/stream_faults.h"
#include "net/net.h"

enum { RUN_BYTES_MAX = 16 * 1024 }; /* answered at once; all of them are late by the same time */

struct tcp_faulty {
    struct faults faults;
    struct shaper shaper;
    struct stream_faults stream;
    uint64_t read_left; /* bytes until noread_after */
    bool is_held;       /* it has come: nothing more is read */
    bool is_ended;      /* the peer's end has been answered */
};

void tcp_faulty_session_init(void *frame, const struct faults *faults)
{
    struct tcp_faulty *f = frame;
    f->faults = *faults;
    f->read_left =
        faults_has(faults, FAULT_NOREAD_AFTER) ? faults->value[FAULT_NOREAD_AFTER] : UINT64_MAX;
}

/* Says what became of the bytes, and in its place what comes after so many. */
static void say(struct conn *c, struct tcp_faulty *f, struct buf *changed, enum err e)
{
    if (e != OK)
        conn_abort_no_memory(c);
    shaper_begin(&f->shaper);
    for (struct span rest = buf_span(changed); rest.len > 0;) {
        uint64_t room = stream_faults_room(&f->stream);
        struct span part = span_take(rest, rest.len < room ? rest.len : room);
        shaper_say(&f->shaper, part);
        stream_faults_count(&f->stream, part.len);
        rest = span_drop(rest, part.len);
    }
    buf_deinit(changed);
}

/* Nothing more is read for a while, and then it ends; unless half of it has ended: then there would
 * be nothing left to hold. */
static void hold(struct tcp_faulty *f)
{
    f->read_left = UINT64_MAX;
    if (f->shaper.is_ending)
        return;
    f->is_held = true;
    f->stream.done++;
    shaper_stall(&f->shaper, FAULT_MS_MAX);
    shaper_end(&f->shaper, SHAPER_CLOSE);
}

/* Answers what is there, as far as there is room for answers. */
static void answer(struct conn *c, struct tcp_faulty *f)
{
    struct buf changed = {0};
    while (c->in.len > 0 && !f->is_held && shaper_has_room(&f->shaper)) {
        size_t len = c->in.len < RUN_BYTES_MAX ? c->in.len : RUN_BYTES_MAX;
        if (len > f->read_left)
            len = f->read_left;
        f->read_left -= len;
        enum err e = stream_faults_pass(&f->stream, span_take(conn_input(c), len), &changed);
        say(c, f, &changed, e);
        conn_take(c, len);
        if (f->read_left == 0)
            hold(f);
    }
    if (c->eof && c->in.len == 0 && !f->is_ended) {
        f->is_ended = true;
        enum err e = stream_faults_end(&f->stream, &changed);
        say(c, f, &changed, e);
    }
}

static void count_faults(struct conn *c, struct tcp_faulty *f)
{
    metric_add(&conn_net(c)->loop->metrics.faults, f->stream.done);
    f->stream.done = 0;
}

/* More input, or its end, would be answered. */
static bool wants_input(const struct tcp_faulty *f)
{
    return shaper_has_room(&f->shaper) && !f->is_held && !f->is_ended;
}

static enum co_result run(struct conn *c, void *frame)
{
    struct tcp_faulty *f = frame;
    CO_BEGIN(c);
    conn_set_timer(c, TIMER_NONE);
    shaper_init(&f->shaper, c, &f->faults);
    stream_faults_init(&f->stream, &f->faults, &f->shaper);
    shaper_begin(&f->shaper);
    stream_faults_count(&f->stream, 0);
    if (f->read_left == 0)
        hold(f);
    for (;;) {
        answer(c, f);
        count_faults(c, f);
        shaper_run(&f->shaper);
        if (c->state != CONN_OPEN || c->draining)
            CO_RETURN;
        if (f->is_ended && shaper_is_empty(&f->shaper))
            CO_RETURN;
        /* Woken by the shaper, or by a read and the drain. */
        CO_AWAIT(shaper_can_run(&f->shaper) || c->draining ||
                 (wants_input(f) && conn_try_event(c)));
    }
    CO_END;
}

static void drop(struct conn *c, void *frame)
{
    struct tcp_faulty *f = frame;
    (void)c;
    shaper_deinit(&f->shaper);
}

static size_t held_bytes(const struct conn *c, const void *frame)
{
    const struct tcp_faulty *f = frame;
    (void)c;
    return f->shaper.counted;
}

const struct session_type tcp_faulty_session = {
    .name = "tcp-faulty",
    .protocol = PROTOCOL_TCP,
    .is_lasting = true,
    .frame_bytes = sizeof(struct tcp_faulty),
    .input_bytes = 16 * 1024,
    .resume = run,
    .drop = drop,
    .held_bytes = held_bytes,
};
