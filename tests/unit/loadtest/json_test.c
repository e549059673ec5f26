#include "report/json.h"

#include "report/figure.h"
#include "unit/alloc_fail.h"
#include "unit/expect.h"
#include "unit/loadtest/run_fixture.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The report as text; the caller frees it. */
static char *report_text(const struct run *run)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    expect_ok(json_write(run, out));
    fclose(out);
    return text;
}

static json_t *report_of(const struct run *run)
{
    char *text = report_text(run);
    json_error_t error;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    cr_assert_not_null(root, "line %d: %s", error.line, error.text);
    free(text);
    return root;
}

static struct run *run_of_tcp(void)
{
    static const struct scheme TCP = {.name = "tcp"};
    struct run *run = run_fixture(&TCP);
    fixture_plan.command_line = "simul-load echo tcp://127.0.0.1:8080";
    return run;
}

static uint64_t count_at(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    cr_assert(json_is_integer(value), "%s", key);
    return (uint64_t)json_integer_value(value);
}

static const json_t *at(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    cr_assert_not_null(value, "%s", key);
    return value;
}

Test(json, begins_with_schema_one)
{
    char *text = report_text(run_of_tcp());
    cr_expect_eq(strncmp(text, "{\n  \"schema\": 1,\n", 17), 0, "%.20s", text);
    free(text);
}

Test(json, has_each_figure_by_its_name_and_durations_in_microseconds)
{
    json_t *root = report_of(run_of_tcp());
    for (size_t i = 0; i < FIGURE_KINDS; i++) {
        const struct figure *f = &FIGURES[i];
        const json_t *value = at(root, f->name);
        double wanted = figure_of(f, &fixture_run) / (f->unit == FIGURE_NS ? 1000 : 1);
        if (isnan(wanted))
            cr_expect(json_is_null(value), "%s", f->name);
        else
            cr_expect_float_eq(json_number_value(value), wanted, 1e-6, "%s", f->name);
        cr_expect(f->unit != FIGURE_COUNT || json_is_integer(value), "%s", f->name);
    }
    cr_expect_str_eq(json_string_value(at(root, "time_unit")), "us");
    cr_expect_eq(json_number_value(at(root, "max")), 1000);
    json_decref(root);
}

Test(json, has_no_other_key_with_the_name_of_a_figure)
{
    static const char *const OTHERS[] = {
        "schema",         "program",
        "scenario",       "urls",
        "command",        "began",
        "seconds",        "measured_seconds",
        "time_unit",      "interrupted",
        "reasons",        "counts",
        "expectations",   "load_cpu_us",
        "errors_by_kind", "totals",
        "open_max",       "server",
        "plan",           "timings",
        "samples",        "load_cpu_measured_us",
    };
    enum { OTHER_COUNT = sizeof(OTHERS) / sizeof(*OTHERS) };
    json_t *root = report_of(run_of_tcp());
    for (size_t i = 0; i < OTHER_COUNT; i++)
        at(root, OTHERS[i]);
    cr_expect_eq(json_object_size(root), OTHER_COUNT + FIGURE_KINDS);
    json_decref(root);
}

Test(json, tells_when_and_how_it_was_run)
{
    json_t *root = report_of(run_of_tcp());
    cr_expect_str_eq(json_string_value(at(root, "began")), "2025-10-09T08:53:20Z");
    cr_expect_str_eq(json_string_value(at(root, "scenario")), "echo");
    cr_expect_str_eq(json_string_value(at(root, "command")), fixture_plan.command_line);
    cr_expect_str_eq(json_string_value(json_array_get(at(root, "urls"), 0)),
                     "tcp://127.0.0.1:8080");
    const json_t *plan = at(root, "plan");
    cr_expect_eq(count_at(plan, "connections"), 100);
    cr_expect_eq(json_number_value(at(plan, "duration_s")), 10);
    json_decref(root);
}

Test(json, has_every_kind_of_count_fault_and_timing)
{
    struct run *run = run_of_tcp();
    run->faults[FAULT_LOST] = 3;
    json_t *root = report_of(run);
    for (unsigned i = 0; i < COUNT_KINDS; i++) {
        cr_expect_eq(count_at(at(root, "counts"), count_name(i)), run->counts[i]);
        cr_expect_eq(count_at(at(root, "totals"), count_name(i)), run->totals[i]);
    }
    for (unsigned i = 0; i < FAULT_KINDS; i++)
        cr_expect_eq(count_at(at(root, "errors_by_kind"), fault_name(i)), run->faults[i]);
    for (unsigned i = 0; i < TIMING_KINDS; i++)
        cr_expect_eq(json_is_null(at(at(root, "timings"), timing_name(i))), i != TIMING_LATENCY);
    cr_expect_eq(count_at(root, "errors"), 3);
    json_decref(root);
}

Test(json, has_percentiles_that_rise_to_the_maximum)
{
    json_t *root = report_of(run_of_tcp());
    const json_t *points = at(at(at(root, "timings"), "latency"), "percentiles"), *point;
    size_t i, count = json_array_size(points);
    double share = -1, us = -1;
    cr_assert_gt(count, 50);
    json_array_foreach(points, i, point)
    {
        cr_expect_gt(json_number_value(json_array_get(point, 0)), share);
        share = json_number_value(json_array_get(point, 0));
        cr_expect_geq(json_number_value(json_array_get(point, 1)), us);
        us = json_number_value(json_array_get(point, 1));
    }
    cr_expect_eq(share, 1);
    cr_expect_eq(us, 1000);
    json_decref(root);
}

