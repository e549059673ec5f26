#include "report/chart.h"
#include "report/compare.h"
#include "report/page.h"
#include "report/plot.h"

static void write_runs(const struct comparison *c, FILE *out)
{
    fputs("<header>\n<h1>simul-load compare</h1>\n</header>\n", out);
    if (!compare_is_alike(c))
        fputs("<p class=\"note bad\" role=\"alert\">These are runs of different scenarios: their "
              "figures mean different things.</p>\n",
              out);
    for (size_t i = 0; i < c->count; i++) {
        fprintf(out, "<section class=\"run\">\n<p><b class=\"key c%zu\">", i % PLOT_COLOURS + 1);
        fprintf(out, "%s ", compare_letter(i));
        page_text(c->runs[i].path, out);
        fputs("</b> <span class=\"muted\">", out);
        page_text(c->runs[i].scenario, out);
        fputs(" · ", out);
        page_text(c->runs[i].began, out);
        fputs(" · ", out);
        page_text(c->runs[i].program, out);
        fputs("</span></p>\n<pre>", out);
        page_text(c->runs[i].command, out);
        fputs("</pre>\n</section>\n", out);
    }
}

static void write_value(const struct comparison *c, size_t figure, size_t run, FILE *out)
{
    static const char *const MARKS[] = {
        [COMPARE_NEITHER] = "",
        [COMPARE_BETTER] = " <span class=\"good\">better</span>",
        [COMPARE_WORSE] = " <span class=\"bad\">worse</span>",
    };
    const struct figure *f = &FIGURES[figure];
    double value = c->runs[run].figures[figure], ratio;
    enum compare_mark mark = compare_judge(f, c->runs[0].figures[figure], value, &ratio);
    fprintf(out, "<td class=\"n\">%s</td>", figure_text(f, value).s);
    if (run > 0)
        fprintf(out, "<td class=\"ratio\">%s%s</td>", compare_ratio_text(ratio).s, MARKS[mark]);
}

static void write_figures(const struct comparison *c, FILE *out)
{
    fputs("<h2>Figures</h2>\n<div class=\"scroll\"><table>\n<tr><th></th>", out);
    for (size_t i = 0; i < c->count; i++)
        fprintf(out, "<th class=\"n\">%s</th>%s", compare_letter(i), i == 0 ? "" : "<th></th>");
    fputs("</tr>\n", out);
    for (size_t i = 0; i < FIGURE_KINDS; i++) {
        if (!compare_has_figure(c, i))
            continue;
        fprintf(out, "<tr><td title=\"%s\"><code>%s</code></td>", FIGURES[i].meaning,
                FIGURES[i].name);
        for (size_t run = 0; run < c->count; run++)
            write_value(c, i, run, out);
        fputs("</tr>\n", out);
    }
    fputs("</table></div>\n<p class=\"muted\">Ratios are to A.</p>\n", out);
}

/* One plot for each kind of timing that any of the runs has. */
static enum err write_percentiles(const struct comparison *c, FILE *out)
{
    enum err e = OK;
    for (unsigned timing = 0; timing < TIMING_KINDS && e == OK; timing++) {
        struct chart_curve curves[COMPARE_RUNS_MAX];
        char title[64];
        snprintf(title, sizeof(title), "By percentile: %s", timing_name(timing));
        for (size_t i = 0; i < c->count; i++)
            curves[i] = (struct chart_curve){compare_letter(i), &c->runs[i].timings[timing]};
        e = chart_percentiles(title, curves, c->count, out);
    }
    return e;
}

static enum err write_over_time(const struct comparison *c, FILE *out)
{
    static const struct {
        const char *title;
        enum chart_value value;
    } CHARTS[] = {
        {"Messages received a second", CHART_RECEIVED},
        {"Latency over time: p50", CHART_P50},
        {"Latency over time: p99", CHART_P99},
        {"Latency over time: max", CHART_MAX},
        {"Errors over time", CHART_ERRORS},
        {"Open connections", CHART_OPEN},
        {"Connections opened a second", CHART_OPENED},
        {"Replies beside, a second", CHART_BESIDE},
        {"Memory of the server", CHART_MEMORY},
        {"Cores that the server keeps busy", CHART_CPU},
    };
    enum err e = OK;
    for (size_t i = 0; i < sizeof(CHARTS) / sizeof(*CHARTS) && e == OK; i++) {
        struct chart_line lines[COMPARE_RUNS_MAX];
        for (size_t k = 0; k < c->count; k++)
            lines[k] = (struct chart_line){compare_letter(k), CHARTS[i].value, c->runs[k].samples,
                                           c->runs[k].sample_count};
        e = chart_over_time(CHARTS[i].title, lines, c->count, out);
    }
    return e;
}

enum err compare_write_html(const struct comparison *c, FILE *out)
{
    page_begin("simul-load compare", out);
    write_runs(c, out);
    write_figures(c, out);
    fputs("<div class=\"plots\">", out);
    enum err e = write_percentiles(c, out);
    if (e == OK)
        e = write_over_time(c, out);
    fputs("</div>\n", out);
    page_end(out);
    if (e != OK)
        return e;
    return fflush(out) == 0 && !ferror(out) ? OK : ERR_IO;
}
