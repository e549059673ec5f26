#include "report/paint.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdlib.h>

static const char *bar(double share, unsigned columns)
{
    static char out[BAR_BYTES];
    bar_draw(out, share, columns);
    return out;
}

Test(paint, draws_bars_to_an_eighth_of_a_column)
{
    cr_expect_str_eq(bar(0, 4), "");
    cr_expect_str_eq(bar(1, 4), "████");
    cr_expect_str_eq(bar(0.5, 4), "██");
    cr_expect_str_eq(bar(0.5, 1), "▌");
    cr_expect_str_eq(bar(0.25 + 0.125, 4), "█▌");
    cr_expect_str_eq(bar(1e-9, 4), "▏");
    cr_expect_str_eq(bar(7, 2), "██");
    cr_expect_str_eq(bar(-1, 2), "");
    cr_expect_str_eq(bar(NAN, 2), "");
    cr_expect_eq(strlen(bar(1, 1000)), BAR_COLUMNS_MAX * strlen("█"));
}

Test(paint, sparks_in_eight_levels)
{
    cr_expect_str_eq(bar_spark(0), " ");
    cr_expect_str_eq(bar_spark(1e-9), "▁");
    cr_expect_str_eq(bar_spark(0.5), "▄");
    cr_expect_str_eq(bar_spark(1), "█");
    cr_expect_str_eq(bar_spark(2), "█");
    cr_expect_str_eq(bar_spark(NAN), " ");
}

Test(paint, wants_no_colour_in_a_file)
{
    FILE *to = tmpfile();
    cr_assert_not_null(to);
    setenv("TERM", "xterm", 1);
    cr_expect_not(paint_is_terminal(to));
    cr_expect_not(paint_wanted(to));
    fclose(to);
}

Test(paint, paints_only_where_it_is_wanted)
{
    char *written = NULL;
    size_t size;
    FILE *to = open_memstream(&written, &size);
    cr_assert_not_null(to);
    paint_put(to, false, PAINT_LOUD, "a");
    paint_put(to, true, PAINT_PLAIN, "b");
    paint_put(to, true, PAINT_LOUD, "c");
    fclose(to);
    cr_expect_str_eq(written, "ab\033[1;31mc\033[0m");
    free(written);
}
