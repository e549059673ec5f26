/* A queue of connections that wait for their turn. It holds handles, since a connection may end
 * while it waits.
 *
 * A loop has two, for connections whose output may wait: a message to a room goes to a bounded
 * number of its members in each tick, so that neither echo nor replies wait for a thousand system
 * calls. Whatever else is queued to a connection meanwhile goes out in the same call. One queue is
 * for messages to few, which so do not wait for the thousands of a large room; the other, for large
 * rooms, has a share of each tick to itself, however much is said in small ones. A queue only
 * decides when a connection's output goes out; what it consists of, and in which order, was decided
 * before. */
#pragma once

#include "core/loop.h"
#include "simul/err.h"

#include <stdbool.h>
#include <stddef.h>

struct later {
    struct handle *at; /* a ring of `size` */
    size_t first, count, size;
};

/* Room for `size` of them, which is no less than before. ERR_NOMEM changes nothing. */
enum err later_grow(struct later *l, size_t size);
void later_deinit(struct later *l);

/* The index of the entry with `before` entries in front of it. A modulo would cost more than all
 * the rest. */
static inline size_t later_place(const struct later *l, size_t before)
{
    size_t at = l->first + before;
    return at < l->size ? at : at - l->size;
}

/* False when there is no room. */
static inline bool later_push(struct later *l, struct handle h)
{
    if (l->count == l->size)
        return false;
    l->at[later_place(l, l->count++)] = h;
    return true;
}

/* False when nobody waits. */
static inline bool later_pop(struct later *l, struct handle *h)
{
    if (l->count == 0)
        return false;
    *h = l->at[l->first];
    l->first = later_place(l, 1);
    l->count--;
    return true;
}
