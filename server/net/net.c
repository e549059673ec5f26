#include "net/net.h"

#include "config/config.h"
#include "net/access_log.h"
#include "net/door.h"
#include "net/listener.h"
#include "net/net_internal.h"
#include "net/refusal.h"
#include "net/tls/tls.h"
#include "net/transport.h"
#include "simul/ws.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    IN_BYTES = 256 * 1024, /* one read takes at most this */
    GATHER_BYTES = 1024 * 1024,
    FLUSH_MS = 30 * 1000,    /* for the peer to take some of our last bytes */
    CLOSE_MS = 5000,         /* and then to close */
    IDLE_MS = 75 * 1000,     /* between HTTP requests */
    OUT_BYTES_CAP = 1 << 30, /* "no limit" still fits the queue's counter */
    WS_POOL_IDLE = 16,
    HTTP_LINE_BYTES_MAX = 8192,
    HTTP_HEADERS_MAX = 100,
    DOOR_LOOKS = 64, /* connections that are counted at a new door in one tick */
};

enum err net_init(struct net *n, struct loop *loop, const struct config *config,
                  _Atomic uint32_t *open_total)
{
    *n = (struct net){.loop = loop, .in_bytes = IN_BYTES, .open_total = open_total};
    acceptor_init(&n->acceptor);
    n->in = malloc(IN_BYTES + TRANSPORT_SLACK_BYTES);
    n->ws_pool = calloc(1, sizeof(*n->ws_pool));
    if (config->log.access)
        n->access = access_log_new();
    bool has_all = n->in != NULL && n->ws_pool != NULL && config->log.access == (n->access != NULL);
    enum err e = has_all ? OK : ERR_NOMEM;
    if (e == OK)
        e = out_pool_init(&n->out, GATHER_BYTES);
    if (e == OK)
        e = later_grow(&n->soon, NET_SOON_MAX);
    n->turns_per_tick = NET_TURNS_PER_TICK;
    if (e != OK)
        return e;
    ws_pool_init(n->ws_pool, WS_POOL_IDLE);
    ws_deflater_init(&n->ws_deflater);
    for (int i = 0; i < TIMER_COUNT; i++)
        timeout_class_init(&n->timers[i], 0, loop->now_ms);
    net_configure(n, config);
    return OK;
}

/* --- settings ---------------------------------------------------------------------------- */

static void set_durations(struct net *n, const struct config *config)
{
    const uint32_t duration_ms[TIMER_COUNT] = {
        [TIMER_HANDSHAKE] = (uint32_t)config->limits.handshake_seconds * 1000,
        [TIMER_IDLE] = IDLE_MS,
        [TIMER_WS_PING] = (uint32_t)config->ws.ping_seconds * 1000,
        [TIMER_CHAT_PING] = (uint32_t)config->chat.ping_seconds * 1000,
        [TIMER_FLUSH] = FLUSH_MS,
        [TIMER_CLOSE] = CLOSE_MS,
        [TIMER_REFUSAL] = REFUSAL_MS,
    };
    for (int i = 0; i < TIMER_COUNT; i++)
        if (duration_ms[i] != n->timers[i].duration_ms)
            timeout_class_set_duration(&n->timers[i], duration_ms[i], n->loop->now_ms);
}

void net_configure(struct net *n, const struct config *config)
{
    n->config = config;
    n->out_bytes_max = config->limits.out_bytes < OUT_BYTES_CAP ? (uint32_t)config->limits.out_bytes
                                                                : OUT_BYTES_CAP;
    n->slow_ns = (uint64_t)config->slow_ms * 1000 * 1000;
    n->http_limits = (struct http_limits){.line_bytes = HTTP_LINE_BYTES_MAX,
                                          .header_bytes = (size_t)config->limits.header_bytes,
                                          .header_count = HTTP_HEADERS_MAX,
                                          .body_bytes = (uint64_t)config->limits.body_bytes};
    set_durations(n, config);
    pace_configure(&n->pace, config);
    memory_configure(&n->memory, config);
}

void net_touch_later(struct net *n, struct conn *c)
{
    c->later = later_push(&n->later, conn_handle(c));
    if (!c->later)
        net_touch(n, c); /* the dead take up the room */
}

void net_touch_soon(struct net *n, struct conn *c)
{
    c->soon = later_push(&n->soon, conn_handle(c));
    if (!c->soon && !c->later)
        net_touch_later(n, c);
}

/* The lists have room for every connection, so that standing on one cannot fail. */
static enum err grow_lists(struct net *n)
{
    if (n->conns.open_count <= n->list_size)
        return OK;
    size_t size = n->list_size == 0 ? 256 : n->list_size * 2;
    struct conn ***lists[] = {&n->polled, &n->touched, &n->unsent};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        struct conn **list = realloc(*lists[i], size * sizeof(struct conn *));
        if (list == NULL)
            return ERR_NOMEM;
        *lists[i] = list;
    }
    n->list_size = size;
    return later_grow(&n->later, size);
}

