/* The walk for the busiest channels. */
#include "chat/hub/survey.h"
#include "unit/chat/hub_fixture.h"

#include <stdio.h>

static struct survey survey;

static void setup(void)
{
    fix_init(FIX_LOOPS);
}

TestSuite(survey, .init = setup, .fini = fix_done);

/* A whole walk, `at_once` channels in each part; returns how many parts it took. */
static unsigned walk(uint32_t at_once)
{
    unsigned parts = 1;
    survey_begin(&survey);
    while (!survey_advance(&survey, fix.hub, at_once))
        parts++;
    return parts;
}

static void say_times(unsigned user, const char *line, unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        fix_say(user, line);
    fix_forget();
}

static void expect_row(size_t i, const char *name, uint32_t messages, uint32_t members)
{
    cr_assert_lt(i, survey.row_count);
    cr_assert_str_eq(survey.rows[i].name, name);
    cr_assert_eq(survey.rows[i].messages, messages, "%u", survey.rows[i].messages);
    cr_assert_eq(survey.rows[i].members, members, "%u", survey.rows[i].members);
}

Test(survey, of_no_channels_finds_none)
{
    cr_assert_eq(walk(4), 1);
    cr_assert_eq(survey.row_count, 0);
    cr_assert_eq(survey.channels, 0);
}

Test(survey, messages_count_before_members)
{
    unsigned a = fix_user("alice"), b = fix_user("bob");
    fix_say(a, "JOIN #quiet,#loud,#large");
    fix_say(b, "JOIN #large");
    say_times(a, "PRIVMSG #loud :x", 2);
    say_times(a, "NOTICE #quiet :x", 1);
    walk(100);
    cr_assert_eq(survey.row_count, 3);
    cr_assert_eq(survey.channels, 3);
    expect_row(0, "#loud", 2, 1);
    expect_row(1, "#quiet", 1, 1);
    expect_row(2, "#large", 0, 2);
}

Test(survey, counts_from_the_last_walk_on)
{
    unsigned a = fix_user("alice");
    fix_say(a, "JOIN #a");
    say_times(a, "PRIVMSG #a :x", 5);
    walk(100);
    expect_row(0, "#a", 5, 1);
    walk(100);
    expect_row(0, "#a", 0, 1);
    say_times(a, "PRIVMSG #a :x", 3);
    walk(100);
    expect_row(0, "#a", 3, 1);
}

Test(survey, what_is_refused_or_is_no_text_does_not_count)
{
    unsigned a = fix_user("alice"), b = fix_user("bob");
    fix_say(a, "JOIN #a");
    say_times(b, "PRIVMSG #a :from outside", 1);
    say_times(a, "@+typing=active TAGMSG #a", 1);
    say_times(a, "PRIVMSG @#a :to operators alone", 1);
    walk(100);
    expect_row(0, "#a", 0, 1);
}

Test(survey, is_of_secret_channels_too)
{
    unsigned a = fix_user("alice");
    fix_say(a, "JOIN #hidden");
    fix_say(a, "MODE #hidden +s");
    walk(100);
    expect_row(0, "#hidden", 0, 1);
}

Test(survey, goes_in_parts_while_channels_come_and_go)
{
    unsigned a = fix_user("alice"), b = fix_user("bob");
    char line[64];
    for (int i = 0; i < 2 * SURVEY_ROWS; i++) {
        snprintf(line, sizeof(line), "JOIN #%d", i);
        fix_say(a, line);
    }
    say_times(a, "PRIVMSG #3 :x", 9);
    say_times(a, "PRIVMSG #4 :x", 8);
    survey_begin(&survey);
    cr_assert(!survey_advance(&survey, fix.hub, 6));
    fix_say(a, "PART #3,#19");
    fix_say(b, "JOIN #new");
    say_times(b, "PRIVMSG #new :x", 4);
    while (!survey_advance(&survey, fix.hub, 6))
        ;
    cr_assert_eq(survey.row_count, SURVEY_ROWS - 1); /* the one that ended was among the first */
    expect_row(0, "#4", 8, 1);
    expect_row(1, "#new", 4, 1);
    cr_assert_eq(survey.channels, 2 * SURVEY_ROWS - 1);
}

Test(survey, takes_as_many_parts_as_it_must)
{
    unsigned a = fix_user("alice");
    fix_say(a, "JOIN #1,#2,#3,#4,#5,#6,#7");
    cr_assert_eq(walk(3), 3);
    cr_assert_eq(walk(7), 2); /* that it was the last is found out by looking for one more */
    cr_assert_eq(survey.row_count, 7);
}
