#include "report/csv.h"

#include "unit/expect.h"
#include "unit/loadtest/run_fixture.h"

#include <criterion/new/assert.h>
#include <stdlib.h>

enum { FIELDS = 5 + COUNT_KINDS + 1 + 5 + 2, LINES_MAX = 16 };

/* The lines and fields of what is written. */
struct csv {
    char *text;
    size_t size;
    unsigned line_count;
    char *fields[LINES_MAX][FIELDS + 1];
    unsigned field_counts[LINES_MAX];
};

static void csv_of(const struct run *run, struct csv *csv)
{
    char *line, *rest;
    memset(csv, 0, sizeof(*csv));
    FILE *to = open_memstream(&csv->text, &csv->size);
    cr_assert_not_null(to);
    expect_ok(csv_write(run, to));
    fclose(to);
    cr_assert_eq(csv->text[csv->size - 1], '\n');
    for (rest = csv->text; *rest != '\0'; csv->line_count++) {
        cr_assert_lt(csv->line_count, LINES_MAX);
        line = strsep(&rest, "\n");
        unsigned *count = &csv->field_counts[csv->line_count];
        while (line != NULL && *count <= FIELDS)
            csv->fields[csv->line_count][(*count)++] = strsep(&line, ",");
    }
}

static const char *field(const struct csv *csv, unsigned line, const char *name)
{
    unsigned i = 0;
    while (i < FIELDS && strcmp(csv->fields[0][i], name) != 0)
        i++;
    cr_assert_lt(i, FIELDS, "no column %s", name);
    return csv->fields[line][i];
}

Test(csv, has_a_line_of_names_and_one_for_each_second)
{
    struct csv csv;
    struct run *r = run_fixture(NULL);
    csv_of(r, &csv);
    cr_expect_eq(csv.line_count, 1 + r->sample_count);
    for (unsigned i = 0; i < csv.line_count; i++)
        cr_expect_eq(csv.field_counts[i], FIELDS, "line %u", i);
    free(csv.text);
}

/* Scripts take columns by their place: new ones come behind all others. */
Test(csv, has_its_columns_where_they_always_were)
{
    static const char *const NAMES[] = {"time_s",
                                        "seconds",
                                        "phase",
                                        "measured",
                                        "open",
                                        "connections_started",
                                        "connections_opened",
                                        "connections_ended",
                                        "connections_closed_by_server",
                                        "tls_sessions_resumed",
                                        "sent",
                                        "received",
                                        "sent_bytes",
                                        "received_bytes",
                                        "beside_received",
                                        "errors",
                                        "p50_ns",
                                        "p90_ns",
                                        "p99_ns",
                                        "p99.9_ns",
                                        "max_ns",
                                        "server_cores",
                                        "server_memory_bytes",
                                        "connections_compressed",
                                        "sent_wire_bytes",
                                        "received_wire_bytes"};
    struct csv csv;
    struct run *r = run_fixture(NULL);
    r->samples[3].counts[COUNT_RECEIVED_WIRE] = 123;
    csv_of(r, &csv);
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(*NAMES); i++)
        cr_expect_str_eq(csv.fields[0][i], NAMES[i]);
    cr_expect_str_eq(csv.fields[4][25], "123");
    free(csv.text);
}

Test(csv, tells_each_second)
{
    struct csv csv;
    struct run *r = run_fixture(NULL);
    r->samples[3].errors = 7;
    r->samples[3].server_cpu_share = 0.5;
    r->samples[3].server_memory_bytes = 4096;
    csv_of(r, &csv);
    cr_expect_str_eq(field(&csv, 1, "phase"), "opening");
    cr_expect_str_eq(field(&csv, 1, "measured"), "0");
    cr_expect_str_eq(field(&csv, 1, "connections_opened"), "100");
    cr_expect_str_eq(field(&csv, 4, "time_s"), "4.000");
    cr_expect_str_eq(field(&csv, 4, "seconds"), "1.000");
    cr_expect_str_eq(field(&csv, 4, "phase"), "running");
    cr_expect_str_eq(field(&csv, 4, "measured"), "1");
    cr_expect_str_eq(field(&csv, 4, "open"), "100");
    cr_expect_str_eq(field(&csv, 4, "received"), "100");
    cr_expect_str_eq(field(&csv, 4, "errors"), "7");
    cr_expect_str_eq(field(&csv, 4, "p99.9_ns"), "999000");
    cr_expect_str_eq(field(&csv, 4, "server_cores"), "0.500");
    cr_expect_str_eq(field(&csv, 4, "server_memory_bytes"), "4096");
    free(csv.text);
}

Test(csv, leaves_empty_what_is_not_known)
{
    struct csv csv;
    csv_of(run_fixture(NULL), &csv);
    cr_expect_str_eq(field(&csv, 1, "p50_ns"), "");
    cr_expect_str_eq(field(&csv, 1, "max_ns"), "");
    cr_expect_str_eq(field(&csv, 1, "server_cores"), "");
    cr_expect_str_eq(field(&csv, 1, "server_memory_bytes"), "");
    cr_expect_str_eq(field(&csv, 1, "errors"), "0");
    free(csv.text);
}

Test(csv, of_a_run_without_seconds_is_its_names)
{
    struct csv csv;
    struct run *r = run_fixture(NULL);
    r->sample_count = 0;
    csv_of(r, &csv);
    cr_expect_eq(csv.line_count, 1);
    free(csv.text);
}

Test(csv, says_when_it_cannot_be_written)
{
    FILE *full = fopen("/dev/full", "w");
    cr_assert_not_null(full);
    expect_err(csv_write(run_fixture(NULL), full), ERR_IO);
    fclose(full);
}
