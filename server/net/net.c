#include "net/net.h"

#include "config.h"
#include "core/log.h"
#include "net/listener.h"
#include "net/tls.h"
#include "net/transport.h"
#include "simul/ws.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    IN_BYTES = 256 * 1024,      /* one read takes at most this */
    GATHER_BYTES = 1024 * 1024,
    GATHER_FLUSH_BYTES = 256 * 1024, /* flushed early beyond this, while it is still in the cache */
    MESSAGES_PER_RESUME = 4096,
    HANDSHAKES_PER_TICK = 16, /* reads of TLS handshakes; 0.2 to 0.4 ms each */
    FLUSH_MS = 30 * 1000,     /* for the peer to take some of our last bytes */
    CLOSE_MS = 5000,          /* and then to close */
    IDLE_MS = 75 * 1000,      /* between HTTP requests */
    OUT_BYTES_CAP = 1 << 30,  /* "no limit" still fits the queue's counter */
    WRITE_PIECES = 64,        /* of an out-queue, per system call */
    WS_POOL_IDLE = 16,
    HTTP_LINE_BYTES_MAX = 8192,
    HTTP_HEADERS_MAX = 100,
};

enum err net_init(struct net *n, struct loop *loop, const struct config *config,
                  _Atomic uint32_t *open_total)
{
    *n = (struct net){
        .loop = loop, .config = config, .in_bytes = IN_BYTES, .open_total = open_total};
    n->out_bytes_max = config->limits.out_bytes < OUT_BYTES_CAP ? (uint32_t)config->limits.out_bytes
                                                                : OUT_BYTES_CAP;
    n->in = malloc(IN_BYTES + TRANSPORT_SLACK_BYTES);
    n->ws_pool = calloc(1, sizeof(*n->ws_pool));
    enum err e = n->in == NULL || n->ws_pool == NULL ? ERR_NOMEM : OK;
    if (e == OK)
        e = out_pool_init(&n->out, GATHER_BYTES);
    if (e != OK)
        return e;
    ws_frame_pool_init(n->ws_pool, WS_POOL_IDLE);
    n->http_limits = (struct http_limits){.line_bytes = HTTP_LINE_BYTES_MAX,
                                          .header_bytes = (size_t)config->limits.header_bytes,
                                          .header_count = HTTP_HEADERS_MAX,
                                          .body_bytes = (uint64_t)config->limits.body_bytes};
    const uint32_t duration_ms[TIMER_COUNT] = {
        [TIMER_HANDSHAKE] = (uint32_t)config->limits.handshake_seconds * 1000,
        [TIMER_IDLE] = IDLE_MS,
        [TIMER_WS_PING] = (uint32_t)config->ws.ping_seconds * 1000,
        [TIMER_CHAT_PING] = (uint32_t)config->chat.ping_seconds * 1000,
        [TIMER_FLUSH] = FLUSH_MS,
        [TIMER_CLOSE] = CLOSE_MS,
    };
    for (int i = 0; i < TIMER_COUNT; i++)
        timeout_class_init(&n->timers[i], duration_ms[i], loop->now_ms);
    return OK;
}

void net_touch(struct net *n, struct conn *c)
{
    if (c->touched)
        return;
    c->touched = true;
    n->touched[n->touched_count++] = c;
}

/* The lists have room for every connection, so that standing on one cannot fail. */
static enum err grow_lists(struct net *n)
{
    if (n->conns.open_count <= n->list_size)
        return OK;
    size_t size = n->list_size == 0 ? 256 : n->list_size * 2;
    struct conn **polled = realloc(n->polled, size * sizeof(struct conn *));
    if (polled == NULL)
        return ERR_NOMEM;
    n->polled = polled;
    struct conn **touched = realloc(n->touched, size * sizeof(struct conn *));
    if (touched == NULL)
        return ERR_NOMEM;
    n->touched = touched;
    n->list_size = size;
    return OK;
}

static void on_io(struct ev_loop *ev, ev_io *io, int revents)
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

static enum co_result resume_task(struct task *t);

