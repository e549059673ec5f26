/* An axis of a plot: from where to where, and where its ticks stand. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* What the distances between ticks look like. */
enum axis_steps {
    AXIS_DECIMAL, /* 1, 2, 5, 10 */
    AXIS_WHOLE,   /* the same, at least 1 */
    AXIS_BINARY,  /* powers of two, for bytes */
    AXIS_CLOCK,   /* of seconds: 1, 2, 5, 10, 15, 30, 1 min, 2 min */
    AXIS_LOG,     /* no equal distances: 1, 2, 5, 10, or powers of ten alone */
};

enum { AXIS_TICKS_MAX = 8 };

struct axis {
    double from, to;
    bool is_log;
    double ticks[AXIS_TICKS_MAX];
    size_t tick_count; /* at least one */
};

/* Makes an axis for values between `from` and `to`, whose ends are moved outwards to the next
 * ticks if is_widened, as logarithmic ones always are. from <= to, for AXIS_LOG 0 < from. */
void axis_init(struct axis *axis, double from, double to, enum axis_steps steps, bool is_widened);

/* Where a value stands: 0 at `from`, 1 at `to`. */
double axis_share(const struct axis *axis, double value);
