#include "report/percentile.h"

#include "simul/hist.h"

#include <math.h>

void percentiles_of(const struct hist *h, struct percentiles *out)
{
    double total = (double)hist_count_below(h, UINT64_MAX), beyond = 1;
    out->count = 0;
    if (total == 0)
        return;
    while (out->count < PERCENTILES_MAX - 1 && beyond * total >= 1) {
        out->points[out->count] =
            (struct percentile){1 - beyond, (double)hist_quantile(h, 1 - beyond)};
        out->count++;
        beyond = pow(10, -(double)out->count / PERCENTILE_STEPS);
    }
    out->points[out->count++] = (struct percentile){1, (double)hist_quantile(h, 1)};
}

double percentile_nines(const struct percentiles *p, size_t index)
{
    if (p->points[index].share < 1)
        return -log10(1 - p->points[index].share);
    if (index == 0)
        return 0;
    return -log10(1 - p->points[index - 1].share) + 1.0 / PERCENTILE_STEPS;
}