enum err net_open(struct net *n, int fd, unsigned listener, const struct addr *peer,
                  const struct session_type *session)
{
    struct conn *c;
    enum err e = conn_table_take(&n->conns, &c);
    if (e != OK)
        goto close_fd;
    e = grow_lists(n);
    if (e != OK)
        goto retire;
    ev_io_init(&c->io, on_io, fd, EV_READ);
    c->io.data = n;
    c->task.resume = resume_task;
    c->session = session;
    c->listener = (uint8_t)listener;
    c->peer = *peer;
    c->fresh = true;
    c->frame = calloc(1, session->frame_bytes);
    e = c->frame == NULL ? ERR_NOMEM : OK;
    if (e == OK && n->listeners[listener].tls)
        e = tls_accept(c);
    if (e != OK)
        goto free_frame;
    conn_set_timer(c, TIMER_HANDSHAKE);
    ev_io_start(n->loop->ev, &c->io);
    n->admin_count += n->listeners[listener].is_admin;
    metric_add(&n->loop->metrics.accepted, 1);
    metric_add(&n->loop->metrics.connections, 1);
    return OK;

free_frame:
    free(c->frame);
retire:
    conn_table_retire(&n->conns, c);
close_fd:
    close(fd);
    return e;
}

static void end_session(struct conn *c)
{
    if (c->frame == NULL)
        return;
    if (c->session->drop != NULL)
        c->session->drop(c, c->frame);
    free(c->frame);
    c->frame = NULL;
    c->in.len = 0;
}

/* Moves input that was kept on the heap to the front of the loop's buffer. */
static void load_input(struct net *n, struct conn *c)
{
    if (c->in.len > 0) {
        memcpy(n->in, c->in.ptr, c->in.len);
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
        metric_add(&conn_net(c)->loop->metrics.out_of_memory, 1);
        conn_abort(c, "out of memory");
        return;
    }
    memcpy(copy, c->in.ptr, c->in.len);
    c->in.ptr = copy;
}

