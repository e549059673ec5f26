/* What a session does for its user beside what the hub does: its host is hidden, its password
 * looked at, its end told when an operator brings it about. */
#include "chat/cloak.h"
#include "unit/chat/chat_fixture.h"

TestSuite(chat_user, .fini = chat_done);

static bool has(const char *heard, const char *text)
{
    return strstr(heard, text) != NULL;
}

Test(chat_user, hosts_are_hidden)
{
    chat_init_with(1, (const char *const[]){"chat.cloak=on", "chat.cloak_key=0123456789abcdef"}, 2);
    unsigned a = client_named(0, "alice"), b = client_named(0, "bob");
    struct siphash_key random = {{0}}, key = cloak_key("0123456789abcdef", &random);
    char host[CLOAK_CHARS], want[128];
    snprintf(want, sizeof(want), ":bob!~bob@%s PRIVMSG alice :x\r\n",
             cloak(&key, &client_conn(b)->peer, host));
    client_say(b, "PRIVMSG alice :x\r\n");
    HEARS(a, want);
}

Test(chat_user, hosts_are_hidden_without_a_key_too)
{
    chat_init_with(1, (const char *const[]){"chat.cloak=on"}, 1);
    unsigned a = client_named(0, "alice"), b = client_named(0, "bob");
    client_say(b, "PRIVMSG alice :x\r\n");
    const char *heard = client_heard(a);
    cr_assert(has(heard, ".ip PRIVMSG alice :x\r\n"), "%s", heard);
    cr_assert_not(has(heard, "127.0.0.1"));
}

/* --- operators --------------------------------------------------------------------------- */

static void init_with_operators(unsigned loops)
{
    chat_init_with(
        loops, (const char *const[]){"oper.root.password=open sesame", "oper.two.password=2"}, 2);
}

Test(chat_user, password_makes_an_operator)
{
    init_with_operators(1);
    unsigned a = client_named(0, "alice");
    SAYS_HEARS(a, "OPER root\r\n", ":s.test 461 alice OPER :Not enough parameters\r\n");
    SAYS_HEARS(a, "OPER root 2\r\n", ":s.test 464 alice :Password incorrect\r\n");
    SAYS_HEARS(a, "OPER root :open sesame\r\n",
               ":s.test 381 alice :You are now an IRC operator\r\n"
               ":alice!~alice@127.0.0.1 MODE alice :+o\r\n");
}

Test(chat_user, nobody_is_an_operator_where_none_is_configured)
{
    chat_init(1);
    unsigned a = client_named(0, "alice");
    for (int i = 0; i < 2; i++)
        SAYS_HEARS(a, "OPER root x\r\n", ":s.test 491 alice :No O-lines for your host\r\n");
}

Test(chat_user, third_wrong_password_is_the_last)
{
    init_with_operators(1);
    unsigned a = client_named(0, "alice");
    const char *refusal = ":s.test 464 alice :Password incorrect\r\n";
    SAYS_HEARS(a, "OPER root x\r\n", refusal);
    SAYS_HEARS(a, "OPER nobody 2\r\n", refusal);
    SAYS_HEARS(a, "OPER root :\r\nPING 1\r\n",
               ":s.test 464 alice :Password incorrect\r\n"
               "ERROR :Closing Link: 127.0.0.1 (Too many wrong passwords)\r\n");
    cr_assert_not(client_read(a));
}

/* An operator on the first loop, and bob on the last. */
static void meet(unsigned loops, unsigned *op, unsigned *bob)
{
    init_with_operators(loops);
    *op = client_named(0, "op");
    *bob = client_named(loops - 1, "bob");
    client_say(*op, "OPER two 2\r\nJOIN #a\r\n");
    client_say(*bob, "JOIN #a\r\n");
    client_heard(*op);
    client_heard(*bob);
}

static void kill_is_told_to_all(unsigned loops)
{
    unsigned op, bob;
    meet(loops, &op, &bob);
    SAYS_HEARS(op, "KILL bob :go away\r\n", ":bob!~bob@127.0.0.1 QUIT :Killed (op (go away))\r\n");
    HEARS(bob, ":op!~op@127.0.0.1 KILL bob :go away\r\n"
               "ERROR :Closing Link: 127.0.0.1 (Killed (op (go away)))\r\n");
    cr_assert_not(client_read(bob));
    SAYS_HEARS(op, "PRIVMSG #a :x\r\n", "");
    client_named(0, "bob");
}

Test(chat_user, kill_is_told_to_all)
{
    kill_is_told_to_all(1);
}

Test(chat_user, kill_is_told_to_all_on_several_loops)
{
    kill_is_told_to_all(2);
}

Test(chat_user, kill_ends_one_that_waits_for_the_hub)
{
    unsigned op, bob;
    meet(1, &op, &bob);
    chat.hub_stands_still = true;
    client_say(op, "KILL bob :x\r\n");
    client_say(bob, "PRIVMSG op :a\r\nPRIVMSG op :b\r\nPING 1\r\n");
    chat.hub_stands_still = false;
    fix_settle();
    HEARS(op, ":bob!~bob@127.0.0.1 QUIT :Killed (op (x))\r\n");
    cr_assert(has(client_heard(bob), "ERROR :Closing Link: 127.0.0.1 (Killed (op (x)))\r\n"));
    cr_assert_not(client_read(bob));
}

Test(chat_user, one_may_kill_oneself)
{
    unsigned op, bob;
    meet(1, &op, &bob);
    client_say(op, "KILL op :enough\r\n");
    HEARS(op, ":op!~op@127.0.0.1 KILL op :enough\r\n"
              "ERROR :Closing Link: 127.0.0.1 (Killed (op (enough)))\r\n");
    HEARS(bob, ":op!~op@127.0.0.1 QUIT :Killed (op (enough))\r\n");
}

/* --- monitors ---------------------------------------------------------------------------- */

Test(chat_user, those_who_monitor_are_told_within_the_budget)
{
    enum { FANS = 5 };
    unsigned fans[FANS];
    chat_init(1);
    for (int i = 0; i < FANS; i++) {
        char nick[16];
        snprintf(nick, sizeof(nick), "fan%d", i);
        fans[i] = client_named(0, nick);
        client_say(fans[i], "MONITOR + star\r\n");
        client_heard(fans[i]);
    }
    struct chat_loop *cl = fix.nets[0].chat;
    unsigned star = client_connect(0, &chat_line_session);
    chat.standing_still = 1;
    client_say(star, "NICK star\r\nUSER s 0 * :x\r\n");
    struct delivery *d = container_of(cl->head, struct delivery, head.mail);
    cr_assert_eq(d->head.kind, DELIVERY_SESSIONS);
    cr_assert_eq(d->session_count, FANS);
    size_t budget = 2;
    cr_assert_not(fan_out_go_on(cl, d, &budget));
    cr_assert_eq(cl->fan_out.at, 2, "it goes on with the third");
    chat.standing_still = 0;
    fix_settle();
    for (int i = 0; i < FANS; i++)
        HEARS(fans[i], ":s.test 730 * :star!~s@127.0.0.1\r\n");
    cr_assert(has(client_heard(star), " 001 star "));
}
