/* All connections of a loop, in slabs that never move: a slot's address and its generation stay
 * valid while the loop lives. Freed slots are used again, last freed first. */
#pragma once

#include "net/conn.h"
#include "simul/err.h"

#include <stddef.h>
#include <stdint.h>

enum { CONN_TABLE_SLAB = 256 };

struct conn_table {
    struct conn **slabs;
    size_t slab_count;
    uint32_t slot_count; /* slots that exist */
    uint32_t open_count; /* connections that exist */
    uint32_t first_free; /* slot number + 1; 0 when none */
};

void conn_table_deinit(struct conn_table *t);

/* A zeroed connection with its slot and a new generation; ERR_NOMEM. */
enum err conn_table_take(struct conn_table *t, struct conn **out);

/* Ends the connection: handles to it are stale from now on. The slot is used again at once, or,
 * where it is pinned, with the last conn_table_unpin. */
void conn_table_retire(struct conn_table *t, struct conn *c);

/* Drops one pin of the connection that had this slot and generation. */
void conn_table_unpin(struct conn_table *t, uint32_t slot, uint32_t generation);

/* The connection in a slot, whether in use or not; NULL beyond the last. */
static inline struct conn *conn_table_at(const struct conn_table *t, uint32_t slot)
{
    if (slot >= t->slot_count)
        return NULL;
    return &t->slabs[slot / CONN_TABLE_SLAB][slot % CONN_TABLE_SLAB];
}
