#include "net/conn_top.h"

#include "net/listener.h"
#include "net/transport.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    LOOKS_PER_PART = 1024,
    STATS_PER_PART = 256, /* of the kernel's: a system call each, some 0.3 ms together */
};

struct conn_traffic {
    uint64_t bytes;
    uint64_t at_ms;
    uint32_t generation;
};

enum err conn_top_init(struct conn_top *t, struct net *n, enum conn_order order, size_t rows_max)
{
    *t = (struct conn_top){.net = n, .order = order};
    t->rows = calloc(rows_max, sizeof(t->rows[0]));
    t->top = (struct top){.at = calloc(rows_max, sizeof(t->top.at[0])), .max = rows_max};
    if (t->rows != NULL && t->top.at != NULL)
        return OK;
    conn_top_deinit(t);
    return ERR_NOMEM;
}

void conn_top_deinit(struct conn_top *t)
{
    free(t->rows);
    free(t->top.at);
    free(t->before);
    *t = (struct conn_top){0};
}

/* Both ways; 0 for what is no TCP. */
static uint64_t traffic_of(const struct conn *c)
{
    struct tcp_stat stat;
    return tcp_stat_read(c->io.fd, &stat) == OK ? stat.received_bytes + stat.acked_bytes : 0;
}

/* Since the first walk passed it, or, where it was not there yet, since that walk began. */
static uint64_t rate_of(const struct conn_top *t, const struct conn *c)
{
    struct conn_traffic before = {.at_ms = t->begun_ms};
    if (c->slot < t->before_count && t->before[c->slot].generation == c->generation)
        before = t->before[c->slot];
    uint64_t now_ms = t->net->loop->now_ms, bytes = traffic_of(c);
    if (now_ms <= before.at_ms || bytes <= before.bytes)
        return 0;
    return (bytes - before.bytes) * 1000 / (now_ms - before.at_ms);
}

static uint64_t out_bytes(const struct conn *c)
{
    return c->out.bytes + transport_pending_bytes(c);
}

static uint32_t age_seconds(const struct conn *c)
{
    return (uint32_t)(conn_net(c)->loop->now_ms / 1000) - conn_opened_s(c);
}

static uint64_t key_of(const struct conn_top *t, const struct conn *c)
{
    switch (t->order) {
    case BY_OUT_BYTES:
        return out_bytes(c);
    case BY_AGE:
        return age_seconds(c);
    case BY_RATE:
        return rate_of(t, c);
    }
    return 0;
}

static void note(struct conn_top *t, const struct conn *c)
{
    if (c->slot < t->before_count) /* else it is new since this walk began */
        t->before[c->slot] = (struct conn_traffic){
            .bytes = traffic_of(c), .at_ms = t->net->loop->now_ms, .generation = c->generation};
}

static const char *const STATES[] = {
    [CONN_OPEN] = "open",
    [CONN_CLOSING] = "closing",
    [CONN_DRAINING] = "draining",
    [CONN_DEAD] = "dead",
};

static const char *const TIMERS[TIMER_COUNT] = {
    [TIMER_NONE] = "none",       [TIMER_HANDSHAKE] = "handshake", [TIMER_IDLE] = "idle",
    [TIMER_WS_PING] = "ws_ping", [TIMER_CHAT_PING] = "chat_ping", [TIMER_FLUSH] = "flush",
    [TIMER_CLOSE] = "close",     [TIMER_REFUSAL] = "refusal",
};

static struct conn_row row_of(const struct conn *c, uint64_t key)
{
    const struct net *n = conn_net(c);
    struct conn_row row = {
        .key = key,
        .handle = conn_handle(c),
        .peer = c->peer,
        .session = c->session->name,
        .line = c->co.line,
        .state = STATES[c->state],
        .timer = TIMERS[c->timer],
        .is_tls = c->tls != NULL,
        .age_seconds = age_seconds(c),
        .out_bytes = out_bytes(c),
        .in_bytes = c->in.len,
    };
    row.has_tcp = tcp_stat_read(c->io.fd, &row.tcp) == OK;
    snprintf(row.listener, sizeof(row.listener), "%s", n->listeners[c->listener].name);
    return row;
}

static bool is_open(const struct conn *c)
{
    return c->session != NULL && c->state != CONN_DEAD;
}

static int by_key(const void *a, const void *b)
{
    const struct conn_row *x = a, *y = b;
    return (x->key < y->key) - (x->key > y->key);
}

/* Shown as they are now: a queue may have grown or shrunk since the walk passed by. */
static void make_rows(struct conn_top *t)
{
    for (size_t i = 0; i < t->top.count; i++) {
        const struct top_item *item = &t->top.at[i];
        const struct conn *c = conn_table_at(&t->net->conns, (uint32_t)(item->value >> 32));
        if (c->generation != (uint32_t)item->value || !is_open(c))
            continue;
        uint64_t key = t->order == BY_RATE ? item->key : key_of(t, c);
        t->rows[t->row_count++] = row_of(c, key);
    }
    if (t->row_count > 1)
        qsort(t->rows, t->row_count, sizeof(t->rows[0]), by_key);
}

/* Without memory all are taken for new ones. */
static void begin(struct conn_top *t)
{
    t->begun_ms = t->net->loop->now_ms;
    if (t->order != BY_RATE)
        return;
    t->before = calloc(t->net->conns.slot_count, sizeof(t->before[0]));
    if (t->before != NULL)
        t->before_count = t->net->conns.slot_count;
}

enum co_result conn_top_walk(struct conn_top *t)
{
    const struct conn_table *conns = &t->net->conns;
    bool notes = t->order == BY_RATE && !t->is_noted;
    uint32_t looks = t->order == BY_RATE ? STATS_PER_PART : LOOKS_PER_PART;
    if (t->slot == 0 && !t->is_noted)
        begin(t);
    for (; looks > 0 && t->slot < conns->slot_count; looks--, t->slot++) {
        const struct conn *c = conn_table_at(conns, t->slot);
        if (!is_open(c))
            continue;
        if (notes)
            note(t, c);
        else
            top_offer(&t->top, key_of(t, c), (uint64_t)c->slot << 32 | c->generation);
    }
    if (t->slot < conns->slot_count)
        return CO_READY;
    t->slot = 0;
    t->is_noted = true;
    if (notes)
        return CO_WAITING;
    make_rows(t);
    return CO_DONE;
}
