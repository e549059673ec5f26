/* A histogram as a curve: which value what share of all values does not exceed, finer and finer
 * towards the end, as HdrHistogram draws it. For the JSON and for plots. */
#pragma once

#include <stddef.h>

struct hist;

struct percentile {
    double share; /* 0 to 1 */
    double ns;
};

/* Down to a share of 10^-6 beyond, PERCENTILE_STEPS of them for each power of ten. */
enum { PERCENTILE_STEPS = 20, PERCENTILES_MAX = 6 * PERCENTILE_STEPS + 2 };

/* Zeroed is empty. */
struct percentiles {
    struct percentile points[PERCENTILES_MAX]; /* rising in share and in ns */
    size_t count;                              /* 0: of no values */
};

/* As far as there are values, up to 99.9999 %: behind the share beyond which there is less than
 * one, only the greatest value follows, with a share of 1. */
void percentiles_of(const struct hist *h, struct percentiles *out);

/* What a share is on an axis of percentiles: 0, 1, 2 for 0 %, 90 %, 99 %. For the share of 1,
 * which would be infinitely far, one step behind the point before it. */
double percentile_nines(const struct percentiles *p, size_t index);
