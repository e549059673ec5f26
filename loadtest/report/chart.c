#include "report/chart.h"

#include "report/plot.h"

#include <math.h>
#include <stdlib.h>

/* --- values ------------------------------------------------------------------------------ */

/* A sample may be a blink of an eye, in which a rate means nothing; errors it may have, though. */
static double a_second(const struct sample *s, uint64_t count)
{
    return s->seconds >= 0.1 ? (double)count / s->seconds : NAN;
}

static double received_of(const struct sample *s)
{
    return a_second(s, s->counts[COUNT_RECEIVED]);
}

static double sent_of(const struct sample *s)
{
    return a_second(s, s->counts[COUNT_SENT]);
}

static double opened_of(const struct sample *s)
{
    return a_second(s, s->counts[COUNT_OPENED]);
}

static double beside_of(const struct sample *s)
{
    return a_second(s, s->counts[COUNT_BESIDE]);
}

static double errors_of(const struct sample *s)
{
    return (double)s->errors;
}

static double p50_of(const struct sample *s)
{
    return (double)s->p50_ns;
}

static double p99_of(const struct sample *s)
{
    return (double)s->p99_ns;
}

static double max_of(const struct sample *s)
{
    return (double)s->max_ns;
}

static double open_of(const struct sample *s)
{
    return (double)s->open;
}

static double memory_of(const struct sample *s)
{
    return s->server_memory_bytes == 0 ? NAN : (double)s->server_memory_bytes;
}

static double cpu_of(const struct sample *s)
{
    return s->server_cpu_share;
}

static const struct value {
    const char *name;
    double (*of)(const struct sample *s); /* NAN: not known */
    struct plot_axis axis;
} VALUES[CHART_VALUES] = {
    [CHART_RECEIVED] = {"received", received_of, {AXIS_DECIMAL, text_brief}},
    [CHART_SENT] = {"sent", sent_of, {AXIS_DECIMAL, text_brief}},
    [CHART_P50] = {"p50", p50_of, {AXIS_LOG, text_duration}},
    [CHART_P99] = {"p99", p99_of, {AXIS_LOG, text_duration}},
    [CHART_MAX] = {"max", max_of, {AXIS_LOG, text_duration}},
    [CHART_OPEN] = {"open", open_of, {AXIS_WHOLE, text_brief}},
    [CHART_OPENED] = {"opened", opened_of, {AXIS_DECIMAL, text_brief}},
    [CHART_ERRORS] = {"errors", errors_of, {AXIS_WHOLE, text_brief}},
    [CHART_MEMORY] = {"memory", memory_of, {AXIS_BINARY, text_bytes}},
    [CHART_CPU] = {"cores", cpu_of, {AXIS_DECIMAL, text_brief}},
    [CHART_BESIDE] = {"beside", beside_of, {AXIS_DECIMAL, text_brief}},
};

/* --- series ------------------------------------------------------------------------------ */

/* The points of a plot's series, which are in one piece of memory. */
struct points {
    struct plot_series *series;
    double *room; /* not used yet */
    double *all;
};

static enum err points_init(struct points *p, size_t series_count, size_t point_count)
{
    p->series = calloc(series_count, sizeof(*p->series));
    p->all = p->room = calloc(2 * point_count + 1, sizeof(*p->all));
    return p->series == NULL || p->all == NULL ? ERR_NOMEM : OK;
}

static void points_deinit(struct points *p)
{
    free(p->series);
    free(p->all);
}

/* Begins a series with room for so many points, to be filled in. */
static void points_add(struct points *p, size_t index, const char *name, size_t count, double **x,
                       double **y)
{
    *x = p->room;
    *y = p->room + count;
    p->room += 2 * count;
    p->series[index] = (struct plot_series){name, *x, *y, count};
}

/* The beginning and the end of what was measured of a run. */
static void shade_measured(struct plot *plot, const struct chart_line *line)
{
    for (size_t i = 0; i < line->sample_count; i++) {
        const struct sample *s = &line->samples[i];
        if (!s->is_measured)
            continue;
        if (plot->shade_to == 0)
            plot->shade_from = s->at_s - s->seconds;
        plot->shade_to = s->at_s;
    }
}

enum err chart_over_time(const char *title, const struct chart_line *lines, size_t count, FILE *out)
{
    struct points points;
    size_t point_count = 0;
    bool is_one_run = true, is_worth_it = false;
    for (size_t i = 0; i < count; i++) {
        point_count += lines[i].sample_count;
        is_one_run = is_one_run && lines[i].samples == lines[0].samples;
    }
    enum err e = points_init(&points, count, point_count);
    for (size_t i = 0; i < count && e == OK; i++) {
        const struct chart_line *line = &lines[i];
        const struct value *value = &VALUES[line->value];
        const char *name = line->name == NULL ? value->name : line->name;
        double *x, *y;
        points_add(&points, i, name, line->sample_count, &x, &y);
        for (size_t k = 0; k < line->sample_count; k++) {
            x[k] = line->samples[k].at_s;
            y[k] = value->of(&line->samples[k]);
            is_worth_it = is_worth_it || y[k] > 0;
        }
    }
    struct plot plot = {.title = title,
                        .x = {AXIS_CLOCK, text_clock},
                        .y = VALUES[lines[0].value].axis,
                        .series = points.series,
                        .series_count = count};
    if (is_one_run)
        shade_measured(&plot, &lines[0]);
    if (e == OK && is_worth_it)
        plot_write(&plot, out);
    points_deinit(&points);
    return e;
}

/* 2 is "99%", 3 "99.9%". */
static struct text text_nines(double nines)
{
    struct text out;
    snprintf(out.s, sizeof(out.s), "%.*f%%", nines > 2 ? (int)nines - 2 : 0,
             100 - 100 * pow(10, -nines));
    return out;
}

enum err chart_percentiles(const char *title, const struct chart_curve *curves, size_t count,
                           FILE *out)
{
    struct points points;
    enum err e = points_init(&points, count, count * PERCENTILES_MAX);
    for (size_t i = 0; i < count && e == OK; i++) {
        const struct percentiles *p = curves[i].percentiles;
        double *x, *y;
        points_add(&points, i, curves[i].name, p->count, &x, &y);
        for (size_t k = 0; k < p->count; k++) {
            x[k] = percentile_nines(p, k);
            y[k] = p->points[k].ns;
        }
    }
    const struct plot plot = {.title = title,
                              .x = {AXIS_WHOLE, text_nines},
                              .y = {AXIS_LOG, text_duration},
                              .series = points.series,
                              .series_count = count};
    if (e == OK)
        plot_write(&plot, out);
    points_deinit(&points);
    return e;
}
