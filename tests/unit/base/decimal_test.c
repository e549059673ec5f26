#include "simul/decimal.h"

#include <criterion/criterion.h>

static bool parses(const char *text, uint64_t max, uint64_t *out)
{
    return decimal_parse(span_str(text), max, out);
}

Test(decimal, reads_what_it_writes)
{
    const uint64_t numbers[] = {0, 1, 9, 10, 65535, UINT32_MAX, UINT64_MAX - 1, UINT64_MAX};
    char text[DECIMAL_CHARS];
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        uint64_t n = 7;
        cr_assert(decimal_parse(decimal(numbers[i], text), UINT64_MAX, &n));
        cr_assert_eq(n, numbers[i]);
    }
}

Test(decimal, zeros_in_front_say_nothing)
{
    uint64_t n;
    cr_assert(parses("007", 7, &n));
    cr_assert_eq(n, 7);
    cr_assert(parses("000000000000000000000000000", 0, &n));
    cr_assert_eq(n, 0);
}

Test(decimal, more_than_the_maximum_is_none)
{
    uint64_t n = 5;
    cr_assert(parses("65535", 65535, &n));
    cr_assert_eq(n, 65535);
    cr_assert_not(parses("65536", 65535, &n));
    cr_assert_not(parses("70000", 65535, &n));
    cr_assert_not(parses("8", 7, &n));
    cr_assert_not(parses("10", 3, &n));
    cr_assert_not(parses("18446744073709551616", UINT64_MAX, &n));
    cr_assert_not(parses("99999999999999999999999999", UINT64_MAX, &n));
    cr_assert_eq(n, 65535, "and nothing changes");
}

Test(decimal, digits_are_all_that_may_stand_there)
{
    static const char *const wrong[] = {"",  " ",   "-1",  "+1", " 1", "1 ",  "1a",
                                        "a", "1.0", "0x1", "/",  ":",  "\xb2"};
    uint64_t n = 5;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        cr_assert_not(parses(wrong[i], UINT64_MAX, &n), "'%s'", wrong[i]);
    cr_assert_not(decimal_parse(SPAN("1\0"), UINT64_MAX, &n));
    cr_assert_eq(n, 5);
}
