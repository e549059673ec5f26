#include "report/html.h"

#include "report/chart.h"
#include "report/doubt.h"
#include "report/expect.h"
#include "report/figure.h"
#include "report/page.h"
#include "report/run.h"
#include "report/words.h"
#include "scenario/scenario.h"

#include <math.h>
#include <string.h>
#include <time.h>

/* --- what came out ----------------------------------------------------------------------- */

static void write_heading(const struct run *run, FILE *out)
{
    const struct plan *plan = run->plan;
    char began[64], load[WORDS_BYTES];
    struct tm utc;
    time_t t = run->began_unix_s;
    fprintf(out, "<header>\n<h1>simul-load %s</h1>\n<p class=\"url\">", plan->scenario->name);
    for (unsigned i = 0; i < plan->url_count; i++) {
        char url[URL_HOST_BYTES + URL_TARGET_BYTES + 32];
        url_print(&plan->urls[i], url, sizeof(url));
        fputs(i == 0 ? "" : ", ", out);
        page_text(url, out);
    }
    fputs("</p>\n<p class=\"muted\">", out);
    if (gmtime_r(&t, &utc) != NULL && strftime(began, sizeof(began), "%d %B %Y, %H:%M UTC", &utc))
        fprintf(out, "%s · ", began);
    fputs(text_duration(run->seconds * 1e9).s, out);
    if (run->measured_seconds > 0)
        fprintf(out, ", of which %s were measured", text_duration(run->measured_seconds * 1e9).s);
    words_load(plan, load);
    fprintf(out, "</p>\n<p class=\"muted\">%s</p>\n</header>\n", load);
}

static void write_errors(const struct run *run, FILE *out)
{
    uint64_t errors = run_errors(run);
    if (run->was_interrupted)
        fputs("<p class=\"note\">The run was interrupted before its end.</p>\n", out);
    if (errors == 0) {
        fputs("<p class=\"note good\">No errors.</p>\n", out);
        return;
    }
    fprintf(out, "<div class=\"note bad\" role=\"alert\"><b>%s error%s</b>\n<ul>\n",
            text_count((double)errors).s, words_plural(errors));
    for (unsigned i = 0; i < FAULT_KINDS; i++) {
        if (run->faults[i] == 0)
            continue;
        fprintf(out, "<li>%s: ", text_count((double)run->faults[i]).s);
        page_text(fault_meaning(i), out);
        fputs("</li>\n", out);
    }
    fputs("</ul>\n</div>\n", out);
}

static void write_doubts(const struct run *run, FILE *out)
{
    double lag_ns, share;
    uint64_t plain;
    if (doubt_late(run, &lag_ns))
        fprintf(out,
                "<p class=\"note\">simul-load itself was late to send: by %s at p99, which is part "
                "of the latencies. Give it more threads, or a machine of its own.</p>\n",
                text_duration(lag_ns).s);
    if (doubt_unsent(run, &share))
        fprintf(
            out,
            "<p class=\"note\">The rate was not kept: %s of the messages that were due could not "
            "be sent, since so many waited for replies, or connections were gone. The latencies "
            "would be longer with them.</p>\n",
            text_share(share).s);
    if (doubt_busy(run, &share))
        fprintf(
            out,
            "<p class=\"note\">simul-load itself may have been the bottleneck: its threads were "
            "busy for %s of the time. More of them, or another machine, may show more of the "
            "server.</p>\n",
            text_share(share).s);
    if (doubt_plain(run, &plain))
        fprintf(out,
                "<p class=\"note\">The server declined permessage-deflate on %s of the "
                "connections: what they sent is not compressed.</p>\n",
                text_count((double)plain).s);
}

static void write_expectations(const struct run *run, FILE *out)
{
    if (run->plan->expect_count == 0)
        return;
    fputs("<h2>Expectations</h2>\n<div class=\"scroll\"><table>\n", out);
    for (unsigned i = 0; i < run->plan->expect_count; i++) {
        struct expect e;
        const char *why;
        double seen;
        /* The program refuses to start with one that cannot be read. */
        if (expect_parse(run->plan->expects[i], &e, &why) != OK)
            continue;
        bool holds = expect_holds(&e, run, &seen);
        fputs("<tr><td><code>", out);
        page_text(e.text, out);
        fprintf(out, "</code></td><td class=\"%s\">%s</td><td class=\"n\">%s</td></tr>\n",
                holds ? "good" : "bad", holds ? "✓ holds" : "✗ does not hold",
                figure_text(e.figure, seen).s);
    }
    fputs("</table></div>\n", out);
}

