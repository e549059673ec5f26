/* OPER, KILL, WALLOPS, REHASH, STATS. OPER comes here as the loop has judged it. */
#include "unit/chat/hub_fixture.h"

static unsigned op, alice, bob;

static void setup(void)
{
    fix_init(FIX_LOOPS);
    op = fix_user("op");
    alice = fix_user("alice");
    bob = fix_user("bob");
    fix_say(op, "OPER root");
    fix_say(alice, "JOIN #a");
    fix_say(bob, "JOIN #a");
    fix_forget();
}

TestSuite(hub_oper, .init = setup, .fini = fix_done);

Test(hub_oper, decision_of_the_loop_is_what_counts)
{
    SAYS_HEARS(alice, "OPER :", ":s.test 464 alice :Password incorrect\n");
    SAYS_HEARS(alice, "OPER", ":s.test 491 alice :No O-lines for your host\n");
    cr_assert_eq(hub_counts(fix.hub).opers, 1);
    SAYS_HEARS(alice, "OPER root",
               ":s.test 381 alice :You are now an IRC operator\n:alice!~u@h MODE alice :+o\n");
    SAYS_HEARS(alice, "OPER root", ":s.test 381 alice :You are now an IRC operator\n");
    SAYS_HEARS(alice, "MODE alice", ":s.test 221 alice :+o\n");
    cr_assert_eq(hub_counts(fix.hub).opers, 2);
}

Test(hub_oper, line_that_was_never_judged_is_refused)
{
    SAYS_HEARS(alice, "OPER root password", ":s.test 491 alice :No O-lines for your host\n");
    cr_assert_eq(hub_counts(fix.hub).opers, 1);
}

Test(hub_oper, operators_can_lay_it_down)
{
    SAYS_HEARS(op, "MODE op -o", ":op!~u@h MODE op :-o\n");
    SAYS_HEARS(op, "KILL alice :x",
               ":s.test 481 op :Permission Denied- You're not an IRC operator\n");
    cr_assert_eq(hub_counts(fix.hub).opers, 0);
    fix_say(op, "OPER root");
    fix_close(op, "gone");
    cr_assert_eq(hub_counts(fix.hub).opers, 0);
}

Test(hub_oper, kill_ends_the_user)
{
    SAYS_HEARS(op, "KILL Alice :spam, and more of it", "");
    HEARS(alice, ":op!~u@h KILL alice :spam, and more of it\n");
    HEARS(bob, ":alice!~u@h QUIT :Killed (op (spam, and more of it))\n");
    cr_assert_str_eq(fix.ended[alice], "Killed (op (spam, and more of it))");
    cr_assert_null(fix.ended[bob]);
    cr_assert_eq(hub_counts(fix.hub).users, 2);
    fix_close(alice, "Killed"); /* as its loop says then */
    SAYS_HEARS(op, "KILL alice :again", ":s.test 401 op alice :No such nick/channel\n");
}

Test(hub_oper, kill_needs_no_comment_and_cuts_a_long_one)
{
    fix_say(op, "KILL alice");
    HEARS(bob, ":alice!~u@h QUIT :Killed (op (No reason given))\n");
    char line[512] = "KILL bob :";
    memset(line + strlen(line), 'x', 400);
    fix_say(op, line);
    cr_assert_eq(strlen(fix.ended[bob]), strlen("Killed (op ())") + 250);
}

Test(hub_oper, kill_may_hit_the_killer)
{
    fix_say(op, "KILL op :enough");
    cr_assert_str_eq(fix.ended[op], "Killed (op (enough))");
    cr_assert_eq(hub_counts(fix.hub).users, 2);
    cr_assert_eq(hub_counts(fix.hub).opers, 0);
}

Test(hub_oper, kill_is_for_operators_and_hits_users)
{
    SAYS_HEARS(alice, "KILL bob :x",
               ":s.test 481 alice :Permission Denied- You're not an IRC operator\n");
    SAYS_HEARS(op, "KILL S.test :x", ":s.test 483 op :You can't kill a server!\n");
    SAYS_HEARS(op, "KILL #a :x", ":s.test 401 op #a :No such nick/channel\n");
    cr_assert_null(fix.ended[bob]);
    HEARS(bob, "");
}

Test(hub_oper, wallops_reaches_those_who_want_it)
{
    fix_say(alice, "MODE alice +w");
    fix_say(fix_user("carol"), "MODE carol +w");
    fix_forget();
    SAYS_HEARS(op, "WALLOPS :all is well", "");
    HEARS(alice, ":op!~u@h WALLOPS :all is well\n");
    HEARS(3, ":op!~u@h WALLOPS :all is well\n");
    HEARS(bob, "");
    SAYS_HEARS(alice, "WALLOPS :x",
               ":s.test 481 alice :Permission Denied- You're not an IRC operator\n");
}

Test(hub_oper, rehash_is_for_the_server)
{
    SAYS_HEARS(alice, "REHASH",
               ":s.test 481 alice :Permission Denied- You're not an IRC operator\n");
    cr_assert_eq(fix.rehashes, 0);
    SAYS_HEARS(op, "REHASH", ":s.test 382 op s.test :Rehashing\n");
    cr_assert_eq(fix.rehashes, 1);
}

Test(hub_oper, stats_tell_uptime_and_operators)
{
    fix.seq = 100000 - 1000; /* seconds */
    SAYS_HEARS(alice, "STATS u",
               ":s.test 242 alice :Server Up 1 days 3:46:41\n:s.test 219 alice u :End of /STATS "
               "report\n");
    SAYS_HEARS(op, "STATS o",
               ":s.test 243 op O ~u@h * :op\n:s.test 219 op o :End of /STATS report\n");
    SAYS_HEARS(alice, "STATS o",
               ":s.test 481 alice :Permission Denied- You're not an IRC operator\n");
    SAYS_HEARS(alice, "STATS z", ":s.test 219 alice z :End of /STATS report\n");
}
