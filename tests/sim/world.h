/* The server in a world without system calls: its real loops, ticks, mailboxes, sessions, fan-out
 * and hub, on one thread, whose poll, clock and sockets are ours. A loop runs when it is told to,
 * so its mail waits as long as the dice want. */
#pragma once

#include "chat/hub/hub.h"
#include "core/loop.h"
#include "core/siphash.h"

#include <stdbool.h>
#include <stdint.h>

enum { WORLD_LOOPS_MAX = 4 };

struct world_options {
    unsigned loops;     /* with connections; the hub has one more to itself, unless there is one */
    uint32_t credits;   /* of each loop, at most CHAT_CREDITS */
    uint32_t queue_max; /* of deliveries to each loop, at most CHAT_QUEUE_MAX */
    uint32_t few_max;   /* members who have their turn soon */
    uint32_t soon_max;  /* who find room for that, at most NET_SOON_MAX */
    uint32_t turns;     /* in a tick, at most NET_TURNS_PER_TICK */
    uint64_t out_bytes; /* limits.out_bytes */
    uint32_t rows_max;  /* of a part of a long answer */
    uint32_t held_step_bytes; /* in which loops hear of what the hub keeps */
    unsigned quiet_members;   /* channel.quiet_members */
    unsigned flood_lines;     /* chat.flood_lines_per_second */
    unsigned flood_burst;     /* chat.flood_burst */
    struct siphash_key key;
};

void world_init(const struct world_options *options);
/* What the hub was made with, for another like it; valid until the next run. */
const struct hub_options *world_hub_options(void);
/* Every client vanishes, the hub hears of it, and nothing is left. */
void world_done(void);

/* Moves the clocks: the wall clock also steps, forth and back. */
void world_pass(void);
/* A client for a loop of chance, unless there are too many. */
void world_connect(void);
/* One tick of a loop of chance; some loops sleep for a while. */
void world_tick(void);
/* Something breaks in a loop of chance: a connection is torn down, or its session resumed without
 * a reason. */
void world_disturb(void);
/* Ticks until nobody has anything to do; every loop that has something must know it. */
void world_settle(void);
