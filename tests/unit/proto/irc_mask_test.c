#include "simul/irc.h"
#include "unit/alloc_fail.h"

#include <criterion/criterion.h>

struct vector {
    const char *mask, *text;
    bool is_match;
};

static void check(const struct vector *vectors, size_t count)
{
    for (size_t i = 0; i < count; i++)
        cr_expect_eq(irc_mask_matches(span_str(vectors[i].mask), span_str(vectors[i].text)),
                     vectors[i].is_match, "\"%s\" and \"%s\"", vectors[i].mask, vectors[i].text);
}
#define CHECK_ALL(...)                                                                             \
    check((const struct vector[]){__VA_ARGS__},                                                    \
          sizeof((const struct vector[]){__VA_ARGS__}) / sizeof(struct vector))

Test(irc_mask, without_wildcards_is_the_name_itself_in_any_case)
{
    CHECK_ALL({"", "", true}, {"", "a", false}, {"a", "", false}, {"abc", "abc", true},
              {"aBc", "AbC", true}, {"abc", "abcd", false}, {"abcd", "abc", false},
              {"[x]", "{x}", false}, {"a\\b", "a\\b", true}, {"@", "`", false});
}

Test(irc_mask, star_stands_for_anything_or_nothing)
{
    CHECK_ALL({"*", "", true}, {"*", "abc", true}, {"**", "", true}, {"a*", "a", true},
              {"a*", "b", false}, {"*c", "abc", true}, {"*c", "abcd", false}, {"a*c", "ac", true},
              {"a*c", "abcbc", true}, {"a*b*c", "a-b-b-c", true}, {"a*b*c", "a-c-b", false},
              {"*!*@*.example", "a!~u@h.example", true}, {"*!*@*.example", "a!~u@example", false});
}

Test(irc_mask, what_follows_a_star_is_found_wherever_it_is)
{
    CHECK_ALL({"*aab", "aaaab", true}, {"*abab*", "abaabab", true}, {"*ab?d*d", "abcabcdd", true},
              {"*a*a*a", "aa", false}, {"*a*a*a", "aaa", true});
}

Test(irc_mask, question_mark_stands_for_one_character)
{
    CHECK_ALL({"?", "", false}, {"?", "a", true}, {"?", "ab", false}, {"a?c", "abc", true},
              {"*?", "", false}, {"*?", "abc", true}, {"?*?", "a", false}, {"?*?", "ab", true},
              {"x?y", "x\xe2\x82\xacy", true}, {"x??y", "x\xe2\x82\xacy", false},
              {"*?y", "\xe2\x82\xacy", true}, {"??", "\xc3\xa4\xc3\xb6", true});
}

Test(irc_mask, backslash_takes_the_meaning_of_a_wildcard_away)
{
    CHECK_ALL({"\\*", "*", true}, {"\\*", "a", false}, {"a\\?", "a?", true}, {"a\\?", "ab", false},
              {"\\", "\\", true}, {"\\\\", "\\\\", true}, {"\\\\", "\\", false},
              {"*\\*", "ab*", true}, {"*\\*", "ab", false}, {"\\a", "a", false});
}

Test(irc_mask, costs_no_more_than_the_product_of_the_lengths)
{
    char mask[2001], text[20001];
    memset(text, 'a', sizeof(text));
    for (size_t i = 0; i < sizeof(mask) - 1; i += 2)
        memcpy(mask + i, "*a", 2);
    mask[sizeof(mask) - 1] = 'b';
    cr_assert_not(
        irc_mask_matches(span_of(mask, sizeof(mask)), span_of(text, sizeof(text)))); /* returns */
}

static void completes(const char *mask, const char *want)
{
    struct buf out = {0};
    cr_assert_eq(irc_mask_complete(span_str(mask), &out), OK);
    cr_expect(span_eq(buf_span(&out), span_str(want)), "%s is %.*s", mask,
              SPAN_ARG(buf_span(&out)));
    buf_deinit(&out);
}

Test(irc_mask, is_completed_to_all_three_parts)
{
    completes("a", "a!*@*");
    completes("a!b", "a!b@*");
    completes("b@c", "*!b@c");
    completes("a!b@c", "a!b@c");
    completes("@c", "*!*@c");
    completes("!@", "*!*@*");
    completes("a!", "a!*@*");
    completes("*", "*!*@*");
    completes("*.example", "*!*@*.example");
    completes("2001:db8::/32", "*!*@2001:db8::/32");
    completes("a!b@c@d!e", "a!b@c@d!e");
    completes("a!b!c@d", "a!b!c@d");
    completes("b@c!d", "*!b@c!d");
}

Test(irc_mask, that_no_line_could_carry_is_refused)
{
    struct buf out = {0};
    cr_assert_eq(irc_mask_complete(SPAN(""), &out), ERR_SYNTAX);
    cr_assert_eq(irc_mask_complete(SPAN("a b"), &out), ERR_SYNTAX);
    cr_assert_eq(irc_mask_complete(SPAN(":a"), &out), ERR_SYNTAX);
    cr_assert_eq(out.len, 0);
}

Test(irc_mask, survives_failing_allocations)
{
    struct buf out = {0};
    alloc_fail_after(0);
    cr_assert_eq(irc_mask_complete(SPAN("a"), &out), ERR_NOMEM);
    alloc_fail_stop();
    cr_assert_eq(out.len, 0);
    buf_deinit(&out);
}
