/* The hub: registration, membership, messages, nicks, quits; over one loop and over several. */
#include "chat/hub/hub_state.h"
#include "unit/chat/hub_fixture.h"

#include <stdio.h>

static void setup(void)
{
    fix_init(FIX_LOOPS);
}

TestSuite(hub, .init = setup, .fini = fix_done);

/* --- registration --- */

Test(hub, refuses_a_nick_that_is_taken_whatever_its_case)
{
    fix_user("alice");
    fix.sessions++;
    cr_assert_eq(fix_register_at(1, "alice"), ERR_EXISTS);
    cr_assert_eq(fix_register_at(1, "ALICE"), ERR_EXISTS);
    cr_assert_eq(hub_counts(fix.hub).users, 1);
    cr_assert_eq(fix_register_at(1, "alice2"), OK);
    cr_assert_eq(fix.deliveries, 0);
}

Test(hub, refuses_a_session_that_is_registered)
{
    unsigned a = fix_user("alice");
    cr_assert_eq(fix_register_at(a, "bob"), ERR_EXISTS);
    cr_assert_eq(hub_counts(fix.hub).users, 1);
}

Test(hub, folds_ascii_letters_only)
{
    fix_user("a[");
    unsigned b = fix_user("a{");
    SAYS_HEARS(b, "NICK A[", ":s.test 433 a{ A[ :Nickname is already in use\n");
}

Test(hub, counts_users_and_their_maximum)
{
    fix_user("alice");
    unsigned b = fix_user("bob");
    fix_say(b, "MODE bob +i");
    fix_say(b, "JOIN #a");
    struct hub_counts n = hub_counts(fix.hub);
    cr_assert_eq(n.users, 2);
    cr_assert_eq(n.invisible, 1);
    cr_assert_eq(n.channels, 1);
    fix_close(b, "gone");
    n = hub_counts(fix.hub);
    cr_assert_eq(n.users, 1);
    cr_assert_eq(n.users_max, 2);
    cr_assert_eq(n.invisible, 0);
    cr_assert_eq(n.channels, 0);
}

Test(hub, does_nothing_for_sessions_it_does_not_know)
{
    fix_user("alice");
    fix.sessions++;
    fix_say(1, "JOIN #a");
    fix_say(1, "QUIT");
    fix_close(1, "gone");
    cr_assert_eq(fix.deliveries, 0);
    cr_assert_eq(hub_counts(fix.hub).channels, 0);
}

Test(hub, takes_a_stale_generation_for_a_stranger)
{
    unsigned a = fix_user("alice");
    struct irc_line line;
    cr_assert_eq(irc_parse(SPAN("JOIN #a"), &line), OK);
    struct entry e = {.at = fix_position(), .from = fix_handle(a), .kind = ENTRY_LINE};
    e.from.generation++;
    e.line.apply = verb_find(line.command)->hub;
    e.line.line = &line;
    cr_assert_eq(hub_apply(fix.hub, &e), OK);
    cr_assert_eq(fix.deliveries, 0);
}

/* --- channels --- */

Test(hub, first_member_of_a_channel_is_operator)
{
    unsigned a = fix_user("alice"), b = fix_user("bob");
    SAYS_HEARS(a, "JOIN #room",
               ":alice!~u@h JOIN :#room\n"
               ":s.test 353 alice = #room :@alice\n"
               ":s.test 366 alice #room :End of /NAMES list\n");
    SAYS_HEARS(b, "JOIN #ROOM",
               ":bob!~u@h JOIN :#room\n"
               ":s.test 353 bob = #room :@alice bob\n"
               ":s.test 366 bob #room :End of /NAMES list\n");
    HEARS(a, ":bob!~u@h JOIN :#room\n");
}

Test(hub, joins_several_channels_and_passes_over_empty_names)
{
    unsigned a = fix_user("alice");
    fix_say(a, "JOIN ,#a,,#b,");
    cr_assert_eq(hub_counts(fix.hub).channels, 2);
}

