#include "report/html.h"

#include "unit/alloc_fail.h"
#include "unit/expect.h"
#include "unit/loadtest/run_fixture.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const struct scheme TCP = {.name = "tcp"};

static struct run *run_of_tcp(void)
{
    struct run *run = run_fixture(&TCP);
    fixture_plan.command_line = "simul-load echo tcp://127.0.0.1:8080";
    return run;
}

static char *page_of(const struct run *run)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    expect_ok(html_write(run, out));
    fclose(out);
    return text;
}

static void expect_has(const struct run *run, const char *words)
{
    char *page = page_of(run);
    cr_expect_not_null(strstr(page, words), "no \"%s\"", words);
    free(page);
}

static void expect_lacks(const struct run *run, const char *words)
{
    char *page = page_of(run);
    cr_expect_null(strstr(page, words), "\"%s\"", words);
    free(page);
}

/* Every element that is opened is closed in its turn; void ones are never closed. */
static void expect_nested(const char *page)
{
    char open[64][16];
    size_t depth = 0;
    for (const char *p = page; (p = strchr(p, '<')) != NULL; p++) {
        const char *end = strchr(p, '>');
        bool is_closing = p[1] == '/';
        char name[16] = "";
        for (size_t i = 0; i < 15 && isalnum((unsigned char)p[1 + is_closing + i]); i++)
            name[i] = p[1 + is_closing + i];
        cr_assert_not_null(end);
        if (p[1] == '!' || strcmp(name, "meta") == 0 || end[-1] == '/')
            continue;
        if (is_closing) {
            cr_assert(depth > 0 && strcmp(open[depth - 1], name) == 0, "</%s> in <%s>", name,
                      depth == 0 ? "" : open[depth - 1]);
            depth--;
        } else {
            cr_assert_lt(depth, 64);
            strcpy(open[depth++], name);
        }
    }
    cr_expect_eq(depth, 0);
}

Test(html, is_one_page_that_loads_nothing)
{
    char *page = page_of(run_of_tcp());
    expect_nested(page);
    cr_expect_eq(strncmp(page, "<!doctype html>", 15), 0);
    cr_expect_null(strstr(page, "<script"));
    cr_expect_null(strstr(page, "<link"));
    cr_expect_null(strstr(page, "<img"));
    cr_expect_null(strstr(page, "src="));
    cr_expect_null(strstr(page, "href="));
    cr_expect_null(strstr(page, "url("));
    cr_expect_null(strstr(page, "@import"));
    free(page);
}

Test(html, has_the_figures_and_the_plots)
{
    const struct run *run = run_of_tcp();
    expect_has(run, "<dt>rate</dt><dd>100/s</dd>");
    expect_has(run, "<dt>latency max</dt><dd>1.00 ms</dd>");
    expect_has(run, "<b>Time by percentile</b>");
    expect_has(run, "<b>Messages a second</b>");
    expect_has(run, "<b>Latency over time</b>");
    expect_has(run, "<b>Open connections</b>");
    expect_has(run, "tcp://127.0.0.1:8080");
    expect_has(run, "9 October 2025, 08:53 UTC");
    expect_has(run, "<pre>simul-load echo tcp://127.0.0.1:8080</pre>");
}

Test(html, plots_nothing_that_never_happened)
{
    const struct run *run = run_of_tcp();
    expect_lacks(run, "<b>Errors over time</b>");
    expect_lacks(run, "<b>Memory of the server</b>");
    expect_lacks(run, "<b>Replies beside, a second</b>");
}

Test(html, says_errors_loudly)
{
    struct run *run = run_of_tcp();
    expect_has(run, "No errors.");
    run->faults[FAULT_LOST] = 1;
    expect_has(run, "role=\"alert\"><b>1 error</b>");
    run->faults[FAULT_REFUSED] = 1233;
    expect_has(run, "<b>1,234 errors</b>");
    expect_has(run, "1,233: connections that nobody accepted");
    expect_lacks(run, "No errors.");
}

Test(html, says_that_a_run_was_interrupted)
{
    struct run *run = run_of_tcp();
    expect_lacks(run, "interrupted");
    run->was_interrupted = true;
    expect_has(run, "was interrupted");
}

