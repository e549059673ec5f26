#include "simul/hist.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static struct hist h, other, all;

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

Test(hist, buckets_are_narrower_than_a_hundredth)
{
    for (unsigned i = 1 << HIST_SUB_BITS; i < HIST_BUCKETS; i++) {
        uint64_t low = hist_upper(i - 1), width = hist_upper(i) - low;
        cr_assert_lt(width * 100, low, "bucket %u", i);
    }
    cr_assert_eq(hist_upper(HIST_BUCKETS - 1), (uint64_t)1 << HIST_POWER_MAX);
}

Test(hist, what_is_too_long_is_counted_in_the_last_bucket)
{
    hist_add(&h, UINT64_MAX);
    hist_add(&h, (uint64_t)1 << HIST_POWER_MAX);
    cr_assert_eq(h.counts[HIST_BUCKETS - 1], 2);
    cr_assert_eq(hist_total(&h), 2);
    cr_assert_eq(hist_quantile(&h, 0.5), UINT64_MAX);
    cr_assert_eq(hist_quantile(&h, 1), UINT64_MAX);
}

Test(hist, an_empty_one_has_nothing)
{
    cr_assert_eq(hist_quantile(&h, 0.99), 0);
    cr_assert_eq(hist_quantile(&h, 0), 0);
    cr_assert_eq(hist_total(&h), 0);
    cr_assert_eq(hist_mean(&h), 0);
    cr_assert_eq(h.max, 0);
}

Test(hist, counts_below_the_bounds_of_buckets)
{
    for (uint64_t v = 0; v < 2048; v++)
        hist_add(&h, v);
    cr_assert_eq(hist_count_below(&h, 1024), 1024);
    cr_assert_eq(hist_count_below(&h, 16), 16);
    cr_assert_eq(hist_count_below(&h, 1), 1);
}

/* --- against exact percentiles ----------------------------------------------------------- */

enum { SAMPLES = 20000 };
static uint64_t samples[SAMPLES];

/* From 0 to below 1. */
static double chance(void)
{
    return (double)random() / 2147483648.0;
}

static uint64_t draw_uniform(void)
{
    return 1000 + (uint64_t)(chance() * 1e9);
}

static uint64_t draw_exponential(void)
{
    return (uint64_t)(-log(1 - chance()) * 250e3);
}

/* Most in 50 µs, one of a hundred stalls for about 100 ms. */
static uint64_t draw_bimodal(void)
{
    return chance() < 0.99 ? 50000 + (uint64_t)(chance() * 2000) : 100000000 + draw_uniform() / 100;
}

static uint64_t draw_constant(void)
{
    return 123456789;
}