Test(hub, joining_twice_says_nothing)
{
    unsigned a = fix_user("alice");
    fix_say(a, "JOIN #a");
    fix_forget();
    SAYS_HEARS(a, "JOIN #A", "");
    cr_assert_eq(fix.deliveries, 0);
}

Test(hub, refuses_channel_names_that_are_none)
{
    unsigned a = fix_user("alice");
    SAYS_HEARS(a, "JOIN room", ":s.test 403 alice room :No such channel\n");
    SAYS_HEARS(a, "JOIN &room", ":s.test 403 alice &room :No such channel\n");
    SAYS_HEARS(a, "JOIN 0,room",
               ":s.test 403 alice 0 :No such channel\n:s.test 403 alice room :No such channel\n");
    SAYS_HEARS(a, "JOIN #a\007b", ":s.test 476 alice #a\007b :Bad channel name\n");
    SAYS_HEARS(a, "JOIN #aaaaaaaaaaaaaaaaaaaa",
               ":s.test 476 alice #aaaaaaaaaaaaaaaaaaaa :Bad channel name\n");
    SAYS_HEARS(a, "JOIN :#a b", ":s.test 476 alice * :Bad channel name\n");
    cr_assert_eq(hub_counts(fix.hub).channels, 0);
}

Test(hub, bounds_the_channels_of_one_user)
{
    unsigned a = fix_user("alice");
    char line[32];
    for (int i = 0; i < HUB_CHANNELS_PER_USER_MAX; i++) {
        snprintf(line, sizeof(line), "JOIN #%d", i);
        fix_say(a, line);
    }
    fix_forget();
    SAYS_HEARS(a, "JOIN #more", ":s.test 405 alice #more :You have joined too many channels\n");
    SAYS_HEARS(a, "PART #7", ":alice!~u@h PART :#7\n");
    fix_say(a, "JOIN #more");
    cr_assert_eq(hub_counts(fix.hub).channels, HUB_CHANNELS_PER_USER_MAX);
}

Test(hub, parts_with_and_without_a_reason)
{
    unsigned a = fix_user("alice"), b = fix_user("bob");
    fix_say(a, "JOIN #a,#b");
    fix_say(b, "JOIN #a,#b");
    fix_forget();
    SAYS_HEARS(b, "PART #a,#b :see you",
               ":bob!~u@h PART #a :see you\n:bob!~u@h PART #b :see you\n");
    HEARS(a, ":bob!~u@h PART #a :see you\n:bob!~u@h PART #b :see you\n");
    fix_say(a, "PRIVMSG #a :still here?");
    HEARS(b, "");
}

Test(hub, refuses_to_part_where_one_is_not)
{
    unsigned a = fix_user("alice"), b = fix_user("bob");
    fix_say(a, "JOIN #a");
    fix_forget();
    SAYS_HEARS(b, "PART #a", ":s.test 442 bob #a :You're not on that channel\n");
    SAYS_HEARS(b, "PART #none", ":s.test 403 bob #none :No such channel\n");
    HEARS(a, "");
}

Test(hub, channel_ends_with_its_last_member_and_begins_anew)
{
    unsigned a = fix_user("alice"), b = fix_user("bob");
    fix_say(a, "JOIN #a");
    fix_say(a, "TOPIC #a :old");
    fix_say(a, "PART #a");
    cr_assert_eq(hub_counts(fix.hub).channels, 0);
    fix_forget();
    SAYS_HEARS(b, "JOIN #a",
               ":bob!~u@h JOIN :#a\n"
               ":s.test 353 bob = #a :@bob\n"
               ":s.test 366 bob #a :End of /NAMES list\n");
}

Test(hub, slots_of_ended_channels_are_used_again_by_nobody_else)
{
    unsigned a = fix_user("alice"), b = fix_user("bob");
    fix_say(a, "JOIN #a");
    fix_say(a, "QUIT");
    fix_say(b, "JOIN #b"); /* takes the slot */
    fix_forget();
    fix_say(b, "TOPIC #b :mine");
    HEARS(a, "");
}

