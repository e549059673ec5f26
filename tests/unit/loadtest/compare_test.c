#include "report/compare.h"

#include "report/json.h"
#include "unit/alloc_fail.h"
#include "unit/expect.h"
#include "unit/loadtest/run_fixture.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Two reports of the same run but for what a test changes, and a page; gone with the test. */
static char folder[] = "/tmp/compare_test.XXXXXX", path_a[64], path_b[64], path_html[64];

static void make_folder(void)
{
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path_a, sizeof(path_a), "%s/a.json", folder);
    snprintf(path_b, sizeof(path_b), "%s/b.json", folder);
    snprintf(path_html, sizeof(path_html), "%s/page.html", folder);
}

static void remove_folder(void)
{
    unlink(path_a);
    unlink(path_b);
    unlink(path_html);
    rmdir(folder);
}

static struct run *run_of_tcp(void)
{
    static const struct scheme TCP = {.name = "tcp"};
    struct run *run = run_fixture(&TCP);
    fixture_plan.command_line = "simul-load echo tcp://127.0.0.1:8080";
    return run;
}

static void save(const struct run *run, const char *path)
{
    FILE *out = fopen(path, "we");
    expect_ok(json_write(run, out));
    fclose(out);
}

static char *read_page(void)
{
    static char page[256 * 1024];
    FILE *in = fopen(path_html, "re");
    cr_assert_not_null(in);
    page[fread(page, 1, sizeof(page) - 1, in)] = '\0';
    fclose(in);
    return page;
}

/* What `simul-load compare …` came to. */
struct outcome {
    int status;
    char *out, *err;
};

static struct outcome compare(int argc, const char **argv)
{
    struct outcome o;
    size_t out_len, err_len;
    FILE *out = open_memstream(&o.out, &out_len), *err = open_memstream(&o.err, &err_len);
    o.status = compare_main(argc, (char **)argv, out, err);
    fclose(out);
    fclose(err);
    return o;
}

static void outcome_deinit(struct outcome *o)
{
    free(o->out);
    free(o->err);
}

#define ARGV(...) ((const char *[]){"simul-load", "compare", __VA_ARGS__})
#define COMPARE(...) compare((int)(sizeof(ARGV(__VA_ARGS__)) / sizeof(char *)), ARGV(__VA_ARGS__))

static enum compare_mark judge(const char *name, double first, double value, double *ratio)
{
    return compare_judge(figure_find(name, strlen(name)), first, value, ratio);
}

Test(compare, knows_what_is_better)
{
    double ratio;
    cr_expect_eq(judge("p99", 100, 50, &ratio), COMPARE_BETTER);
    cr_expect_eq(ratio, 0.5);
    cr_expect_eq(judge("p99", 100, 200, &ratio), COMPARE_WORSE);
    cr_expect_eq(judge("rate", 100, 50, &ratio), COMPARE_WORSE);
    cr_expect_eq(judge("rate", 100, 200, &ratio), COMPARE_BETTER);
    cr_expect_eq(ratio, 2);
}

Test(compare, makes_nothing_of_small_differences)
{
    double ratio;
    cr_expect_eq(judge("rate", 1000, 1019, &ratio), COMPARE_NEITHER);
    cr_expect_eq(judge("rate", 1000, 981, &ratio), COMPARE_NEITHER);
    cr_expect_eq(judge("rate", 1000, 1021, &ratio), COMPARE_BETTER);
}

Test(compare, has_no_ratio_to_nothing)
{
    double ratio;
    cr_expect_eq(judge("errors", 0, 5, &ratio), COMPARE_WORSE);
    cr_expect(isnan(ratio));
    cr_expect_eq(judge("errors", 0, 0, &ratio), COMPARE_NEITHER);
    cr_expect_eq(judge("errors", 5, 0, &ratio), COMPARE_BETTER);
    cr_expect_eq(ratio, 0);
    cr_expect_eq(judge("p99", NAN, 5, &ratio), COMPARE_NEITHER);
    cr_expect(isnan(ratio));
    cr_expect_eq(judge("p99", 5, NAN, &ratio), COMPARE_NEITHER);
    cr_expect(isnan(ratio));
}

Test(compare, prints_runs_side_by_side, .init = make_folder, .fini = remove_folder)
{
    struct run *run = run_of_tcp();
    save(run, path_a);
    run->counts[COUNT_RECEIVED] = 2500;
    run->faults[FAULT_LOST] = 3;
    save(run, path_b);
    struct outcome o = COMPARE(path_a, path_b);
    cr_expect_eq(o.status, 0);
    cr_expect_str_eq(o.err, "");
    cr_expect_not_null(
        strstr(o.out, "\nrate                    100/s        250/s   ×2.50 better\n"), "%s",
        o.out);
    cr_expect_not_null(
        strstr(o.out, "\nerrors                      0            3         worse\n"), "%s", o.out);
    cr_expect_not_null(strstr(o.out, "\nmax                   1.00 ms      1.00 ms   ×1.00\n"),
                       "%s", o.out);
    cr_expect_not_null(strstr(o.out, "\n   simul-load echo tcp://127.0.0.1:8080\nB  "));
    cr_expect_null(strstr(o.out, "tls.p50"), "what no run has is not there");
    cr_expect_null(strstr(o.out, "different scenarios"));
    outcome_deinit(&o);
}

