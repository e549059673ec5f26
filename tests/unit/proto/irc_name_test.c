#include "simul/irc.h"

#include "unit/expect.h"

#include <criterion/criterion.h>

Test(irc_name, folds_ascii_letters_and_nothing_else)
{
    uint8_t all[256];
    for (size_t i = 0; i < sizeof(all); i++)
        all[i] = (uint8_t)i;
    irc_fold(span_of(all, sizeof(all)), all);
    for (size_t i = 0; i < sizeof(all); i++)
        cr_assert_eq(all[i], i >= 'A' && i <= 'Z' ? i + ('a' - 'A') : i, "%zu", i);
}

Test(irc_name, is_the_same_when_it_folds_to_the_same)
{
    cr_assert(irc_eq(SPAN("#Simul"), SPAN("#sIMUL")));
    cr_assert(irc_eq(SPAN(""), SPAN_EMPTY));
    cr_assert(irc_eq(SPAN("gr\xc3\xbc"), SPAN("GR\xc3\xbc")));
}

Test(irc_name, differs_where_other_case_mappings_would_not)
{
    cr_assert_not(irc_eq(SPAN("a[]\\"), SPAN("a{}|")));
    cr_assert_not(irc_eq(SPAN("a^"), SPAN("a~")));
    cr_assert_not(irc_eq(SPAN("gr\xc3\xbc"), SPAN("gr\xc3\x9c")));
    cr_assert_not(irc_eq(SPAN("a"), SPAN("ab")));
    cr_assert_not(irc_eq(SPAN("@"), SPAN("`")));
}

Test(irc_name, allows_the_nicks_of_the_specification)
{
    static const char *const valid[] = {"a", "Z9", "a-b", "_", "[]\\`_^{|}", "x-", "twelve-bytes"};
    for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++)
        cr_assert(irc_nick_is_valid(span_str(valid[i]), 12), "%s", valid[i]);
}

Test(irc_name, refuses_other_nicks)
{
    static const char *const invalid[] = {
        "",     "9a",        "-a",  "-",   "a b", " a",  "a ",   "a!b", "a@b",   "a:b",
        ":a",   "#a",        "&a",  "+a",  "~a",  "a.b", "a,b",  "a*",  "a?",    "$a",
        "%a",   "a\"",       "a'b", "a/b", "a=b", "a<b", "a\tb", "a\r", "a\x7f", "thirteen-bytes",
        "\xff", "gr\xc3\xbc"};
    for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
        cr_assert_not(irc_nick_is_valid(span_str(invalid[i]), 13), "%s", invalid[i]);
    cr_assert_not(irc_nick_is_valid(SPAN("a\0b"), 13));
    cr_assert_not(irc_nick_is_valid(SPAN("ab"), 1));
}

Test(irc_name, allows_channels_of_any_text)
{
    static const char *const valid[] = {
        "#a", "#", "##", "#a#b", "#a:b", "#1", "#a!@*?.", "#gr\xc3\xbc", "#\xf0\x9f\x91\x8b"};
    for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++)
        cr_assert(irc_channel_is_valid(span_str(valid[i]), 8), "%s", valid[i]);
}

Test(irc_name, refuses_other_channels)
{
    static const char *const invalid[] = {"",
                                          "a",
                                          "&a",
                                          "+a",
                                          "!a",
                                          " #a",
                                          "#a b",
                                          "#a,#b",
                                          "#,",
                                          "#a\a",
                                          "#a\rb",
                                          "#a\nb",
                                          "#a ",
                                          "0",
                                          "#\xff",
                                          "#gr\xc3",
                                          "#\xc0\xaf",
                                          "#\x80",
                                          "#\xed\xa0\x80",
                                          "*",
                                          "#123456789"};
    for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
        cr_assert_not(irc_channel_is_valid(span_str(invalid[i]), 9), "%s", invalid[i]);
    cr_assert_not(irc_channel_is_valid(SPAN("#a\0b"), 9));
    cr_assert_not(irc_channel_is_valid(SPAN("#ab"), 2));
}

static void expect_user(struct span user, size_t bytes_max, struct span want)
{
    uint8_t out[32];
    cr_assert_leq(bytes_max, sizeof(out));
    struct span got = span_of(out, irc_user_clean(user, out, bytes_max));
    expect_span(got, want);
}

Test(irc_name, keeps_what_may_stand_in_a_user_name)
{
    expect_user(SPAN("John.Doe-9_[x]"), 20, SPAN("John.Doe-9_[x]"));
}

Test(irc_name, drops_the_rest_of_a_user_name)
{
    expect_user(SPAN("~root"), 10, SPAN("root"));
    expect_user(SPAN("a!b@c d*e?f"), 10, SPAN("abcdef"));
    expect_user(SPAN("gr\xc3\xbcn\x01\x7f:,"), 10, SPAN("grn"));
    expect_user(SPAN("a\0b\r\nc"), 10, SPAN("abc"));
    expect_user(SPAN("~!@ "), 10, SPAN(""));
    expect_user(SPAN(""), 10, SPAN(""));
}

Test(irc_name, cuts_a_user_name_after_cleaning_it)
{
    expect_user(SPAN("~~~abcdef"), 4, SPAN("abcd"));
    expect_user(SPAN("abc"), 0, SPAN(""));
}
