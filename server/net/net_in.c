/* The first half of a tick: what the poll named is read once each, and its session resumed. */
#include "core/cycles.h"
#include "core/log.h"
#include "net/access_log.h"
#include "net/net.h"
#include "net/net_internal.h"
#include "net/transport.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    GATHER_FLUSH_BYTES = 16 * 1024, /* flushed early beyond this, while it is in the first cache */
    MESSAGES_PER_RESUME = 4096,
    HANDSHAKES_PER_TICK = 16, /* reads of TLS handshakes; 0.2 to 0.4 ms each */
};

void net_on_io(struct ev_loop *ev, ev_io *io, int revents)
{
    (void)ev;
    struct conn *c = container_of(io, struct conn, io);
    struct net *n = conn_net(c);
    c->readable |= (revents & EV_READ) != 0;
    c->writable |= (revents & EV_WRITE) != 0;
    if (!c->polled) {
        c->polled = true;
        n->polled[n->polled_count++] = c;
    }
}

void net_count_session(struct net *n, const struct session_type *type, int change)
{
    metric_add(&session_times_of(&n->times, type)->open, (uint64_t)change);
}

void net_end_session(struct conn *c)
{
    if (c->frame == NULL)
        return;
    if (c->session->drop != NULL)
        c->session->drop(c, c->frame);
    free(c->frame);
    memory_give(&conn_net(c)->memory, c->session->frame_bytes);
    net_count_session(conn_net(c), c->session, -1);
    c->frame = NULL;
    c->in.len = 0;
}

void net_drop_input(struct conn *c)
{
    memory_give(&conn_net(c)->memory, c->in.len);
    free(c->in.ptr);
    c->in.ptr = NULL;
    c->in.len = 0;
}

/* Moves input that was kept on the heap to the front of the loop's buffer. */
static void load_input(struct net *n, struct conn *c)
{
    if (c->in.len > 0) {
        memcpy(n->in, c->in.ptr, c->in.len);
        memory_give(&n->memory, c->in.len);
        free(c->in.ptr);
    }
    c->in.ptr = n->in;
}

/* Copies aside what the session left of the input, since the buffer is everybody's. */
static void keep_input(struct conn *c)
{
    if (c->in.len == 0) {
        c->in.ptr = NULL;
        return;
    }
    uint8_t *copy = malloc(c->in.len);
    if (copy == NULL) {
        c->in.len = 0;
        c->in.ptr = NULL;
        conn_abort_no_memory(c);
        return;
    }
    memcpy(copy, c->in.ptr, c->in.len);
    memory_take(&conn_net(c)->memory, c->in.len);
    c->in.ptr = copy;
}

/* Nothing may keep the master at one table. */
static void tell_slow(const struct conn *c, uint16_t line, uint64_t ns)
{
    char peer[ADDR_CHARS];
    metric_add(&conn_net(c)->loop->metrics.slow_resumes, 1);
    LOG_WARN("slow resume", LOG_STR("session", c->session->name), LOG_INT("from_line", line),
             LOG_INT("to_line", c->co.line), LOG_INT("microseconds", (int64_t)(ns / 1000)),
             LOG_STR("peer", addr_format(&c->peer, peer)));
}

static enum co_result resume_timed(struct net *n, struct conn *c)
{
    uint16_t line = c->co.line;
    pulse_enter(&n->loop->pulse, c->session->name, line);
    uint64_t begun = cycles_now();
    enum co_result r = c->session->resume(c, c->frame);
    uint64_t ns = cycles_to_ns(cycles_now() - begun);
    pulse_leave(&n->loop->pulse);
    hist_add(&n->loop->metrics.resume, ns);
    session_time_add(session_times_of(&n->times, c->session), line, c->co.line, ns);
    if (ns > n->slow_ns)
        tell_slow(c, line, ns);
    return r;
}

/* The same, and the messages that it takes are counted. */
static enum co_result resume_counted(struct net *n, struct conn *c)
{
    uint64_t before = access_log_messages(c);
    enum co_result r = resume_timed(n, c);
    access_log_add(n->access, c, access_log_messages(c) - before);
    return r;
}

