#include "net/later.h"

#include <stdlib.h>

enum err later_grow(struct later *l, size_t size)
{
    struct handle *at = malloc(size * sizeof(at[0]));
    if (at == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < l->count; i++)
        at[i] = l->at[later_place(l, i)];
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