/* The figures that are looked at first: those of them that the run has, up to two rows. */
static void write_tiles(const struct run *run, FILE *out)
{
    static const struct {
        const char *figure, *label;
    } TILES[] = {
        {"rate", "rate"},
        {"p50", "latency p50"},
        {"p99", "latency p99"},
        {"p99.9", "latency p99.9"},
        {"max", "latency max"},
        {"errors", "errors"},
        {"connected", "connected"},
        {"closed", "closed by the server"},
        {"connect.p50", "TCP connect p50"},
        {"connect.p99", "TCP connect p99"},
        {"handshake.p99", "handshake p99"},
        {"server.memory", "server memory each"},
    };
    enum { TILES_MAX = 8 };
    unsigned count = 0;
    fputs("<dl class=\"tiles\">\n", out);
    for (size_t i = 0; i < sizeof(TILES) / sizeof(*TILES) && count < TILES_MAX; i++) {
        const struct figure *f = figure_find(TILES[i].figure, strlen(TILES[i].figure));
        double value = f == NULL ? NAN : figure_of(f, run);
        if (isnan(value))
            continue;
        bool is_bad = f->unit == FIGURE_COUNT && f->less_is_better && value > 0;
        fprintf(out, "<div><dt>%s</dt><dd%s>%s</dd></div>\n", TILES[i].label,
                is_bad ? " class=\"bad\"" : "", figure_text(f, value).s);
        count++;
    }
    fputs("</dl>\n", out);
}

/* --- plots ------------------------------------------------------------------------------- */

static enum err write_percentiles(const struct run *run, FILE *out)
{
    struct percentiles percentiles[TIMING_KINDS];
    struct chart_curve curves[TIMING_KINDS];
    for (unsigned i = 0; i < TIMING_KINDS; i++) {
        percentiles_of(&run->timings[i], &percentiles[i]);
        curves[i] = (struct chart_curve){timing_name(i), &percentiles[i]};
    }
    return chart_percentiles("Time by percentile", curves, TIMING_KINDS, out);
}

static enum err write_over_time(const struct run *run, FILE *out)
{
    static const struct {
        const char *title;
        enum chart_value values[3];
        size_t count;
    } CHARTS[] = {
        {"Messages a second", {CHART_RECEIVED, CHART_SENT}, 2},
        {"Latency over time", {CHART_P50, CHART_P99, CHART_MAX}, 3},
        {"Errors over time", {CHART_ERRORS}, 1},
        {"Open connections", {CHART_OPEN}, 1},
        {"Connections opened a second", {CHART_OPENED}, 1},
        {"Replies beside, a second", {CHART_BESIDE}, 1},
        {"Memory of the server", {CHART_MEMORY}, 1},
        {"Cores that the server keeps busy", {CHART_CPU}, 1},
    };
    enum err e = OK;
    for (size_t i = 0; i < sizeof(CHARTS) / sizeof(*CHARTS) && e == OK; i++) {
        struct chart_line lines[3];
        for (size_t k = 0; k < CHARTS[i].count; k++)
            lines[k] =
                (struct chart_line){NULL, CHARTS[i].values[k], run->samples, run->sample_count};
        e = chart_over_time(CHARTS[i].title, lines, CHARTS[i].count, out);
    }
    return e;
}

static enum err write_plots(const struct run *run, FILE *out)
{
    fputs("<div class=\"plots\">", out);
    enum err e = write_percentiles(run, out);
    if (e == OK)
        e = write_over_time(run, out);
    fputs("</div>\n", out);
    if (run->measured_seconds > 0 && run->sample_count > 0)
        fputs("<p class=\"muted\">Shaded: the seconds that were measured.</p>\n", out);
    return e;
}

/* --- tables ------------------------------------------------------------------------------ */

static bool has_timings(const struct run *run)
{
    for (unsigned i = 0; i < TIMING_KINDS; i++)
        if (hist_total(&run->timings[i]) > 0)
            return true;
    return false;
}

static void write_timings(const struct run *run, FILE *out)
{
    static const double QUANTILES[] = {0.5, 0.9, 0.99, 0.999, 1};
    if (!has_timings(run))
        return;
    fputs("<h2>Times</h2>\n<div class=\"scroll\"><table>\n<tr><th></th><th class=\"n\">count</th>"
          "<th class=\"n\">mean</th><th class=\"n\">p50</th><th class=\"n\">p90</th>"
          "<th class=\"n\">p99</th><th class=\"n\">p99.9</th><th class=\"n\">max</th></tr>\n",
          out);
    for (unsigned i = 0; i < TIMING_KINDS; i++) {
        const struct hist *h = &run->timings[i];
        uint64_t total = hist_total(h);
        if (total == 0)
            continue;
        fputs("<tr><td>", out);
        page_text(timing_meaning(i), out);
        fprintf(out, "</td><td class=\"n\">%s</td><td class=\"n\">%s</td>",
                text_count((double)total).s, text_duration(hist_mean(h)).s);
        for (size_t k = 0; k < sizeof(QUANTILES) / sizeof(*QUANTILES); k++)
            fprintf(out, "<td class=\"n\">%s</td>",
                    text_duration((double)hist_quantile(h, QUANTILES[k])).s);
        fputs("</tr>\n", out);
    }
    fputs("</table></div>\n", out);
}