/* Over all that the histogram knows, as many of one magnitude as of any other. */
static uint64_t draw_any_magnitude(void)
{
    return (uint64_t)exp2(chance() * HIST_POWER_MAX);
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void expect_exact_percentiles(const char *about, size_t count)
{
    static const double SHARES[] = {0,   0.001, 0.01, 0.1,   0.25,   0.5,
                                    0.9, 0.95,  0.99, 0.999, 0.9999, 1};
    uint64_t before = 0, sum = 0;
    qsort(samples, count, sizeof(samples[0]), by_value);
    for (size_t i = 0; i < sizeof(SHARES) / sizeof(SHARES[0]); i++) {
        size_t rank = (size_t)ceil(SHARES[i] * (double)count - 1e-6);
        uint64_t want = samples[rank > 0 ? rank - 1 : 0], got = hist_quantile(&h, SHARES[i]);
        cr_expect_geq(got, want, "%s of %zu: p%g", about, count, SHARES[i] * 100);
        cr_expect_leq((double)got, (double)want * 1.01, "%s of %zu: p%g is %llu, not %llu", about,
                      count, SHARES[i] * 100, (unsigned long long)got, (unsigned long long)want);
        cr_expect_geq(got, before, "%s of %zu: p%g", about, count, SHARES[i] * 100);
        before = got;
    }
    for (size_t i = 0; i < count; i++)
        sum += samples[i];
    cr_expect_eq(hist_total(&h), count);
    cr_expect_eq(h.max, samples[count - 1]);
    cr_expect_eq(hist_quantile(&h, 1), samples[count - 1]);
    cr_expect_float_eq(hist_mean(&h), (double)sum / (double)count, 0.001);
}

static const struct distribution {
    const char *about;
    uint64_t (*draw)(void);
} DISTRIBUTIONS[] = {
    {"uniform", draw_uniform},   {"exponential", draw_exponential},
    {"bimodal", draw_bimodal},   {"any magnitude", draw_any_magnitude},
    {"constant", draw_constant},
};

Test(hist, quantiles_are_those_of_the_samples_to_a_hundredth)
{
    static const size_t COUNTS[] = {1, 2, 3, 10, 99, 100, 101, 1000, SAMPLES};
    srandom(1);
    for (size_t d = 0; d < sizeof(DISTRIBUTIONS) / sizeof(DISTRIBUTIONS[0]); d++) {
        for (size_t c = 0; c < sizeof(COUNTS) / sizeof(COUNTS[0]); c++) {
            hist_clear(&h);
            for (size_t i = 0; i < COUNTS[c]; i++) {
                samples[i] = DISTRIBUTIONS[d].draw();
                hist_add(&h, samples[i]);
            }
            expect_exact_percentiles(DISTRIBUTIONS[d].about, COUNTS[c]);
        }
    }
}

Test(hist, small_values_are_exact)
{
    for (uint64_t v = 0; v <= 100; v++)
        hist_add(&h, v);
    for (uint64_t v = 0; v <= 100; v++)
        cr_assert_eq(hist_quantile(&h, (double)(v + 1) / 101), v);
}

Test(hist, a_percentile_is_the_rank_it_says)
{
    for (uint64_t v = 1; v <= 100; v++)
        hist_add(&h, v);
    for (uint64_t v = 1; v <= 100; v++)
        cr_assert_eq(hist_quantile(&h, (double)v / 100), v, "p%u", (unsigned)v);
    cr_assert_eq(hist_quantile(&h, 0.901), 91);
}

/* --- several ----------------------------------------------------------------------------- */

static void expect_same(const struct hist *a, const struct hist *b)
{
    for (unsigned i = 0; i < HIST_BUCKETS; i++)
        cr_assert_eq(a->counts[i], b->counts[i], "bucket %u", i);
    cr_assert_eq(a->sum, b->sum);
    cr_assert_eq(a->max, b->max);
}

Test(hist, merging_is_as_if_all_had_been_added_to_one)
{
    srandom(2);
    for (int i = 0; i < SAMPLES; i++) {
        uint64_t v = i % 100 == 0 ? (uint64_t)1 << HIST_POWER_MAX : draw_any_magnitude();
        hist_add(i % 3 == 0 ? &h : &other, v);
        hist_add(&all, v);
    }
    hist_merge(&h, &other);
    expect_same(&h, &all);
    static struct hist empty;
    hist_merge(&h, &empty);
    expect_same(&h, &all);
    hist_merge(&empty, &h);
    expect_same(&empty, &all);
}

Test(hist, clearing_empties)
{
    static const struct hist EMPTY;
    hist_add(&h, 5);
    hist_add(&h, UINT64_MAX);
    hist_clear(&h);
    expect_same(&h, &EMPTY);
}

Test(hist, the_difference_of_two_snapshots_is_what_came_between)
{
    srandom(3);
    hist_add(&h, 900000000); /* the largest of all belongs to the first second */
    for (int i = 0; i < 1000; i++)
        hist_add(&h, draw_bimodal());
    hist_merge(&other, &h);
    for (int i = 0; i < SAMPLES; i++) {
        samples[i] = draw_exponential();
        hist_add(&h, samples[i]);
    }
    hist_subtract(&h, &other);
    qsort(samples, SAMPLES, sizeof(samples[0]), by_value);
    cr_assert_eq(hist_total(&h), SAMPLES);
    for (int p = 1; p <= 100; p++) {
        double want = (double)samples[SAMPLES * p / 100 - 1];
        double got = (double)hist_quantile(&h, p / 100.0);
        cr_assert(got >= want && got <= want * 1.01, "p%d is %g, not %g", p, got, want);
    }
}

Test(hist, the_largest_is_exact_when_it_came_between_two_snapshots)
{
    hist_add(&h, 1000);
    hist_merge(&other, &h);
    hist_add(&h, 1234567);
    hist_subtract(&h, &other);
    cr_assert_eq(h.max, 1234567);
    cr_assert_eq(hist_mean(&h), 1234567);
    hist_clear(&other);
    hist_add(&h, UINT64_MAX);
    hist_subtract(&h, &other);
    cr_assert_eq(h.max, UINT64_MAX);
}

Test(hist, two_snapshots_alike_leave_nothing)
{
    hist_add(&h, 1000);
    hist_merge(&other, &h);
    hist_subtract(&h, &other);
    cr_assert_eq(hist_total(&h), 0);
    cr_assert_eq(hist_quantile(&h, 0.99), 0);
    cr_assert_eq(h.max, 0);
    cr_assert_eq(hist_mean(&h), 0);
}

Test(hist, values_between_powers_of_two_are_counted)
{
    const uint64_t values[] = {0, 1023, 1024, 4095, 4096, UINT64_MAX};
    for (size_t i = 0; i < 6; i++)
        hist_add(&h, values[i]);
    cr_assert_eq(hist_count_between(&h, 0, 1024), 2);
    cr_assert_eq(hist_count_between(&h, 1024, 4096), 2);
    cr_assert_eq(hist_count_from(&h, 4096), 2);
    cr_assert_eq(hist_count_from(&h, 0), hist_total(&h));
}

Test(hist, another_process_reads_it_in_shared_memory)
{
    struct hist *shared =
        mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert(shared != MAP_FAILED);
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        for (uint64_t v = 1; v <= 100; v++)
            hist_add(shared, v);
        _exit(0);
    }
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0);
    cr_assert_eq(hist_total(shared), 100);
    cr_assert_eq(hist_quantile(shared, 0.99), 99);
    munmap(shared, sizeof(*shared));
}