Test(json, has_a_line_for_each_second)
{
    char *text = report_text(run_of_tcp());
    size_t lines = 0;
    for (const char *p = text; (p = strstr(p, "\n    {\"phase\": \"")) != NULL; p++)
        lines++;
    cr_expect_eq(lines, fixture_run.sample_count);
    free(text);
}

Test(json, has_null_for_what_is_not_known)
{
    json_t *root = report_of(run_of_tcp());
    const json_t *first = json_array_get(at(root, "samples"), 0);
    cr_expect(json_is_null(at(first, "p50")));
    cr_expect(json_is_null(at(first, "server_cpu_share")));
    cr_expect(json_is_null(at(first, "server_memory_bytes")));
    cr_expect(json_is_integer(at(first, "errors")));
    cr_expect(json_is_null(at(root, "server")));
    json_decref(root);
}

Test(json, judges_each_expectation)
{
    struct run *run = run_of_tcp();
    fixture_plan.expects[0] = "p99<1us";
    fixture_plan.expects[1] = "errors=0";
    fixture_plan.expect_count = 2;
    json_t *root = report_of(run);
    const json_t *all = at(root, "expectations"), *first = json_array_get(all, 0);
    cr_expect_eq(json_array_size(all), 2);
    cr_expect_str_eq(json_string_value(at(first, "text")), "p99<1us");
    cr_expect(json_is_false(at(first, "holds")));
    cr_expect_float_eq(json_number_value(at(first, "value")), 990, 10);
    cr_expect(json_is_true(at(json_array_get(all, 1), "holds")));
    json_decref(root);
}

Test(json, is_json_whatever_bytes_come_from_outside)
{
    struct run *run = run_of_tcp();
    fixture_plan.command_line = "\xff\"\\\n\xc3\xa4\xe2\x82 \xf0\x9f\x98";
    strcpy(run->reasons[0].text, "\xc3<\"'&>");
    run->reasons[0].count = 7;
    run->reason_count = 1;
    json_t *root = report_of(run);
    cr_expect_str_eq(json_string_value(at(root, "command")),
                     "\xef\xbf\xbd\"\\\n\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd"
                     "\xef\xbf\xbd");
    const json_t *reason = json_array_get(at(root, "reasons"), 0);
    cr_expect_str_eq(json_string_value(at(reason, "text")), "\xef\xbf\xbd<\"'&>");
    cr_expect_eq(count_at(reason, "count"), 7);
    json_decref(root);
}

Test(json, tells_that_a_file_is_full)
{
    FILE *out = fopen("/dev/full", "we");
    cr_assert_not_null(out);
    expect_err(json_write(run_of_tcp(), out), ERR_IO);
    fclose(out);
}

/* The section of loadtest/README.md that documents this. */
static const char *documentation(void)
{
    static char text[256 * 1024];
    char path[1024];
    const char *end = strstr(__FILE__, "tests/unit/");
    cr_assert_not_null(end);
    snprintf(path, sizeof(path), "%.*sloadtest/README.md", (int)(end - __FILE__), __FILE__);
    FILE *in = fopen(path, "re");
    cr_assert_not_null(in, "%s", path);
    text[fread(text, 1, sizeof(text) - 1, in)] = '\0';
    fclose(in);
    char *section = strstr(text, "\n## The JSON report\n");
    cr_assert_not_null(section);
    char *next = strstr(section + 1, "\n## ");
    if (next != NULL)
        *next = '\0';
    return section;
}

static void expect_documented(const char *text, json_t *value)
{
    const char *key;
    json_t *member;
    json_object_foreach(value, key, member)
    {
        char quoted[64];
        snprintf(quoted, sizeof(quoted), "`%s`", key);
        cr_expect_not_null(strstr(text, quoted), "%s is not in the README", quoted);
        expect_documented(text, member);
    }
    if (json_array_size(value) > 0)
        expect_documented(text, json_array_get(value, 0));
}

Test(json, is_documented_key_by_key)
{
    struct run *run = run_of_tcp();
    fixture_plan.server_pid = 1;
    fixture_plan.expects[0] = "errors=0";
    fixture_plan.expect_count = 1;
    run->reason_count = 1;
    json_t *root = report_of(run);
    expect_documented(documentation(), root);
    json_decref(root);
}

/* Allocations inside of a library are seen only if it is told to ask us. */
static void *allocate(size_t size)
{
    return malloc(size);
}

static void release(void *memory)
{
    free(memory);
}

Test(json, survives_each_failing_allocation)
{
    struct run *run = run_of_tcp();
    FILE *out = fopen("/dev/null", "we");
    run->sample_count = 1;
    hist_clear(&run->timings[TIMING_LATENCY]);
    hist_add(&run->timings[TIMING_LATENCY], 1000);
    fixture_plan.command_line = "\xff";
    json_set_alloc_funcs(allocate, release);
    size_t n = 0;
    for (bool failed = true; failed; n++) {
        alloc_fail_after(n);
        enum err e = json_write(run, out);
        failed = alloc_fail_stop() > n;
        cr_expect_eq(e, failed ? ERR_NOMEM : OK, "%zu: %s", n, err_name(e));
    }
    cr_expect_gt(n, 100);
    fclose(out);
}
