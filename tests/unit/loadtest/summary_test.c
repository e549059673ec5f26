#include "report/summary.h"

#include "plan/url.h"
#include "unit/loadtest/run_fixture.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

static const struct scheme WS = {.name = "ws", .carrier = CARRIER_WS, .port = 80};

static const char *summary_of(const struct run *run)
{
    static char *text;
    size_t size;
    free(text);
    FILE *to = open_memstream(&text, &size);
    cr_assert_not_null(to);
    summary_print(run, to);
    fclose(to);
    return text;
}

static void expect_has(const struct run *run, const char *wanted)
{
    const char *text = summary_of(run);
    cr_expect(strstr(text, wanted) != NULL, "no \"%s\" in:\n%s", wanted, text);
}

static void expect_lacks(const struct run *run, const char *unwanted)
{
    const char *text = summary_of(run);
    cr_expect(strstr(text, unwanted) == NULL, "\"%s\" in:\n%s", unwanted, text);
}

Test(summary, tells_what_it_was)
{
    struct run *r = run_fixture(&WS);
    expect_has(r, "echo ws://127.0.0.1:8080/echo\n"
                  "100 connections, 2 threads; closed loop, 1 in flight each; 20 B\n"
                  "began 2025-10-09 08:53:20 UTC, took 12.0 s, measured 10.0 s\n");
    r->was_interrupted = true;
    fixture_plan.rate = 5000;
    fixture_plan.size_max = 2048;
    fixture_plan.url_count = 3;
    fixture_plan.beside = 4;
    fixture_plan.words = true;
    expect_has(r, "/echo and 2 more\n");
    expect_has(r, "100 connections and 4 beside, 2 threads;");
    expect_has(r, "; open loop, 5,000/s; 20 B to 2.00 KiB of words\n");
    expect_has(r, "measured 10.0 s; interrupted\n");
}

Test(summary, tells_counts_and_rates)
{
    struct run *r = run_fixture(&WS);
    expect_has(r, "  opened               100         100/s  of 100 connections begun, at most 100 "
                  "open\n");
    expect_has(r, "  received           1,000         100/s    1.95 KiB/s  20 B each, 26.5 B on "
                  "the wire\n");
    expect_lacks(r, "by the server");
    expect_lacks(r, "resumed");
    expect_lacks(r, "compressed");
    r->totals[COUNT_CLOSED] = 3;
    r->totals[COUNT_RESUMED] = 4;
    r->totals[COUNT_COMPRESSED] = 5;
    expect_has(r, "  closed                 3  by the server\n");
    expect_has(r, "  resumed                4  TLS sessions\n");
    expect_has(r, "  compressed             5  with permessage-deflate\n");
}

Test(summary, tells_what_was_timed_and_nothing_else)
{
    struct run *r = run_fixture(&WS);
    hist_add(&r->timings[TIMING_TLS], 2000000);
    expect_has(r, "count     mean      p50      p90      p99    p99.9      max\n"
                  "  latency            1,000   500 µs");
    expect_has(r, "1.00 ms\n  tls                    1  2.00 ms  2.00 ms");
    expect_lacks(r, "first_byte");
    expect_lacks(r, "server, process");
    memset(r->timings, 0, sizeof(r->timings));
    expect_lacks(r, "p99");
    expect_lacks(r, "up to");
}

Test(summary, tells_errors_loudly_and_by_kind)
{
    struct run *r = run_fixture(&WS);
    expect_has(r, "\nno errors\n");
    r->faults[FAULT_LOST] = 1200;
    r->faults[FAULT_RESET] = 1;
    r->reason_count = 2;
    r->reasons[0] = (struct run_reason){"Connection reset by peer", 41};
    r->reasons[1] = (struct run_reason){"others", 1};
    expect_has(r, "\nERRORS: 1,201\n");
    expect_has(r, "       1,200  lost        messages that never came\n");
    expect_has(r, "          41  Connection reset by peer\n           1  others\n");
    expect_lacks(r, "no errors");
    expect_lacks(r, "\033");
}

Test(summary, tells_what_the_server_spent)
{
    struct run *r = run_fixture(&WS);
    fixture_plan.server_pid = 4711;
    r->server_memory_begin_bytes = 1 << 20;
    r->server_memory_open_bytes = (1 << 20) + 25600;
    r->server_memory_max_bytes = 2 << 20;
    r->server_cpu_ns = 5000000000;
    expect_has(r, "\nserver, process 4711\n");
    expect_has(r, "1.00 MiB before, 1.02 MiB with connections open (256 B for each), 2.00 MiB at "
                  "most\n");
    expect_has(r, "50 % of a core, 5.00 ms for each message received\n");
}

Test(summary, warns_when_the_generator_was_the_bottleneck)
{
    struct run *r = run_fixture(&WS);
    fixture_plan.threads = 1;
    r->measured_cpu_ns = 9400000000;
    hist_add(&r->timings[TIMING_LAG], 50000);
    expect_lacks(r, "WARNING");
    r->measured_cpu_ns = 9920000000;
    expect_has(r, "WARNING: this program itself may have been the bottleneck.\n"
                  "  Its threads were busy for 99.2 % of the time.");
    r->measured_cpu_ns = 0;
    hist_add(&r->timings[TIMING_LAG], 5000000);
    expect_has(r, "WARNING: this program itself was late.\n"
                  "  1 % of the messages were sent 5.00 ms or more after they were due");
}

Test(summary, warns_when_messages_that_were_due_were_not_sent)
{
    struct run *r = run_fixture(&WS);
    fixture_plan.rate = 104;
    expect_lacks(r, "WARNING");
    fixture_plan.rate = 125;
    expect_has(r, "WARNING: the rate was not kept.\n  20 % of the messages that were due");
    fixture_plan.messages_max = 1000;
    expect_lacks(r, "WARNING");
}

Test(summary, warns_when_compression_was_declined)
{
    struct run *r = run_fixture(&WS);
    expect_lacks(r, "WARNING");
    fixture_plan.deflate = true;
    r->totals[COUNT_COMPRESSED] = 30;
    expect_has(r, "; permessage-deflate is offered;");
    expect_has(r, "WARNING: the server declined permessage-deflate.\n"
                  "  What was sent on 70 of the connections is not compressed.\n");
    r->totals[COUNT_COMPRESSED] = 100;
    expect_lacks(r, "WARNING");
}

Test(summary, does_not_warn_of_a_lag_that_is_small_beside_the_latencies)
{
    struct run *r = run_fixture(&WS);
    for (unsigned i = 0; i < 1000; i++)
        hist_add(&r->timings[TIMING_LATENCY], 100000000);
    hist_add(&r->timings[TIMING_LAG], 2000000);
    expect_lacks(r, "WARNING");
}

Test(summary, survives_a_run_in_which_nothing_came_about)
{
    struct run *r = run_fixture(&WS);
    memset(r, 0, sizeof(*r));
    r->plan = &fixture_plan;
    expect_has(r, "no errors");
    expect_lacks(r, "nan");
    expect_lacks(r, "inf");
}
