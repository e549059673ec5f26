/* Connections that wait for their turn. They are handles, since a connection may end while it
 * waits.
 *
 * Two such queues are of those whose output may wait: what a room is told goes to a bounded number
 * of them in each tick, so that neither echo nor replies wait for a thousand system calls. What
 * more is queued to them meanwhile goes out in the same call. Whoever is told something along with
 * few others has its turn soon, and does not wait for the thousands of a large room; those have a
 * part of each tick to themselves, however much the small ones say. All that a queue decides is
 * when a connection's output goes out: what it is made of, and in which order, was decided before.
 */
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

/* Where the one with so many before it stands; a division would cost more than all the rest. */
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
