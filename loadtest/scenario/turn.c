#include "scenario/turn.h"

/* Clients that are open but cannot send, asked for one message that is due. Those that are gone do
 * not count: they would hold back what others could send. */
enum { BUSY_MAX = 256 };

struct client *turn_take(struct turn *t, const struct driver *d,
                         bool (*can_send)(const struct client *c))
{
    uint32_t busy = 0;
    for (uint32_t tries = 0; tries < t->count && busy < BUSY_MAX; tries++) {
        struct client *c = driver_client(d, t->first + t->next++ % t->count);
        if (c->state != CLIENT_OPEN)
            continue;
        if (can_send(c))
            return c;
        busy++;
    }
    return NULL;
}
