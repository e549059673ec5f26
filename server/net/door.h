/* Who may come in: the limits by address. They hold for the whole process, so all loops share one
 * table; a keyed hash spreads the addresses over shards with a lock each, which is held for a
 * look-up and nothing else.
 *
 * IPv6 counts by /64, which is what one household gets; IPv4 counts the same whether mapped or not;
 * peers of a Unix socket have no address and are not counted. An address is remembered while it has
 * connections, and after that until its rate allows a full burst again. Of those without
 * connections the table keeps DOOR_IDLE_MAX and forgets the oldest. */
#pragma once

#include "core/siphash.h"
#include "net/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DOOR_SHARDS = 64,
    DOOR_IDLE_MAX = DOOR_SHARDS * 1024, /* some 5 MiB */
    DOOR_BURST_SECONDS = 2,             /* the rate of so many seconds may come at once */
    DOOR_PER_SECOND_MAX = 100000,
};

enum door_verdict {
    DOOR_ADMITTED,
    DOOR_CROWDED,  /* the address has as many connections as it may */
    DOOR_HASTY,    /* the address connects more often than it may */
    DOOR_NO_MEMORY /* it could not be counted */
};

/* 0: no limit. */
struct door_limits {
    uint32_t connections; /* at a time */
    uint32_t per_second;  /* at most DOOR_PER_SECOND_MAX */
};

struct door;

/* NULL without memory. */
struct door *door_new(const struct door_limits *limits, const struct siphash_key *key);
void door_free(struct door *d);

/* Sets other limits; whoever is in stays. Any thread. */
void door_set_limits(struct door *d, const struct door_limits *limits);

/* Asks whether an accepted connection may stay. One that is admitted is counted, and must
 * door_leave when it closes; any other must not. now_ms is the caller's clock. Any thread. */
enum door_verdict door_enter(struct door *d, const struct addr *peer, uint64_t now_ms);

/* Counts a connection that is older than the door, whatever the limits say. False without memory.
 * Any thread. */
bool door_count(struct door *d, const struct addr *peer);

/* A connection that was admitted or counted has closed. Any thread. */
void door_leave(struct door *d, const struct addr *peer, uint64_t now_ms);

/* How many addresses are remembered now. Any thread. */
size_t door_address_count(struct door *d);
