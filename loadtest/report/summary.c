#include "report/summary.h"

#include "report/doubt.h"
#include "report/figure.h"
#include "report/paint.h"
#include "report/spread.h"
#include "report/words.h"

#include <math.h>
#include <string.h>
#include <time.h>

enum { LABEL_COLUMNS = 12, COUNT_COLUMNS = 12, RATE_COLUMNS = 14, CELL_COLUMNS = 9 };

struct summary {
    const struct run *run;
    FILE *to;
    bool is_painted;
};

static void put_label(const struct summary *t, const char *label)
{
    fputs("  ", t->to);
    text_pad(t->to, label, -LABEL_COLUMNS);
}

static void put_heading(const struct summary *t, enum paint paint, const char *heading)
{
    fputc('\n', t->to);
    paint_put(t->to, t->is_painted, paint, heading);
    fputc('\n', t->to);
}

static struct text figure_value(const struct summary *t, const char *name)
{
    const struct figure *figure = figure_find(name, strlen(name));
    return figure_text(figure, figure_of(figure, t->run));
}

/* --- what it was ------------------------------------------------------------------------- */

static void print_head(const struct summary *t)
{
    const struct run *run = t->run;
    char words[WORDS_BYTES], began[32] = "";
    time_t unix_s = (time_t)run->began_unix_s;
    struct tm utc;
    words_title(run->plan, words);
    paint_put(t->to, t->is_painted, PAINT_BOLD, words);
    words_load(run->plan, words);
    fprintf(t->to, "\n%s\n", words);
    if (gmtime_r(&unix_s, &utc) != NULL)
        strftime(began, sizeof(began), "%Y-%m-%d %H:%M:%S", &utc);
    fprintf(t->to, "began %s UTC, took %s", began, text_duration(run->seconds * 1e9).s);
    if (run->measured_seconds > 0)
        fprintf(t->to, ", measured %s", text_duration(run->measured_seconds * 1e9).s);
    fprintf(t->to, "%s\n\n", run->was_interrupted ? "; interrupted" : "");
}

/* --- counts and rates -------------------------------------------------------------------- */

static void print_connections(const struct summary *t)
{
    const struct run *run = t->run;
    uint64_t closed = run->totals[COUNT_CLOSED], resumed = run->totals[COUNT_RESUMED];
    uint64_t compressed = run->totals[COUNT_COMPRESSED];
    put_label(t, "opened");
    text_pad(t->to, text_count((double)run->totals[COUNT_OPENED]).s, COUNT_COLUMNS);
    text_pad(t->to, figure_value(t, "connect.rate").s, RATE_COLUMNS);
    fprintf(t->to, "  of %s connections begun, ", text_count((double)run->totals[COUNT_STARTED]).s);
    fprintf(t->to, "at most %s open\n", text_count((double)run->open_max).s);
    if (resumed > 0) {
        put_label(t, "resumed");
        text_pad(t->to, text_count((double)resumed).s, COUNT_COLUMNS);
        fputs("  TLS sessions\n", t->to);
    }
    if (compressed > 0) {
        put_label(t, "compressed");
        text_pad(t->to, text_count((double)compressed).s, COUNT_COLUMNS);
        fputs("  with permessage-deflate\n", t->to);
    }
    if (closed > 0) {
        put_label(t, "closed");
        text_pad(t->to, text_count((double)closed).s, COUNT_COLUMNS);
        paint_put(t->to, t->is_painted, PAINT_YELLOW, "  by the server\n");
    }
}

/* The columns of what went one way; figures are named as in FIGURES. */
struct flow {
    const char *label;
    enum count messages, bytes;
    const char *rate, *throughput, *wire;
};

static void print_flow(const struct summary *t, const struct flow *f)
{
    double n = (double)figure_count(t->run, f->messages);
    if (n == 0)
        return;
    put_label(t, f->label);
    text_pad(t->to, text_count(n).s, COUNT_COLUMNS);
    text_pad(t->to, figure_value(t, f->rate).s, RATE_COLUMNS);
    text_pad(t->to, figure_value(t, f->throughput).s, RATE_COLUMNS);
    fprintf(t->to, "  %s each, ", text_bytes((double)figure_count(t->run, f->bytes) / n).s);
    fprintf(t->to, "%s on the wire\n", figure_value(t, f->wire).s);
}

static void print_flows(const struct summary *t)
{
    static const struct flow SENT = {"sent",      COUNT_SENT,        COUNT_SENT_BYTES,
                                     "rate.sent", "throughput.sent", "wire_bytes.sent"},
                             RECEIVED = {"received", COUNT_RECEIVED, COUNT_RECEIVED_BYTES,
                                         "rate",     "throughput",   "wire_bytes"};
    uint64_t beside = figure_count(t->run, COUNT_BESIDE);
    print_flow(t, &SENT);
    if (figure_rate_counts(t->run->plan) == COUNT_RECEIVED)
        print_flow(t, &RECEIVED);
    if (beside == 0)
        return;
    put_label(t, "beside");
    text_pad(t->to, text_count((double)beside).s, COUNT_COLUMNS);
    fputc('\n', t->to);
}

/* --- latencies --------------------------------------------------------------------------- */

static const struct {
    const char *name;
    double share;
} QUANTILES[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1}};

enum { QUANTILE_KINDS = sizeof(QUANTILES) / sizeof(*QUANTILES) };

