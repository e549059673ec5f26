#include "report/panel.h"

#include "report/lines.h"
#include "report/text.h"
#include "unit/loadtest/run_fixture.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

static const struct scheme WS = {.name = "ws", .carrier = CARRIER_WS, .port = 80};
static char *text;
static size_t text_bytes_written;

static const char *panel_of(const struct run *run, unsigned columns, unsigned rows)
{
    free(text);
    FILE *to = open_memstream(&text, &text_bytes_written);
    cr_assert_not_null(to);
    unsigned used = panel_print(to, run, (struct panel_size){columns, rows}, false);
    fclose(to);
    unsigned ends = 0;
    for (const char *at = text; (at = strstr(at, "\033[K\n")) != NULL; at++)
        ends++;
    cr_expect_eq(used, ends);
    return text;
}

static void expect_has(const struct run *run, const char *wanted)
{
    panel_of(run, 90, 30);
    cr_expect(strstr(text, wanted) != NULL, "no \"%s\" in:\n%s", wanted, text);
}

Test(panel, shows_how_far_the_run_is)
{
    struct run *r = run_fixture(&WS);
    r->measured_seconds = 4;
    expect_has(r, "measuring  ");
    expect_has(r, "  45 %  0:06 left"); /* a second of warm-up and ten measured; five are over */
    r->measured_seconds = 0;
    r->sample_count = 1;
    r->totals[COUNT_OPENED] = 50;
    expect_has(r, "opening    ███████████████░░░░░░░░░░░░░░░  50 %  0:01");
    fixture_plan.connect_rate = 10;
    r->totals[COUNT_STARTED] = 60;
    expect_has(r, "0:04 left");
    fixture_samples[0].phase = PHASE_DRAINING;
    expect_has(r, "finishing  0:01");
    r->sample_count = 0;
    expect_has(r, "opening");
}

Test(panel, counts_messages_where_they_are_the_end)
{
    struct run *r = run_fixture(&WS);
    fixture_plan.duration_ns = 0;
    expect_has(r, "measuring  0:11"); /* no end in sight */
    fixture_plan.messages_max = 2200;
    expect_has(r, "  50 %  0:11 left");
}

Test(panel, shows_what_flows_and_how_fast)
{
    struct run *r = run_fixture(&WS);
    expect_has(r, "open             100 of 100");
    fixture_plan.beside = 4;
    expect_has(r, "open             100 of 104");
    fixture_plan.beside = 0;
    expect_has(r, "received       100/s");
    expect_has(r, "now           500 µs   900 µs   990 µs   999 µs  1.00 ms");
    expect_has(r, "so far        ");
    expect_has(r, "rate        ██████████ ≤ 100/s");
}

Test(panel, takes_the_second_before_into_the_rate_of_one_that_has_begun)
{
    struct run *r = run_fixture(&WS);
    fixture_samples[11].seconds = 0.25;
    fixture_samples[11].counts[COUNT_RECEIVED] = 150;
    expect_has(r, "received       200/s"); /* 250 in 1.25 seconds */
}

Test(panel, shows_errors_by_kind)
{
    struct run *r = run_fixture(&WS);
    expect_has(r, "errors          none");
    r->faults[FAULT_LOST] = 9;
    r->faults[FAULT_REFUSED] = 3;
    r->reason_count = 1;
    r->reasons[0] = (struct run_reason){"Connection refused", 3};
    expect_has(r, "errors            12  refused 3, lost 9");
    expect_has(r, "most often: Connection refused");
}

Test(panel, never_leaves_its_columns_and_rows)
{
    struct run *r = run_fixture(&WS);
    for (unsigned i = 0; i < FAULT_KINDS; i++)
        r->faults[i] = 1000000;
    fixture_plan.server_pid = 1;
    for (unsigned columns = 1; columns < 130; columns += 6) {
        for (unsigned rows = 1; rows < 24; rows += 4) {
            char *rest = (char *)panel_of(r, columns, rows), *row;
            cr_expect(text_bytes_written > 0);
            for (unsigned n = 0; (row = strsep(&rest, "\n")) != NULL && *row != '\0'; n++) {
                cr_assert_lt(n, rows);
                row[strlen(row) - 3] = '\0'; /* what clears the rest of the row */
                cr_assert_leq(text_columns(row), columns, "%s", row);
            }
        }
    }
}

Test(lines, name_their_columns_every_20_lines)
{
    struct run *r = run_fixture(&WS);
    FILE *to = open_memstream(&text, &text_bytes_written);
    cr_assert_not_null(to);
    struct lines lines = {.to = to};
    for (unsigned i = 0; i < 41; i++)
        lines_second(&lines, r);
    fixture_samples[11].seconds = 0.2;
    lines_second(&lines, r); /* too short to say anything */
    fclose(to);
    unsigned headers = 0, ends = 0;
    for (const char *at = text; (at = strstr(at, "throughput")) != NULL; at++)
        headers++;
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
        ends++;
    cr_expect_eq(headers, 3);
    cr_expect_eq(ends, 44);
    free(text);
}

Test(lines, tell_a_second_in_columns)
{
    struct run *r = run_fixture(&WS);
    FILE *to = open_memstream(&text, &text_bytes_written);
    cr_assert_not_null(to);
    struct lines lines = {.to = to};
    r->sample_count = 2;
    lines_second(&lines, r);
    fclose(to);
    cr_expect_str_eq(
        strchr(text, '\n') + 1,
        "   0:02       100       100/s       0 B/s   500 µs   990 µs   999 µs  1.00 ms       0  "
        "warming up\n");
    free(text);
}
