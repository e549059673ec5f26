#include "report/document.h"

#include "report/figure.h"
#include "report/json.h"
#include "unit/alloc_fail.h"
#include "unit/expect.h"
#include "unit/loadtest/run_fixture.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file that is gone with the test. */
static const char *file_of(const char *text)
{
    static char path[] = "/tmp/document_test.XXXXXX";
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    return path;
}

static const char *file_of_run(const struct run *run)
{
    const char *path = file_of("");
    FILE *out = fopen(path, "we");
    expect_ok(json_write(run, out));
    fclose(out);
    return path;
}

static struct run *run_of_tcp(void)
{
    static const struct scheme TCP = {.name = "tcp"};
    struct run *run = run_fixture(&TCP);
    fixture_plan.command_line = "simul-load echo tcp://127.0.0.1:8080";
    return run;
}

Test(document, has_what_was_written)
{
    const struct run *run = run_of_tcp();
    const char *path = file_of_run(run);
    struct document d;
    fixture_samples[3].server_memory_bytes = 12345678;
    fixture_samples[3].server_cpu_share = 0.25;
    fixture_samples[3].errors = 5;
    FILE *out = fopen(path, "we");
    expect_ok(json_write(run, out));
    fclose(out);

    expect_ok(document_read(path, &d, stderr));
    cr_expect_str_eq(d.scenario, "echo");
    cr_expect_str_eq(d.began, "2025-10-09T08:53:20Z");
    for (size_t i = 0; i < FIGURE_KINDS; i++) {
        double wanted = figure_of(&FIGURES[i], run);
        cr_expect(isnan(wanted) ? isnan(d.figures[i]) : fabs(d.figures[i] - wanted) < 1e-3, "%s",
                  FIGURES[i].name);
    }
    cr_assert_eq(d.sample_count, run->sample_count);
    for (size_t i = 0; i < d.sample_count; i++) {
        const struct sample *got = &d.samples[i], *wanted = &run->samples[i];
        cr_expect_eq(got->at_s, wanted->at_s);
        cr_expect_eq(got->seconds, wanted->seconds);
        cr_expect_eq(got->phase, wanted->phase);
        cr_expect_eq(got->is_measured, wanted->is_measured);
        cr_expect_eq(got->open, wanted->open);
        cr_expect_eq(got->errors, wanted->errors);
        cr_expect_eq(got->p50_ns, wanted->p50_ns);
        cr_expect_eq(got->p90_ns, wanted->p90_ns);
        cr_expect_eq(got->p99_ns, wanted->p99_ns);
        cr_expect_eq(got->p999_ns, wanted->p999_ns);
        cr_expect_eq(got->max_ns, wanted->max_ns);
        cr_expect_eq(got->server_memory_bytes, wanted->server_memory_bytes);
        cr_expect_eq(isnan(got->server_cpu_share), isnan(wanted->server_cpu_share));
        cr_expect_arr_eq(got->counts, wanted->counts, sizeof(got->counts));
    }
    struct percentiles p;
    percentiles_of(&run->timings[TIMING_LATENCY], &p);
    cr_assert_eq(d.timings[TIMING_LATENCY].count, p.count);
    for (size_t i = 0; i < p.count; i++)
        cr_expect_float_eq(d.timings[TIMING_LATENCY].points[i].ns, p.points[i].ns, 1e-3);
    cr_expect_eq(d.timings[TIMING_TLS].count, 0);
    document_deinit(&d);
    unlink(path);
}

/* What reading a file of this text comes to, and whether the line on err has the words. */
static void expect_refused(const char *text, enum err wanted, const char *words)
{
    const char *path = file_of(text);
    char *said = NULL;
    size_t len = 0;
    FILE *err = open_memstream(&said, &len);
    struct document d;
    expect_err(document_read(path, &d, err), wanted);
    document_deinit(&d);
    fclose(err);
    cr_expect_not_null(strstr(said, words), "\"%s\" is not in: %s", words, said);
    cr_expect_not_null(strstr(said, path), "%s", said);
    cr_expect(len > 0 && strchr(said, '\n') == said + len - 1, "not one line: %s", said);
    free(said);
    unlink(path);
}

