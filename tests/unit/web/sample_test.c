/* What the status page is told of a second. */
#include "web/admin/sample.h"

#include "unit/alloc_fail.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <time.h>

enum { LOOPS = 2 };

static struct loop_set set;
static struct sampler *sampler;
static struct sample *sample;

static struct loop_metrics *metrics(unsigned loop)
{
    return &set.loops[loop].metrics;
}

static void setup(void)
{
    cr_assert_eq(loop_set_init(&set, LOOPS), OK);
    metric_add(&metrics(0)->irc_lines, 1000); /* all of this was before */
    hist_add(&metrics(0)->tick, 1 << 30);
    hist_add(&metrics(1)->lag, 1 << 30);
    sampler = sampler_new(&set);
    sample = malloc(sample_bytes(LOOPS));
    cr_assert(sampler != NULL && sample != NULL);
}

static void teardown(void)
{
    sampler_free(sampler);
    free(sample);
    loop_set_deinit(&set);
}

TestSuite(sample, .init = setup, .fini = teardown);

static void take(void)
{
    const struct timespec rest = {.tv_nsec = 1000 * 1000}; /* rates need some time */
    nanosleep(&rest, NULL);
    sampler_take(sampler, sample);
}

static double rate(enum sample_rate which)
{
    return sample->rates[which];
}

Test(sample, nothing_happened)
{
    take();
    for (int i = 0; i < SAMPLE_RATE_COUNT; i++)
        cr_assert_eq(sample->rates[i], 0);
    cr_assert_eq(sample->ticks.max, SAMPLE_NONE);
    for (unsigned i = 0; i < LOOPS; i++)
        cr_assert_eq(sample->lag_max_ns[i], SAMPLE_NONE);
    cr_assert_gt(sample->resident_bytes, 0);
}

Test(sample, gauges_are_the_sum_of_all_loops)
{
    metric_add(&metrics(0)->connections, 3);
    metric_add(&metrics(1)->connections, 4);
    metric_add(&metrics(1)->sessions, 2);
    take();
    cr_assert_eq(sample->connections, 7);
    cr_assert_eq(sample->sessions, 2);
}

Test(sample, rates_are_of_what_came_since_the_last)
{
    metric_add(&metrics(0)->irc_lines, 30);
    metric_add(&metrics(1)->irc_lines, 60);
    metric_add(&metrics(1)->in_bytes, 10);
    take();
    cr_assert_gt(rate(SAMPLE_in_bytes), 0);
    cr_assert_float_eq(rate(SAMPLE_irc_lines) / rate(SAMPLE_in_bytes), 9, 1e-9);
    take();
    cr_assert_eq(rate(SAMPLE_irc_lines), 0);
}

Test(sample, ticks_of_all_loops_are_one_distribution)
{
    for (int i = 0; i < 98; i++)
        hist_add(&metrics(0)->tick, 1000);
    for (int i = 0; i < 2; i++)
        hist_add(&metrics(1)->tick, 50000);
    take();
    cr_assert_float_eq((double)sample->ticks.p50, 1000, 10);
    cr_assert_float_eq((double)sample->ticks.p99, 50000, 500);
    cr_assert_float_eq((double)sample->ticks.max, 50000, 500);
    hist_add(&metrics(1)->tick, 3000);
    take();
    cr_assert_float_eq((double)sample->ticks.p50, 3000, 30, "those before count no more");
    cr_assert_float_eq((double)sample->ticks.max, 3000, 30);
}

Test(sample, lag_is_the_longest_of_each_loop)
{
    hist_add(&metrics(1)->lag, 20000);
    hist_add(&metrics(1)->lag, 70000);
    take();
    cr_assert_eq(sample->lag_max_ns[0], SAMPLE_NONE);
    cr_assert_float_eq((double)sample->lag_max_ns[1], 70000, 700);
    take();
    cr_assert_eq(sample->lag_max_ns[1], SAMPLE_NONE);
}

static json_t *print(void)
{
    struct buf text = {0};
    cr_assert_eq(sample_print(sample, LOOPS, &text), OK);
    json_error_t error;
    json_t *o = json_loadb((const char *)text.data, text.len, 0, &error);
    cr_assert_not_null(o, "%s", error.text);
    buf_deinit(&text);
    return o;
}

Test(sample, is_printed_as_json)
{
    hist_add(&metrics(0)->tick, 1500);
    hist_add(&metrics(1)->lag, 2000);
    metric_add(&metrics(0)->connections, 5);
    metric_add(&metrics(0)->evicted_slow, 1);
    take();
    json_t *o = print(), *ticks = json_object_get(o, "tick_us"),
           *lag = json_object_get(o, "lag_us");
    cr_assert_eq(json_integer_value(json_object_get(o, "connections")), 5);
    cr_assert_gt(json_number_value(json_object_get(o, "evicted_slow")), 0);
    cr_assert_eq(json_array_size(ticks), 3);
    cr_assert_float_eq(json_number_value(json_array_get(ticks, 0)), 1.5, 0.02);
    cr_assert_eq(json_array_size(lag), LOOPS);
    cr_assert(json_is_null(json_array_get(lag, 0)));
    cr_assert_float_eq(json_number_value(json_array_get(lag, 1)), 2, 0.02);
    json_decref(o);
}

Test(sample, what_was_not_measured_is_null)
{
    take();
    json_t *o = print(), *ticks = json_object_get(o, "tick_us");
    for (size_t i = 0; i < 3; i++)
        cr_assert(json_is_null(json_array_get(ticks, i)));
    json_decref(o);
}

Test(sample, survives_every_failing_allocation)
{
    for (size_t n = 0; n < 2; n++) {
        alloc_fail_after(n);
        struct sampler *none = sampler_new(&set);
        alloc_fail_stop();
        cr_assert_null(none);
    }
}
