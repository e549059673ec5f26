/* Channels: who is in them, who hears what, topics, and when they are quiet. */
#include "chat/hub/hub_state.h"
#include "unit/chat/hub_fixture.h"

#include <stdio.h>

static void setup(void)
{
    fix_init(FIX_LOOPS);
}

TestSuite(channel, .init = setup, .fini = fix_done);

/* --- channels ---------------------------------------------------------------------------- */

Test(channel, first_member_of_a_channel_is_operator)
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

Test(channel, joins_several_channels_and_passes_over_empty_names)
{
    unsigned a = fix_user("alice");
    fix_say(a, "JOIN ,#a,,#b,");
    cr_assert_eq(hub_counts(fix.hub).channels, 2);
}

Test(channel, joining_twice_says_nothing)
{
    unsigned a = fix_user("alice");
    fix_say(a, "JOIN #a");
    fix_forget();
    SAYS_HEARS(a, "JOIN #A", "");
    cr_assert_eq(fix.deliveries, 0);
}

Test(channel, refuses_channel_names_that_are_none)
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

Test(channel, bounds_the_channels_of_one_user)
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

Test(channel, parts_with_and_without_a_reason)
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

Test(channel, refuses_to_part_where_one_is_not)
{
    unsigned a = fix_user("alice"), b = fix_user("bob");
    fix_say(a, "JOIN #a");
    fix_forget();
    SAYS_HEARS(b, "PART #a", ":s.test 442 bob #a :You're not on that channel\n");
    SAYS_HEARS(b, "PART #none", ":s.test 403 bob #none :No such channel\n");
    HEARS(a, "");
}

Test(channel, channel_ends_with_its_last_member_and_begins_anew)
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

Test(channel, slots_of_ended_channels_are_used_again_by_nobody_else)
{
    unsigned a = fix_user("alice"), b = fix_user("bob");
    fix_say(a, "JOIN #a");
    fix_say(a, "QUIT");
    fix_say(b, "JOIN #b"); /* takes the slot */
    fix_forget();
    fix_say(b, "TOPIC #b :mine");
    HEARS(a, "");
}

Test(channel, names_lists_the_highest_prefix)
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

Test(channel, names_hides_the_invisible_from_those_outside)
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

Test(channel, long_names_come_in_lines_that_fit)
{
    const unsigned members = 40;
    char nick[32];
    for (unsigned i = 0; i < members; i++) {
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
    cr_assert_eq(names, members + 3, "each member once, and the asker's nick in each line");
}

/* --- topics ------------------------------------------------------------------------------ */

Test(channel, topic_is_told_with_setter_and_time)
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

Test(channel, topic_is_for_operators_while_t_is_set)
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

Test(channel, topic_is_cut_between_characters)
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

Test(channel, longest_topic_fits_a_line_with_the_longest_names)
{
    cr_assert_eq(hub_topic_bytes_max(1, 2), 390);
    cr_assert_leq(1 + 32 + 2 + 17 + 1 + 46 + 7 + 64 + 2 + hub_topic_bytes_max(32, 64), 510);
    cr_assert_geq(hub_topic_bytes_max(64, 200), 150);
}

/* --- quiet channels ---------------------------------------------------------------------- */

Test(channel, joins_and_parts_of_a_quiet_channel_are_for_those_who_do_so)
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

Test(channel, those_with_a_role_are_announced_in_a_quiet_channel_too)
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

Test(channel, quits_are_heard_in_the_channels_that_are_not_quiet)
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
    HEARS(b, ":c!~u@h QUIT :Quit\n");
}

Test(channel, who_changes_its_nick_hears_of_it_in_a_quiet_channel_too)
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
