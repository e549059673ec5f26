/* A delivery for many: one message to all members of this loop, rendered once for each variant, to
 * some of them in each tick. It is the delivery at the front of the loop's queue. */
#pragma once

#include "chat/hub/delivery.h"
#include "chat/render.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chat_loop;
struct conn;

/* How far it has come. */
struct fan_out {
    bool has_begun;
    bool is_for_many; /* those it goes to have their turns later: net/later.h */
    uint32_t at;      /* index into its channels, or sessions */
    uint32_t channel; /* the slot of that channel */
    uint32_t next;    /* the member there whose turn it is: those before have been served */
    uint32_t compressions;
    struct shared *rendered[RENDER_VARIANTS];
    uint64_t is_compressed; /* of chat_loop.compressed: a bit for each that is there */
};
_Static_assert(RENDER_COMPRESSED <= 64, "they have a bit each");

static inline void fan_out_spend(size_t *budget, uint32_t cost)
{
    *budget -= *budget < cost ? *budget : cost;
}

/* Queues the message to one session, rendered once for all that want it alike. One that cannot keep
 * up is closed. */
void fan_out_send(struct chat_loop *cl, struct conn *c, const struct message *m);

/* Goes on with a DELIVERY_CHANNELS or DELIVERY_SESSIONS; false when the budget is used up before it
 * is through. */
bool fan_out_go_on(struct chat_loop *cl, const struct delivery *d, size_t *budget);

/* Forgets what was rendered. */
void fan_out_end(struct chat_loop *cl);
