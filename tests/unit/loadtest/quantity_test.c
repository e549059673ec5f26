#include "plan/quantity.h"
#include "unit/expect.h"

#include <criterion/criterion.h>

static const uint64_t MS = 1000 * 1000, SECOND = 1000 * 1000 * 1000;

Test(quantity, durations_have_units)
{
    static const struct {
        const char *text;
        uint64_t ns;
    } CASES[] = {
        {"250us", 250000},
        {"500ms", 500000000},
        {"10s", 10000000000},
        {"2m", 120000000000},
        {"1h", 3600000000000},
        {"7ns", 7},
        {"1.5s", 1500000000},
        {"0.5ms", 500000},
        {"0", 0},
        {"0s", 0},
        {"010s", 10000000000},
        {"1.10s", 1100000000},
        {"2400h", 8640000000000000},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        uint64_t ns = 1;
        expect_ok(quantity_duration(CASES[i].text, SECOND, &ns));
        cr_assert_eq(ns, CASES[i].ns, "%s", CASES[i].text);
    }
}

Test(quantity, a_bare_duration_counts_what_the_caller_says)
{
    uint64_t ns;
    expect_ok(quantity_duration("3", SECOND, &ns));
    cr_assert_eq(ns, 3 * SECOND);
    expect_ok(quantity_duration("2.5", MS, &ns));
    cr_assert_eq(ns, 2500000);
}

Test(quantity, counts_go_by_thousands)
{
    static const struct {
        const char *text;
        uint64_t count;
    } CASES[] = {
        {"0", 0},        {"100", 100},
        {"10k", 10000},  {"10K", 10000},
        {"1M", 1000000}, {"2G", 2000000000},
        {"1.5k", 1500},  {"1.1k", 1100},
        {"0.001k", 1},   {"9007199254740992", UINT64_C(1) << 53},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        uint64_t count = 1;
        expect_ok(quantity_count(CASES[i].text, &count));
        cr_assert_eq(count, CASES[i].count, "%s", CASES[i].text);
    }
}

Test(quantity, bytes_go_by_1024_but_for_kb)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } CASES[] = {
        {"64", 64},           {"64B", 64},     {"1k", 1024},      {"64K", 65536},
        {"1KiB", 1024},       {"1M", 1048576}, {"1MiB", 1048576}, {"1G", 1073741824},
        {"1GiB", 1073741824}, {"1kB", 1000},   {"1KB", 1000},     {"2MB", 2000000},
        {"1GB", 1000000000},  {"0.5KiB", 512},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        uint64_t bytes = 1;
        expect_ok(quantity_bytes(CASES[i].text, &bytes));
        cr_assert_eq(bytes, CASES[i].bytes, "%s", CASES[i].text);
    }
}

Test(quantity, rates_need_not_be_whole)
{
    double rate;
    expect_ok(quantity_rate("0.5", &rate));
    cr_assert_float_eq(rate, 0.5, 1e-9);
    expect_ok(quantity_rate("10k", &rate));
    cr_assert_float_eq(rate, 10000, 1e-9);
    expect_ok(quantity_rate("1.5k/s", &rate));
    cr_assert_float_eq(rate, 1500, 1e-9);
}

Test(quantity, a_range_holds_both_ends)
{
    uint64_t min, max;
    expect_ok(quantity_bytes_range("64", &min, &max));
    cr_assert(min == 64 && max == 64);
    expect_ok(quantity_bytes_range("16-1024", &min, &max));
    cr_assert(min == 16 && max == 1024);
    expect_ok(quantity_bytes_range("1KiB-1MiB", &min, &max));
    cr_assert(min == 1024 && max == 1048576);
    expect_ok(quantity_bytes_range("8-8", &min, &max));
    cr_assert(min == 8 && max == 8);
}

Test(quantity, refuses_what_is_no_number)
{
    static const char *const TEXTS[] = {"",    "k",    "-1",    "+1",   " 1",  "1 ",
                                        "1.",  ".5",   "1e3",   "0x10", "inf", "nan",
                                        "1,5", "1..5", "1.5.5", "--",   "ten"};
    for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
        uint64_t number = 42, max = 42;
        double rate = 42;
        expect_err(quantity_duration(TEXTS[i], SECOND, &number), ERR_SYNTAX);
        expect_err(quantity_count(TEXTS[i], &number), ERR_SYNTAX);
        expect_err(quantity_bytes(TEXTS[i], &number), ERR_SYNTAX);
        expect_err(quantity_bytes_range(TEXTS[i], &number, &max), ERR_SYNTAX);
        expect_err(quantity_rate(TEXTS[i], &rate), ERR_SYNTAX);
        cr_assert(number == 42 && max == 42 && rate == 42, "%s is left alone", TEXTS[i]);
    }
}

Test(quantity, refuses_units_of_something_else)
{
    uint64_t number;
    double rate;
    expect_err(quantity_duration("10k", SECOND, &number), ERR_SYNTAX);
    expect_err(quantity_duration("10sec", SECOND, &number), ERR_SYNTAX);
    expect_err(quantity_duration("10S", SECOND, &number), ERR_SYNTAX);
    expect_err(quantity_count("10s", &number), ERR_SYNTAX);
    expect_err(quantity_count("10KiB", &number), ERR_SYNTAX);
    expect_err(quantity_count("10kk", &number), ERR_SYNTAX);
    expect_err(quantity_bytes("10kib", &number), ERR_SYNTAX);
    expect_err(quantity_rate("10/m", &rate), ERR_SYNTAX);
    expect_err(quantity_rate("/s", &rate), ERR_SYNTAX);
}

Test(quantity, refuses_parts_of_what_is_counted)
{
    uint64_t number;
    expect_err(quantity_count("1.5", &number), ERR_SYNTAX);
    expect_err(quantity_count("1.0005k", &number), ERR_SYNTAX);
    expect_err(quantity_bytes("0.3KiB", &number), ERR_SYNTAX);
}

Test(quantity, refuses_ranges_that_are_none)
{
    uint64_t min, max;
    expect_err(quantity_bytes_range("1024-16", &min, &max), ERR_SYNTAX);
    expect_err(quantity_bytes_range("16-", &min, &max), ERR_SYNTAX);
    expect_err(quantity_bytes_range("-16", &min, &max), ERR_SYNTAX);
    expect_err(quantity_bytes_range("1-2-3", &min, &max), ERR_SYNTAX);
}

Test(quantity, says_when_a_number_does_not_fit)
{
    uint64_t number, max;
    double rate;
    static const char HUGE_NUMBER[] =
        "100000000000000000000000000000000000000000000000000000000000000000000000000000000";
    expect_err(quantity_count("9007199254740994", &number), ERR_LIMIT);
    expect_err(quantity_count("9007199254741G", &number), ERR_LIMIT);
    expect_err(quantity_count(HUGE_NUMBER, &number), ERR_LIMIT);
    expect_err(quantity_duration("3000h", SECOND, &number), ERR_LIMIT);
    expect_err(quantity_duration(HUGE_NUMBER, SECOND, &number), ERR_LIMIT);
    expect_err(quantity_bytes("9000000000GiB", &number), ERR_LIMIT);
    expect_err(quantity_bytes_range(HUGE_NUMBER, &number, &max), ERR_LIMIT);
    expect_err(quantity_rate(HUGE_NUMBER, &rate), ERR_LIMIT);
}
