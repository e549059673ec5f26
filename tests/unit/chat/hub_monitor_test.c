/* MONITOR and extended-monitor. */
#include "chat/hub/hub_hash.h"
#include "unit/chat/hub_fixture.h"

static unsigned alice, bob;

static void setup(void)
{
    fix_init(FIX_LOOPS);
    alice = fix_user("alice");
    bob = fix_user("bob");
}

TestSuite(hub_monitor, .init = setup, .fini = fix_done);

#define LIST(nicks) ":s.test 732 alice :" nicks "\n:s.test 733 alice :End of MONITOR list\n"
#define EMPTY_LIST ":s.test 733 alice :End of MONITOR list\n"

Test(hub_monitor, says_who_is_there_and_who_is_not)
{
    SAYS_HEARS(alice, "MONITOR + Bob,carol,alice,dave",
               ":s.test 730 alice :bob!~u@h,alice!~u@h\n:s.test 731 alice :carol,dave\n");
    SAYS_HEARS(alice, "MONITOR S",
               ":s.test 730 alice :bob!~u@h,alice!~u@h\n:s.test 731 alice :carol,dave\n");
    SAYS_HEARS(alice, "MONITOR L", LIST("Bob,carol,alice,dave"));
    SAYS_HEARS(bob, "MONITOR L", ":s.test 733 bob :End of MONITOR list\n");
}

Test(hub_monitor, nicks_are_watched_once_each)
{
    fix_say(alice, "MONITOR + bob");
    fix_forget();
    SAYS_HEARS(alice, "MONITOR + BOB,bob", "");
    SAYS_HEARS(alice, "MONITOR L", LIST("bob"));
}

Test(hub_monitor, tells_who_comes_and_goes)
{
    fix_say(alice, "MONITOR + carol");
    fix_say(bob, "MONITOR + CAROL");
    fix_forget();
    unsigned carol = fix_user("Carol");
    HEARS(alice, ":s.test 730 * :Carol!~u@h\n");
    HEARS(bob, ":s.test 730 * :Carol!~u@h\n");
    fix_say(carol, "QUIT");
    HEARS(alice, ":s.test 731 * :Carol\n");
    HEARS(bob, ":s.test 731 * :Carol\n");
}

Test(hub_monitor, change_of_nick_is_a_going_and_a_coming)
{
    fix_say(alice, "MONITOR + bob,robert");
    fix_forget();
    fix_say(bob, "NICK Bob");
    HEARS(alice, "");
    fix_say(bob, "NICK robert");
    HEARS(alice, ":s.test 731 * :Bob\n:s.test 730 * :robert!~u@h\n");
    fix_close(bob, "gone");
    HEARS(alice, ":s.test 731 * :robert\n");
}

Test(hub_monitor, what_is_no_longer_watched_is_not_told)
{
    fix_say(alice, "MONITOR + bob,carol,dave");
    fix_forget();
    SAYS_HEARS(alice, "MONITOR - BOB,none,dave", "");
    SAYS_HEARS(alice, "MONITOR L", LIST("carol"));
    SAYS_HEARS(alice, "MONITOR C", "");
    SAYS_HEARS(alice, "MONITOR L", EMPTY_LIST);
    fix_user("carol");
    fix_user("dave");
    fix_say(bob, "QUIT");
    HEARS(alice, "");
}

Test(hub_monitor, list_ends_with_its_session)
{
    fix_say(bob, "MONITOR + alice,carol");
    fix_say(alice, "MONITOR + carol");
    fix_close(bob, "gone");
    fix_forget();
    fix_user("carol");
    HEARS(bob, "");
    HEARS(alice, ":s.test 730 * :carol!~u@h\n");
}

Test(hub_monitor, list_is_bounded)
{
    char line[512], nick[16];
    for (int i = 0; i < HUB_WATCHES_MAX - 1; i++) {
        snprintf(line, sizeof(line), "MONITOR + nick%d", i);
        fix_say(alice, line);
    }
    fix_forget();
    SAYS_HEARS(alice, "MONITOR + bob,nick3,carol,bob,dave",
               ":s.test 730 alice :bob!~u@h\n:s.test 734 alice 100 carol,bob,dave :Monitor list is "
               "full\n");
    SAYS_HEARS(alice, "MONITOR - nick3", "");
    SAYS_HEARS(alice, "MONITOR + nick5,carol", ":s.test 731 alice :carol\n");
    fix_say(alice, "MONITOR L");
    const char *heard = fix_heard(alice);
    for (int i = 4; i < HUB_WATCHES_MAX - 1; i++) {
        snprintf(nick, sizeof(nick), "nick%d", i);
        cr_assert_not_null(strstr(heard, nick), "%s", nick);
    }
    for (const char *l = heard; *l != '\0'; l += strcspn(l, "\n") + 1)
        cr_assert_leq(strcspn(l, "\n"), 510);
}

