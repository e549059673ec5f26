/* MODE, of channels and of users. */
#include "unit/chat/hub_fixture.h"

static unsigned op, voice, other;

static void setup(void)
{
    fix_init(FIX_LOOPS);
    op = fix_user("op");
    voice = fix_user("voice");
    other = fix_user("other");
    fix_say(op, "JOIN #a");
    fix_say(voice, "JOIN #a");
    fix_forget();
}

TestSuite(hub_mode, .init = setup, .fini = fix_done);

Test(hub_mode, query_tells_modes_and_creation)
{
    SAYS_HEARS(op, "MODE #A", ":s.test 324 op #a :+nt\n:s.test 329 op #a :1004\n");
    SAYS_HEARS(other, "MODE #a", ":s.test 324 other #a :+nt\n:s.test 329 other #a :1004\n");
    SAYS_HEARS(op, "MODE #a -nt", ":op!~u@h MODE #a :-nt\n");
    SAYS_HEARS(op, "MODE #a", ":s.test 324 op #a :+\n:s.test 329 op #a :1004\n");
    SAYS_HEARS(op, "MODE #none", ":s.test 403 op #none :No such channel\n");
}

Test(hub_mode, changes_are_told_as_one_line_to_all)
{
    SAYS_HEARS(op, "MODE #a +v-t+o Voice VOICE", ":op!~u@h MODE #a +v-t+o voice :voice\n");
    HEARS(voice, ":op!~u@h MODE #a +v-t+o voice :voice\n");
    HEARS(other, "");
}

Test(hub_mode, changes_that_change_nothing_are_not_told)
{
    SAYS_HEARS(op, "MODE #a +nt", "");
    SAYS_HEARS(op, "MODE #a +o op", "");
    SAYS_HEARS(op, "MODE #a -v voice", "");
    SAYS_HEARS(op, "MODE #a +", "");
    SAYS_HEARS(op, "MODE #a :", "");
    SAYS_HEARS(op, "MODE #a n", "");
    SAYS_HEARS(op, "MODE #a -n+n-n", ":op!~u@h MODE #a :-n+n-n\n");
}

Test(hub_mode, roles_work)
{
    SAYS_HEARS(voice, "MODE #a +v voice", ":s.test 482 voice #a :You're not channel operator\n");
    fix_say(op, "MODE #a +o voice");
    fix_forget();
    SAYS_HEARS(voice, "MODE #a -o op", ":voice!~u@h MODE #a -o :op\n");
    HEARS(op, ":voice!~u@h MODE #a -o :op\n");
    SAYS_HEARS(op, "MODE #a +o op", ":s.test 482 op #a :You're not channel operator\n");
}

Test(hub_mode, outsiders_change_nothing)
{
    SAYS_HEARS(other, "MODE #a -n", ":s.test 442 other #a :You're not on that channel\n");
    HEARS(op, "");
}

Test(hub_mode, targets_must_be_there)
{
    SAYS_HEARS(op, "MODE #a +o none", ":s.test 401 op none :No such nick/channel\n");
    SAYS_HEARS(op, "MODE #a +v other", ":s.test 441 op other #a :They aren't on that channel\n");
    SAYS_HEARS(op, "MODE #a +vv other voice",
               ":s.test 441 op other #a :They aren't on that channel\n"
               ":op!~u@h MODE #a +v :voice\n");
}

Test(hub_mode, first_letter_that_cannot_be_applied_ends_the_line)
{
    SAYS_HEARS(op, "MODE #a -nx-t",
               ":s.test 472 op x :is unknown mode char to me\n:op!~u@h MODE #a :-n\n");
    SAYS_HEARS(op, "MODE #a +oooo", ":s.test 461 op MODE :Not enough parameters\n");
    SAYS_HEARS(op, "MODE #a z", ":s.test 472 op z :is unknown mode char to me\n");
}

Test(hub_mode, unknown_letter_is_named_whole)
{
    SAYS_HEARS(op, "MODE #a +\xe2\x82\xac",
               ":s.test 472 op \xe2\x82\xac :is unknown mode char to me\n");
}

Test(hub_mode, changes_with_a_param_are_bounded)
{
    SAYS_HEARS(op, "MODE #a +v-v+v-v+v voice voice voice voice voice",
               ":op!~u@h MODE #a +v-v+v-v voice voice voice :voice\n");
}

Test(hub_mode, endless_back_and_forth_is_cut)
{
    char line[512] = "MODE #a ";
    for (int i = 0; i < 100; i++)
        strcat(line, "-n+n");
    fix_say(op, line);
    cr_assert_lt(strlen(fix_heard(op)), 128);
}

Test(hub_mode, users_may_be_invisible)
{
    SAYS_HEARS(op, "MODE op", ":s.test 221 op :+\n");
    SAYS_HEARS(op, "MODE OP +i", ":op!~u@h MODE op :+i\n");
    SAYS_HEARS(op, "MODE op +i", "");
    SAYS_HEARS(op, "MODE op", ":s.test 221 op :+i\n");
    SAYS_HEARS(op, "MODE op +x-i", ":s.test 501 op :Unknown MODE flag\n:op!~u@h MODE op :-i\n");
}

Test(hub_mode, users_modes_are_told_in_one_line)
{
    SAYS_HEARS(op, "MODE op +iwB", ":op!~u@h MODE op :+Biw\n");
    SAYS_HEARS(op, "MODE op", ":s.test 221 op :+Biw\n");
    SAYS_HEARS(op, "MODE op -B+w-i", ":op!~u@h MODE op :-Bi\n");
    SAYS_HEARS(op, "MODE op +B-w", ":op!~u@h MODE op :+B-w\n");
    SAYS_HEARS(op, "MODE op +i-i+-", "");
    SAYS_HEARS(op, "MODE op :", "");
    HEARS(voice, "");
}

Test(hub_mode, nobody_makes_itself_an_operator)
{
    SAYS_HEARS(op, "MODE op +o", "");
    SAYS_HEARS(op, "MODE op +o-o+ow", ":op!~u@h MODE op :+w\n");
    SAYS_HEARS(op, "MODE op", ":s.test 221 op :+w\n");
    cr_assert_eq(hub_counts(fix.hub).opers, 0);
}

Test(hub_mode, other_users_are_none_of_ones_business)
{
    const char *refusal = ":s.test 502 op :Cannot see or change the modes of other users\n";
    SAYS_HEARS(op, "MODE voice", refusal);
    SAYS_HEARS(op, "MODE voice +i", refusal);
    SAYS_HEARS(op, "MODE none", ":s.test 401 op none :No such nick/channel\n");
    SAYS_HEARS(op, "MODE :", ":s.test 401 op * :No such nick/channel\n");
}
