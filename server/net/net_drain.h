/* The drain of one loop: it accepts no more, and its sessions are told that the server is about to
 * stop. Clients that were all told at once would all come back at once, to this server's successor
 * or to the next server. So lasting sessions are told one after the other, in turns that the loops
 * share. */
#pragma once

#include "net/conn.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct net;

/* The turns of all loops together: whichever loop takes turn k (from 1) does so after (k - 1) /
 * count of the span. */
struct drain_turns {
    uint64_t began_ms, span_ms;
    _Atomic uint32_t count; /* turns of all loops that have begun to drain */
    _Atomic uint32_t told;
};

/* A loop's part; embedded in struct net. Zeroed: it does not drain. */
struct net_drain {
    struct drain_turns *turns;
    struct handle *waiting; /* sessions here that wait for a turn; NULL: none */
    uint32_t count, told;   /* of them */
};

/* Closes the listeners and tells every session that the server is about to stop: at once if the
 * session ends by itself, otherwise when its turn comes, in a random order. A connection that has
 * gone by then leaves its time unused. Without memory for the order, or where `turns` is NULL, all
 * are told at once. `turns` is borrowed until net_deinit. The admin listener and its connections
 * stay. */
void net_drain(struct net *n, struct drain_turns *turns);

/* Whether only clients of the admin listener are left. */
bool net_is_drained(const struct net *n);

/* Tells the sessions whose turn has come; and when the next turn comes, in milliseconds from now,
 * UINT64_MAX if never. */
void net_drain_due(struct net *n);
uint64_t net_drain_next_ms(const struct net *n);

/* For net_deinit. */
void net_drain_free(struct net *n);
