#include "chat/hub/log_local.h"

#include "simul/check.h"

static void append(struct chat_log *log, struct log_item *item, uint64_t now_ms)
{
    struct log_local *l = container_of(log, struct log_local, log);
    if (!item->entry.is_query)
        l->last = position_next(&l->last, now_ms);
    item->entry.at = l->last;
    if (item->entry.is_query && now_ms > l->last.ms)
        item->entry.at.ms = now_ms; /* "idle for" and the like are asked now */
    item->next = NULL;
    if (l->head == NULL)
        l->head = item;
    else
        l->tail->next = item;
    l->tail = item;
}

static struct log_item *next(struct chat_log *log)
{
    struct log_local *l = container_of(log, struct log_local, log);
    struct log_item *item = l->head;
    if (item != NULL)
        l->head = item->next;
    return item;
}

void log_local_init(struct log_local *l)
{
    *l = (struct log_local){.log = {.append = append, .next = next}};
}

bool log_local_is_empty(const struct log_local *l)
{
    return l->head == NULL;
}
