#include "report/spread.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct hist hist;
static struct spread_row rows[SPREAD_ROWS_MAX];

static uint64_t sum(unsigned count)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < count; i++)
        n += rows[i].count;
    return n;
}

Test(spread, has_no_rows_without_values)
{
    cr_expect_eq(spread_rows(&hist, rows), 0);
}

Test(spread, of_one_value_is_one_row_above_it)
{
    hist_add(&hist, 123456);
    cr_assert_eq(spread_rows(&hist, rows), 1);
    cr_expect_eq(rows[0].count, 1);
    cr_expect_eq(rows[0].bound_ns, 125000);
}

Test(spread, of_a_narrow_range_has_close_bounds)
{
    for (uint64_t i = 100000; i < 200000; i += 100)
        hist_add(&hist, i);
    unsigned count = spread_rows(&hist, rows);
    cr_expect_geq(count, 6);
    cr_expect_leq(rows[0].bound_ns, 112000);
    cr_expect_eq(rows[count - 1].bound_ns, 200000);
    cr_expect_eq(sum(count), 1000);
}

Test(spread, of_any_range_fits_and_loses_nothing)
{
    uint64_t value = 0, added = 0;
    for (unsigned i = 0; i < 45; i++) {
        hist_add(&hist, value);
        added++;
        unsigned count = spread_rows(&hist, rows);
        cr_expect_leq(count, SPREAD_ROWS_MAX);
        cr_expect_eq(sum(count), added);
        cr_expect_geq(rows[count - 1].bound_ns, value);
        for (unsigned k = 1; k < count; k++)
            cr_expect_gt(rows[k].bound_ns, rows[k - 1].bound_ns);
        value = value * 2 + 1;
    }
}

Test(spread, puts_a_value_into_the_row_of_its_size)
{
    hist_add(&hist, 1500);
    hist_add(&hist, 150000000);
    hist_add(&hist, 150000000);
    unsigned count = spread_rows(&hist, rows);
    cr_expect_eq(rows[0].count, 1);
    cr_expect_eq(rows[count - 1].count, 2);
    cr_expect_eq(sum(count), 3);
}

Test(spread, prints_shares_and_bars)
{
    char *written = NULL;
    size_t size;
    FILE *to = open_memstream(&written, &size);
    cr_assert_not_null(to);
    for (unsigned i = 0; i < 3; i++)
        hist_add(&hist, 990000);
    hist_add(&hist, 1110000);
    spread_print(&hist, to, false);
    fclose(to);
    cr_expect(strstr(written, "1.12 ms        25 %   100.000 %  ████████████\n") != NULL, "%s",
              written);
    cr_expect(strstr(written, "1.00 ms        75 %    75.000 %  █████████████") != NULL, "%s",
              written);
    free(written);
}
