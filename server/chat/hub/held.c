#include "chat/hub/held.h"

#include "chat/hub/hub_send.h"
#include "chat/hub/hub_state.h"

/* Estimates of each, with what the allocator and the tables add, and with texts as long as they may
 * be. */
enum {
    CHANNEL_BYTES = 1024,
    MASK_BYTES = 256,
    WATCH_BYTES = 192,
    USER_BYTES_MAX = HUB_CHANNELS_PER_USER_MAX * (CHANNEL_BYTES + HUB_MASKS_MAX * MASK_BYTES),
};
_Static_assert(USER_BYTES_MAX / HELD_STEP_BYTES < UINT8_MAX,
               "one byte holds the steps, with those of watched nicks");

static size_t held_bytes(const struct user *u)
{
    size_t bytes = 0;
    for (struct list *n = u->memberships.next; n != &u->memberships; n = n->next) {
        const struct membership *m = container_of(n, struct membership, in_user);
        if (m->channel->oldest == m)
            bytes += CHANNEL_BYTES + channel_mask_count(m->channel) * MASK_BYTES;
    }
    for (struct list *n = u->sessions.next; n != &u->sessions; n = n->next)
        bytes += container_of(n, struct hub_session, in_user)->watch_count * (size_t)WATCH_BYTES;
    return bytes;
}

/* Only a user with many sessions that watch nicks may reach the highest number. */
uint8_t held_steps(const struct hub *hub, const struct user *u)
{
    size_t steps = held_bytes(u) / hub->options.held_step_bytes;
    return steps < UINT8_MAX ? (uint8_t)steps : UINT8_MAX;
}

/* Tells the loop of the user's first session. */
static void tell(struct hub_call *call, struct user *u, uint8_t steps)
{
    struct handle to = container_of(u->sessions.next, struct hub_session, in_user)->handle;
    struct delivery *d = delivery_new(DELIVERY_HELD, to, NULL, 0);
    CHECK(d != NULL);
    d->held_steps = u->held_steps = steps;
    hub_send(call, to.loop, d);
}

void held_tell(struct hub_call *call, struct user *u)
{
    if (list_is_empty(&u->sessions))
        return; /* the user is about to end */
    uint8_t steps = held_steps(call->hub, u);
    if (steps != u->held_steps)
        tell(call, u, steps);
}

void held_tell_again(struct hub_call *call, struct user *u)
{
    u->held_steps = 0;
    held_tell(call, u);
}
