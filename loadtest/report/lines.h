/* A run as it goes, where there is no terminal to draw on: one line a second in fixed columns. */
#pragma once

#include "report/run.h"

#include <stdio.h>

/* Zeroed but for `to`, it is ready. */
struct lines {
    FILE *to; /* borrowed */
    unsigned printed;
};

/* Prints the last sample, which is complete; the names of the columns come again every 20 lines.
 * One that is shorter than half a second, such as the last of a run, would say nothing and is left
 * out. */
void lines_second(struct lines *lines, const struct run *so_far);