Test(hub, names_lists_the_highest_prefix)
{
    unsigned a = fix_user("alice"), b = fix_user("bob"), c = fix_user("carol");
    fix_say(a, "JOIN #a");
    fix_say(b, "JOIN #a");
    fix_say(c, "JOIN #a");
    fix_say(a, "MODE #a +ovv bob bob carol");
    fix_forget();
    SAYS_HEARS(c, "NAMES #a",
               ":s.test 353 carol = #a :@alice @bob +carol\n"
               ":s.test 366 carol #a :End of /NAMES list\n");
    SAYS_HEARS(c, "NAMES #none", ":s.test 366 carol #none :End of /NAMES list\n");
    SAYS_HEARS(c, "NAMES", ":s.test 366 carol * :End of /NAMES list\n");
}

Test(hub, names_hides_the_invisible_from_those_outside)
{
    unsigned a = fix_user("alice"), b = fix_user("bob"), c = fix_user("carol");
    fix_say(a, "JOIN #a");
    fix_say(b, "JOIN #a");
    fix_say(a, "MODE alice +i");
    fix_forget();
    SAYS_HEARS(b, "NAMES #a",
               ":s.test 353 bob = #a :@alice bob\n"
               ":s.test 366 bob #a :End of /NAMES list\n");
    SAYS_HEARS(c, "NAMES #a",
               ":s.test 353 carol = #a :bob\n"
               ":s.test 366 carol #a :End of /NAMES list\n");
}

Test(hub, long_names_come_in_lines_that_fit)
{
    char nick[32];
    for (unsigned i = 0; i < FIX_SESSIONS; i++) {
        snprintf(nick, sizeof(nick), "nick_number_%04u", i);
        fix_say(fix_user(nick), "JOIN #a");
    }
    fix_forget();
    fix_say(3, "NAMES #a");
    size_t lines = 0, names = 0;
    for (const char *line = fix_heard(3), *end; (end = strchr(line, '\n')) != NULL;
         line = end + 1) {
        cr_assert_leq(end - line, IRC_REST_BYTES_MAX);
        lines++;
        for (const char *at = line; (at = strstr(at, "nick_number_")) != NULL && at < end; at++)
            names++;
    }
    cr_assert_eq(lines, 3);
    cr_assert_eq(names, FIX_SESSIONS + 3, "each member once, and the asker's nick in each line");
}

/* --- topics --- */

Test(hub, topic_is_told_with_setter_and_time)
{
    unsigned a = fix_user("alice"), b = fix_user("bob");
    fix_say(a, "JOIN #a");
    fix_forget();
    SAYS_HEARS(a, "TOPIC #a", ":s.test 331 alice #a :No topic is set\n");
    SAYS_HEARS(a, "TOPIC #a :hello  there", ":alice!~u@h TOPIC #a :hello  there\n");
    SAYS_HEARS(b, "TOPIC #a",
               ":s.test 332 bob #a :hello  there\n:s.test 333 bob #a alice!~u@h :1005\n");
    SAYS_HEARS(b, "JOIN #a",
               ":bob!~u@h JOIN :#a\n"
               ":s.test 332 bob #a :hello  there\n"
               ":s.test 333 bob #a alice!~u@h :1005\n"
               ":s.test 353 bob = #a :@alice bob\n"
               ":s.test 366 bob #a :End of /NAMES list\n");
    fix_forget();
    SAYS_HEARS(a, "TOPIC #a :", ":alice!~u@h TOPIC #a :\n");
    SAYS_HEARS(a, "TOPIC #a", ":s.test 331 alice #a :No topic is set\n");
}

Test(hub, topic_is_for_operators_while_t_is_set)
{
    unsigned a = fix_user("alice"), b = fix_user("bob"), c = fix_user("carol");
    fix_say(a, "JOIN #a");
    fix_say(b, "JOIN #a");
    fix_forget();
    SAYS_HEARS(b, "TOPIC #a :x", ":s.test 482 bob #a :You're not channel operator\n");
    SAYS_HEARS(c, "TOPIC #a :x", ":s.test 442 carol #a :You're not on that channel\n");
    SAYS_HEARS(c, "TOPIC #none :x", ":s.test 403 carol #none :No such channel\n");
    fix_say(a, "MODE #a -t");
    fix_forget();
    SAYS_HEARS(b, "TOPIC #a :x", ":bob!~u@h TOPIC #a :x\n");
    SAYS_HEARS(c, "TOPIC #a :y", ":s.test 442 carol #a :You're not on that channel\n");
}

