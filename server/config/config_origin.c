#include "config/config_origin.h"

#include <stdlib.h>
#include <string.h>

static struct config_origin *find(const struct config_origins *origins, const char *key)
{
    for (size_t i = 0; i < origins->count; i++)
        if (strcmp(origins->items[i].key, key) == 0)
            return &origins->items[i];
    return NULL;
}

static enum err append(struct config_origins *origins, const char *key, const char *where)
{
    struct config_origin *items =
        realloc(origins->items, (origins->count + 1) * sizeof(origins->items[0]));
    if (items == NULL)
        return ERR_NOMEM;
    origins->items = items;
    struct config_origin *item = &items[origins->count];
    item->key = strdup(key);
    item->where = strdup(where);
    if (item->key == NULL || item->where == NULL) {
        free(item->key);
        free(item->where);
        return ERR_NOMEM;
    }
    origins->count++;
    return OK;
}

enum err config_origins_note(struct config_origins *origins, const char *key, const char *where)
{
    struct config_origin *item = find(origins, key);
    if (item == NULL)
        return append(origins, key, where);
    char *copy = strdup(where);
    if (copy == NULL)
        return ERR_NOMEM;
    free(item->where);
    item->where = copy;
    return OK;
}

const char *config_origins_find(const struct config_origins *origins, const char *key)
{
    const struct config_origin *item = find(origins, key);
    return item == NULL ? NULL : item->where;
}

void config_origins_deinit(struct config_origins *origins)
{
    for (size_t i = 0; i < origins->count; i++) {
        free(origins->items[i].key);
        free(origins->items[i].where);
    }
    free(origins->items);
    *origins = (struct config_origins){0};
}
