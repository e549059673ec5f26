/* "#a,#b,nick": the comma-separated targets of one param. */
#pragma once

#include "simul/span.h"

#include <stdbool.h>

/* Takes the next target out of *list, which moves on behind it; false at the end. Empty ones are
 * passed over. */
static inline bool target_next(struct span *list, struct span *target)
{
    while (list->len > 0) {
        size_t n = span_find(*list, ',');
        *target = span_take(*list, n);
        *list = span_drop(*list, n < list->len ? n + 1 : n);
        if (n > 0)
            return true;
    }
    return false;
}
