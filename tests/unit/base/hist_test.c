#include "simul/hist.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct hist h;

Test(hist, every_value_lies_in_its_bucket)
{
    for (int power = 0; power < HIST_POWER_MAX; power++) {
        for (int step = -3; step <= 3; step++) {
            uint64_t v = ((uint64_t)1 << power) + (uint64_t)(int64_t)step;
            if (v >= (uint64_t)1 << HIST_POWER_MAX)
                continue;
            unsigned i = hist_index(v);
            cr_assert_lt(v, hist_upper(i));
            cr_assert(i == 0 || v >= hist_upper(i - 1), "%llu in %u", (unsigned long long)v, i);
        }
    }
}

Test(hist, buckets_are_no_wider_than_a_sixteenth)
{
    for (unsigned i = 1 << HIST_SUB_BITS; i < HIST_BUCKETS; i++) {
        uint64_t low = hist_upper(i - 1), width = hist_upper(i) - low;
        cr_assert_leq(width * 16, low, "bucket %u", i);
    }
}

Test(hist, what_is_too_long_is_counted_in_the_last_bucket)
{
    hist_add(&h, UINT64_MAX);
    hist_add(&h, (uint64_t)1 << HIST_POWER_MAX);
    cr_assert_eq(h.counts[HIST_BUCKETS - 1], 2);
    cr_assert_eq(hist_count_below(&h, UINT64_MAX), 2);
}

Test(hist, an_empty_one_has_no_quantile)
{
    cr_assert_eq(hist_quantile(&h, 0.99), 0);
    cr_assert_eq(hist_count_below(&h, UINT64_MAX), 0);
}

Test(hist, quantiles_are_right_to_a_sixteenth)
{
    for (uint64_t v = 1; v <= 100000; v++)
        hist_add(&h, v);
    static const double shares[] = {0.01, 0.5, 0.9, 0.99, 0.999, 1.0};
    for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
        double want = shares[i] * 100000, got = (double)hist_quantile(&h, shares[i]);
        cr_assert_geq(got, want * 0.999);
        cr_assert_leq(got, want * 1.07);
    }
    cr_assert_eq(h.sum, (uint64_t)100000 * 100001 / 2);
}

Test(hist, counts_below_the_bounds_of_buckets)
{
    for (uint64_t v = 0; v < 2048; v++)
        hist_add(&h, v);
    cr_assert_eq(hist_count_below(&h, 1024), 1024);
    cr_assert_eq(hist_count_below(&h, 16), 16);
    cr_assert_eq(hist_count_below(&h, 1), 1);
}
