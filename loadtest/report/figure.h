/* The figures of a run that have a name: one table for the JSON, for --expect, for the table at the
 * end and for comparisons, so that they cannot disagree. Names stay; new ones may come. */
#pragma once

#include "load/board.h"
#include "report/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plan;
struct run;

enum figure_unit {
    FIGURE_COUNT,
    FIGURE_PER_SECOND,
    FIGURE_NS,
    FIGURE_BYTES,
    FIGURE_BYTES_PER_SECOND,
};

struct figure {
    const char *name;    /* "p99.9" */
    const char *meaning; /* for people, in lower case */
    enum figure_unit unit;
    bool less_is_better;
    double (*of)(const struct run *run, const struct figure *self); /* use figure_of */
    enum timing timing;                                             /* for those that are of one */
    double quantile;                                                /* for those that are one */
    int kind; /* enum count or enum fault, for those that are one */
};

extern const struct figure FIGURES[];
extern const size_t FIGURE_KINDS;

/* NULL: no such name. */
const struct figure *figure_find(const char *name, size_t len);

/* Its value in its unit; NAN when the run has none: the percentile of no latencies, say. */
double figure_of(const struct figure *figure, const struct run *run);

/* Such a value for people: "1.24 ms", "52,310/s". */
struct text figure_text(const struct figure *figure, double value);

/* What the rate of such a run counts: messages received or, where a scenario is about connections
 * and not about messages, connections opened. */
enum count figure_rate_counts(const struct plan *plan);

/* What was counted while it was measured or, where nothing was measured, in the whole run; and the
 * seconds that this took. */
uint64_t figure_count(const struct run *run, enum count count);
double figure_seconds(const struct run *run);