/* Resumes the session, and those that follow it, with the input that is loaded. */
static enum co_result resume(struct net *n, struct conn *c)
{
    enum co_result r;
    n->budget = MESSAGES_PER_RESUME;
    for (;;) {
        c->wants_input = false;
        c->running = true;
        r = c->session->resume(c, c->frame);
        c->running = false;
        if (r != CO_DONE || n->next_session == NULL)
            break;
        struct span rest = conn_input(c);
        end_session(c);
        c->in.len = (uint32_t)rest.len;
        c->session = n->next_session;
        c->frame = n->next_frame;
        c->co = (struct co){0};
        c->fresh = true;
        n->next_session = NULL;
        n->next_frame = NULL;
    }
    if (r == CO_DONE)
        conn_close(c);
    if (c->state != CONN_OPEN)
        end_session(c);
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

static enum co_result resume_task(struct task *t)
{
    struct conn *c = container_of(t, struct conn, task);
    struct net *n = conn_net(c);
    if (c->state != CONN_OPEN || !transport_of(c)->is_ready(c))
        return CO_DONE;
    make_room(n);
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

/* The peer does something: its silence begins anew. A handshake has a time to be complete in,
 * however slowly it trickles. */
static void note_activity(struct net *n, struct conn *c)
{
    if (c->timer == TIMER_HANDSHAKE)
        return;
    timeout_touch(&c->timeout, n->loop->now_ms);
    if (c->timed_out)
        conn_set_timer(c, c->timer); /* it ran out in this very tick: the peer was quicker */
}

static void read_open(struct net *n, struct conn *c)
{
    size_t held = c->in.len;
    if (held >= c->session->input_bytes) {
        conn_fail(c, "a message is longer than the input allowance");
        end_session(c);
        free(c->in.ptr);
        c->in.ptr = NULL;
        return;
    }
    size_t got;
    load_input(n, c);
    enum io_result r = transport_of(c)->read(c, n->in + held, c->session->input_bytes - held, &got);
    c->in.len += (uint32_t)got;
    if (got > 0) {
        metric_add(&n->loop->metrics.in_bytes, got);
        note_activity(n, c);
        c->fresh = true;
    }
    if (r == IO_EOF) {
        c->eof = true;
        c->fresh = true;
    } else if (r == IO_FAILED) {
        conn_abort(c, strerror(errno));
        c->in.len = 0;
        end_session(c);
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
    int handshakes = 0;
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
        if (!transport_of(c)->is_ready(c) && ++handshakes > HANDSHAKES_PER_TICK)
            continue;
        make_room(n);
        if (c->state == CONN_OPEN && !c->eof)
            read_open(n, c);
        else if (c->state != CONN_DEAD && !c->eof)
            read_closing(n, c);
    }
    n->polled_count = 0;
}

static void on_time_out(struct timeout *t)
{
    struct conn *c = container_of(t, struct conn, timeout);
    struct net *n = conn_net(c);
    if (c->state != CONN_OPEN) {
        conn_abort(c, "the peer did not take or end the close in time");
        return;
    }
    if (!transport_of(c)->is_ready(c)) {
        metric_add(&n->loop->metrics.timeouts, 1);
        conn_abort(c, "TLS handshake timed out");
        return;
    }
    c->timed_out = true;
    c->fresh = true;
    conn_wake(c);
}

void net_expire(struct net *n)
{
    if (n->accept_paused && n->loop->now_ms >= n->accept_at_ms)
        listener_resume_all(n);
    for (int i = TIMER_NONE + 1; i < TIMER_COUNT; i++)
        timeout_advance(&n->timers[i], n->loop->now_ms, on_time_out);
}

uint64_t net_next_ms(const struct net *n)
{
    uint64_t next = UINT64_MAX;
    for (int i = TIMER_NONE + 1; i < TIMER_COUNT; i++) {
        uint64_t ms = timeout_next_ms(&n->timers[i], n->loop->now_ms);
        next = ms < next ? ms : next;
    }
    return n->accept_paused && next > ACCEPT_PAUSE_MS ? ACCEPT_PAUSE_MS : next;
}

/* Sends what the socket takes now, in one call. */
static void send_queued(struct net *n, struct conn *c)
{
    const struct transport *transport = transport_of(c);
    if (c->out.bytes == 0 && !transport->has_pending(c))
        return;
    struct iovec iov[WRITE_PIECES];
    int count = outq_iovec(&c->out, iov, WRITE_PIECES);
    size_t taken;
    if (transport->write(c, iov, count, &taken) == IO_FAILED) {
        conn_abort(c, strerror(errno));
        return;
    }
    if (taken > 0) {
        metric_add(&n->loop->metrics.out_bytes, taken);
        outq_consume(&c->out, &n->out, taken);
        if (c->state != CONN_OPEN || c->choked)
            note_activity(n, c);
    }
    if (c->choked && c->out.bytes <= n->out_bytes_max / 2) {
        c->choked = false;
        conn_wake(c);
    }
}

static void begin_draining(struct conn *c)
{
    c->state = CONN_DRAINING;
    conn_set_timer(c, TIMER_CLOSE);
}

/* A close, step by step: what is queued goes out, our end is shut, the peer ends its own. */
static void advance_close(struct net *n, struct conn *c)
{
    if (c->state == CONN_CLOSING && c->out.bytes == 0 && !transport_of(c)->has_pending(c)) {
        enum io_result r = transport_of(c)->shutdown(c);
        if (r == IO_AGAIN) {
            send_queued(n, c);
            if (c->state == CONN_DEAD || transport_of(c)->has_pending(c))
                return;
            r = transport_of(c)->shutdown(c);
        }
        if (r == IO_FAILED)
            conn_abort(c, "shutdown failed");
        else if (r == IO_OK)
            begin_draining(c);
    }
    if (c->state == CONN_DRAINING && c->eof)
        c->state = CONN_DEAD;
}

/* Asks the poll for what this connection can use now. A session that holds input which it cannot
 * use yet, or whose peer does not take what is queued, is not read. */
static void rearm(struct net *n, struct conn *c)
{
    bool read;
    if (c->state == CONN_OPEN)
        read = (c->wants_input || c->in.len == 0) && c->out.bytes <= n->out_bytes_max;
    else
        read = true;
    int events = read && !c->eof ? EV_READ : 0;
    if (c->out.bytes > 0 || transport_of(c)->has_pending(c))
        events |= EV_WRITE;
    int armed = ev_is_active(&c->io) ? c->io.events & (EV_READ | EV_WRITE) : 0;
    if (events == armed)
        return;
    ev_io_stop(n->loop->ev, &c->io);
    if (events != 0) {
        ev_io_set(&c->io, c->io.fd, events);
        ev_io_start(n->loop->ev, &c->io);
    }
}

void net_flush(struct net *n)
{
    for (size_t i = 0; i < n->touched_count; i++) {
        struct conn *c = n->touched[i];
        if (c->state == CONN_DEAD)
            continue;
        send_queued(n, c);
        if (c->state == CONN_CLOSING || c->state == CONN_DRAINING)
            advance_close(n, c);
        if (c->state == CONN_DEAD)
            continue;
        if (outq_settle(&c->out) != OK)
            conn_abort(c, "out of memory");
        else
            rearm(n, c);
    }
    n->out.gather_used = 0;
}

static void reap(struct net *n, struct conn *c)
{
    ev_io_stop(n->loop->ev, &c->io);
    conn_set_timer(c, TIMER_NONE);
    sched_forget(&n->loop->sched, &c->task);
    free(c->in.ptr);
    c->in.ptr = NULL;
    end_session(c);
    outq_clear(&c->out, &n->out);
    transport_of(c)->free(c);
    close(c->io.fd);
    n->admin_count -= n->listeners[c->listener].is_admin;
    atomic_fetch_sub_explicit(n->open_total, 1, memory_order_relaxed);
    metric_add(&n->loop->metrics.closed, 1);
    metric_sub(&n->loop->metrics.connections, 1);
    conn_table_retire(&n->conns, c);
}

void net_reap(struct net *n)
{
    for (size_t i = 0; i < n->touched_count; i++) {
        struct conn *c = n->touched[i];
        c->touched = false;
        if (c->state == CONN_DEAD)
            reap(n, c);
    }
    n->touched_count = 0;
}

/* Calls f for every connection that is in use. */
static void for_each(struct net *n, void (*f)(struct net *, struct conn *))
{
    for (uint32_t slot = 0; slot < n->conns.slot_count; slot++) {
        struct conn *c = conn_table_at(&n->conns, slot);
        if (c->session != NULL)
            f(n, c);
    }
}

static void drain_conn(struct net *n, struct conn *c)
{
    if (c->state != CONN_OPEN || n->listeners[c->listener].is_admin)
        return;
    if (!transport_of(c)->is_ready(c)) {
        conn_abort(c, "the server is about to stop");
        return;
    }
    c->draining = true;
    c->fresh = true;
    conn_wake(c);
}

void net_drain(struct net *n)
{
    n->draining = true;
    for (unsigned i = 0; i < n->listener_count; i++)
        if (!n->listeners[i].is_admin)
            listener_stop(&n->listeners[i]);
    for_each(n, drain_conn);
}

bool net_is_drained(const struct net *n)
{
    return n->draining && n->conns.open_count == n->admin_count;
}

static void kill_conn(struct net *n, struct conn *c)
{
    (void)n;
    conn_abort(c, "the server stops");
}

void net_close(struct net *n)
{
    for (unsigned i = 0; i < n->listener_count; i++)
        listener_stop(&n->listeners[i]);
    for_each(n, kill_conn);
    net_reap(n);
}

void net_deinit(struct net *n)
{
    free(n->listeners);
    conn_table_deinit(&n->conns);
    out_pool_deinit(&n->out);
    tls_net_free(n->tls);
    if (n->ws_pool != NULL)
        ws_frame_pool_deinit(n->ws_pool);
    free(n->ws_pool);
    free(n->polled);
    free(n->touched);
    free(n->in);
    *n = (struct net){0};
}
