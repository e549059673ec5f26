/* PRIVMSG, NOTICE and TAGMSG. */
#include "chat/hub/hub_state.h"
#include "unit/chat/hub_fixture.h"

static void setup(void)
{
    fix_init(FIX_LOOPS);
}

TestSuite(cmd_message, .init = setup, .fini = fix_done);

Test(cmd_message, message_reaches_the_other_members_on_all_loops)
{
    unsigned a = fix_user("alice"), b = fix_user("bob"), c = fix_user("carol"),
             d = fix_user("dave"), e = fix_user("eve");
    fix_say(a, "JOIN #a");
    fix_say(b, "JOIN #a");
    fix_say(c, "JOIN #a");
    fix_say(d, "JOIN #a"); /* on alice's loop */
    fix_forget();
    fix_say(a, "@+mood=good;private=1 PRIVMSG #A :hello there");
    HEARS(a, "");
    HEARS(b, "@+mood=good :alice!~u@h PRIVMSG #a :hello there\n");
    HEARS(c, "@+mood=good :alice!~u@h PRIVMSG #a :hello there\n");
    HEARS(d, "@+mood=good :alice!~u@h PRIVMSG #a :hello there\n");
    HEARS(e, "");
    cr_assert_eq(fix.deliveries, FIX_LOOPS, "one per loop, not one per member");
}

Test(cmd_message, echo_is_for_those_who_asked_for_it)
{
    unsigned a = fix_user("alice"), b = fix_user("bob");
    fix_say(a, "JOIN #a");
    fix.echoes[a] = true;
    fix.caps[a] = fix.caps[b] = CAP_MESSAGE_TAGS;
    fix_forget();
    SAYS_HEARS(a, "PRIVMSG #a :x", ":alice!~u@h PRIVMSG #a :x\n");
    SAYS_HEARS(a, "NOTICE bob x", ":alice!~u@h NOTICE bob :x\n");
    HEARS(b, ":alice!~u@h NOTICE bob :x\n");
    SAYS_HEARS(a, "@+x TAGMSG bob", "@+x :alice!~u@h TAGMSG :bob\n");
    HEARS(b, "@+x :alice!~u@h TAGMSG :bob\n");
    fix.echoes[a] = false;
    SAYS_HEARS(a, "PRIVMSG bob :x", "");
    SAYS_HEARS(a, "PRIVMSG alice :to myself", ":alice!~u@h PRIVMSG alice :to myself\n");
}

Test(cmd_message, echo_reaches_a_sender_who_is_no_member)
{
    unsigned a = fix_user("alice"), b = fix_user("bob");
    fix_say(a, "JOIN #a");
    fix_say(a, "MODE #a -n");
    fix.echoes[b] = true;
    fix_forget();
    SAYS_HEARS(b, "PRIVMSG #a :x", ":bob!~u@h PRIVMSG #a :x\n");
    HEARS(a, ":bob!~u@h PRIVMSG #a :x\n");
}

Test(cmd_message, outsiders_cannot_speak_while_n_is_set)
{
    unsigned a = fix_user("alice"), b = fix_user("bob");
    fix_say(a, "JOIN #a");
    fix_forget();
    SAYS_HEARS(b, "PRIVMSG #a :x", ":s.test 404 bob #a :Cannot send to channel\n");
    SAYS_HEARS(b, "@+x TAGMSG #a", ":s.test 404 bob #a :Cannot send to channel\n");
    SAYS_HEARS(b, "NOTICE #a :x", "");
    HEARS(a, "");
}

Test(cmd_message, messages_to_nobody_are_refused_and_notices_ignored)
{
    unsigned a = fix_user("alice");
    SAYS_HEARS(a, "PRIVMSG", ":s.test 411 alice :No recipient given\n");
    SAYS_HEARS(a, "PRIVMSG , :x", ":s.test 411 alice :No recipient given\n");
    SAYS_HEARS(a, "PRIVMSG bob", ":s.test 412 alice :No text to send\n");
    SAYS_HEARS(a, "PRIVMSG bob :", ":s.test 412 alice :No text to send\n");
    SAYS_HEARS(a, "PRIVMSG bob :x", ":s.test 401 alice bob :No such nick/channel\n");
    SAYS_HEARS(a, "PRIVMSG #none :x", ":s.test 403 alice #none :No such channel\n");
    SAYS_HEARS(a, "PRIVMSG nick_that_is_too_long :x",
               ":s.test 401 alice nick_that_is_too_long :No such nick/channel\n");
    SAYS_HEARS(a, "NOTICE", "");
    SAYS_HEARS(a, "NOTICE , :x", "");
    SAYS_HEARS(a, "NOTICE bob", "");
    SAYS_HEARS(a, "NOTICE bob :x", "");
    SAYS_HEARS(a, "NOTICE #none :x", "");
}

Test(cmd_message, targets_of_one_message_are_bounded)
{
    unsigned a = fix_user("a"), b = fix_user("b");
    SAYS_HEARS(a, "PRIVMSG b,b,none,b,b,b :x",
               ":s.test 401 a none :No such nick/channel\n:s.test 407 a b :Too many targets\n");
    HEARS(b, ":a!~u@h PRIVMSG b :x\n:a!~u@h PRIVMSG b :x\n:a!~u@h PRIVMSG b :x\n");
    SAYS_HEARS(a, "NOTICE none,none,none,none,none :x", "");
}

Test(cmd_message, tagmsg_without_tags_for_others_says_nothing)
{
    unsigned a = fix_user("alice"), b = fix_user("bob");
    SAYS_HEARS(a, "TAGMSG bob", "");
    SAYS_HEARS(a, "@private=1 TAGMSG bob", "");
    SAYS_HEARS(a, "@+x TAGMSG none", ":s.test 401 alice none :No such nick/channel\n");
    HEARS(b, "");
}
