/* "#a,#b,nick": the comma-separated targets of one param. */
#pragma once

#include "simul/span.h"

#include <stdbool.h>

/* Takes the next target out of *list, which moves on behind it; false at the end. Empty ones are
 * passed over. */
static inline bool target_next(struct span *list, struct span *target)
{
    while (list->len > 0) {
        *target = span_take_until(list, ',');
        if (target->len > 0)
            return true;
    }
    return false;
}
