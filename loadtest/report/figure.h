/* The figures of a run that have a name: one table for the JSON, for --expect, for the table at the
 * end and for comparisons, so that they cannot disagree. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct run;

enum figure_unit { FIGURE_COUNT, FIGURE_PER_SECOND, FIGURE_NS, FIGURE_BYTES };

struct figure {
    const char *name; /* "p99.9" */
    const char *meaning;
    enum figure_unit unit;
    bool less_is_better;
    double (*of)(const struct run *run, const struct figure *self); /* NAN: there is none */
    double quantile;                                                /* for those that are one */
    int timing;                                                     /* enum timing, for those */
};

extern const struct figure FIGURES[];
extern const size_t FIGURE_KINDS;

/* NULL: no such name. */
const struct figure *figure_find(const char *name, size_t len);
