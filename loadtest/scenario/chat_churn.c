/* Churn: members who do not publish leave their rooms and join them again, one after the other. A
 * move is either; so every other move of a driver lets the next member in turn leave, and the one
 * between brings it back. */
#include "scenario/chat.h"

static bool may_leave(const struct chat_client *m)
{
    return m->client.state == CLIENT_OPEN && m->place == CHAT_INSIDE && m->publisher == CHAT_SILENT;
}

/* Lets the next one leave that can. */
static void leave_next(struct driver *d)
{
    struct chat_driver *s = chat_state(d);
    for (uint32_t tries = 0; tries < d->client_count; tries++) {
        s->mover = (s->mover + 1) % d->client_count;
        struct chat_client *m = chat_of(driver_client(d, s->mover));
        if (may_leave(m)) {
            irc_client_say(&m->client, "PART %s%u", CHAT_ROOM_NAME(m));
            chat_member_leave(m, false);
            return;
        }
    }
}

bool chat_churn(struct driver *d, uint64_t intended_ns)
{
    struct chat_client *m = chat_of(driver_client(d, chat_state(d)->mover));
    (void)intended_ns;
    if (m->client.state == CLIENT_OPEN && m->place == CHAT_OUTSIDE)
        chat_member_join(m);
    else
        leave_next(d);
    return true;
}