/* Those of latencies and handshakes are in the table of times, too, but here with the names that
 * the JSON and --expect know. */
static void write_figures(const struct run *run, FILE *out)
{
    fputs("<h2>Figures</h2>\n<div class=\"scroll\"><table>\n", out);
    for (size_t i = 0; i < FIGURE_KINDS; i++) {
        double value = figure_of(&FIGURES[i], run);
        if (isnan(value))
            continue;
        fprintf(out, "<tr><td><code>%s</code></td><td>%s</td><td class=\"n\">%s</td></tr>\n",
                FIGURES[i].name, FIGURES[i].meaning, figure_text(&FIGURES[i], value).s);
    }
    fputs("</table></div>\n", out);
}

/* "connections_opened", for people. */
static void write_name(const char *name, FILE *out)
{
    for (; *name != '\0'; name++)
        fputc(*name == '_' ? ' ' : *name, out);
}

static void write_counts(const struct run *run, FILE *out)
{
    fputs("<section>\n<h2>Counts</h2>\n<div class=\"scroll\"><table>\n<tr><th></th>"
          "<th class=\"n\">measured</th><th class=\"n\">whole run</th></tr>\n",
          out);
    for (unsigned i = 0; i < COUNT_KINDS; i++) {
        fputs("<tr><td>", out);
        write_name(count_name(i), out);
        fprintf(out, "</td><td class=\"n\">%s</td><td class=\"n\">%s</td></tr>\n",
                text_count((double)run->counts[i]).s, text_count((double)run->totals[i]).s);
    }
    fprintf(out,
            "<tr><td>connections open at most</td><td></td><td "
            "class=\"n\">%s</td></tr>\n</table></div>\n"
            "</section>\n",
            text_count((double)run->open_max).s);
}

static void write_row(const char *name, struct text value, FILE *out)
{
    fprintf(out, "<tr><td>%s</td><td class=\"n\">%s</td></tr>\n", name, value.s);
}

static void write_processes(const struct run *run, FILE *out)
{
    const struct plan *plan = run->plan;
    fputs("<section>\n<h2>Processes</h2>\n<div class=\"scroll\"><table>\n", out);
    write_row("processes of simul-load", text_count(plan->processes), out);
    write_row("threads in all", text_count(plan->threads), out);
    write_row("their CPU time", text_duration((double)run->cpu_ns), out);
    write_row("measured", text_duration((double)run->measured_cpu_ns), out);
    if (plan->server_pid != 0) {
        write_row("memory of the server before", text_bytes((double)run->server_memory_begin_bytes),
                  out);
        write_row("with all connections open", text_bytes((double)run->server_memory_open_bytes),
                  out);
        write_row("at most", text_bytes((double)run->server_memory_max_bytes), out);
        write_row("its CPU time, measured", text_duration((double)run->server_cpu_ns), out);
    }
    fputs("</table></div>\n</section>\n", out);
}

static void write_reasons(const struct run *run, FILE *out)
{
    if (run->reason_count == 0)
        return;
    fputs("<h2>Why connections failed or were closed</h2>\n<div class=\"scroll\"><table>\n", out);
    for (unsigned i = 0; i < run->reason_count; i++) {
        fputs("<tr><td>", out);
        page_text(run->reasons[i].text, out);
        fprintf(out, "</td><td class=\"n\">%s</td></tr>\n",
                text_count((double)run->reasons[i].count).s);
    }
    fputs("</table></div>\n", out);
}

enum err html_write(const struct run *run, FILE *out)
{
    char title[64];
    snprintf(title, sizeof(title), "simul-load %s", run->plan->scenario->name);
    page_begin(title, out);
    write_heading(run, out);
    write_errors(run, out);
    write_doubts(run, out);
    write_tiles(run, out);
    write_expectations(run, out);
    enum err e = write_plots(run, out);
    write_reasons(run, out);
    write_timings(run, out);
    fputs("<div class=\"columns\">\n", out);
    write_counts(run, out);
    write_processes(run, out);
    fputs("</div>\n", out);
    write_figures(run, out);
    fputs("<h2>To run it again</h2>\n<pre>", out);
    page_text(run->plan->command_line, out);
    fputs("</pre>\n", out);
    page_end(out);
    if (e != OK)
        return e;
    return fflush(out) == 0 && !ferror(out) ? OK : ERR_IO;
}
