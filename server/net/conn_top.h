/* The connections of a loop that have the most of something, for the operator.
 *
 * The walk looks at all of the loop's connections, a bounded number at a time, so that a hundred
 * thousand of them hold up no tick. Connections that open or close meanwhile may be missed; those
 * that are shown were open at the end of the walk, and are shown as they were then. */
#pragma once

#include "core/top.h"
#include "net/net.h"
#include "net/tcp_stat.h"

enum conn_order {
    BY_OUT_BYTES, /* the most output queued */
    BY_AGE,       /* open for the longest time */
    BY_RATE,      /* the most bytes moved, both ways, between two walks */
};

struct conn_row {
    uint64_t key; /* what the order goes by; of BY_RATE bytes a second */
    struct handle handle;
    struct addr peer;
    char listener[32];   /* its name, which may be cut */
    const char *session; /* what it is: the coroutine's name, and the line where it stands */
    uint32_t line;
    const char *state, *timer; /* words for enum conn_state and enum conn_timer */
    bool is_tls;
    uint32_t age_seconds;
    bool has_tcp; /* what follows is known */
    struct tcp_stat tcp;
    uint64_t out_bytes, in_bytes; /* queued here, and unread here */
};

/* One walk over one loop. After conn_top_init it belongs to that loop, until the walk is over. */
struct conn_top {
    struct net *net;
    enum conn_order order;
    struct conn_row *rows; /* row_count of them when the walk is over, the first first */
    size_t row_count;

    struct top top;
    uint32_t slot;               /* the next to look at */
    bool is_noted;               /* BY_RATE: the first walk of two is over */
    struct conn_traffic *before; /* BY_RATE, by slot: what had gone by at the first walk */
    uint32_t before_count;
    uint64_t begun_ms;
};

/* ERR_NOMEM. From any thread. `rows_max` is not 0. */
enum err conn_top_init(struct conn_top *t, struct net *n, enum conn_order order, size_t rows_max);
void conn_top_deinit(struct conn_top *t);

/* On the net's loop: looks at some more connections. CO_READY: call it again, a little later. By
 * rate, CO_WAITING: the first walk is over, call it again a second later. CO_DONE: so are the rows.
 */
enum co_result conn_top_walk(struct conn_top *t);