/* Resumes the session, and those that follow it, with the input that is loaded. */
static enum co_result resume(struct net *n, struct conn *c)
{
    enum co_result r;
    n->budget = MESSAGES_PER_RESUME;
    for (;;) {
        c->wants_input = false;
        c->running = true;
        r = n->access == NULL ? resume_timed(n, c) : resume_counted(n, c);
        c->running = false;
        if (r != CO_DONE || n->next_session == NULL)
            break;
        struct span rest = conn_input(c);
        net_end_session(c);
        c->in.len = (uint32_t)rest.len;
        c->session = n->next_session;
        c->frame = n->next_frame;
        net_count_session(n, c->session, 1);
        c->co = (struct co){0};
        c->owes = false;
        c->fresh = true;
        n->next_session = NULL;
        n->next_frame = NULL;
    }
    if (r == CO_DONE)
        conn_close(c);
    if (c->state != CONN_OPEN)
        net_end_session(c);
    keep_input(c);
    net_touch(n, c);
    return c->state == CONN_OPEN ? r : CO_DONE;
}

/* Makes sure that one resume's output fits the gather buffer. */
static void make_room(struct net *n)
{
    if (n->out.gather_used > GATHER_FLUSH_BYTES)
        net_flush(n);
}

enum co_result net_resume_task(struct task *t)
{
    struct conn *c = container_of(t, struct conn, task);
    struct net *n = conn_net(c);
    make_room(n);
    if (c->state != CONN_OPEN || !transport_of(c)->is_ready(c))
        return CO_DONE;
    load_input(n, c);
    return resume(n, c);
}

/* What a closing connection still receives is dropped; the peer's end of file ends it. */
static void read_closing(struct net *n, struct conn *c)
{
    size_t got;
    enum io_result r = transport_of(c)->read(c, n->in, n->in_bytes, &got);
    if (r == IO_EOF) {
        c->eof = true;
        net_touch(n, c);
    } else if (r == IO_FAILED) {
        conn_abort(c, strerror(errno));
    }
}

static void read_open(struct net *n, struct conn *c)
{
    size_t held = c->in.len;
    if (held >= c->session->input_bytes) {
        conn_fail(c, "a message is longer than the input allowance");
        net_drop_input(c);
        net_end_session(c);
        return;
    }
    size_t got;
    load_input(n, c);
    enum io_result r = transport_of(c)->read(c, n->in + held, c->session->input_bytes - held, &got);
    c->in.len += (uint32_t)got;
    if (got > 0) {
        metric_add(&n->loop->metrics.in_bytes, got);
        net_note_activity(n, c);
        c->fresh = true;
    }
    if (r == IO_EOF) {
        c->eof = true;
        c->fresh = true;
    } else if (r == IO_FAILED) {
        conn_abort(c, strerror(errno));
        c->in.len = 0;
        net_end_session(c);
    }
    net_touch(n, c);
    if (c->state == CONN_OPEN && transport_of(c)->is_ready(c) && (c->fresh || got > 0)) {
        if (resume(n, c) == CO_READY)
            conn_wake(c);
    } else {
        keep_input(c);
    }
}

void net_read(struct net *n)
{
    unsigned handshakes = 0;
    for (size_t i = 0; i < n->polled_count; i++) {
        struct conn *c = n->polled[i];
        c->polled = false;
        bool readable = c->readable;
        if (c->writable)
            net_touch(n, c);
        c->readable = c->writable = false;
        if (!readable)
            continue;
        /* Those beyond the limit stay readable, and the next poll names them again. */
        if (c->state == CONN_OPEN && c->tls != NULL && !transport_of(c)->is_ready(c) &&
            ++handshakes > HANDSHAKES_PER_TICK)
            continue;
        make_room(n);
        if (c->state == CONN_OPEN && !c->eof)
            read_open(n, c);
        else if (c->state != CONN_DEAD && !c->eof)
            read_closing(n, c);
    }
    n->polled_count = 0;
    acceptor_note_handshakes(
        n, handshakes < HANDSHAKES_PER_TICK ? 0 : handshakes - HANDSHAKES_PER_TICK);
    pace_advance(n); /* only now: what has arrived counts */
}