static void print_timing(const struct summary *t, enum timing timing)
{
    const struct hist *h = &t->run->timings[timing];
    put_label(t, timing_name(timing));
    text_pad(t->to, text_count((double)hist_total(h)).s, COUNT_COLUMNS);
    text_pad(t->to, text_duration(hist_mean(h)).s, CELL_COLUMNS);
    for (unsigned i = 0; i < QUANTILE_KINDS; i++)
        text_pad(t->to, text_duration((double)hist_quantile(h, QUANTILES[i].share)).s,
                 CELL_COLUMNS);
    fputc('\n', t->to);
}

static void print_timings(const struct summary *t)
{
    bool has_any = false;
    for (unsigned i = 0; i < TIMING_KINDS; i++) {
        if (hist_total(&t->run->timings[i]) == 0)
            continue;
        if (!has_any) {
            fputc('\n', t->to);
            put_label(t, "");
            text_pad(t->to, "count", COUNT_COLUMNS);
            text_pad(t->to, "mean", CELL_COLUMNS);
            for (unsigned k = 0; k < QUANTILE_KINDS; k++)
                text_pad(t->to, QUANTILES[k].name, CELL_COLUMNS);
            fputc('\n', t->to);
        }
        has_any = true;
        print_timing(t, (enum timing)i);
    }
}

static void print_spread(const struct summary *t)
{
    const struct hist *h = &t->run->timings[TIMING_LATENCY];
    if (hist_total(h) == 0)
        return;
    put_heading(t, PAINT_BOLD, "latency");
    spread_print(h, t->to, t->is_painted);
}

/* --- what went wrong --------------------------------------------------------------------- */

static void print_errors(const struct summary *t)
{
    const struct run *run = t->run;
    char heading[TEXT_BYTES * 2];
    if (run_errors(run) == 0) {
        put_heading(t, PAINT_GREEN, "no errors");
        return;
    }
    snprintf(heading, sizeof(heading), "ERRORS: %s", text_count((double)run_errors(run)).s);
    put_heading(t, PAINT_LOUD, heading);
    for (unsigned i = 0; i < FAULT_KINDS; i++) {
        if (run->faults[i] == 0)
            continue;
        text_pad(t->to, text_count((double)run->faults[i]).s, COUNT_COLUMNS);
        fputs("  ", t->to);
        text_pad(t->to, fault_name((enum fault)i), -LABEL_COLUMNS);
        fprintf(t->to, "%s\n", fault_meaning((enum fault)i));
    }
}

static void print_reasons(const struct summary *t)
{
    const struct run *run = t->run;
    if (run->reason_count > 0)
        put_heading(t, PAINT_BOLD, "why connections failed or were closed");
    for (unsigned i = 0; i < run->reason_count; i++) {
        text_pad(t->to, text_count((double)run->reasons[i].count).s, COUNT_COLUMNS);
        fprintf(t->to, "  %s\n", run->reasons[i].text);
    }
}

/* --- the server, and we ------------------------------------------------------------------ */

static void print_server(const struct summary *t)
{
    const struct run *run = t->run;
    char heading[TEXT_BYTES * 2];
    if (run->server_memory_max_bytes == 0 && run->server_cpu_ns == 0)
        return;
    snprintf(heading, sizeof(heading), "server, process %d", run->plan->server_pid);
    put_heading(t, PAINT_BOLD, heading);
    if (run->server_memory_max_bytes > 0) {
        put_label(t, "memory");
        fprintf(t->to, "%s before, %s with connections open (%s for each), %s at most\n",
                text_bytes((double)run->server_memory_begin_bytes).s,
                text_bytes((double)run->server_memory_open_bytes).s,
                figure_value(t, "server.memory").s,
                text_bytes((double)run->server_memory_max_bytes).s);
    }
    if (run->server_cpu_ns > 0 && run->measured_seconds > 0) {
        put_label(t, "CPU");
        fprintf(t->to, "%s of a core, %s for each message received\n",
                text_share((double)run->server_cpu_ns / 1e9 / run->measured_seconds).s,
                figure_value(t, "server.cpu").s);
    }
}

static void print_warnings(const struct summary *t)
{
    double lag_ns, share;
    uint64_t plain;
    if (doubt_late(t->run, &lag_ns)) {
        put_heading(t, PAINT_YELLOW, "WARNING: this program itself was late.");
        fprintf(t->to,
                "  1 %% of the messages were sent %s or more after they were due, which their\n"
                "  latencies contain. The server may be faster than they say.\n",
                text_duration(lag_ns).s);
    }
    if (doubt_unsent(t->run, &share)) {
        put_heading(t, PAINT_YELLOW, "WARNING: the rate was not kept.");
        fprintf(t->to,
                "  %s of the messages that were due could not be sent: so many waited for replies\n"
                "  (--in-flight), or connections were gone. The latencies would be longer with "
                "them.\n",
                text_share(share).s);
    }
    if (doubt_busy(t->run, &share)) {
        put_heading(t, PAINT_YELLOW, "WARNING: this program itself may have been the bottleneck.");
        fprintf(t->to,
                "  Its threads were busy for %s of the time. More of them (--threads), or\n"
                "  another machine, may show more of the server.\n",
                text_share(share).s);
    }
    if (doubt_plain(t->run, &plain)) {
        put_heading(t, PAINT_YELLOW, "WARNING: the server declined permessage-deflate.");
        fprintf(t->to, "  What was sent on %s of the connections is not compressed.\n",
                text_count((double)plain).s);
    }
}

void summary_print(const struct run *run, FILE *to)
{
    const struct summary t = {run, to, paint_wanted(to)};
    print_head(&t);
    print_connections(&t);
    print_flows(&t);
    print_timings(&t);
    print_spread(&t);
    print_server(&t);
    print_errors(&t);
    print_reasons(&t);
    print_warnings(&t);
}
