/* LIST. The fixture's clock: the n-th entry is at 1000 + n seconds. */
#include "chat/hub/hub_state.h"
#include "unit/chat/hub_fixture.h"

static unsigned alice, bob;

static void setup(void)
{
    fix_init(FIX_LOOPS);
    alice = fix_user("alice");
    bob = fix_user("bob");
}

TestSuite(hub_list, .init = setup, .fini = fix_done);

/* The names that the line lists, with a space behind each. */
static const char *listed(unsigned n, const char *line)
{
    static char names[4096];
    names[0] = '\0';
    fix_forget();
    fix_say(n, line);
    const char *at = fix_heard(n);
    cr_assert_eq(strncmp(at, ":s.test 321 ", 12), 0, "%s", at);
    while ((at = strchr(at, '\n') + 1) != NULL && strncmp(at, ":s.test 322 ", 12) == 0) {
        const char *name = strchr(at, '#');
        strncat(names, name, strcspn(name, " ") + 1);
    }
    cr_assert_eq(strncmp(at, ":s.test 323 ", 12), 0, "%s", at);
    return names;
}
#define LISTS(line, names) cr_assert_str_eq(listed(alice, line), names)

static void a_minute_later(void)
{
    fix.seq += 60;
}

Test(hub_list, tells_name_members_and_topic)
{
    SAYS_HEARS(alice, "LIST",
               ":s.test 321 alice Channel :Users  Name\n:s.test 323 alice :End of /LIST\n");
    fix_say(bob, "JOIN #a,#B");
    fix_say(alice, "JOIN #a");
    fix_say(bob, "TOPIC #B :of the day");
    fix_forget();
    SAYS_HEARS(alice, "LIST",
               ":s.test 321 alice Channel :Users  Name\n"
               ":s.test 322 alice #a 2 :\n"
               ":s.test 322 alice #B 1 :of the day\n"
               ":s.test 323 alice :End of /LIST\n");
}

Test(hub_list, named_channels_alone)
{
    fix_say(bob, "JOIN #a,#b,#c");
    LISTS("LIST #c,#none,#A", "#c #a ");
    LISTS("LIST #none", "");
    LISTS("LIST :", "#a #b #c ");
}

Test(hub_list, secret_channels_are_for_members_and_operators)
{
    fix_say(bob, "JOIN #a,#b");
    fix_say(bob, "MODE #a +s");
    LISTS("LIST", "#b ");
    LISTS("LIST #a,#b", "#b ");
    cr_assert_str_eq(listed(bob, "LIST"), "#a #b ");
    user_set_modes(fix.hub, user_find(fix.hub, SPAN("alice")), USER_OPER);
    LISTS("LIST", "#a #b ");
}

Test(hub_list, by_number_of_users)
{
    fix_say(bob, "JOIN #one,#two,#three");
    fix_say(alice, "JOIN #two,#three");
    unsigned carol = fix_user("carol");
    fix_say(carol, "JOIN #three");
    LISTS("LIST >0", "#one #two #three ");
    LISTS("LIST >1", "#two #three ");
    LISTS("LIST <3", "#one #two ");
    LISTS("LIST >1,<3", "#two ");
    LISTS("LIST >1,>2", "#three ");
    LISTS("LIST <2,<9", "#one ");
    LISTS("LIST <0", "");
    LISTS("LIST <1", "");
    LISTS("LIST #one,#two >1", "#two ");
    LISTS("LIST #one,#two,>1", "#two ");
}

Test(hub_list, conditions_that_are_no_numbers_are_none)
{
    fix_say(bob, "JOIN #a");
    LISTS("LIST >", "#a ");
    LISTS("LIST >x", "#a ");
    LISTS("LIST >1x", "#a ");
    LISTS("LIST C<,T>", "");
    LISTS("LIST <99999999999999999999", "#a ");
}

Test(hub_list, by_age)
{
    fix_say(bob, "JOIN #old");
    a_minute_later();
    a_minute_later();
    fix_say(bob, "JOIN #new");
    LISTS("LIST C<1", "#new ");
    LISTS("LIST c>1", "#old ");
    LISTS("LIST C<3", "#old #new ");
    LISTS("LIST C>3", "");
}

Test(hub_list, by_age_of_the_topic)
{
    fix_say(bob, "JOIN #old,#new,#none");
    fix_say(bob, "TOPIC #old :x");
    a_minute_later();
    a_minute_later();
    fix_say(bob, "TOPIC #new :x");
    LISTS("LIST T<1", "#new ");
    LISTS("LIST t>1", "#old ");
    LISTS("LIST T<3", "#old #new ");
    LISTS("LIST T>0", "#old #new ");
}

Test(hub_list, by_mask)
{
    fix_say(bob, "JOIN #red,#redder,#green");
    LISTS("LIST *RED*", "#red #redder ");
    LISTS("LIST #red?*", "#redder ");
    LISTS("LIST !*red*", "#green ");
    LISTS("LIST *r,*n", "#redder #green ");
    LISTS("LIST *red*,!*er", "#red ");
    LISTS("LIST #red,#green *n", "#green ");
    LISTS("LIST x", "");
}

Test(hub_list, more_masks_than_it_takes_are_not_looked_at)
{
    fix_say(bob, "JOIN #a");
    LISTS("LIST !1,!2,!3,!4,!5,!6,!7,!8,!*", "#a ");
    LISTS("LIST !1,!2,!3,!4,!5,!6,!7,!*,!9", "");
}

/* --- in parts ---------------------------------------------------------------------------- */

static void many(void)
{
    fix.rows_max = 3;
    setup();
    char line[32];
    for (int i = 0; i < 10; i++) {
        snprintf(line, sizeof(line), "JOIN #%d", i);
        fix_say(bob, line);
    }
}

TestSuite(hub_list_parts, .init = many, .fini = fix_done);

Test(hub_list_parts, are_as_large_as_is_allowed)
{
    LISTS("LIST", "#0 #1 #2 #3 #4 #5 #6 #7 #8 #9 ");
    cr_assert_eq(fix.parts, 4);
    LISTS("LIST #9,#8,#7,#none,#6", "#9 #8 #7 #6 ");
    cr_assert_eq(fix.parts, 2);
}

Test(hub_list_parts, are_no_larger_for_what_is_not_listed)
{
    LISTS("LIST #9*", "#9 ");
    cr_assert_eq(fix.parts, 4);
    LISTS("LIST >1", "");
    cr_assert_eq(fix.parts, 4);
}