Test(html, says_when_the_lateness_is_our_own)
{
    struct run *run = run_of_tcp();
    hist_add(&run->timings[TIMING_LAG], 200000);
    expect_lacks(run, "itself was late");
    hist_add(&run->timings[TIMING_LAG], 600000);
    expect_has(run, "itself was late to send: by 600 µs at p99");
}

Test(html, says_when_the_rate_was_not_kept)
{
    struct run *run = run_of_tcp();
    fixture_plan.rate = 100;
    expect_lacks(run, "rate was not kept");
    run->counts[COUNT_SENT] = 750;
    expect_has(run, "The rate was not kept: 25 % of the messages");
}

Test(html, says_when_the_bottleneck_may_be_our_own)
{
    struct run *run = run_of_tcp();
    fixture_plan.threads = 1;
    run->measured_cpu_ns = 9400000000;
    expect_lacks(run, "bottleneck");
    run->measured_cpu_ns = 9900000000;
    expect_has(run, "its threads were busy for 99 % of the time");
}

Test(html, plots_no_rate_of_the_blink_of_an_eye)
{
    struct run *run = run_of_tcp();
    struct sample *last = &run->samples[run->sample_count - 1];
    last->seconds = 1e-6;
    expect_lacks(run, ">100M</text>");
    last->seconds = 1;
    last->counts[COUNT_RECEIVED] = 100000000;
    expect_has(run, ">100M</text>");
}

Test(html, judges_expectations)
{
    struct run *run = run_of_tcp();
    fixture_plan.expects[0] = "p99<5ms";
    fixture_plan.expects[1] = "rate>1M";
    fixture_plan.expect_count = 2;
    expect_has(run, "<code>p99&lt;5ms</code></td><td class=\"good\">");
    expect_has(run, "<code>rate&gt;1M</code></td><td class=\"bad\">");
}

Test(html, escapes_what_comes_from_outside)
{
    struct run *run = run_of_tcp();
    fixture_plan.command_line = "simul-load '<script>alert(1)</script>' & \"more\"";
    strcpy(fixture_plan.urls[0].target, "/<b>?a=1&b='\"");
    fixture_plan.urls[0].scheme = &TCP;
    strcpy(run->reasons[0].text, "</td><script>alert(2)</script>");
    run->reasons[0].count = 1;
    run->reason_count = 1;
    char *page = page_of(run);
    expect_nested(page);
    cr_expect_null(strstr(page, "<script"));
    cr_expect_not_null(strstr(page, "&lt;script&gt;alert(2)&lt;/script&gt;"));
    cr_expect_not_null(strstr(page, "&#39;&lt;script&gt;alert(1)"));
    cr_expect_not_null(strstr(page, "&amp; &quot;more&quot;"));
    free(page);
}

Test(html, is_good_with_no_second_and_with_one)
{
    struct run *run = run_of_tcp();
    for (size_t count = 0; count < 2; count++) {
        run->sample_count = count;
        char *page = page_of(run);
        expect_nested(page);
        cr_expect_null(strstr(page, "nan"));
        cr_expect_eq(strstr(page, "Open connections</b>") != NULL, count == 1);
        free(page);
    }
    run->samples = NULL;
    run->sample_count = 0;
    hist_clear(&run->timings[TIMING_LATENCY]);
    expect_lacks(run, "<svg");
    expect_lacks(run, "<h2>Times</h2>");
}

Test(html, tells_that_a_file_is_full)
{
    FILE *out = fopen("/dev/full", "we");
    cr_assert_not_null(out);
    expect_err(html_write(run_of_tcp(), out), ERR_IO);
    fclose(out);
}

Test(html, survives_each_failing_allocation)
{
    struct run *run = run_of_tcp();
    FILE *out = fopen("/dev/null", "we");
    size_t n = 0;
    for (bool failed = true; failed; n++) {
        alloc_fail_after(n);
        enum err e = html_write(run, out);
        failed = alloc_fail_stop() > n;
        cr_expect_eq(e, failed ? ERR_NOMEM : OK, "%zu: %s", n, err_name(e));
    }
    cr_expect_gt(n, 10);
    fclose(out);
}
