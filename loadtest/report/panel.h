/* What the live view shows, as rows for a terminal: how far the run is, what flows, how long it
 * takes, what went wrong. It draws once and knows nothing of cursors; report/live.c moves them. */
#pragma once

#include "report/run.h"

#include <stdbool.h>
#include <stdio.h>

struct panel_size {
    unsigned columns, rows; /* at most so many are used */
};

/* Writes the rows, each ended by "\033[K\n", which clears what stood there before, and returns how
 * many. The last sample is taken for one that is not complete. */
unsigned panel_print(FILE *to, const struct run *so_far, struct panel_size size, bool is_painted);
