#include "net/later.h"

#include <stdlib.h>

/* Where the one stands that is `ahead` of the first; without a division, which it is not worth. */
static size_t place(const struct later *l, size_t ahead)
{
    size_t at = l->first + ahead;
    return at < l->size ? at : at - l->size;
}

enum err later_grow(struct later *l, size_t size)
{
    struct handle *at = malloc(size * sizeof(at[0]));
    if (at == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < l->count; i++)
        at[i] = l->at[place(l, i)];
    free(l->at);
    l->at = at;
    l->first = 0;
    l->size = size;
    return OK;
}

void later_deinit(struct later *l)
{
    free(l->at);
    *l = (struct later){0};
}

bool later_push(struct later *l, struct handle h)
{
    if (l->count == l->size)
        return false;
    l->at[place(l, l->count++)] = h;
    return true;
}

bool later_pop(struct later *l, struct handle *h)
{
    if (l->count == 0)
        return false;
    *h = l->at[l->first];
    l->first = place(l, 1);
    l->count--;
    return true;
}