Test(compare, writes_a_page_with_both, .init = make_folder, .fini = remove_folder)
{
    struct run *run = run_of_tcp();
    save(run, path_a);
    run->counts[COUNT_RECEIVED] = 2500;
    fixture_plan.command_line = "simul-load <script>";
    save(run, path_b);
    struct outcome o = COMPARE("--html", path_html, path_a, path_b);
    cr_expect_eq(o.status, 0, "%s", o.err);
    outcome_deinit(&o);
    const char *page = read_page();
    cr_expect_not_null(
        strstr(page, "<td class=\"ratio\">×2.50 <span class=\"good\">better</span>"));
    cr_expect_not_null(strstr(page, "<b>By percentile: latency</b>"));
    cr_expect_not_null(strstr(page, "<span class=\"key c2\">B</span>"));
    cr_expect_not_null(strstr(page, "simul-load &lt;script&gt;"));
    cr_expect_null(strstr(page, "<script"));
    cr_expect_null(strstr(page, "By percentile: tls"));
    cr_expect_not_null(strstr(page, "</html>"));
}

Test(compare, warns_of_different_scenarios, .init = make_folder, .fini = remove_folder)
{
    struct run *run = run_of_tcp();
    save(run, path_a);
    fixture_scenario.name = "flood";
    save(run, path_b);
    char html[80];
    snprintf(html, sizeof(html), "--html=%s", path_html);
    struct outcome o = COMPARE(path_a, path_b, html);
    cr_expect_eq(o.status, 0);
    cr_expect_not_null(strstr(o.out, "different scenarios"));
    cr_expect_not_null(strstr(read_page(), "different scenarios"));
    outcome_deinit(&o);
}

Test(compare, complains_of_every_file_it_cannot_read, .init = make_folder, .fini = remove_folder)
{
    save(run_of_tcp(), path_a);
    struct outcome o = COMPARE(path_a, "/nowhere/x.json", "/nowhere/y.json");
    cr_expect_eq(o.status, 1);
    cr_expect_str_eq(o.out, "");
    cr_expect_str_eq(o.err, "simul-load: /nowhere/x.json: No such file or directory\n"
                            "simul-load: /nowhere/y.json: No such file or directory\n");
    outcome_deinit(&o);
}

Test(compare, complains_of_a_page_it_cannot_write, .init = make_folder, .fini = remove_folder)
{
    save(run_of_tcp(), path_a);
    struct outcome o = COMPARE(path_a, path_a, "--html", "/nowhere/page.html");
    cr_expect_eq(o.status, 1);
    cr_expect_str_eq(o.err,
                     "simul-load: cannot write /nowhere/page.html: No such file or directory\n");
    outcome_deinit(&o);
    o = COMPARE(path_a, path_a, "--html", "/dev/full");
    cr_expect_eq(o.status, 1);
    cr_expect_str_eq(o.err, "simul-load: cannot write /dev/full: No space left on device\n");
    outcome_deinit(&o);
}

static void expect_usage(struct outcome o, const char *words)
{
    cr_expect_eq(o.status, 2);
    cr_expect_str_eq(o.out, "");
    cr_expect_not_null(strstr(o.err, words), "%s", o.err);
    cr_expect_not_null(strstr(o.err, "usage: simul-load compare"), "%s", o.err);
    outcome_deinit(&o);
}

Test(compare, refuses_command_lines_that_are_wrong)
{
    expect_usage(COMPARE("a.json"), "at least two");
    expect_usage(COMPARE("a.json", "--html", "b.html"), "at least two");
    expect_usage(COMPARE("a.json", "b.json", "--html"), "--html");
    expect_usage(COMPARE("a.json", "b.json", "--json", "x"), "--json");
    const char *many[2 + COMPARE_RUNS_MAX + 1];
    for (size_t i = 0; i < sizeof(many) / sizeof(*many); i++)
        many[i] = "a.json";
    expect_usage(compare((int)(sizeof(many) / sizeof(*many)), many), "more than 26");
}

Test(compare, helps)
{
    struct outcome o = COMPARE("--help");
    cr_expect_eq(o.status, 0);
    cr_expect_not_null(strstr(o.out, "usage: simul-load compare A.json B.json... [--html FILE]"));
    cr_expect_str_eq(o.err, "");
    outcome_deinit(&o);
}

Test(compare, survives_each_failing_allocation, .init = make_folder, .fini = remove_folder)
{
    save(run_of_tcp(), path_a);
    FILE *null = fopen("/dev/null", "we");
    size_t n = 0;
    for (bool failed = true; failed; n++) {
        const char *argv[] = {"simul-load", "compare", path_a, path_a, "--html", path_html};
        alloc_fail_after(n);
        int status = compare_main(6, (char **)argv, null, null);
        failed = alloc_fail_stop() > n;
        cr_expect_eq(status, failed ? 1 : 0, "%zu", n);
    }
    cr_expect_gt(n, 10);
    fclose(null);
}