bool net_asks_door(const struct net *n, unsigned listener, const struct addr *peer)
{
    return n->door != NULL && !n->listeners[listener].is_admin &&
           !networks_has(&n->config->proxy.networks, peer);
}

/* Fills in what it is from the beginning. */
static void describe(struct net *n, struct conn *c, int fd, unsigned listener,
                     const struct addr *peer, const struct session_type *session)
{
    ev_io_init(&c->io, net_on_io, fd, EV_READ);
    c->io.data = n;
    c->task.resume = net_resume_task;
    c->session = session;
    c->listener = (uint8_t)listener;
    c->peer = *peer;
    c->timeout.born_s = (uint32_t)(n->loop->now_ms / 1000);
    c->fresh = true;
    if (!session->is_refusal) {
        c->at_door = net_asks_door(n, listener, peer);
        c->awaits_proxy =
            n->listeners[listener].proxy && networks_has(&n->config->proxy.networks, peer);
    }
}

/* Gives it what it needs; on an error it keeps nothing of that. */
static enum err equip(struct net *n, struct conn *c)
{
    c->frame = calloc(1, c->session->frame_bytes);
    enum err e = c->frame == NULL ? ERR_NOMEM : OK;
    if (e == OK && n->access != NULL)
        e = access_log_begin(n->access, c);
    if (e == OK && n->listeners[c->listener].tls && !c->awaits_proxy)
        e = tls_accept(c);
    if (e != OK)
        free(c->frame);
    return e;
}

static void count_in(struct net *n, const struct conn *c)
{
    struct listener *l = &n->listeners[c->listener];
    n->admin_count += l->is_admin;
    n->refusals.count += c->session->is_refusal;
    net_count_session(n, c->session, 1);
    metric_add(&l->accepted, 1);
    metric_add(&l->open, 1);
    metric_add(&n->loop->metrics.accepted, 1);
    metric_add(&n->loop->metrics.connections, 1);
}

enum err net_open(struct net *n, int fd, unsigned listener, const struct addr *peer,
                  const struct session_type *session)
{
    struct conn *c;
    enum err e = conn_table_take(&n->conns, &c);
    if (e != OK)
        goto close_fd;
    describe(n, c, fd, listener, peer, session);
    e = grow_lists(n);
    if (e == OK)
        e = equip(n, c);
    if (e != OK)
        goto retire;
    memory_take(&n->memory, sizeof(*c) + session->frame_bytes);
    conn_set_timer(c, session->is_refusal ? TIMER_REFUSAL : TIMER_HANDSHAKE);
    ev_io_start(n->loop->ev, &c->io);
    count_in(n, c);
    if (session->is_refusal) {
        conn_count_end(c, END_REFUSED);
        conn_wake(c); /* it may have something to say before the peer has */
    }
    return OK;

retire:
    conn_table_retire(&n->conns, c);
close_fd:
    close(fd);
    return e;
}

/* The peer does something: its silence begins anew. A handshake has a time to be complete in,
 * however slowly it trickles. */
void net_note_activity(struct net *n, struct conn *c)
{
    if (c->timer == TIMER_HANDSHAKE || conn_is_refusal(c))
        return;
    timeout_touch(&c->timeout, n->loop->now_ms);
    if (c->timed_out)
        conn_set_timer(c, c->timer); /* it ran out in this very tick: the peer was quicker */
}

static void on_time_out(struct timeout *t)
{
    struct conn *c = container_of(t, struct conn, timeout);
    if (c->state != CONN_OPEN || conn_is_refusal(c)) {
        conn_abort(c, "the peer did not take or end the close in time");
        return;
    }
    if (!transport_of(c)->is_ready(c)) {
        conn_count_end(c, END_TIMEOUT);
        conn_abort(c, c->awaits_proxy ? "the PROXY header was not complete in time"
                                      : "TLS handshake timed out");
        return;
    }
    c->timed_out = true;
    c->fresh = true;
    conn_wake(c);
}

/* --- limits by address ------------------------------------------------------------------- */

static void count_at_door(struct net *n, struct conn *c)
{
    if (c->session != NULL && !conn_is_refusal(c) && !c->at_door && !c->relays &&
        net_asks_door(n, c->listener, &c->peer))
        c->at_door = door_count(n->door, &c->peer);
}

void net_use_door(struct net *n, struct door *door)
{
    if (n->door == door)
        return;
    n->door = door;
    n->uncounted.next = 0;
    n->uncounted.end = n->conns.slot_count;
}

