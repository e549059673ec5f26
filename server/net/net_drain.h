/* The drain of one loop: nobody new comes, and those who are here learn that they have to go. Were
 * all told at once, all would be back at once, at this server's successor or at the next one. So
 * sessions that last are told one after the other, in turns that all loops take from one line. */
#pragma once

#include "net/conn.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct net;

/* The line, shared by all loops: the k-th who is told, wherever it is, is told after (k - 1) /
 * count of the span. */
struct drain_turns {
    uint64_t began_ms, span_ms;
    _Atomic uint32_t count; /* of all loops that have begun */
    _Atomic uint32_t told;
};

/* A loop's part; embedded in struct net. Zeroed: it does not drain. */
struct net_drain {
    struct drain_turns *turns;
    struct handle *waiting; /* those here that take turns; NULL: nobody does */
    uint32_t count, told;   /* of them */
};

/* Closes the listeners and tells every session that the server is about to stop: those that come to
 * an end by themselves at once, and the lasting ones in a random order, each at its turn. A
 * connection that has gone by then leaves its time unused. Without memory for the order all are
 * told at once, and so they are where `turns` is NULL; it is borrowed until net_deinit. The admin
 * listener and its connections stay. */
void net_drain(struct net *n, struct drain_turns *turns);

/* True when nobody but the admin listener's clients is left. */
bool net_is_drained(const struct net *n);

/* Tells those whose turn has come; in how many milliseconds the next one has its turn: UINT64_MAX:
 * never. */
void net_drain_due(struct net *n);
uint64_t net_drain_next_ms(const struct net *n);

/* For net_deinit. */
void net_drain_free(struct net *n);
