#include "scenario/turn.h"

enum { TRIES_MAX = 256 }; /* clients asked for one message that is due */

struct client *turn_take(struct turn *t, const struct driver *d,
                         bool (*can_send)(const struct client *c))
{
    uint32_t tries = t->count < TRIES_MAX ? t->count : TRIES_MAX;
    while (tries-- > 0) {
        struct client *c = driver_client(d, t->first + t->next++ % t->count);
        if (c->state == CLIENT_OPEN && can_send(c))
            return c;
    }
    return NULL;
}
