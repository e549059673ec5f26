/* How durations are spread, as rows for people: up to which duration, what share lies there, what
 * share lies below, and a bar. */
#pragma once

#include "simul/hist.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { SPREAD_ROWS_MAX = 18 };

/* One row: values that are more than the bound of the row before, and no more than this one, as
 * precisely as the histogram knows. */
struct spread_row {
    uint64_t bound_ns;
    uint64_t count;
};

/* Fills at most SPREAD_ROWS_MAX rows, and returns how many: from the one of the smallest value to
 * that of the largest, with round bounds as close together as there is room for. 0: no values. */
unsigned spread_rows(const struct hist *h, struct spread_row rows[SPREAD_ROWS_MAX]);

/* Prints them; nothing without values. */
void spread_print(const struct hist *h, FILE *to, bool is_painted);
