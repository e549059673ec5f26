/* Whose turn it is, where messages are due at a rate: clients take turns, and who cannot send is
 * passed over. */
#pragma once

#include "load/client.h"

/* Exposed to be embedded. */
struct turn {
    uint32_t first, count; /* which clients of a driver */
    uint32_t next;         /* counts on for ever */
};

/* The next one that is open and can send; NULL: none of those that were asked, who may not be all.
 */
struct client *turn_take(struct turn *t, const struct driver *d,
                         bool (*can_send)(const struct client *c));
