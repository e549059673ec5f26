/* A list of masks that a channel keeps: who is banned, who is excepted from that, who needs no
 * invitation. Part of the hub: running out of memory aborts. */
#pragma once

#include "simul/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mask_entry {
    char *mask;   /* complete: nick!user@host */
    char *setter; /* who added it, as nick!user@host */
    uint64_t set_ms;
};

/* A zeroed one is empty. */
struct mask_list {
    struct mask_entry *at; /* the oldest first */
    size_t count, cap;
};

void mask_list_deinit(struct mask_list *l);

/* NULL when the mask is not there, in any case of its letters. Valid until the list changes. */
struct mask_entry *mask_list_find(const struct mask_list *l, struct span mask);
/* The mask must not be there yet. */
void mask_list_add(struct mask_list *l, struct span mask, struct span setter, uint64_t now_ms);
/* The entry must be one of the list's. */
void mask_list_remove(struct mask_list *l, struct mask_entry *e);

/* Whether one of the masks matches a nick!user@host. */
bool mask_list_matches(const struct mask_list *l, struct span source);
