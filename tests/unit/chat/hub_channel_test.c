/* Life in a channel: who may speak and to whom, KICK, NAMES, and secret channels. */
#include "unit/chat/hub_fixture.h"

static unsigned op, voice, plain, outsider;

static void setup(void)
{
    fix_init(FIX_LOOPS);
    op = fix_user("op");
    voice = fix_user("voice");
    plain = fix_user("plain");
    outsider = fix_user("outsider");
    fix_say(op, "JOIN #a");
    fix_say(voice, "JOIN #a");
    fix_say(plain, "JOIN #a");
    fix_say(op, "MODE #a +v voice");
    fix_forget();
}

TestSuite(hub_channel, .init = setup, .fini = fix_done);

static void may_speak(unsigned n)
{
    fix_forget();
    SAYS_HEARS(n, "PRIVMSG #a :hello", "");
}

static void may_not_speak(unsigned n, const char *refusal)
{
    fix_forget();
    SAYS_HEARS(n, "PRIVMSG #a :hello", refusal);
}

/* --- speaking ---------------------------------------------------------------------------- */

Test(hub_channel, moderated_means_with_a_role_only)
{
    fix_say(op, "MODE #a +m");
    fix_forget();
    may_speak(voice);
    may_speak(op);
    may_not_speak(plain, ":s.test 404 plain #a :Cannot send to channel\n");
    SAYS_HEARS(plain, "NOTICE #a :hello", "");
    SAYS_HEARS(plain, "@+x=y TAGMSG #a", ":s.test 404 plain #a :Cannot send to channel\n");
    fix_say(op, "MODE #a -n");
    fix_forget();
    may_not_speak(outsider, ":s.test 404 outsider #a :Cannot send to channel\n");
}

Test(hub_channel, banned_members_are_quiet_unless_they_have_a_role)
{
    fix_say(op, "MODE #a -n+b *!*@h");
    fix_forget();
    may_speak(voice);
    may_speak(op);
    may_not_speak(plain, ":s.test 404 plain #a :Cannot send to channel\n");
    may_not_speak(outsider, ":s.test 404 outsider #a :Cannot send to channel\n");
    fix_say(op, "MODE #a +e plain");
    fix_forget();
    may_speak(plain);
}

/* --- to those with a role ---------------------------------------------------------------- */

Test(hub_channel, those_with_a_role_can_be_spoken_to)
{
    SAYS_HEARS(plain, "PRIVMSG @#a :help", "");
    HEARS(op, ":plain!~u@h PRIVMSG @#a :help\n");
    HEARS(voice, "");
    SAYS_HEARS(plain, "NOTICE +#a :help", "");
    HEARS(op, ":plain!~u@h NOTICE +#a :help\n");
    HEARS(voice, ":plain!~u@h NOTICE +#a :help\n");
    SAYS_HEARS(op, "@+x=y TAGMSG @#a", "");
    HEARS(voice, "");
}

Test(hub_channel, who_speaks_to_a_role_hears_its_echo_once)
{
    fix.echoes[plain] = fix.echoes[op] = true;
    SAYS_HEARS(plain, "PRIVMSG @#a :help", ":plain!~u@h PRIVMSG @#a :help\n");
    HEARS(op, ":plain!~u@h PRIVMSG @#a :help\n");
    SAYS_HEARS(op, "PRIVMSG +#a :what", ":op!~u@h PRIVMSG +#a :what\n");
    HEARS(voice, ":op!~u@h PRIVMSG +#a :what\n");
}

Test(hub_channel, speaking_to_a_role_is_speaking_in_the_channel)
{
    SAYS_HEARS(outsider, "PRIVMSG @#a :help", ":s.test 404 outsider #a :Cannot send to channel\n");
    SAYS_HEARS(op, "PRIVMSG @#none :x", ":s.test 403 op #none :No such channel\n");
    SAYS_HEARS(op, "PRIVMSG @ :x", ":s.test 401 op @ :No such nick/channel\n");
    SAYS_HEARS(op, "PRIVMSG %#a :x", ":s.test 401 op %#a :No such nick/channel\n");
}

Test(hub_channel, role_that_is_lost_is_not_spoken_to)
{
    fix_say(op, "MODE #a +o-v voice voice");
    fix_say(op, "MODE #a -o op");
    fix_forget();
    fix_say(plain, "PRIVMSG +#a :help");
    HEARS(op, "");
    HEARS(voice, ":plain!~u@h PRIVMSG +#a :help\n");
    fix_say(voice, "PART #a");
    fix_forget();
    fix_say(plain, "PRIVMSG +#a :help");
    HEARS(voice, "");
}

/* --- KICK -------------------------------------------------------------------------------- */

Test(hub_channel, kick_is_told_to_all_and_ends_the_membership)
{
    SAYS_HEARS(op, "KICK #A PLAIN :go away", ":op!~u@h KICK #a plain :go away\n");
    HEARS(plain, ":op!~u@h KICK #a plain :go away\n");
    HEARS(voice, ":op!~u@h KICK #a plain :go away\n");
    SAYS_HEARS(plain, "PART #a", ":s.test 442 plain #a :You're not on that channel\n");
}

