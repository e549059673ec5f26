#include "chat/hub/mask_list.h"

#include "chat/hub/hub_state.h"

static void free_entry(struct mask_entry *e)
{
    free(e->mask);
    free(e->setter);
}

void mask_list_deinit(struct mask_list *l)
{
    for (size_t i = 0; i < l->count; i++)
        free_entry(&l->at[i]);
    free(l->at);
    *l = (struct mask_list){0};
}

struct mask_entry *mask_list_find(const struct mask_list *l, struct span mask)
{
    for (size_t i = 0; i < l->count; i++)
        if (irc_eq(span_str(l->at[i].mask), mask))
            return &l->at[i];
    return NULL;
}

void mask_list_add(struct mask_list *l, struct span mask, struct span setter, uint64_t now_ms)
{
    if (l->count == l->cap) {
        l->cap = l->cap == 0 ? 4 : l->cap * 2;
        l->at = realloc(l->at, l->cap * sizeof(l->at[0]));
        CHECK(l->at != NULL);
    }
    l->at[l->count++] =
        (struct mask_entry){.mask = text_copy(mask), .setter = text_copy(setter), .set_ms = now_ms};
}

void mask_list_remove(struct mask_list *l, struct mask_entry *e)
{
    size_t i = (size_t)(e - l->at);
    CHECK(i < l->count);
    free_entry(e);
    memmove(e, e + 1, (--l->count - i) * sizeof(*e));
}

bool mask_list_matches(const struct mask_list *l, struct span source)
{
    for (size_t i = 0; i < l->count; i++)
        if (irc_mask_matches(span_str(l->at[i].mask), source))
            return true;
    return false;
}