/* Some of those who were here before the door. */
static void count_some_at_door(struct net *n)
{
    for (int i = 0; i < DOOR_LOOKS && n->uncounted.next < n->uncounted.end; i++)
        count_at_door(n, conn_table_at(&n->conns, n->uncounted.next++));
}

/* --- what is due ------------------------------------------------------------------------- */

void net_expire(struct net *n)
{
    if (acceptor_is_due(&n->acceptor, n->loop->now_ms))
        acceptor_resume(n);
    refusal_log_due(n);
    net_drain_due(n);
    count_some_at_door(n);
    for (int i = TIMER_NONE + 1; i < TIMER_COUNT; i++)
        timeout_advance(&n->timers[i], n->loop->now_ms, on_time_out);
}

uint64_t net_next_ms(const struct net *n)
{
    uint64_t next = pace_next_ms(n), log = refusal_log_next_ms(n), drain = net_drain_next_ms(n);
    if (n->uncounted.next < n->uncounted.end)
        return 0;
    next = log < next ? log : next;
    next = drain < next ? drain : next;
    for (int i = TIMER_NONE + 1; i < TIMER_COUNT; i++) {
        uint64_t ms = timeout_next_ms(&n->timers[i], n->loop->now_ms);
        next = ms < next ? ms : next;
    }
    uint64_t accept = acceptor_next_ms(&n->acceptor);
    return accept < next ? accept : next;
}

/* --- the end of a connection ------------------------------------------------------------- */

/* It counts no more, wherever it did. */
static void count_out(struct net *n, const struct conn *c)
{
    n->admin_count -= n->listeners[c->listener].is_admin;
    if (conn_is_refusal(c))
        n->refusals.count--;
    if (c->at_door)
        door_leave(n->door, &c->peer, n->loop->now_ms);
    atomic_fetch_sub_explicit(n->open_total, 1, memory_order_relaxed);
    metric_sub(&n->listeners[c->listener].open, 1);
    metric_add(&n->loop->metrics.closed, 1);
    metric_add(&n->loop->metrics.ended_done, c->end <= END_DONE);
    metric_sub(&n->loop->metrics.connections, 1);
}

/* What the kernel still has would wait there for a peer that does not take it. */
static void forget_unsent(int fd)
{
    const struct linger none = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
}

static void reap(struct net *n, struct conn *c)
{
    if (n->access != NULL && !conn_is_refusal(c))
        access_log_end(n->access, c);
    ev_io_stop(n->loop->ev, &c->io);
    timeout_remove(&n->timers[c->timer], &c->timeout);
    pace_forget(n, c);
    sched_forget(&n->loop->sched, &c->task);
    net_drop_input(c);
    net_end_session(c);
    memory_give(&n->memory, sizeof(*c));
    outq_clear(&c->out, &n->out);
    transport_of(c)->free(c);
    if (c->resets)
        forget_unsent(c->io.fd);
    close(c->io.fd);
    acceptor_keep_spare(&n->acceptor); /* before anybody else takes what is free now */
    count_out(n, c);
    conn_table_retire(&n->conns, c);
}

void net_reap(struct net *n)
{
    if (n->touched_count == 0)
        return;
    for (size_t i = 0; i < n->touched_count; i++) {
        struct conn *c = n->touched[i];
        c->touched = c->unsent = false;
        if (c->state == CONN_DEAD)
            reap(n, c);
    }
    n->touched_count = n->unsent_count = 0;
    memory_publish(n); /* this loop's next tick may be far, and others wait for memory */
}

void net_for_each(struct net *n, void (*f)(struct net *, struct conn *))
{
    for (uint32_t slot = 0; slot < n->conns.slot_count; slot++) {
        struct conn *c = conn_table_at(&n->conns, slot);
        if (c->session != NULL)
            f(n, c);
    }
}

static void kill_conn(struct net *n, struct conn *c)
{
    (void)n;
    conn_count_end(c, END_SERVER);
    conn_abort(c, "the server stops");
}

void net_close(struct net *n)
{
    for (unsigned i = 0; i < n->listener_count; i++)
        listener_stop(&n->listeners[i]);
    net_for_each(n, kill_conn);
    net_reap(n);
}

void net_deinit(struct net *n)
{
    net_drain_free(n);
    access_log_free(n->access);
    free(n->listeners);
    conn_table_deinit(&n->conns);
    out_pool_deinit(&n->out);
    tls_net_free(n->tls);
    if (n->ws_pool != NULL)
        ws_pool_deinit(n->ws_pool);
    free(n->ws_pool);
    ws_deflater_deinit(&n->ws_deflater);
    free(n->polled);
    free(n->touched);
    free(n->unsent);
    later_deinit(&n->soon);
    later_deinit(&n->later);
    free(n->in);
    acceptor_deinit(&n->acceptor);
    *n = (struct net){.acceptor = n->acceptor};
}
