#include "report/spread.h"

#include "report/paint.h"
#include "report/text.h"

#include <math.h>

enum { BAR_COLUMNS = 36 };

/* The first bound; what is shorter is not worth a row. From here on all bounds are whole. */
static const double FIRST_NS = 100;

/* Round numbers of a decade, the closest ladder first; even the last fits all that a histogram
 * tells apart, since that is 12 decades. */
static const struct {
    unsigned count;
    double steps[20];
} LADDERS[] = {
    {20,
     {1, 1.12, 1.25, 1.4, 1.6, 1.8, 2, 2.24, 2.5, 2.8, 3.15, 3.55, 4, 4.5, 5, 5.6, 6.3, 7.1, 8, 9}},
    {10, {1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8}},
    {6, {1, 1.5, 2, 3, 5, 7}},
    {3, {1, 2, 5}},
    {1, {1}},
};

enum { LADDER_KINDS = sizeof(LADDERS) / sizeof(*LADDERS) };

static uint64_t ladder_bound(unsigned ladder, unsigned index)
{
    unsigned count = LADDERS[ladder].count;
    double step = LADDERS[ladder].steps[index % count];
    unsigned decade = index / count;
    return (uint64_t)llround(FIRST_NS * step * pow(10, decade));
}

/* How many values are no more than the bound. */
static uint64_t count_to(const struct hist *h, uint64_t bound_ns)
{
    return hist_count_below(h, bound_ns + 1);
}

unsigned spread_rows(const struct hist *h, struct spread_row rows[SPREAD_ROWS_MAX])
{
    uint64_t total = hist_total(h), min = hist_quantile(h, 0), max = hist_quantile(h, 1);
    unsigned first, last, ladder = 0;
    if (total == 0)
        return 0;
    for (;; ladder++) {
        for (first = 0; ladder_bound(ladder, first) < min;)
            first++;
        for (last = first; ladder_bound(ladder, last) < max;)
            last++;
        if (last - first < SPREAD_ROWS_MAX || ladder + 1 == LADDER_KINDS)
            break;
    }
    uint64_t below = 0;
    for (unsigned i = first; i <= last; i++) {
        uint64_t bound = ladder_bound(ladder, i), to = i == last ? total : count_to(h, bound);
        rows[i - first] = (struct spread_row){bound, to - below};
        below = to;
    }
    return last - first + 1;
}

void spread_print(const struct hist *h, FILE *to, bool is_painted)
{
    struct spread_row rows[SPREAD_ROWS_MAX];
    unsigned count = spread_rows(h, rows);
    double total = (double)hist_total(h), below = 0, most = 0;
    char bar[BAR_BYTES], cell[TEXT_BYTES];
    for (unsigned i = 0; i < count; i++)
        most = fmax(most, (double)rows[i].count);
    if (count > 0)
        fprintf(to, "  %12s  %10s  %10s\n", "up to", "share", "in all");
    for (unsigned i = 0; i < count; i++) {
        double n = (double)rows[i].count;
        below += n;
        fputs("  ", to);
        text_pad(to, text_duration((double)rows[i].bound_ns).s, 12);
        text_pad(to, n > 0 ? text_share(n / total).s : "–", 12);
        snprintf(cell, sizeof(cell), "%.3f %%", floor(below / total * 1e5) / 1e3);
        text_pad(to, cell, 12);
        bar_draw(bar, n / most, BAR_COLUMNS);
        fputs("  ", to);
        paint_put(to, is_painted, PAINT_CYAN, bar);
        fputc('\n', to);
    }
}
