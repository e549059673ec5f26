#include "report/doubt.h"

#include "report/figure.h"
#include "report/run.h"

#include <math.h>
#include <sched.h>

static const double LAG_HIGH_NS = 5e5, LAG_HIGH_SHARE = 0.25, BUSY_SHARE_HIGH = 0.95;
static const double UNSENT_LEAST = 10, UNSENT_HIGH_SHARE = 0.05;

bool doubt_late(const struct run *run, double *lag_ns)
{
    double latency_ns = (double)hist_quantile(&run->timings[TIMING_LATENCY], 0.99);
    *lag_ns = (double)hist_quantile(&run->timings[TIMING_LAG], 0.99);
    return *lag_ns >= LAG_HIGH_NS && *lag_ns >= LAG_HIGH_SHARE * latency_ns;
}

bool doubt_unsent(const struct run *run, double *share)
{
    double due = run->plan->rate * run->measured_seconds;
    double unsent = due - (double)run->counts[COUNT_SENT];
    *share = due > 0 ? unsent / due : 0;
    return run->plan->messages_max == 0 && unsent >= UNSENT_LEAST && *share >= UNSENT_HIGH_SHARE;
}

/* How many cores we may use at a time. */
static double cores_of_ours(const struct run *run)
{
    cpu_set_t set;
    double threads = run->plan->threads;
    if (sched_getaffinity(0, sizeof(set), &set) != 0)
        return threads;
    return fmin(threads, CPU_COUNT(&set));
}

bool doubt_busy(const struct run *run, double *share)
{
    double seconds = figure_seconds(run);
    uint64_t cpu_ns = run->measured_seconds > 0 ? run->measured_cpu_ns : run->cpu_ns;
    *share = seconds > 0 ? fmin(1, (double)cpu_ns / 1e9 / seconds / cores_of_ours(run)) : 0;
    return *share >= BUSY_SHARE_HIGH;
}

bool doubt_plain(const struct run *run, uint64_t *count)
{
    uint64_t opened = run->totals[COUNT_OPENED], compressed = run->totals[COUNT_COMPRESSED];
    *count = run->plan->deflate && opened > compressed ? opened - compressed : 0;
    return *count > 0;
}