Test(hub, topic_is_cut_between_characters)
{
    unsigned a = fix_user("alice");
    fix_say(a, "JOIN #a");
    fix_forget();
    char line[512] = "TOPIC #a :";
    size_t head = strlen(line), max = hub_topic_bytes_max(16, 20);
    memset(line + head, 'x', max - 1);
    memcpy(line + head + max - 1, "\xe2\x82\xac", 4);
    fix_say(a, line);
    const char *heard = fix_heard(a);
    cr_assert_eq(strlen(strstr(heard, " :") + 2), max - 1 + 1);
}

Test(hub, longest_topic_fits_a_line_with_the_longest_names)
{
    cr_assert_eq(hub_topic_bytes_max(1, 2), 390);
    cr_assert_leq(1 + 32 + 2 + 17 + 1 + 46 + 7 + 64 + 2 + hub_topic_bytes_max(32, 64), 510);
    cr_assert_geq(hub_topic_bytes_max(64, 200), 150);
}

/* --- messages --- */

Test(hub, message_reaches_the_other_members_on_all_loops)
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

Test(hub, echo_is_for_those_who_asked_for_it)
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

Test(hub, echo_reaches_a_sender_who_is_no_member)
{
    unsigned a = fix_user("alice"), b = fix_user("bob");
    fix_say(a, "JOIN #a");
    fix_say(a, "MODE #a -n");
    fix.echoes[b] = true;
    fix_forget();
    SAYS_HEARS(b, "PRIVMSG #a :x", ":bob!~u@h PRIVMSG #a :x\n");
    HEARS(a, ":bob!~u@h PRIVMSG #a :x\n");
}

Test(hub, outsiders_cannot_speak_while_n_is_set)
{
    unsigned a = fix_user("alice"), b = fix_user("bob");
    fix_say(a, "JOIN #a");
    fix_forget();
    SAYS_HEARS(b, "PRIVMSG #a :x", ":s.test 404 bob #a :Cannot send to channel\n");
    SAYS_HEARS(b, "@+x TAGMSG #a", ":s.test 404 bob #a :Cannot send to channel\n");
    SAYS_HEARS(b, "NOTICE #a :x", "");
    HEARS(a, "");
}

Test(hub, messages_to_nobody_are_refused_and_notices_ignored)
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

Test(hub, targets_of_one_message_are_bounded)
{
    unsigned a = fix_user("a"), b = fix_user("b");
    SAYS_HEARS(a, "PRIVMSG b,b,none,b,b,b :x",
               ":s.test 401 a none :No such nick/channel\n:s.test 407 a b :Too many targets\n");
    HEARS(b, ":a!~u@h PRIVMSG b :x\n:a!~u@h PRIVMSG b :x\n:a!~u@h PRIVMSG b :x\n");
    SAYS_HEARS(a, "NOTICE none,none,none,none,none :x", "");
}

Test(hub, tagmsg_without_tags_for_others_says_nothing)
{
    unsigned a = fix_user("alice"), b = fix_user("bob");
    SAYS_HEARS(a, "TAGMSG bob", "");
    SAYS_HEARS(a, "@private=1 TAGMSG bob", "");
    SAYS_HEARS(a, "@+x TAGMSG none", ":s.test 401 alice none :No such nick/channel\n");
    HEARS(b, "");
}

/* --- nicks --- */

