#include "net/conn_table.h"

#include "simul/check.h"

#include <stdlib.h>

void conn_table_deinit(struct conn_table *t)
{
    for (size_t i = 0; i < t->slab_count; i++)
        free(t->slabs[i]);
    free(t->slabs);
    *t = (struct conn_table){0};
}

/* An unused connection is zeroed but for its slot, its generation, and in.len, which chains the
 * free ones (slot + 1). */
static enum err grow(struct conn_table *t)
{
    struct conn **slabs = realloc(t->slabs, (t->slab_count + 1) * sizeof(struct conn *));
    if (slabs == NULL)
        return ERR_NOMEM;
    t->slabs = slabs;
    struct conn *slab = calloc(CONN_TABLE_SLAB, sizeof(*slab));
    if (slab == NULL)
        return ERR_NOMEM;
    t->slabs[t->slab_count++] = slab;
    for (uint32_t i = CONN_TABLE_SLAB; i-- > 0;) {
        slab[i].slot = t->slot_count + i;
        slab[i].in.len = t->first_free;
        t->first_free = slab[i].slot + 1;
    }
    t->slot_count += CONN_TABLE_SLAB;
    return OK;
}

enum err conn_table_take(struct conn_table *t, struct conn **out)
{
    if (t->first_free == 0) {
        enum err e = grow(t);
        if (e != OK)
            return e;
    }
    struct conn *c = conn_table_at(t, t->first_free - 1);
    t->first_free = c->in.len;
    c->in.len = 0;
    c->generation++;
    t->open_count++;
    *out = c;
    return OK;
}

static void free_slot(struct conn_table *t, struct conn *c)
{
    c->in.len = t->first_free;
    t->first_free = c->slot + 1;
}

/* Generations are odd while the slot is in use, so that a free slot matches no handle. */
void conn_table_retire(struct conn_table *t, struct conn *c)
{
    struct conn blank = {.slot = c->slot, .generation = c->generation + 1, .pins = c->pins};
    *c = blank;
    t->open_count--;
    if (c->pins == 0)
        free_slot(t, c);
}

void conn_table_unpin(struct conn_table *t, uint32_t slot, uint32_t generation)
{
    struct conn *c = conn_table_at(t, slot);
    CHECK(c != NULL && c->pins > 0);
    CHECK(c->generation == generation || c->generation == generation + 1);
    if (--c->pins == 0 && c->generation == generation + 1)
        free_slot(t, c);
}
