/* The plots of a report: which of a run's values they show, and on what axes. For one run (html.h)
 * and for several laid over one another (compare.h). */
#pragma once

#include "report/percentile.h"
#include "report/run.h"

#include <stdio.h>

/* What can be shown over time: a value of each second. */
enum chart_value {
    CHART_RECEIVED, /* a second */
    CHART_SENT,
    CHART_P50,
    CHART_P99,
    CHART_MAX,
    CHART_OPEN,
    CHART_OPENED, /* a second */
    CHART_ERRORS,
    CHART_MEMORY,
    CHART_CPU,
    CHART_BESIDE, /* a second */
    CHART_VALUES,
};

/* One value of one run. All is borrowed. */
struct chart_line {
    const char *name; /* for the legend; NULL: that of the value */
    enum chart_value value;
    const struct sample *samples;
    size_t sample_count;
};

/* Writes the lines into one plot, on the axis of the first one's value. The measured seconds of the
 * first run are shaded if all lines are of that run. Writes nothing if all is zero or not known.
 * ERR_NOMEM. */
enum err chart_over_time(const char *title, const struct chart_line *lines, size_t count,
                         FILE *out);

/* One distribution. All is borrowed. */
struct chart_curve {
    const char *name;
    const struct percentiles *percentiles;
};

/* Writes the curves into one plot, over the logarithm of what lies beyond. Nothing, if all are
 * empty. ERR_NOMEM. */
enum err chart_percentiles(const char *title, const struct chart_curve *curves, size_t count,
                           FILE *out);