Test(hub, nick_change_is_told_once_to_everybody_who_shares_a_channel)
{
    unsigned a = fix_user("alice"), b = fix_user("bob"), c = fix_user("carol"),
             d = fix_user("dave");
    fix_say(a, "JOIN #a,#b,#c");
    fix_say(b, "JOIN #a,#b");
    fix_say(d, "JOIN #c");
    fix_forget();
    SAYS_HEARS(a, "NICK al", ":alice!~u@h NICK :al\n");
    HEARS(b, ":alice!~u@h NICK :al\n");
    HEARS(d, ":alice!~u@h NICK :al\n");
    HEARS(c, "");
    fix_say(b, "PRIVMSG al :you?");
    HEARS(a, ":bob!~u@h PRIVMSG al :you?\n");
    SAYS_HEARS(b, "PRIVMSG alice :you?", ":s.test 401 bob alice :No such nick/channel\n");
}

Test(hub, nick_change_without_channels_is_told_to_oneself)
{
    unsigned a = fix_user("alice");
    SAYS_HEARS(a, "NICK al", ":alice!~u@h NICK :al\n");
    SAYS_HEARS(a, "NICK AL", ":al!~u@h NICK :AL\n");
    SAYS_HEARS(a, "NICK AL", "");
}

Test(hub, nick_errors)
{
    unsigned a = fix_user("alice");
    fix_user("bob");
    SAYS_HEARS(a, "NICK", ":s.test 431 alice :No nickname given\n");
    SAYS_HEARS(a, "NICK :", ":s.test 431 alice :No nickname given\n");
    SAYS_HEARS(a, "NICK 1st", ":s.test 432 alice 1st :Erroneous nickname\n");
    SAYS_HEARS(a, "NICK :a b", ":s.test 432 alice * :Erroneous nickname\n");
    SAYS_HEARS(a, "NICK aaaaaaaaaaaaaaaaa",
               ":s.test 432 alice aaaaaaaaaaaaaaaaa :Erroneous nickname\n");
    SAYS_HEARS(a, "NICK Bob", ":s.test 433 alice Bob :Nickname is already in use\n");
}

/* --- ends --- */

Test(hub, quit_is_told_once_to_everybody_who_shares_a_channel)
{
    unsigned a = fix_user("alice"), b = fix_user("bob"), c = fix_user("carol");
    fix_say(a, "JOIN #a,#b");
    fix_say(b, "JOIN #a,#b");
    fix_forget();
    SAYS_HEARS(a, "QUIT :so long", "");
    HEARS(b, ":alice!~u@h QUIT :Quit: so long\n");
    HEARS(c, "");
    fix_close(a, "too late to matter");
    HEARS(b, "");
    cr_assert_eq(fix_register_at(a, "alice"), OK, "nick and handle are free again");
}

Test(hub, close_of_the_last_session_is_a_quit_with_its_reason)
{
    unsigned a = fix_user("alice"), b = fix_user("bob");
    fix_say(a, "JOIN #a");
    fix_say(b, "JOIN #a");
    fix_forget();
    fix_close(a, "Ping timeout");
    HEARS(b, ":alice!~u@h QUIT :Ping timeout\n");
    fix_close(a, "again");
    HEARS(b, "");
}

/* --- users with several sessions, which no verb makes yet --- */

/* One more session of alice, on the next loop. */
static unsigned second_session(const char *nick)
{
    unsigned n = fix.sessions++;
    struct hub_call call = {.hub = fix.hub, .at = fix_position(), .from = fix_handle(n)};
    user_add_session(&call, user_find(fix.hub, span_str(nick)), call.from);
    return n;
}

Test(hub, every_session_of_a_user_is_in_its_channels)
{
    unsigned a = fix_user("alice"), b = fix_user("bob");
    fix_say(a, "JOIN #a");
    fix_say(b, "JOIN #a");
    unsigned a2 = second_session("alice");
    fix_forget();
    fix_say(b, "PRIVMSG #a :x");
    HEARS(a, ":bob!~u@h PRIVMSG #a :x\n");
    HEARS(a2, ":bob!~u@h PRIVMSG #a :x\n");
    fix_say(b, "PRIVMSG alice :y");
    HEARS(a, ":bob!~u@h PRIVMSG alice :y\n");
    HEARS(a2, ":bob!~u@h PRIVMSG alice :y\n");
    fix_say(a, "PRIVMSG #a :z");
    HEARS(a, "");
    HEARS(a2, ":alice!~u@h PRIVMSG #a :z\n");
    fix_say(a2, "NICK al");
    HEARS(a, ":alice!~u@h NICK :al\n");
    HEARS(a2, ":alice!~u@h NICK :al\n");
    fix_forget();
    fix_say(a, "PART #a");
    HEARS(a2, ":al!~u@h PART :#a\n");
    fix_say(b, "PRIVMSG #a :gone?");
    HEARS(a2, "");
}

