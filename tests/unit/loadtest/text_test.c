#include "report/text.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdlib.h>

#define expect_text(text, wanted) cr_expect_str_eq((text).s, wanted)

Test(text, tells_durations_in_the_unit_that_suits_them)
{
    expect_text(text_duration(0), "0 ns");
    expect_text(text_duration(850), "850 ns");
    expect_text(text_duration(12.345), "12.3 ns");
    expect_text(text_duration(1000), "1.00 µs");
    expect_text(text_duration(12345), "12.3 µs");
    expect_text(text_duration(1.2399e6), "1.24 ms");
    expect_text(text_duration(123.4e6), "123 ms");
    expect_text(text_duration(2.5e9), "2.50 s");
    expect_text(text_duration(119e9), "119 s");
    expect_text(text_duration(125e9), "2 min 5 s");
    expect_text(text_duration(7199.4e9), "119 min 59 s");
    expect_text(text_duration(7200e9), "2 h 0 min");
    expect_text(text_duration(NAN), "–");
}

Test(text, rounds_up_into_the_next_unit)
{
    expect_text(text_duration(999.4), "999 ns");
    expect_text(text_duration(999.6), "1.00 µs");
    expect_text(text_duration(9996e3), "10.0 ms");
    expect_text(text_duration(99.96e6), "100 ms");
    expect_text(text_duration(999.7e6), "1.00 s");
    expect_text(text_duration(119.6e9), "2 min 0 s");
    expect_text(text_brief(999.9), "1.00k");
    expect_text(text_bytes(1023.9), "1.00 KiB");
}

Test(text, separates_the_thousands_of_counts)
{
    expect_text(text_count(0), "0");
    expect_text(text_count(999), "999");
    expect_text(text_count(1000), "1,000");
    expect_text(text_count(123456), "123,456");
    expect_text(text_count(1234567), "1,234,567");
    expect_text(text_count(-1234), "-1,234");
    expect_text(text_count(18446744073709551615.0), "18,446,744,073,709,551,616");
    expect_text(text_count(1e30), "1e+30");
    expect_text(text_count(NAN), "–");
}

Test(text, tells_rates_to_three_digits_at_least)
{
    expect_text(text_rate(52310.4), "52,310/s");
    expect_text(text_rate(100), "100/s");
    expect_text(text_rate(99.96), "100/s");
    expect_text(text_rate(31.25), "31.2/s");
    expect_text(text_rate(4.25), "4.25/s");
    expect_text(text_rate(4), "4/s");
    expect_text(text_rate(0), "0/s");
    expect_text(text_rate(NAN), "–");
}

Test(text, tells_bytes_in_powers_of_1024)
{
    expect_text(text_bytes(0), "0 B");
    expect_text(text_bytes(512), "512 B");
    expect_text(text_bytes(9933), "9.70 KiB");
    expect_text(text_bytes(3.1 * 0x1p30), "3.10 GiB");
    expect_text(text_byte_rate(12.5 * 0x1p20), "12.5 MiB/s");
    expect_text(text_byte_rate(NAN), "–");
}

Test(text, is_brief_where_there_is_little_room)
{
    expect_text(text_brief(310), "310");
    expect_text(text_brief(52310), "52.3k");
    expect_text(text_brief(1.2e6), "1.20M");
    expect_text(text_brief(0.5), "0.50");
    expect_text(text_brief(NAN), "–");
}

Test(text, tells_shares_and_clocks)
{
    expect_text(text_share(1), "100 %");
    expect_text(text_share(0.995), "99.5 %");
    expect_text(text_share(0.0001), "0.01 %");
    expect_text(text_clock(9.2), "0:09");
    expect_text(text_clock(59.6), "1:00");
    expect_text(text_clock(750), "12:30");
    expect_text(text_clock(3599.7), "1:00:00");
    expect_text(text_clock(3723), "1:02:03");
    expect_text(text_clock(-1), "0:00");
    expect_text(text_clock(NAN), "–");
}

Test(text, pads_by_columns_not_by_bytes)
{
    char *written = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&written, &size);
    cr_assert_not_null(to);
    text_pad(to, "1 µs", 6);
    text_pad(to, "|é", -4);
    text_pad(to, "|wide", 2);
    fclose(to);
    cr_expect_str_eq(written, "  1 µs|é  |wide");
    cr_expect_eq(text_columns("▁▂▃ µs"), 6);
    free(written);
}
