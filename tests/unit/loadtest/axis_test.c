#include "report/axis.h"

#include <criterion/criterion.h>
#include <math.h>

/* The ticks of an axis, ended with a NAN. */
static void expect_ticks(double from, double to, enum axis_steps steps, bool is_widened,
                         const double *ticks)
{
    struct axis a;
    size_t i;
    axis_init(&a, from, to, steps, is_widened);
    for (i = 0; i < a.tick_count && !isnan(ticks[i]); i++)
        cr_expect_float_eq(a.ticks[i], ticks[i], fabs(ticks[i]) * 1e-9, "%g, not %g", a.ticks[i],
                           ticks[i]);
    cr_expect(i == a.tick_count && isnan(ticks[i]), "%zu ticks", a.tick_count);
}

#define TICKS(...) ((const double[]){__VA_ARGS__, NAN})

Test(axis, has_ticks_at_round_numbers)
{
    expect_ticks(0, 93, AXIS_DECIMAL, true, TICKS(0, 20, 40, 60, 80, 100));
    expect_ticks(0, 0.0042, AXIS_DECIMAL, true, TICKS(0, 0.001, 0.002, 0.003, 0.004, 0.005));
}

Test(axis, is_not_widened_unless_asked)
{
    struct axis a;
    axis_init(&a, 0, 93, AXIS_DECIMAL, false);
    cr_expect_eq(a.to, 93);
    expect_ticks(0, 93, AXIS_DECIMAL, false, TICKS(0, 20, 40, 60, 80));
}

Test(axis, counts_whole_things_in_whole_steps)
{
    expect_ticks(0, 1, AXIS_WHOLE, true, TICKS(0, 1));
    expect_ticks(0, 6.05, AXIS_WHOLE, false, TICKS(0, 1, 2, 3, 4, 5, 6));
}

Test(axis, divides_time_as_clocks_do)
{
    expect_ticks(0, 68, AXIS_CLOCK, false, TICKS(0, 10, 20, 30, 40, 50, 60));
    expect_ticks(0, 150, AXIS_CLOCK, false, TICKS(0, 30, 60, 90, 120, 150));
    expect_ticks(0, 3600, AXIS_CLOCK, false, TICKS(0, 600, 1200, 1800, 2400, 3000, 3600));
    expect_ticks(0, 1, AXIS_CLOCK, false, TICKS(0, 1));
}

Test(axis, divides_bytes_by_powers_of_two)
{
    expect_ticks(0, 9.2e6, AXIS_BINARY, true, TICKS(0, 0x1p21, 0x2p21, 0x3p21, 0x4p21, 0x5p21));
}

Test(axis, is_logarithmic_by_one_two_five_where_there_is_room)
{
    expect_ticks(130, 900, AXIS_LOG, true, TICKS(100, 200, 500, 1000));
    expect_ticks(5, 5, AXIS_LOG, true, TICKS(5, 10));
}

Test(axis, is_logarithmic_by_powers_of_ten_otherwise)
{
    expect_ticks(3, 4e6, AXIS_LOG, true, TICKS(10, 100, 1e3, 1e4, 1e5, 1e6));
    expect_ticks(0.5, 9e11, AXIS_LOG, true, TICKS(1, 1e2, 1e4, 1e6, 1e8, 1e10, 1e12));
}

Test(axis, contains_what_it_is_for)
{
    static const double VALUES[] = {1e-6, 0.3, 1, 9.99, 10, 10.01, 63, 1e3, 123456, 5e17, 1e300};
    enum { COUNT = sizeof(VALUES) / sizeof(*VALUES) };
    for (size_t i = 0; i < COUNT; i++) {
        for (int steps = AXIS_DECIMAL; steps <= AXIS_LOG; steps++) {
            struct axis a;
            double from = steps == AXIS_LOG ? VALUES[i] / 1000 : 0;
            axis_init(&a, from, VALUES[i], (enum axis_steps)steps, true);
            cr_expect(a.from <= from * (1 + 1e-9) && a.to >= VALUES[i] * (1 - 1e-9), "%g, %d",
                      VALUES[i], steps);
            cr_expect(a.tick_count >= 1 && a.tick_count <= AXIS_TICKS_MAX);
            cr_expect_float_eq(axis_share(&a, a.from), 0, 1e-9);
            cr_expect_float_eq(axis_share(&a, a.to), 1, 1e-9);
        }
    }
}

Test(axis, has_an_extent_where_all_is_nothing)
{
    for (int steps = AXIS_DECIMAL; steps < AXIS_LOG; steps++) {
        struct axis a;
        axis_init(&a, 0, 0, (enum axis_steps)steps, true);
        cr_expect_gt(a.to, a.from);
        cr_expect_eq(axis_share(&a, 0), 0);
    }
}