Test(hub, user_stays_until_its_last_session_ends)
{
    unsigned a = fix_user("alice"), b = fix_user("bob");
    fix_say(a, "JOIN #a");
    fix_say(b, "JOIN #a");
    unsigned a2 = second_session("alice");
    fix_forget();
    fix_close(a, "one");
    HEARS(b, "");
    fix_say(b, "PRIVMSG #a :x");
    HEARS(a, "");
    HEARS(a2, ":bob!~u@h PRIVMSG #a :x\n");
    fix_close(a2, "two");
    HEARS(b, ":alice!~u@h QUIT :two\n");
    cr_assert_eq(hub_counts(fix.hub).users, 1);
}

/* --- as a state machine --- */

Test(hub, messages_of_one_entry_have_ids_of_their_own)
{
    unsigned a = fix_user("alice");
    fix_user("bob");
    fix.echoes[a] = true;
    fix_say(a, "PRIVMSG bob,bob :x");
    cr_assert_eq(fix.messages, 4, "two messages, each with its echo");
}

/* A random walk over all verbs leaves the same deliveries whenever it is repeated. */
static uint64_t walk(uint64_t seed)
{
    static const char *const lines[] = {
        "JOIN #a",
        "JOIN #b,#c",
        "PART #a",
        "PART #b,#c :bye",
        "TOPIC #a :t",
        "PRIVMSG #a :hi",
        "NAMES #b",
        "MODE #a +v-o n1 n2",
        "MODE #c -nt",
        "NICK n1",
        "NICK n2",
        "NICK n3",
        "PRIVMSG n1,n2,#c x",
        "MODE #a",
        "QUIT :x",
    };
    uint64_t digest = 0;
    fix_init(FIX_LOOPS);
    fix.sessions = 12;
    for (int i = 0; i < 4000; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        unsigned n = (seed >> 33) % fix.sessions;
        char nick[16];
        snprintf(nick, sizeof(nick), "n%u", n);
        unsigned what = (seed >> 45) % 20;
        if (what < sizeof(lines) / sizeof(lines[0]))
            fix_say(n, lines[what]);
        else if (what == 19)
            fix_close(n, "closed");
        else if (fix_register_at(n, nick) == OK)
            digest++;
        for (unsigned k = 0; k < fix.sessions; k++)
            for (const char *c = fix_heard(k); *c != '\0'; c++)
                digest = (digest ^ (uint8_t)*c) * 1099511628211u;
    }
    digest ^= fix.deliveries;
    fix_done();
    return digest;
}

Test(hub, same_entries_give_the_same_deliveries)
{
    fix_done();
    cr_assert_eq(walk(42), walk(42));
    cr_assert_neq(walk(42), walk(43));
}

/* --- long answers --- */

Test(hub, names_come_in_parts)
{
    fix_done();
    fix.rows_max = 3;
    fix_init(2);
    unsigned a = fix_user("a");
    fix_say(a, "JOIN #x");
    for (int i = 1; i < 8; i++) {
        char nick[] = {'a', (char)('0' + i), '\0'};
        fix_say(fix_user(nick), "JOIN #x");
    }
    fix_forget();
    SAYS_HEARS(a, "NAMES #x,#none,#x",
               ":s.test 353 a = #x :@a a1 a2\n"
               ":s.test 353 a = #x :a3 a4 a5\n"
               ":s.test 353 a = #x :a6 a7\n"
               ":s.test 366 a #x :End of /NAMES list\n"
               ":s.test 366 a #none :End of /NAMES list\n"
               ":s.test 353 a = #x :@a\n"
               ":s.test 353 a = #x :a1 a2 a3\n"
               ":s.test 353 a = #x :a4 a5 a6\n"
               ":s.test 353 a = #x :a7\n"
               ":s.test 366 a #x :End of /NAMES list\n");
    cr_assert_eq(fix.parts, 6);
}

