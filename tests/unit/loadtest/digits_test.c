#include "load/digits.h"

#include <criterion/criterion.h>
#include <string.h>

Test(digits, what_is_written_is_read)
{
    uint8_t text[10];
    uint64_t value = 1, read;
    for (unsigned i = 0; i < 60; i++, value = value << 1 | (i % 3 == 0)) {
        digits_put(text, sizeof text, value);
        cr_assert(digits_get(text, sizeof text, &read));
        cr_assert_eq(read, value);
    }
}

Test(digits, every_digit_has_its_value)
{
    for (unsigned i = 0; i < 64; i++) {
        uint64_t read;
        cr_assert(digits_get(&DIGITS[i], 1, &read));
        cr_assert_eq(read, i);
    }
}

Test(digits, no_other_character_is_one)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        uint8_t text[3] = {'0', (uint8_t)byte, '0'};
        uint64_t read;
        bool is_digit = byte != 0 && strchr((const char *)DIGITS, (int)byte) != NULL;
        cr_assert_eq(digits_get(text, 3, &read), is_digit, "byte %u", byte);
    }
}
