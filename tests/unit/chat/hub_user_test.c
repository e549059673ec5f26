/* What users tell of themselves: AWAY, SETNAME, bot mode. */
#include "unit/chat/hub_fixture.h"

static unsigned alice, bob, carol, stranger;

static void setup(void)
{
    fix_init(FIX_LOOPS);
    alice = fix_user("alice");
    bob = fix_user("bob");
    carol = fix_user("carol");
    stranger = fix_user("eve");
    fix_say(alice, "JOIN #a,#b");
    fix_say(bob, "JOIN #a,#b");
    fix_say(carol, "JOIN #a");
    fix.caps[alice] = fix.caps[bob] = fix.caps[stranger] = CAP_AWAY_NOTIFY | CAP_SETNAME;
    fix_forget();
}

TestSuite(hub_user, .init = setup, .fini = fix_done);

/* --- AWAY -------------------------------------------------------------------------------- */

#define GONE(nick) ":s.test 306 " nick " :You have been marked as being away\n"
#define BACK(nick) ":s.test 305 " nick " :You are no longer marked as being away\n"

Test(hub_user, away_is_told_to_peers_who_want_to_know)
{
    SAYS_HEARS(alice, "AWAY :having tea", GONE("alice"));
    HEARS(bob, ":alice!~u@h AWAY :having tea\n");
    HEARS(carol, "");
    HEARS(stranger, "");
    SAYS_HEARS(alice, "AWAY", BACK("alice"));
    HEARS(bob, ":alice!~u@h AWAY\n");
}

Test(hub_user, away_that_changes_nothing_is_not_told)
{
    SAYS_HEARS(alice, "AWAY", BACK("alice"));
    SAYS_HEARS(alice, "AWAY :", BACK("alice"));
    HEARS(bob, "");
    fix_say(alice, "AWAY tea");
    fix_forget();
    SAYS_HEARS(alice, "AWAY tea", GONE("alice"));
    HEARS(bob, "");
    SAYS_HEARS(alice, "AWAY :more tea", GONE("alice"));
    HEARS(bob, ":alice!~u@h AWAY :more tea\n");
    SAYS_HEARS(alice, "AWAY :", BACK("alice"));
    HEARS(bob, ":alice!~u@h AWAY\n");
}

Test(hub_user, away_is_cut_between_two_characters)
{
    char line[512] = "AWAY :x", want[512] = ":alice!~u@h AWAY :x";
    for (int i = 0; i < 150; i++)
        strcat(line, "\xc3\xa9");
    for (int i = 0; i < (HUB_AWAY_BYTES_MAX - 1) / 2; i++)
        strcat(want, "\xc3\xa9");
    fix_say(alice, line);
    HEARS(bob, strcat(want, "\n"));
}

Test(hub_user, away_is_told_to_whoever_writes)
{
    SAYS_HEARS(stranger, "AWAY :asleep", GONE("eve"));
    SAYS_HEARS(alice, "PRIVMSG Eve :hi", ":s.test 301 alice eve :asleep\n");
    HEARS(stranger, ":alice!~u@h PRIVMSG eve :hi\n");
    SAYS_HEARS(alice, "NOTICE eve :hi", "");
    SAYS_HEARS(alice, "@+x TAGMSG eve", "");
    fix_say(alice, "AWAY :tea");
    fix_forget();
    SAYS_HEARS(bob, "PRIVMSG #a :hi", "");
}

Test(hub_user, away_is_told_when_one_joins)
{
    fix_say(stranger, "AWAY :asleep");
    fix_forget();
    fix_say(stranger, "JOIN #a");
    HEARS(alice, ":eve!~u@h JOIN :#a\n:eve!~u@h AWAY :asleep\n");
    HEARS(carol, ":eve!~u@h JOIN :#a\n");
    cr_assert_null(strstr(fix_heard(stranger), "AWAY"));
}

/* --- SETNAME ----------------------------------------------------------------------------- */

Test(hub_user, realname_is_told_to_oneself_and_to_peers)
{
    SAYS_HEARS(alice, "SETNAME :Alice Liddell", ":alice!~u@h SETNAME :Alice Liddell\n");
    HEARS(bob, ":alice!~u@h SETNAME :Alice Liddell\n");
    HEARS(carol, "");
    HEARS(stranger, "");
    SAYS_HEARS(stranger, "SETNAME Eve", ":eve!~u@h SETNAME :Eve\n");
    SAYS_HEARS(carol, "SETNAME :Carol", "");
    HEARS(alice, ":carol!~u@h SETNAME :Carol\n");
}

Test(hub_user, bad_realname_is_refused_to_those_who_know_how)
{
    char line[512] = "SETNAME :";
    memset(line + strlen(line), 'x', HUB_REALNAME_BYTES_MAX + 1);
    const char *refusal = ":s.test FAIL SETNAME INVALID_REALNAME :Realname is not valid\n";
    SAYS_HEARS(alice, line, refusal);
    SAYS_HEARS(alice, "SETNAME :", refusal);
    SAYS_HEARS(carol, line, "");
    HEARS(bob, "");
    line[strlen(line) - 1] = '\0';
    fix_say(alice, line);
    cr_assert_not_null(strstr(fix_heard(bob), " SETNAME :xxx"));
}