Test(hub, joining_in_parts_joins_once)
{
    fix_done();
    fix.rows_max = 2;
    fix_init(2);
    unsigned a = fix_user("a"), b = fix_user("b"), c = fix_user("c");
    fix_say(a, "JOIN #x,#y");
    fix_say(b, "JOIN #x");
    fix_forget();
    SAYS_HEARS(c, "JOIN #x,#y",
               ":c!~u@h JOIN :#x\n"
               ":s.test 353 c = #x :@a b\n"
               ":s.test 353 c = #x :c\n"
               ":s.test 366 c #x :End of /NAMES list\n"
               ":c!~u@h JOIN :#y\n"
               ":s.test 353 c = #y :@a\n"
               ":s.test 353 c = #y :c\n"
               ":s.test 366 c #y :End of /NAMES list\n");
    cr_assert_eq(fix.parts, 3);
}

/* --- quiet channels --- */

Test(hub, joins_and_parts_of_a_quiet_channel_are_for_those_who_do_so)
{
    fix_done();
    fix.quiet_members = 2;
    fix_init(2);
    unsigned a = fix_user("a"), b = fix_user("b"), c = fix_user("c");
    fix_say(a, "JOIN #x");
    fix_say(b, "JOIN #x");
    fix_forget();
    SAYS_HEARS(c, "JOIN #x",
               ":c!~u@h JOIN :#x\n"
               ":s.test 353 c = #x :@a b c\n"
               ":s.test 366 c #x :End of /NAMES list\n");
    HEARS(a, "");
    SAYS_HEARS(c, "PRIVMSG #x :hello", "");
    HEARS(a, ":c!~u@h PRIVMSG #x :hello\n");
    SAYS_HEARS(c, "PART #x :bye", ":c!~u@h PART #x :bye\n");
    HEARS(a, "");
    fix_say(c, "JOIN #x");
    fix_say(c, "QUIT");
    HEARS(a, "");
}

Test(hub, those_with_a_role_are_announced_in_a_quiet_channel_too)
{
    fix_done();
    fix.quiet_members = 1;
    fix_init(2);
    unsigned a = fix_user("a"), b = fix_user("b"), c = fix_user("c");
    fix_say(a, "JOIN #x");
    fix_say(b, "JOIN #x");
    fix_say(c, "JOIN #x");
    fix_say(a, "MODE #x +v b");
    fix_forget();
    fix_say(b, "PART #x");
    HEARS(c, ":b!~u@h PART :#x\n");
    fix_say(a, "QUIT :gone");
    HEARS(c, ":a!~u@h QUIT :Quit: gone\n");
}

Test(hub, quits_are_heard_in_the_channels_that_are_not_quiet)
{
    fix_done();
    fix.quiet_members = 2;
    fix_init(2);
    unsigned a = fix_user("a"), b = fix_user("b"), c = fix_user("c");
    fix_say(a, "JOIN #x");
    fix_say(b, "JOIN #x,#small");
    fix_say(c, "JOIN #x,#small");
    fix_forget();
    fix_say(c, "QUIT");
    HEARS(a, "");
    HEARS(b, ":c!~u@h QUIT :Quit: \n");
}

Test(hub, who_changes_its_nick_hears_of_it_in_a_quiet_channel_too)
{
    fix_done();
    fix.quiet_members = 1;
    fix_init(2);
    unsigned a = fix_user("a"), b = fix_user("b");
    fix_say(a, "JOIN #x");
    fix_say(b, "JOIN #x");
    fix_forget();
    SAYS_HEARS(b, "NICK c", ":b!~u@h NICK :c\n");
    HEARS(a, "");
}
