#include "simul/span.h"

#include "unit/expect.h"

#include <criterion/criterion.h>

Test(span, holds_a_literal_without_its_zero)
{
    struct span s = SPAN("a\0b");
    cr_assert_eq(s.len, 3);
    cr_assert_arr_eq(s.ptr, "a\0b", 3);
    cr_assert_eq(span_str("abc").len, 3);
}

Test(span, is_equal_by_content)
{
    char copy[] = "abc";
    cr_assert(span_eq(SPAN("abc"), span_of(copy, 3)));
    cr_assert(span_eq(SPAN(""), SPAN_EMPTY));
    cr_assert_not(span_eq(SPAN("abc"), SPAN("abd")));
    cr_assert_not(span_eq(SPAN("abc"), SPAN("abcd")));
    cr_assert_not(span_eq(SPAN("abc"), SPAN("ABC")));
    cr_assert_not(span_eq(SPAN("a"), SPAN_EMPTY));
}

Test(span, ignores_the_case_of_ascii_letters_only)
{
    cr_assert(span_eq_nocase(SPAN("Sec-WebSocket-KEY"), SPAN("sec-websocket-key")));
    cr_assert(span_eq_nocase(SPAN_EMPTY, SPAN("")));
    cr_assert_not(span_eq_nocase(SPAN("@"), SPAN("`")));
    cr_assert_not(span_eq_nocase(SPAN("["), SPAN("{")));
    cr_assert_not(span_eq_nocase(SPAN("\xc4"), SPAN("\xe4")));
    cr_assert_not(span_eq_nocase(SPAN("a"), SPAN("ab")));
}

Test(span, knows_its_beginning)
{
    cr_assert(span_starts_with(SPAN("abc"), SPAN("ab")));
    cr_assert(span_starts_with(SPAN("abc"), SPAN("abc")));
    cr_assert(span_starts_with(SPAN_EMPTY, SPAN_EMPTY));
    cr_assert_not(span_starts_with(SPAN("abc"), SPAN("b")));
    cr_assert_not(span_starts_with(SPAN("ab"), SPAN("abc")));
}

Test(span, drops_and_takes)
{
    expect_span(span_drop(SPAN("abc"), 1), SPAN("bc"));
    expect_span(span_drop(SPAN("abc"), 3), SPAN(""));
    expect_span(span_drop(SPAN_EMPTY, 0), SPAN(""));
    expect_span(span_take(SPAN("abc"), 2), SPAN("ab"));
    expect_span(span_take(SPAN("abc"), 0), SPAN(""));
}

Test(span, finds_the_first_of_a_byte)
{
    cr_assert_eq(span_find(SPAN("abcb"), 'b'), 1);
    cr_assert_eq(span_find(SPAN("a\0b"), '\0'), 1);
    cr_assert_eq(span_find(SPAN("a\xff"), 0xff), 1);
}

Test(span, answers_its_length_for_a_byte_it_has_not)
{
    cr_assert_eq(span_find(SPAN("abc"), 'x'), 3);
    cr_assert_eq(span_find(SPAN("abc"), '\0'), 3);
    cr_assert_eq(span_find(SPAN_EMPTY, 'x'), 0);
}

Test(span, trims_blanks_at_both_ends)
{
    expect_span(span_trim(SPAN(" \t a b\t ")), SPAN("a b"));
    expect_span(span_trim(SPAN("ab")), SPAN("ab"));
    expect_span(span_trim(SPAN(" \t ")), SPAN(""));
    expect_span(span_trim(SPAN_EMPTY), SPAN_EMPTY);
    expect_span(span_trim(SPAN("\na\r")), SPAN("\na\r"));
}

Test(span, takes_words_off_the_front)
{
    struct span rest = SPAN("a,,bc");
    expect_span(span_take_until(&rest, ','), SPAN("a"));
    expect_span(span_take_until(&rest, ','), SPAN(""));
    expect_span(span_take_until(&rest, ','), SPAN("bc"));
    expect_span(rest, SPAN_EMPTY);
    expect_span(span_take_until(&rest, ','), SPAN_EMPTY);
}
