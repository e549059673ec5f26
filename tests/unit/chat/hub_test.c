/* The hub: registration, nicks, quits, its state; over one loop and over several. */
#include "chat/hub/hub_state.h"
#include "unit/chat/hub_fixture.h"

#include <stdio.h>

static void setup(void)
{
    fix_init(FIX_LOOPS);
}

TestSuite(hub, .init = setup, .fini = fix_done);

/* --- registration ------------------------------------------------------------------------ */

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
    struct entry_line said = {.apply = verb_find(line.command)->hub, .line = &line};
    e.line = &said;
    cr_assert_eq(hub_apply(fix.hub, &e), OK);
    cr_assert_eq(fix.deliveries, 0);
}

/* --- nicks ------------------------------------------------------------------------------- */

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

/* --- ends -------------------------------------------------------------------------------- */

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

/* --- users with several sessions, which no verb makes yet -------------------------------- */

/* One more session of alice, on the next loop. */
static unsigned second_session(const char *nick)
{
    unsigned n = fix.sessions++;
    struct hub_call call = {.hub = fix.hub, .at = fix_position(), .from = fix_handle(n)};
    user_add_session(&call, user_find(fix.hub, span_str(nick)), call.from);
    return n;
}

Test(hub, when_a_session_ends_another_is_told_what_its_user_holds)
{
    unsigned a = fix_user("alice");
    for (unsigned i = 0; i < 8; i++) {
        char line[] = "JOIN #0";
        line[6] += (char)i;
        fix_say(a, line);
    }
    cr_assert_eq(fix.held_steps[a], 1);
    unsigned a2 = second_session("alice");
    cr_assert_eq(fix.held_steps[a2], 0);
    fix_close(a, "gone");
    cr_assert_eq(fix.held_steps[a2], 1);
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

/* --- as a state machine ------------------------------------------------------------------ */

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
