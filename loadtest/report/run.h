/* A run as it was: what the watcher saw, for everything that is shown. Reports read nothing else.
 *
 * Figures are of the measured window if there was one, else (nothing was measured, a scenario that
 * only opens) of the whole run; faults, reasons and connections are always of the whole run. */
#pragma once

#include "load/board.h"
#include "plan/plan.h"

#include <stddef.h>
#include <stdint.h>

/* One second of a run, or less: where the phase changes, or the window begins or ends, a new one
 * begins. */
struct sample {
    double at_s;    /* since the run began: its end */
    double seconds; /* how long it was */
    enum phase phase;
    bool is_measured;             /* it lies in the window */
    uint64_t open;                /* connections, at its end */
    uint64_t counts[COUNT_KINDS]; /* in this second */
    uint64_t errors;
    uint64_t p50_ns, p90_ns, p99_ns, p999_ns, max_ns; /* of the latencies of this second; 0: none */
    double server_cpu_share;      /* of --pid: cores that were busy; NAN: not known */
    uint64_t server_memory_bytes; /* 0: not known */
};

struct run_reason {
    char text[REASON_BYTES];
    uint64_t count;
};

struct run {
    const struct plan *plan;
    int64_t began_unix_s;
    double seconds;          /* the whole run */
    double opening_seconds;  /* until each connection was open or had failed, to 20 ms */
    uint64_t opening_opened; /* how many were opened in that time */
    double measured_seconds; /* the window, as far as it was reached */
    bool was_interrupted;    /* Ctrl-C */

    uint64_t counts[COUNT_KINDS]; /* in the window */
    uint64_t totals[COUNT_KINDS]; /* of the whole run */
    uint64_t faults[FAULT_KINDS];
    uint64_t open_max;        /* the most connections at a time */
    uint64_t cpu_ns;          /* of our threads, in the whole run */
    uint64_t measured_cpu_ns; /* in the window */
    struct hist timings[TIMING_KINDS];
    struct run_reason reasons[REASONS_MAX]; /* the most frequent first */
    unsigned reason_count;

    struct sample *samples; /* owned */
    size_t sample_count;

    /* Of --pid; 0 when it is not known. */
    uint64_t server_memory_begin_bytes, server_memory_open_bytes, server_memory_max_bytes;
    uint64_t server_cpu_ns; /* in the window */
};

static inline uint64_t run_errors(const struct run *r)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < FAULT_KINDS; i++)
        sum += r->faults[i];
    return sum;
}
