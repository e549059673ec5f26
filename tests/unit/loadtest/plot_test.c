#include "report/plot.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static char *plot_text(const struct plot *p)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    plot_write(p, out);
    fclose(out);
    return text;
}

/* A plot of one series. It is static: good until the next. */
static struct plot *plot_of(const double *x, const double *y, size_t count)
{
    static struct plot_series series;
    static struct plot plot;
    series = (struct plot_series){"one", x, y, count};
    plot = (struct plot){.title = "Title",
                         .x = {AXIS_CLOCK, text_clock},
                         .y = {AXIS_DECIMAL, text_brief},
                         .series = &series,
                         .series_count = 1};
    return &plot;
}

static size_t occurrences(const char *text, const char *of)
{
    size_t n = 0;
    for (const char *p = text; (p = strstr(p, of)) != NULL; p++)
        n++;
    return n;
}

static void expect_has(const struct plot *p, const char *words)
{
    char *text = plot_text(p);
    cr_expect_not_null(strstr(text, words), "no \"%s\" in %s", words, text);
    free(text);
}

static const double X[] = {1, 2, 3, 4}, Y[] = {10, 20, 15, 10};

Test(plot, draws_a_line_through_all_points)
{
    expect_has(plot_of(X, Y, 4), "class=\"line c1\" d=\"M159.5 117.0L261.0 12.0L362.5 64.5L464.0 "
                                 "117.0\"");
}

Test(plot, labels_ticks_without_needless_zeros)
{
    const double y[] = {0, 2500, 0, 0};
    expect_has(plot_of(X, y, 4), ">2.5k</text>");
    expect_has(plot_of(X, y, 4), ">500</text>");
    expect_has(plot_of(X, y, 4), ">0:04</text>");
}

Test(plot, writes_nothing_without_a_point)
{
    const double none[] = {NAN, NAN, INFINITY, -INFINITY};
    char *text = plot_text(plot_of(X, none, 4));
    cr_expect_str_eq(text, "");
    free(text);
    text = plot_text(plot_of(X, Y, 0));
    cr_expect_str_eq(text, "");
    free(text);
}

Test(plot, interrupts_lines_where_nothing_is_known)
{
    const double y[] = {10, 20, NAN, 10};
    struct plot *p = plot_of(X, y, 4);
    char *text = plot_text(p);
    const char *line = strstr(text, "class=\"line");
    cr_expect_eq(occurrences(line, "M"), 2);
    free(text);
}

Test(plot, rings_a_point_that_is_alone)
{
    expect_has(plot_of(X, Y, 1), "a2 2 0 1 0 4 0");
}

Test(plot, leaves_gaps_where_a_logarithm_has_no_value)
{
    const double y[] = {0, 100, 1000, -5};
    struct plot *p = plot_of(X, y, 4);
    p->y.steps = AXIS_LOG;
    char *text = plot_text(p);
    cr_expect_null(strstr(text, "nan"));
    cr_expect_null(strstr(text, "inf"));
    cr_expect_eq(occurrences(strstr(text, "class=\"line"), "L"), 1);
    free(text);
}

Test(plot, has_a_legend_of_the_series_that_are_drawn)
{
    const double none[] = {NAN, NAN};
    const struct plot_series series[] = {
        {"first", X, Y, 4}, {"second", X, none, 2}, {"<3>", X, Y, 3}};
    struct plot *p = plot_of(X, Y, 4);
    p->series = series;
    p->series_count = 3;
    char *text = plot_text(p);
    cr_expect_not_null(strstr(text, "class=\"key c1\">first<"));
    cr_expect_null(strstr(text, "second"));
    cr_expect_not_null(strstr(text, "class=\"key c3\">&lt;3&gt;<"));
    free(text);
    cr_expect_null(strstr(text = plot_text(plot_of(X, Y, 4)), "class=\"key"));
    free(text);
}

Test(plot, thins_out_and_keeps_every_peak)
{
    enum { COUNT = 3600 };
    static double x[COUNT], y[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        x[i] = (double)i;
        y[i] = i == 1234 ? 1000 : i == 2345 ? 0 : 500;
    }
    char *text = plot_text(plot_of(x, y, COUNT));
    const char *line = strstr(text, "class=\"line thin");
    cr_assert_not_null(line);
    cr_expect_lt(occurrences(line, "L"), 500);
    cr_expect_not_null(strstr(line, " 12.0L"), "the greatest is at the top");
    cr_expect_not_null(strstr(line, " 222.0L"), "the least is at the bottom");
    free(text);
}

Test(plot, shades_what_lies_on_the_axis)
{
    struct plot *p = plot_of(X, Y, 4);
    p->shade_from = 1;
    p->shade_to = 99;
    expect_has(p, "class=\"shade\" x=\"159.5\" y=\"12\" width=\"304.5\"");
    p->shade_to = p->shade_from;
    char *text = plot_text(p);
    cr_expect_null(strstr(text, "shade"));
    free(text);
}
