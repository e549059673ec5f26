/* The sum of all lanes at one moment, and differences of such sums. */
#pragma once

#include "load/board.h"
#include "report/run.h"

struct tally {
    uint64_t counts[COUNT_KINDS];
    uint64_t faults[FAULT_KINDS];
    uint64_t cpu_ns;
    uint64_t waiting;
    struct hist timings[TIMING_KINDS]; /* as of the last tally_take_timings */
};

/* Adds the lanes up, but for their timings: cheap. */
void tally_take(struct tally *t, const struct board *board);
/* Adds up the timings too. */
void tally_take_timings(struct tally *t, const struct board *board);

/* Connections that are open. */
uint64_t tally_open(const struct tally *t);

/* Fills what a sample says of the time between two tallies. */
void tally_sample(struct sample *s, const struct tally *now, const struct tally *before);

/* Copies the timings out. */
void tally_timings(struct hist to[TIMING_KINDS], const struct tally *t);

/* Joins the reasons of all lanes, the most frequent first; returns how many there are. */
unsigned tally_reasons(struct run_reason to[REASONS_MAX], const struct board *board);