#define HEAD "{\"schema\":1,\"program\":\"p\",\"scenario\":\"s\",\"command\":\"c\",\"began\":\"b\""

Test(document, refuses_an_empty_file)
{
    expect_refused("", ERR_SYNTAX, "line 1 is not JSON");
}

Test(document, refuses_what_is_cut_off)
{
    expect_refused("{\"schema\": 1,\n\"program\":", ERR_SYNTAX, "line 2 is not JSON");
}

Test(document, refuses_what_is_no_object)
{
    expect_refused("[1, 2]", ERR_SYNTAX, "no \"schema\"");
}

Test(document, refuses_json_of_others)
{
    expect_refused("{\"version\": 1}", ERR_SYNTAX, "no \"schema\"");
}

Test(document, refuses_a_schema_that_is_newer)
{
    expect_refused("{\"schema\": 2}", ERR_VERSION, "a newer one is needed");
}

Test(document, refuses_a_schema_that_never_was)
{
    expect_refused("{\"schema\": 0}", ERR_VERSION, "its schema is 0");
}

Test(document, refuses_a_report_without_its_texts)
{
    expect_refused("{\"schema\": 1, \"program\": 5}", ERR_SYNTAX, "no \"program\"");
}

Test(document, refuses_a_report_without_timings)
{
    expect_refused(HEAD "}", ERR_SYNTAX, "no \"timings\"");
}

Test(document, refuses_a_report_without_samples)
{
    expect_refused(HEAD ",\"timings\":{},\"samples\":{}}", ERR_SYNTAX, "no \"samples\"");
}

Test(document, refuses_a_directory)
{
    struct document d;
    char said[200] = "";
    FILE *err = fmemopen(said, sizeof(said), "w");
    expect_err(document_read("/tmp", &d, err), ERR_IO);
    document_deinit(&d);
    expect_err(document_read("/nowhere/a.json", &d, err), ERR_IO);
    document_deinit(&d);
    fclose(err);
    cr_expect_str_eq(said, "simul-load: /tmp: Is a directory\n"
                           "simul-load: /nowhere/a.json: No such file or directory\n");
}

Test(document, bears_values_that_we_never_write)
{
    const char *path =
        file_of(HEAD ",\"p99\":\"x\",\"rate\":-1e300,\"timings\":{\"latency\":{"
                     "\"percentiles\":[[0,1],[0.5,2],[0.4,3]]},\"tls\":{\"percentiles\":"
                     "[[0,1],5]},\"connect\":7},\"samples\":[7,{\"open\":-5,\"p50\":1e300,"
                     "\"phase\":\"dancing\",\"sent\":1e19}]}");
    struct document d;
    expect_ok(document_read(path, &d, stderr));
    cr_expect(isnan(d.figures[figure_find("p99", 3) - FIGURES]));
    cr_expect_eq(d.timings[TIMING_LATENCY].count, 2);
    cr_expect_eq(d.timings[TIMING_TLS].count, 1);
    cr_expect_eq(d.timings[TIMING_CONNECT].count, 0);
    cr_assert_eq(d.sample_count, 2);
    cr_expect_eq(d.samples[1].open, 0);
    cr_expect_eq(d.samples[1].p50_ns, 0);
    cr_expect_eq(d.samples[1].counts[COUNT_SENT], 0);
    document_deinit(&d);
    unlink(path);
}

static void *allocate(size_t size)
{
    return malloc(size);
}

static void release(void *memory)
{
    free(memory);
}

Test(document, survives_each_failing_allocation)
{
    const char *path = file_of(HEAD ",\"p99\":5,\"timings\":{},\"samples\":[{\"open\":1}]}");
    FILE *err = fopen("/dev/null", "we");
    json_set_alloc_funcs(allocate, release);
    size_t n = 0;
    for (bool failed = true; failed; n++) {
        struct document d;
        alloc_fail_after(n);
        enum err e = document_read(path, &d, err);
        failed = alloc_fail_stop() > n;
        document_deinit(&d);
        cr_expect_eq(e == OK, !failed, "%zu", n);
    }
    cr_expect_gt(n, 10);
    fclose(err);
    unlink(path);
}
