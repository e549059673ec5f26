#include "report/expect.h"

#include "report/figure.h"
#include "unit/expect.h"
#include "unit/loadtest/run_fixture.h"

#include <criterion/new/assert.h>
#include <stdlib.h>

static struct expect parsed(const char *text)
{
    struct expect e;
    const char *why = "";
    enum err result = expect_parse(text, &e, &why);
    cr_assert_eq(result, OK, "%s: %s", text, why);
    return e;
}

static bool holds(const char *text)
{
    struct expect e = parsed(text);
    double seen;
    return expect_holds(&e, &fixture_run, &seen);
}

static void refused(const char *text, enum err wanted)
{
    struct expect e;
    const char *why = NULL;
    enum err result = expect_parse(text, &e, &why);
    cr_expect_eq(result, wanted, "%s: %s", text, err_name(result));
    cr_expect_not_null(why, "%s", text);
}

Test(expect, reads_names_relations_and_units)
{
    struct expect e = parsed("p99<5ms");
    cr_expect_str_eq(e.text, "p99<5ms");
    cr_expect_str_eq(e.figure->name, "p99");
    cr_expect_eq(e.relation, EXPECT_LESS);
    cr_expect_eq(e.value, 5e6);

    cr_expect_eq(parsed("p99.9<=250us").value, 250e3);
    cr_expect_eq(parsed("p99.9<=250us").relation, EXPECT_AT_MOST);
    cr_expect_eq(parsed("max<1.5s").value, 1.5e9);
    cr_expect_eq(parsed("mean<2").value, 2e6);
    cr_expect_eq(parsed("errors=0").value, 0);
    cr_expect_eq(parsed("errors=0").relation, EXPECT_EQUAL);
    cr_expect_eq(parsed("rate>100000").value, 100000);
    cr_expect_eq(parsed("rate>100k").value, 100000);
    cr_expect_eq(parsed("rate>=0.5/s").value, 0.5);
    cr_expect_eq(parsed("rate>=0.5/s").relation, EXPECT_AT_LEAST);
    cr_expect_eq(parsed("connected>=1M").value, 1e6);
    cr_expect_eq(parsed("throughput>10MiB/s").value, 10 * 0x1p20);
    cr_expect_eq(parsed("throughput>10MiB").value, 10 * 0x1p20);
    cr_expect_eq(parsed("server.memory<=256").value, 256);
}

Test(expect, takes_blanks_around_the_relation)
{
    struct expect e = parsed(" p99 < 5ms ");
    cr_expect_str_eq(e.figure->name, "p99");
    cr_expect_eq(e.relation, EXPECT_LESS);
    cr_expect_eq(e.value, 5e6);
}

Test(expect, says_what_is_wrong)
{
    static const char *const WRONG[] = {
        "",         "p99",         "p99<",      "<5ms",        "=",        "p99<5 ms",
        "p99<-1ms", "p99<5parsec", "p99<>5ms",  "p99==5ms",    "p99!5ms",  "p99<ms",
        "errors=x", "errors=0.5",  "rate>fast", "rate>100k/m", "p99<0x10", "throughput>10MiB/h",
    };
    for (size_t i = 0; i < sizeof(WRONG) / sizeof(*WRONG); i++)
        refused(WRONG[i], ERR_SYNTAX);
    refused("p98<5ms", ERR_UNKNOWN);
    refused("P99<5ms", ERR_UNKNOWN);
    refused("p99<1000000h", ERR_LIMIT);
}

Test(expect, refuses_values_of_any_length)
{
    char text[300];
    memset(text, '1', sizeof(text));
    memcpy(text, "throughput>", 11);
    text[sizeof(text) - 1] = '\0';
    refused(text, ERR_SYNTAX);
    for (size_t len = 12; len < sizeof(text); len++) {
        struct expect e;
        const char *why = NULL;
        text[len] = '\0';
        cr_expect(expect_parse(text, &e, &why) == OK || why != NULL);
        text[len] = '1';
    }
}

Test(expect, holds_or_does_not)
{
    run_fixture(NULL)->faults[FAULT_LOST] = 2;
    cr_expect(holds("max<=1ms"));
    cr_expect_not(holds("max<1ms"));
    cr_expect(holds("max>=1ms"));
    cr_expect_not(holds("max>1ms"));
    cr_expect(holds("max=1ms"));
    cr_expect(holds("p50<0.6ms"));
    cr_expect_not(holds("p50<0.4ms"));
    cr_expect(holds("rate>99"));
    cr_expect_not(holds("rate>100"));
    cr_expect(holds("errors=2"));
    cr_expect_not(holds("errors=0"));
    cr_expect(holds("duplicated=0"));
}

Test(expect, does_not_hold_without_a_value)
{
    run_fixture(NULL);
    cr_expect_not(holds("tls.p99<1h"));
    cr_expect_not(holds("tls.p99>=0"));
    cr_expect_not(holds("echo.p50=0"));
}

static void expect_line(const char *text, bool wanted_holds, const char *wanted)
{
    struct expect e = parsed(text);
    char *written = NULL;
    size_t size;
    FILE *to = open_memstream(&written, &size);
    cr_assert_not_null(to);
    cr_expect_eq(expect_print(&e, &fixture_run, to), wanted_holds);
    fclose(to);
    cr_expect_str_eq(written, wanted);
    free(written);
}

Test(expect, prints_what_was_seen)
{
    run_fixture(NULL);
    expect_line("max<5ms", true, "expected max<5ms: holds (1.00 ms)\n");
    expect_line("rate>100k", false, "expected rate>100k: does NOT hold (100/s)\n");
    expect_line("errors=0", true, "expected errors=0: holds (0)\n");
    expect_line("tls.p99<1s", false,
                "expected tls.p99<1s: does NOT hold (there is no such value)\n");
}
