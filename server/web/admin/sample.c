#include "web/admin/sample.h"

#include "core/clock.h"
#include "core/process.h"

#include <stdlib.h>

struct sampler {
    const struct loop_set *loops;
    uint64_t at_ns; /* of the last sample */
    uint64_t totals[SAMPLE_RATE_COUNT];
    struct hist ticks, now;
    struct hist lags[]; /* of each loop */
};

#define SAMPLE_OFFSET(name) offsetof(struct loop_metrics, name),
static const size_t OFFSETS[SAMPLE_RATE_COUNT] = {SAMPLE_RATES(SAMPLE_OFFSET)
                                                      SAMPLE_CLOSES(SAMPLE_OFFSET)};

#define SAMPLE_NAME(name) #name,
static const char *const NAMES[SAMPLE_RATE_COUNT] = {SAMPLE_RATES(SAMPLE_NAME)
                                                         SAMPLE_CLOSES(SAMPLE_NAME)};

static uint64_t total(const struct loop_set *loops, size_t offset)
{
    uint64_t sum = 0;
    for (const struct loop *l = loops->loops; l < loops->loops + loops->count; l++)
        sum += metric_get(
            (const _Atomic uint64_t *)(const void *)((const char *)&l->metrics + offset));
    return sum;
}

/* Leaves in `now`, a snapshot, what has come since `last`, which becomes that snapshot. */
static void leave_difference(struct hist *now, struct hist *last)
{
    hist_subtract(now, last);
    hist_merge(last, now);
}

static struct sample_ticks take_ticks(struct sampler *s)
{
    hist_clear(&s->now);
    for (unsigned i = 0; i < s->loops->count; i++)
        hist_merge(&s->now, &s->loops->loops[i].metrics.tick);
    leave_difference(&s->now, &s->ticks);
    if (hist_total(&s->now) == 0)
        return (struct sample_ticks){SAMPLE_NONE, SAMPLE_NONE, SAMPLE_NONE};
    return (struct sample_ticks){.p50 = hist_quantile(&s->now, 0.5),
                                 .p99 = hist_quantile(&s->now, 0.99),
                                 .max = hist_quantile(&s->now, 1)};
}

static uint64_t take_lag(struct sampler *s, unsigned loop)
{
    hist_clear(&s->now);
    hist_merge(&s->now, &s->loops->loops[loop].metrics.lag);
    leave_difference(&s->now, &s->lags[loop]);
    return hist_total(&s->now) == 0 ? SAMPLE_NONE : hist_quantile(&s->now, 1);
}

static void take_rates(struct sampler *s, double rates[SAMPLE_RATE_COUNT])
{
    uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);
    double seconds = (double)(now_ns - s->at_ns) / 1e9;
    s->at_ns = now_ns;
    for (int i = 0; i < SAMPLE_RATE_COUNT; i++) {
        uint64_t now = total(s->loops, OFFSETS[i]);
        rates[i] = seconds > 0 ? (double)(now - s->totals[i]) / seconds : 0;
        s->totals[i] = now;
    }
}

void sampler_take(struct sampler *s, struct sample *out)
{
    out->at_ms = s->loops->loops[0].wall_ms;
    out->connections = total(s->loops, offsetof(struct loop_metrics, connections));
    out->sessions = total(s->loops, offsetof(struct loop_metrics, sessions));
    out->resident_bytes = process_read().resident_bytes;
    take_rates(s, out->rates);
    out->ticks = take_ticks(s);
    for (unsigned i = 0; i < s->loops->count; i++)
        out->lag_max_ns[i] = take_lag(s, i);
}

struct sampler *sampler_new(const struct loop_set *loops)
{
    struct sampler *s = calloc(1, sizeof(*s) + loops->count * sizeof(s->lags[0]));
    struct sample *none = malloc(sample_bytes(loops->count));
    if (s != NULL && none != NULL) {
        s->loops = loops;
        sampler_take(s, none); /* all that there ever was */
    } else {
        free(s);
        s = NULL;
    }
    free(none);
    return s;
}

void sampler_free(struct sampler *s)
{
    free(s);
}

static enum err print_us(struct buf *out, const char *before, uint64_t ns)
{
    if (ns == SAMPLE_NONE)
        return buf_printf(out, "%snull", before);
    return buf_printf(out, "%s%.6g", before, (double)ns / 1e3);
}

enum err sample_print(const struct sample *s, unsigned loop_count, struct buf *out)
{
    enum err e = buf_printf(out,
                            "{\"at_ms\":%llu,\"connections\":%llu,\"sessions\":%llu,"
                            "\"resident_bytes\":%llu",
                            (unsigned long long)s->at_ms, (unsigned long long)s->connections,
                            (unsigned long long)s->sessions, (unsigned long long)s->resident_bytes);
    for (int i = 0; i < SAMPLE_RATE_COUNT && e == OK; i++)
        e = buf_printf(out, ",\"%s\":%.6g", NAMES[i], s->rates[i]);
    if (e == OK)
        e = print_us(out, ",\"tick_us\":[", s->ticks.p50);
    if (e == OK)
        e = print_us(out, ",", s->ticks.p99);
    if (e == OK)
        e = print_us(out, ",", s->ticks.max);
    if (e == OK)
        e = buf_append(out, SPAN("],\"lag_us\":["));
    for (unsigned i = 0; i < loop_count && e == OK; i++)
        e = print_us(out, i == 0 ? "" : ",", s->lag_max_ns[i]);
    return e == OK ? buf_append(out, SPAN("]}")) : e;
}
