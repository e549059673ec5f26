#include "report/axis.h"

#include "simul/check.h"

#include <math.h>

/* Good distances are these multiples of a power of the base. */
static const struct steps {
    double base;
    double multiples[6]; /* ended with a zero if there are fewer */
    double min;
} STEPS[] = {
    [AXIS_DECIMAL] = {10, {1, 2, 5}, 1e-9},
    [AXIS_WHOLE] = {10, {1, 2, 5}, 1},
    [AXIS_BINARY] = {2, {1}, 1},
    [AXIS_CLOCK] = {60, {1, 2, 5, 10, 15, 30}, 1},
};

/* The smallest good distance that is not below `wanted`. */
static double good_step(const struct steps *s, double wanted)
{
    wanted = fmax(wanted, s->min);
    double power = pow(s->base, floor(log(wanted) / log(s->base)));
    for (;; power *= s->base)
        for (size_t i = 0; i < 6 && s->multiples[i] > 0; i++)
            if (power * s->multiples[i] >= wanted * (1 - 1e-9))
                return power * s->multiples[i];
}

static void linear(struct axis *axis, const struct steps *steps, bool is_widened)
{
    if (axis->to <= axis->from)
        axis->to = axis->from + 1;
    /* Widening may add a tick at each end. */
    size_t intervals = AXIS_TICKS_MAX - (is_widened ? 3 : 1);
    double step = good_step(steps, (axis->to - axis->from) / (double)intervals);
    if (is_widened) {
        axis->from = floor(axis->from / step + 1e-9) * step;
        axis->to = ceil(axis->to / step - 1e-9) * step;
    }
    double first = ceil(axis->from / step - 1e-9);
    for (size_t i = 0; i < AXIS_TICKS_MAX; i++) {
        double tick = (first + (double)i) * step;
        if (tick > axis->to + step * 1e-9)
            break;
        axis->ticks[axis->tick_count++] = tick;
    }
}

/* The n-th of …, 0.5, 1, 2, 5, 10, 20, …; 1 is the zeroth. */
static double series_125(int n)
{
    static const double MULTIPLES[] = {1, 2, 5};
    int power = (int)floor(n / 3.0);
    return MULTIPLES[n - 3 * power] * pow(10, power);
}

static void logarithmic(struct axis *axis)
{
    int first = 3 * (int)floor(log10(axis->from) + 1e-9);
    while (series_125(first + 1) <= axis->from * (1 + 1e-9))
        first++;
    int last = first + 1;
    while (series_125(last) < axis->to * (1 - 1e-9))
        last++;
    axis->from = series_125(first);
    axis->to = series_125(last);
    /* All of them, or every power of ten, or every second, … */
    int every = 1;
    while ((last - first) / every + 1 > AXIS_TICKS_MAX)
        every = every == 1 ? 3 : every + 3;
    for (int n = first; n <= last; n++)
        if (n % every == 0)
            axis->ticks[axis->tick_count++] = series_125(n);
}

void axis_init(struct axis *axis, double from, double to, enum axis_steps steps, bool is_widened)
{
    CHECK(from <= to && (steps != AXIS_LOG || from > 0));
    *axis = (struct axis){.from = from, .to = to, .is_log = steps == AXIS_LOG};
    if (axis->is_log)
        logarithmic(axis);
    else
        linear(axis, &STEPS[steps], is_widened);
}

double axis_share(const struct axis *axis, double value)
{
    if (axis->is_log)
        return log(value / axis->from) / log(axis->to / axis->from);
    return (value - axis->from) / (axis->to - axis->from);
}
