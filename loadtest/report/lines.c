#include "report/lines.h"

#include "report/figure.h"
#include "report/words.h"

#include <math.h>

enum { LINES_PER_HEADER = 20 };

/* The columns, in order; the phase follows, left-aligned. */
static const struct {
    const char *name;
    int width;
} COLUMNS[] = {
    {"time", 7}, {"open", 10}, {"rate", 12}, {"throughput", 12}, {"p50", 9},
    {"p99", 9},  {"p99.9", 9}, {"max", 9},   {"errors", 8},
};

enum { COLUMN_KINDS = sizeof(COLUMNS) / sizeof(*COLUMNS) };

static struct text latency(uint64_t ns)
{
    return text_duration(ns == 0 ? NAN : (double)ns);
}

static void header_print(FILE *to)
{
    for (unsigned i = 0; i < COLUMN_KINDS; i++)
        text_pad(to, COLUMNS[i].name, COLUMNS[i].width);
    fputs("  phase\n", to);
}

static void sample_print(FILE *to, const struct plan *plan, const struct sample *s)
{
    double seconds = s->seconds > 0 ? s->seconds : NAN;
    const struct text cells[COLUMN_KINDS] = {
        text_clock(s->at_s),
        text_count((double)s->open),
        text_rate((double)s->counts[figure_rate_counts(plan)] / seconds),
        text_byte_rate((double)s->counts[COUNT_RECEIVED_BYTES] / seconds),
        latency(s->p50_ns),
        latency(s->p99_ns),
        latency(s->p999_ns),
        latency(s->max_ns),
        text_count((double)s->errors),
    };
    for (unsigned i = 0; i < COLUMN_KINDS; i++)
        text_pad(to, cells[i].s, COLUMNS[i].width);
    bool is_warm_up = s->phase == PHASE_RUNNING && !s->is_measured;
    fprintf(to, "  %s\n", is_warm_up ? "warming up" : words_phase(s->phase));
}

void lines_second(struct lines *lines, const struct run *so_far)
{
    const struct sample *s = &so_far->samples[so_far->sample_count - 1];
    if (s->seconds < 0.5)
        return;
    if (lines->printed++ % LINES_PER_HEADER == 0)
        header_print(lines->to);
    sample_print(lines->to, so_far->plan, s);
    fflush(lines->to);
}