Test(hub_channel, kick_without_a_reason_names_who_did_it)
{
    SAYS_HEARS(op, "KICK #a plain", ":op!~u@h KICK #a plain :op\n");
    SAYS_HEARS(op, "KICK #a voice :", ":op!~u@h KICK #a voice :op\n");
}

Test(hub_channel, several_can_be_kicked_up_to_a_limit)
{
    SAYS_HEARS(op, "KICK #a plain,nobody,outsider,voice,op :all",
               ":op!~u@h KICK #a plain :all\n"
               ":s.test 401 op nobody :No such nick/channel\n"
               ":s.test 441 op outsider #a :They aren't on that channel\n"
               ":op!~u@h KICK #a voice :all\n"
               ":s.test 407 op op :Too many targets\n");
}

Test(hub_channel, who_kicks_itself_last_ends_the_channel)
{
    SAYS_HEARS(op, "KICK #a plain,voice,op,plain",
               ":op!~u@h KICK #a plain :op\n"
               ":op!~u@h KICK #a voice :op\n"
               ":op!~u@h KICK #a op :op\n"
               ":s.test 403 op #a :No such channel\n");
}

Test(hub_channel, several_channels_are_taken_in_pairs_with_the_users)
{
    fix_say(op, "JOIN #b");
    fix_say(plain, "JOIN #b");
    fix_say(voice, "JOIN #b");
    fix_forget();
    SAYS_HEARS(op, "KICK #a,#b plain,voice,plain",
               ":op!~u@h KICK #a plain :op\n"
               ":op!~u@h KICK #b voice :op\n"
               ":op!~u@h KICK #b plain :op\n");
    SAYS_HEARS(op, "KICK , plain", ":s.test 403 op * :No such channel\n");
}

Test(hub_channel, kick_is_for_operators)
{
    SAYS_HEARS(voice, "KICK #a plain", ":s.test 482 voice #a :You're not channel operator\n");
    SAYS_HEARS(outsider, "KICK #a plain", ":s.test 442 outsider #a :You're not on that channel\n");
    SAYS_HEARS(op, "KICK #none plain", ":s.test 403 op #none :No such channel\n");
    HEARS(plain, "");
}

Test(hub_channel, reason_of_a_kick_is_bounded)
{
    char reason[401], line[600];
    memset(reason, 'x', sizeof(reason) - 1);
    reason[sizeof(reason) - 1] = '\0';
    snprintf(line, sizeof(line), "KICK #a plain :%s", reason);
    fix_say(op, line);
    char *text = strrchr(fix_heard(plain), ':');
    cr_assert_eq(strlen(text), 1 + hub_kick_bytes_max(16, 20) + 1);
}

/* --- NAMES ------------------------------------------------------------------------------- */

Test(hub_channel, names_show_as_much_as_was_asked_for)
{
    fix_say(op, "MODE #a +v op");
    fix_forget();
    SAYS_HEARS(plain, "NAMES #a",
               ":s.test 353 plain = #a :@op +voice plain\n"
               ":s.test 366 plain #a :End of /NAMES list\n");
    fix.caps[plain] = CAP_MULTI_PREFIX;
    SAYS_HEARS(plain, "NAMES #a",
               ":s.test 353 plain = #a :@+op +voice plain\n"
               ":s.test 366 plain #a :End of /NAMES list\n");
    fix.caps[plain] = CAP_USERHOST_IN_NAMES;
    SAYS_HEARS(plain, "NAMES #a",
               ":s.test 353 plain = #a :@op!~u@h +voice!~u@h plain!~u@h\n"
               ":s.test 366 plain #a :End of /NAMES list\n");
}

/* --- secret channels --------------------------------------------------------------------- */

Test(hub_channel, secret_channel_is_none_to_those_outside)
{
    fix_say(op, "MODE #a +s");
    fix_say(op, "TOPIC #a :hidden");
    fix_forget();
    SAYS_HEARS(plain, "NAMES #a",
               ":s.test 353 plain @ #a :@op +voice plain\n"
               ":s.test 366 plain #a :End of /NAMES list\n");
    SAYS_HEARS(outsider, "NAMES #a", ":s.test 366 outsider #a :End of /NAMES list\n");
    SAYS_HEARS(outsider, "TOPIC #a", ":s.test 403 outsider #a :No such channel\n");
    SAYS_HEARS(outsider, "PART #a", ":s.test 403 outsider #a :No such channel\n");
    SAYS_HEARS(outsider, "KICK #a op", ":s.test 403 outsider #a :No such channel\n");
    SAYS_HEARS(outsider, "INVITE op #a", ":s.test 403 outsider #a :No such channel\n");
    SAYS_HEARS(outsider, "JOIN #a",
               ":outsider!~u@h JOIN :#a\n"
               ":s.test 332 outsider #a :hidden\n"
               ":s.test 333 outsider #a op!~u@h :1010\n"
               ":s.test 353 outsider @ #a :@op +voice plain outsider\n"
               ":s.test 366 outsider #a :End of /NAMES list\n");
}
