#include "load/tally.h"

#include <stdlib.h>
#include <string.h>

void tally_take(struct tally *t, const struct board *board)
{
    memset(t->counts, 0, sizeof t->counts);
    memset(t->faults, 0, sizeof t->faults);
    t->cpu_ns = t->waiting = 0;
    for (unsigned k = 0; k < board->lane_count; k++) {
        const struct lane *l = &board->lanes[k];
        for (unsigned i = 0; i < COUNT_KINDS; i++)
            t->counts[i] += hist_get(&l->counts[i]);
        for (unsigned i = 0; i < FAULT_KINDS; i++)
            t->faults[i] += hist_get(&l->faults[i]);
        t->cpu_ns += hist_get(&l->cpu_ns);
        t->waiting += hist_get(&l->waiting);
    }
}

void tally_take_timings(struct tally *t, const struct board *board)
{
    for (unsigned i = 0; i < TIMING_KINDS; i++) {
        hist_clear(&t->timings[i]);
        for (unsigned k = 0; k < board->lane_count; k++)
            hist_merge(&t->timings[i], &board->lanes[k].timings[i]);
    }
}

void tally_timings(struct hist to[TIMING_KINDS], const struct tally *t)
{
    memcpy(to, t->timings, sizeof t->timings);
}

uint64_t tally_open(const struct tally *t)
{
    /* Lanes are read one after the other, so one moment may show an end before its beginning. */
    uint64_t opened = t->counts[COUNT_OPENED], ended = t->counts[COUNT_ENDED];
    return opened > ended ? opened - ended : 0;
}

void tally_sample(struct sample *s, const struct tally *now, const struct tally *before)
{
    static struct hist between;
    s->open = tally_open(now);
    s->errors = 0;
    for (unsigned i = 0; i < COUNT_KINDS; i++)
        s->counts[i] = now->counts[i] - before->counts[i];
    for (unsigned i = 0; i < FAULT_KINDS; i++)
        s->errors += now->faults[i] - before->faults[i];
    memcpy(&between, &now->timings[TIMING_LATENCY], sizeof between);
    hist_subtract(&between, &before->timings[TIMING_LATENCY]);
    s->p50_ns = hist_quantile(&between, 0.5);
    s->p90_ns = hist_quantile(&between, 0.9);
    s->p99_ns = hist_quantile(&between, 0.99);
    s->p999_ns = hist_quantile(&between, 0.999);
    s->max_ns = hist_quantile(&between, 1);
}

static void add_reason(struct run_reason to[REASONS_MAX], unsigned *count, const struct reason *r)
{
    unsigned i = 0;
    while (i < *count && strcmp(to[i].text, r->text) != 0)
        i++;
    if (i == REASONS_MAX)
        i--; /* the rest is said together */
    if (i == *count) {
        to[i] = (struct run_reason){0};
        strcpy(to[i].text, i == REASONS_MAX - 1 ? "others" : r->text);
        (*count)++;
    }
    to[i].count += hist_get(&r->count);
}

static int compare_reasons(const void *a, const void *b)
{
    const struct run_reason *x = a, *y = b;
    return (x->count < y->count) - (x->count > y->count);
}

unsigned tally_reasons(struct run_reason to[REASONS_MAX], const struct board *board)
{
    unsigned count = 0;
    for (unsigned k = 0; k < board->lane_count; k++) {
        const struct lane *l = &board->lanes[k];
        unsigned stand = atomic_load_explicit(&l->reason_count, memory_order_acquire);
        for (unsigned i = 0; i < stand; i++)
            add_reason(to, &count, &l->reasons[i]);
    }
    qsort(to, count, sizeof *to, compare_reasons);
    return count;
}
