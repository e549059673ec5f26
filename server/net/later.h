/* Connections that wait for their turn. They are handles, since a connection may end while it
 * waits.
 *
 * One such queue is of those whose output may wait: what a large room is told goes to a bounded
 * number of them in each tick, so that neither echo nor replies wait for a thousand system calls.
 * What more is queued to them meanwhile goes out in the same call. */
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

/* False when there is no room. */
bool later_push(struct later *l, struct handle h);
/* False when nobody waits. */
bool later_pop(struct later *l, struct handle *h);
