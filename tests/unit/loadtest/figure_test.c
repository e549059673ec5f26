#include "report/figure.h"

#include "unit/loadtest/run_fixture.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static double figure(const struct run *run, const char *name)
{
    const struct figure *f = figure_find(name, strlen(name));
    cr_assert_not_null(f, "%s", name);
    return figure_of(f, run);
}

static void expect_near(double got, double wanted)
{
    cr_expect(fabs(got - wanted) <= wanted / 100, "%f is not about %f", got, wanted);
}

Test(figure, has_each_name_once_and_a_meaning)
{
    for (size_t i = 0; i < FIGURE_KINDS; i++) {
        const struct figure *f = &FIGURES[i];
        cr_expect_eq(figure_find(f->name, strlen(f->name)), f, "%s", f->name);
        cr_expect_gt(strlen(f->meaning), 0, "%s", f->name);
    }
    cr_expect_null(figure_find("p9", 2));
    cr_expect_null(figure_find("p999", 4));
    cr_expect_null(figure_find("", 0));
}

Test(figure, has_the_names_that_can_be_expected)
{
    static const char *const NAMES[] = {"p50",  "p90",    "p99",  "p99.9",     "max",   "mean",
                                        "rate", "errors", "lost", "connected", "closed"};
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(*NAMES); i++)
        cr_expect_not_null(figure_find(NAMES[i], strlen(NAMES[i])), "%s", NAMES[i]);
}

Test(figure, is_of_the_measured_window)
{
    struct run *r = run_fixture(NULL);
    cr_expect_eq(figure(r, "rate"), 100);
    cr_expect_eq(figure(r, "rate.sent"), 100);
    cr_expect_eq(figure(r, "throughput"), 2000);
    expect_near(figure(r, "p50"), 500e3);
    expect_near(figure(r, "p99.9"), 999e3);
    cr_expect_eq(figure(r, "max"), 1e6);
    cr_expect_eq(figure(r, "mean"), 500.5e3);
}

Test(figure, tells_what_a_message_takes_on_the_wire)
{
    struct run *r = run_fixture(NULL);
    r->counts[COUNT_SENT_WIRE] = 30000;
    cr_expect_eq(figure(r, "wire_bytes"), 26.5);
    cr_expect_eq(figure(r, "wire_bytes.sent"), 30);
    r->counts[COUNT_RECEIVED] = 0;
    cr_expect(isnan(figure(r, "wire_bytes")));
}

Test(figure, is_of_the_whole_run_when_nothing_was_measured)
{
    struct run *r = run_fixture(NULL);
    r->measured_seconds = 0;
    cr_expect_eq(figure(r, "rate"), 1100.0 / 12);
}

Test(figure, counts_errors_and_connections_of_the_whole_run)
{
    struct run *r = run_fixture(NULL);
    r->faults[FAULT_LOST] = 2;
    r->faults[FAULT_REFUSED] = 3;
    r->totals[COUNT_CLOSED] = 7;
    cr_expect_eq(figure(r, "errors"), 5);
    cr_expect_eq(figure(r, "lost"), 2);
    cr_expect_eq(figure(r, "wrong"), 0);
    cr_expect_eq(figure(r, "connected"), 100);
    cr_expect_eq(figure(r, "closed"), 7);
}

Test(figure, has_no_value_where_nothing_was_timed)
{
    struct run *r = run_fixture(NULL);
    cr_expect(isnan(figure(r, "tls.p99")));
    cr_expect(isnan(figure(r, "echo.p50")));
    memset(r, 0, sizeof(*r));
    r->plan = &fixture_plan;
    cr_expect(isnan(figure(r, "mean")));
    cr_expect(isnan(figure(r, "max")));
    cr_expect(isnan(figure(r, "rate")));
    cr_expect(isnan(figure(r, "connect.rate")));
    cr_expect(isnan(figure(r, "server.memory")));
    cr_expect(isnan(figure(r, "server.cpu")));
}

Test(figure, rate_of_connect_is_of_connections)
{
    struct run *r = run_fixture(NULL);
    fixture_scenario.name = "connect";
    fixture_scenario.opens_itself = true;
    r->counts[COUNT_OPENED] = 5000;
    cr_expect_eq(figure(r, "rate"), 500);
    cr_expect_eq(figure_rate_counts(r->plan), COUNT_OPENED);
}

Test(figure, rate_of_hold_is_of_the_time_of_opening)
{
    struct run *r = run_fixture(NULL);
    fixture_scenario.name = "hold";
    cr_expect_eq(figure(r, "rate"), 100);
    r->opening_seconds = 0.5;
    cr_expect_eq(figure(r, "rate"), 200);
    cr_expect_eq(figure(r, "connect.rate"), 200);
    r->totals[COUNT_OPENED] = 5000; /* most of them later, in the place of others */
    cr_expect_eq(figure(r, "connect.rate"), 200);
}

Test(figure, tells_what_a_server_spends)
{
    struct run *r = run_fixture(NULL);
    r->server_memory_begin_bytes = 1000000;
    r->server_memory_open_bytes = 1025600;
    r->server_cpu_ns = 2000000;
    cr_expect_eq(figure(r, "server.memory"), 256);
    cr_expect_eq(figure(r, "server.cpu"), 2000);
}

Test(figure, is_told_in_its_unit)
{
    const struct figure *p99 = figure_find("p99", 3), *rate = figure_find("rate", 4);
    cr_expect_str_eq(figure_text(p99, 1.2e6).s, "1.20 ms");
    cr_expect_str_eq(figure_text(p99, NAN).s, "–");
    cr_expect_str_eq(figure_text(rate, 52310).s, "52,310/s");
    cr_expect_str_eq(figure_text(figure_find("errors", 6), 1234).s, "1,234");
    cr_expect_str_eq(figure_text(figure_find("server.memory", 13), 256).s, "256 B");
    cr_expect_str_eq(figure_text(figure_find("throughput", 10), 2048).s, "2.00 KiB/s");
}
