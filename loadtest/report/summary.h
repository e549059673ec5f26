/* What a run came to, for people, at its end: counts, rates, latencies and how they are spread,
 * what went wrong and why, what the server spent, and whether the figures are of the server at all.
 */
#pragma once

#include "report/run.h"

#include <stdio.h>

/* Fits 80 columns, or what its longest reason needs; coloured on terminals (report/paint.h). */
void summary_print(const struct run *run, FILE *to);