Test(hub_monitor, what_cannot_be_a_nick_is_passed_over)
{
    SAYS_HEARS(alice, "MONITOR + *!*@h,#a,9,,a_nick_that_is_too_long", "");
    SAYS_HEARS(alice, "MONITOR L", EMPTY_LIST);
    SAYS_HEARS(alice, "MONITOR +", ":s.test 461 alice MONITOR :Not enough parameters\n");
    SAYS_HEARS(alice, "MONITOR -", ":s.test 461 alice MONITOR :Not enough parameters\n");
    SAYS_HEARS(alice, "MONITOR x", ":s.test FAIL MONITOR INVALID_SUBCOMMAND :Try + - C L or S\n");
}

Test(hub_monitor, changes_are_told_with_extended_monitor)
{
    fix_say(alice, "MONITOR + bob");
    fix_forget();
    fix.caps[alice] = CAP_AWAY_NOTIFY;
    fix_say(bob, "AWAY :tea");
    HEARS(alice, "");
    fix.caps[alice] = CAP_AWAY_NOTIFY | CAP_EXTENDED_MONITOR;
    fix_say(bob, "AWAY");
    HEARS(alice, ":bob!~u@h AWAY\n");
    fix_say(bob, "SETNAME :Robert");
    HEARS(alice, "");
    fix.caps[alice] |= CAP_SETNAME;
    fix_say(bob, "SETNAME :Bob");
    HEARS(alice, ":bob!~u@h SETNAME :Bob\n");
}

Test(hub_monitor, changes_are_told_once_to_those_in_a_channel)
{
    unsigned carol = fix_user("carol");
    fix.caps[alice] = fix.caps[bob] = CAP_SETNAME | CAP_EXTENDED_MONITOR;
    fix.caps[carol] = fix.caps[alice];
    fix_say(alice, "JOIN #a,#b");
    fix_say(bob, "JOIN #b,#a,#c");
    fix_say(alice, "MONITOR + bob");
    fix_say(bob, "MONITOR + bob");
    fix_say(carol, "MONITOR + bob");
    fix_forget();
    fix_say(bob, "SETNAME :Bob");
    HEARS(alice, ":bob!~u@h SETNAME :Bob\n");
    HEARS(bob, ":bob!~u@h SETNAME :Bob\n");
    HEARS(carol, ":bob!~u@h SETNAME :Bob\n");
}

Test(hub_monitor, changes_are_told_where_a_channel_is_too_large_to_hear_of_them)
{
    fix_done();
    fix.quiet_members = 2;
    setup();
    fix_say(alice, "JOIN #a");
    fix_say(bob, "JOIN #a");
    unsigned carol = fix_user("carol");
    fix_say(carol, "JOIN #a");
    fix.caps[alice] = fix.caps[carol] = CAP_SETNAME | CAP_EXTENDED_MONITOR;
    fix_say(alice, "MONITOR + bob");
    fix_forget();
    fix_say(bob, "SETNAME :Bob");
    HEARS(alice, ":bob!~u@h SETNAME :Bob\n");
    HEARS(carol, "");
}

Test(hub_monitor, popular_nick_costs_one_delivery_for_each_loop)
{
    for (int i = 0; i < 20; i++) {
        char nick[16];
        snprintf(nick, sizeof(nick), "fan%d", i);
        fix_say(fix_user(nick), "MONITOR + star");
    }
    fix_forget();
    fix_user("star");
    cr_assert_eq(fix.deliveries, FIX_LOOPS);
}

Test(hub_monitor, lists_are_a_part_of_the_state)
{
    uint64_t before = hub_hash(fix.hub);
    fix_say(alice, "MONITOR + bob,carol");
    uint64_t after = hub_hash(fix.hub);
    cr_assert_neq(after, before);
    fix_say(alice, "MONITOR - bob");
    cr_assert_neq(hub_hash(fix.hub), after);
    fix_say(alice, "MONITOR C");
    cr_assert_eq(hub_hash(fix.hub), before);
}

Test(hub_monitor, many_watchers_are_told_in_several_deliveries)
{
    fix_done();
    fix_init(1);
    for (int i = 0; i < 70; i++) {
        char nick[8];
        snprintf(nick, sizeof(nick), "w%d", i);
        fix_say(fix_user(nick), "MONITOR + carol");
    }
    fix_forget();
    fix_user("carol");
    cr_assert_eq(fix.deliveries, 2, "each counts as one in its loop's queue");
    for (unsigned i = 0; i < 70; i++)
        HEARS(i, ":s.test 730 * :carol!~u@h\n");
}
