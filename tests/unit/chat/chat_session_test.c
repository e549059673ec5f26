/* Sessions from connection to close, over one loop: registration, capabilities, what a loop answers
 * itself and when, limits. */
#include "unit/alloc_fail.h"
#include "unit/chat/chat_fixture.h"

static void setup(void)
{
    chat_init(1);
}

TestSuite(chat_session, .init = setup, .fini = chat_done);

static bool has(const char *heard, const char *text)
{
    return strstr(heard, text) != NULL;
}

/* --- registration ------------------------------------------------------------------------ */

Test(chat_session, welcomes_whoever_has_given_nick_and_user)
{
    unsigned a = client_connect(0, &chat_line_session);
    SAYS_HEARS(a, "NICK alice\r\n", "");
    client_say(a, "USER al 0 * :Alice\r\n");
    const char *heard = client_heard(a);
    static const char *const order[] = {
        ":s.test 001 alice :Welcome to simul, alice\r\n",
        ":s.test 002 alice :",
        ":s.test 003 alice :This server was started on 20",
        ":s.test 004 alice s.test simul-",
        ":s.test 005 alice AWAYLEN=",
        " CASEMAPPING=ascii ",
        " NICKLEN=16 ",
        " WHOX :are supported by this server\r\n",
        ":s.test 251 alice :There are 1 users and 0 invisible on 1 server\r\n",
        ":s.test 422 alice :No message of the day\r\n",
    };
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        heard = strstr(heard, order[i]);
        cr_assert_not_null(heard, "%s", order[i]);
    }
    cr_assert_eq(metric_get(&fix.set.loops[0].metrics.sessions), 1);
}

Test(chat_session, takes_user_before_nick)
{
    unsigned a = client_connect(0, &chat_line_session);
    SAYS_HEARS(a, "USER al 0 * :Alice\r\n", "");
    client_say(a, "NICK alice\r\n");
    cr_assert(has(client_heard(a), " 001 alice "));
}

Test(chat_session, takes_lines_that_come_in_pieces)
{
    unsigned a = client_connect(0, &chat_line_session);
    for (const char *c = "NICK alice\r\nUSER al 0 * :Alice\r\nPING 1\r\n"; *c != '\0'; c++) {
        client_send_bytes(a, span_of(c, 1));
        fix_settle();
    }
    const char *heard = client_heard(a);
    cr_assert(has(heard, " 001 alice "));
    cr_assert(has(heard, " PONG s.test :1\r\n"));
}

Test(chat_session, takes_everything_at_once)
{
    unsigned a = client_connect(0, &chat_line_session);
    client_say(a, "CAP LS 302\nNICK alice\nUSER al 0 * :A\nCAP REQ :server-time\nCAP END\n"
                  "JOIN #a\nPRIVMSG #a :x\nPING 1\nQUIT\n");
    const char *heard = client_heard(a);
    cr_assert(has(heard, " 366 alice #a "));
    cr_assert(has(heard, ":s.test PONG s.test :1\r\nERROR :Closing Link: 127.0.0.1 (Quit)\r\n"));
    cr_assert_not(client_read(a));
}

Test(chat_session, asks_for_another_nick_when_one_is_taken)
{
    client_named(0, "alice");
    unsigned b = client_connect(0, &chat_line_session);
    SAYS_HEARS(b, "NICK Alice\r\nUSER b 0 * :x\r\n",
               ":s.test 433 * Alice :Nickname is already in use\r\n");
    SAYS_HEARS(b, "JOIN #a\r\n", ":s.test 451 * :You have not registered\r\n");
    SAYS_HEARS(b, "NICK 1\r\n", ":s.test 432 * 1 :Erroneous nickname\r\n");
    client_say(b, "NICK bob\r\n");
    cr_assert(has(client_heard(b), " 001 bob "));
}

Test(chat_session, refuses_what_is_not_for_strangers)
{
    unsigned a = client_connect(0, &chat_line_session);
    SAYS_HEARS(a, "PRIVMSG x :y\r\n", ":s.test 451 * :You have not registered\r\n");
    SAYS_HEARS(a, "MOTD\r\n", ":s.test 451 * :You have not registered\r\n");
    SAYS_HEARS(a, "FOO\r\n", ":s.test 421 * FOO :Unknown command\r\n");
    SAYS_HEARS(a, "NICK\r\n", ":s.test 431 * :No nickname given\r\n");
    SAYS_HEARS(a, "NICK 9lives\r\n", ":s.test 432 * 9lives :Erroneous nickname\r\n");
    SAYS_HEARS(a, "USER a\r\n", ":s.test 461 * USER :Not enough parameters\r\n");
    SAYS_HEARS(a, "USER alice 0 * :\r\n", ":s.test 461 * USER :Not enough parameters\r\n");
    SAYS_HEARS(a, "USER \xc3\xa9 0 * :x\r\n", ":s.test 468 * :Your username is not valid\r\n");
    SAYS_HEARS(a, "PING 1\r\n", ":s.test PONG s.test :1\r\n");
    SAYS_HEARS(a, "QUIT\r\n", "ERROR :Closing Link: 127.0.0.1 (Quit)\r\n");
}

Test(chat_session, registers_only_once)
{
    unsigned a = client_named(0, "alice");
    SAYS_HEARS(a, "USER a 0 * :x\r\n", ":s.test 462 alice :You may not reregister\r\n");
    SAYS_HEARS(a, "PASS x\r\n", ":s.test 462 alice :You may not reregister\r\n");
}

Test(chat_session, drops_what_a_user_name_may_not_have)
{
    unsigned a = client_named(0, "alice"), b = client_connect(0, &chat_line_session);
    client_say(b, "NICK bob\r\nUSER b@!o~b 0 * :x\r\nPRIVMSG alice :x\r\n");
    HEARS(a, ":bob!~bob@127.0.0.1 PRIVMSG alice :x\r\n");
}

Test(chat_session, host_that_begins_with_a_colon_gets_a_zero)
{
    unsigned a = client_named(0, "alice"), b = client_connect(0, &chat_line_session);
    cr_assert_eq(addr_parse(&client_conn(b)->peer, "::1", 1), OK);
    client_say(b, "NICK bob\r\nUSER b 0 * :x\r\nPRIVMSG alice :x\r\n");
    HEARS(a, ":bob!~b@0::1 PRIVMSG alice :x\r\n");
}

/* --- password ---------------------------------------------------------------------------- */

static void setup_password(void)
{
    static const char *const more[] = {"server.password=secret"};
    chat_init_with(1, more, 1);
}

TestSuite(chat_password, .init = setup_password, .fini = chat_done);

Test(chat_password, is_asked_for)
{
    unsigned a = client_connect(0, &chat_line_session);
    SAYS_HEARS(a, "NICK alice\r\nUSER a 0 * :x\r\n",
               ":s.test 464 * :Password incorrect\r\nERROR :Closing Link: 127.0.0.1 (Password "
               "incorrect)\r\n");
    unsigned b = client_connect(0, &chat_line_session);
    SAYS_HEARS(b, "PASS secre\r\nNICK bob\r\nUSER b 0 * :x\r\n",
               ":s.test 464 * :Password incorrect\r\nERROR :Closing Link: 127.0.0.1 (Password "
               "incorrect)\r\n");
    cr_assert_not(client_read(b));
}

Test(chat_password, lets_in_whoever_knows_it)
{
    unsigned a = client_connect(0, &chat_line_session);
    client_say(a, "PASS secret\r\nNICK alice\r\nUSER a 0 * :x\r\n");
    cr_assert(has(client_heard(a), " 001 alice "));
}

/* --- capabilities ------------------------------------------------------------------------ */

static void hears_all_caps(unsigned i, const char *nick)
{
    char names[CAPS_LIST_BYTES_MAX], want[CAPS_LIST_BYTES_MAX + 64];
    snprintf(want, sizeof(want), ":s.test CAP %s LS :%.*s\r\n", nick,
             SPAN_ARG(caps_list(UINT32_MAX, names)));
    HEARS(i, want);
}

Test(chat_session, negotiates_capabilities)
{
    unsigned a = client_connect(0, &chat_line_session);
    client_say(a, "CAP LS\r\n");
    hears_all_caps(a, "*");
    SAYS_HEARS(a, "NICK alice\r\nUSER a 0 * :x\r\n", "");
    SAYS_HEARS(a, "CAP REQ :server-time nonsense\r\n",
               ":s.test CAP * NAK :server-time nonsense\r\n");
    SAYS_HEARS(a, "CAP LIST\r\n", ":s.test CAP * LIST :\r\n");
    SAYS_HEARS(a, "CAP REQ :server-time  echo-message \r\n",
               ":s.test CAP * ACK :server-time  echo-message \r\n");
    SAYS_HEARS(a, "CAP REQ -server-time\r\n", ":s.test CAP * ACK :-server-time\r\n");
    SAYS_HEARS(a, "CAP LIST\r\n", ":s.test CAP * LIST :echo-message\r\n");
    SAYS_HEARS(a, "CAP FOO\r\n", ":s.test 410 * FOO :Invalid CAP command\r\n");
    SAYS_HEARS(a, "CAP\r\n", ":s.test 461 * CAP :Not enough parameters\r\n");
    client_say(a, "CAP END\r\n");
    cr_assert(has(client_heard(a), " 001 alice "));
    client_say(a, "CAP LS\r\n");
    hears_all_caps(a, "alice");
    SAYS_HEARS(a, "PRIVMSG alice :x\r\n",
               ":alice!~a@127.0.0.1 PRIVMSG alice :x\r\n:alice!~a@127.0.0.1 PRIVMSG alice :x\r\n");
}

Test(chat_session, each_gets_the_tags_it_asked_for)
{
    unsigned a = client_named(0, "alice"), b = client_named(0, "bob"), c = client_named(0, "carol");
    client_say(a, "CAP REQ :message-tags\r\n");
    client_say(b, "CAP REQ :message-tags server-time\r\n");
    client_say(a, "JOIN #a\r\n");
    client_say(b, "JOIN #a\r\n");
    client_say(c, "JOIN #a\r\n");
    client_heard(b);
    client_heard(c);
    client_say(a, "@+x=1;y=2 PRIVMSG #a :hi\r\n@+typing=active TAGMSG #a\r\n");
    HEARS(c, ":alice!~alice@127.0.0.1 PRIVMSG #a :hi\r\n");
    const char *heard = client_heard(b);
    cr_assert_eq(strncmp(heard, "@time=20", 8), 0);
    cr_assert(has(heard, ";+x=1 :alice!~alice@127.0.0.1 PRIVMSG #a :hi\r\n@time="));
    cr_assert(has(heard, ";+typing=active :alice!~alice@127.0.0.1 TAGMSG :#a\r\n"));
}

Test(chat_session, tags_of_those_who_did_not_negotiate_them_are_dropped)
{
    unsigned a = client_named(0, "alice"), b = client_named(0, "bob");
    client_say(b, "CAP REQ message-tags\r\n");
    client_heard(b);
    client_say(a, "@+x=1 PRIVMSG bob :hi\r\n@+x=1 TAGMSG bob\r\n");
    const char *heard = client_heard(b);
    cr_assert_not(has(heard, "+x=1"));
    cr_assert_not(has(heard, "TAGMSG"));
}

/* --- what the loop answers --------------------------------------------------------------- */

Test(chat_session, own_answers_wait_for_those_of_the_hub)
{
    unsigned a = client_named(0, "alice");
    chat.hub_stands_still = true;
    SAYS_HEARS(a, "TOPIC #none\r\nPING 1\r\nFOO\r\n", "");
    chat.hub_stands_still = false;
    SAYS_HEARS(a, "PING 2\r\n",
               ":s.test 403 alice #none :No such channel\r\n"
               ":s.test PONG s.test :1\r\n"
               ":s.test 421 alice FOO :Unknown command\r\n"
               ":s.test PONG s.test :2\r\n");
}

Test(chat_session, own_answers_name_the_present_nick)
{
    unsigned a = client_named(0, "alice");
    SAYS_HEARS(a, "NICK a_much_longer_1\r\nFOO\r\nNICK b\r\nFOO\r\n",
               ":alice!~alice@127.0.0.1 NICK :a_much_longer_1\r\n"
               ":s.test 421 a_much_longer_1 FOO :Unknown command\r\n"
               ":a_much_longer_1!~alice@127.0.0.1 NICK :b\r\n"
               ":s.test 421 b FOO :Unknown command\r\n");
}

Test(chat_session, commands_need_their_params)
{
    unsigned a = client_named(0, "alice");
    SAYS_HEARS(a, "join\r\n", ":s.test 461 alice JOIN :Not enough parameters\r\n");
    SAYS_HEARS(a, "MODE\r\n", ":s.test 461 alice MODE :Not enough parameters\r\n");
    SAYS_HEARS(a, "PING\r\n", ":s.test 409 alice :No origin specified\r\n");
    SAYS_HEARS(a, "@+x TAGMSG\r\n", ":s.test 461 alice TAGMSG :Not enough parameters\r\n");
    SAYS_HEARS(a, "PRIVMSG\r\n", ":s.test 411 alice :No recipient given\r\n");
    SAYS_HEARS(a, "\r\n\n \r\n",
               ":s.test FAIL * INVALID_LINE :Message rejected, it is no IRC line\r\n");
}

Test(chat_session, lines_must_be_utf8)
{
    unsigned a = client_named(0, "alice");
    SAYS_HEARS(a, "privmsg alice :\xff\r\n",
               ":s.test FAIL PRIVMSG INVALID_UTF8 :Message rejected, this server takes UTF-8 "
               "only\r\n");
    SAYS_HEARS(a, "\xff\r\n",
               ":s.test FAIL * INVALID_UTF8 :Message rejected, this server takes UTF-8 only\r\n");
    SAYS_HEARS(a, "PRIVMSG alice :\xc3\xa9\r\n",
               ":alice!~alice@127.0.0.1 PRIVMSG alice :\xc3\xa9\r\n");
}

Test(chat_session, lines_are_bounded_and_the_session_goes_on)
{
    unsigned a = client_named(0, "alice");
    static char line[6000] = "PRIVMSG alice :";
    memset(line + strlen(line), 'x', 600);
    strcat(line, "\r\n");
    SAYS_HEARS(a, line, ":s.test 417 alice :Input line was too long\r\n");
    memset(line, 'x', 5000);
    strcpy(line + 5000, "\r\nPING 1\r\n");
    SAYS_HEARS(a, line, ":s.test 417 alice :Input line was too long\r\n:s.test PONG s.test :1\r\n");
}

Test(chat_session, too_long_is_said_in_its_turn)
{
    unsigned a = client_named(0, "alice");
    static char lines[2000] = "TOPIC #none\r\n";
    memset(lines + strlen(lines), 'x', 600);
    strcat(lines, "\r\nPING 1\r\n");
    SAYS_HEARS(a, lines,
               ":s.test 403 alice #none :No such channel\r\n"
               ":s.test 417 alice :Input line was too long\r\n"
               ":s.test PONG s.test :1\r\n");
}

/* --- bounds ------------------------------------------------------------------------------ */

Test(chat_session, posts_a_bounded_number_and_then_reads_no_more)
{
    unsigned a = client_named(0, "alice");
    chat.hub_stands_still = true;
    for (int i = 0; i < 100; i++)
        client_send_bytes(a, SPAN("TOPIC #none\r\n"));
    fix_settle();
    cr_assert_eq(chat_session_of(client_conn(a))->in_flight, CHAT_IN_FLIGHT_MAX);
    cr_assert_eq(fix.nets[0].chat->credits, CHAT_CREDITS - CHAT_IN_FLIGHT_MAX);
    chat.hub_stands_still = false;
    for (int i = 0; i < 10; i++)
        fix_settle();
    const char *heard = client_heard(a);
    int answers = 0;
    for (; (heard = strstr(heard, " 403 ")) != NULL; heard++)
        answers++;
    cr_assert_eq(answers, 100);
    cr_assert_eq(fix.nets[0].chat->credits, CHAT_CREDITS);
}

Test(chat_session, nothing_is_posted_beside_what_may_have_a_long_answer)
{
    unsigned a = client_named(0, "alice");
    struct chat_session *s = chat_session_of(client_conn(a));
    chat.hub_stands_still = true;
    SAYS_HEARS(a, "TOPIC #a\r\nNAMES #a\r\nNAMES #b\r\nPING 1\r\nTOPIC #b\r\n", "");
    cr_assert_eq(s->in_flight, 2);
    chat.hub_stands_still = false;
    fix_tick(fix.nets[0].loop);
    cr_assert_eq(s->in_flight, 0, "its answer is queued before more is taken");
    fix_settle();
    HEARS(a, ":s.test 403 alice #a :No such channel\r\n"
             ":s.test 366 alice #a :End of /NAMES list\r\n"
             ":s.test 366 alice #b :End of /NAMES list\r\n"
             ":s.test PONG s.test :1\r\n"
             ":s.test 403 alice #b :No such channel\r\n");
}

Test(chat_session, whoever_finds_no_credit_gets_one_later)
{
    unsigned a = client_named(0, "alice"), b = client_named(0, "bob");
    struct chat_loop *cl = fix.nets[0].chat;
    cl->credits = 0;
    SAYS_HEARS(a, "TOPIC #none\r\n", "");
    SAYS_HEARS(b, "PING 1\r\n", "");
    cr_assert_neq(cl->waiting.count, 0);
    cl->credits = 1;
    fix_settle();
    HEARS(a, ":s.test 403 alice #none :No such channel\r\n");
    HEARS(b, ":s.test PONG s.test :1\r\n");
    cr_assert_eq(cl->waiting.count, 0);
}

Test(chat_session, nobody_passes_those_who_wait_for_a_credit)
{
    unsigned a = client_named(0, "alice"), b = client_named(0, "bob"), c = client_named(0, "carol");
    struct chat_loop *cl = fix.nets[0].chat;
    chat.hub_stands_still = true;
    cl->credits = 0;
    client_say(a, "TOPIC #none\r\n");
    client_say(b, "TOPIC #none\r\n");
    cl->credits = 1;
    client_say(c, "TOPIC #none\r\n");
    cr_assert_eq(chat_session_of(client_conn(a))->in_flight, 1);
    cr_assert_eq(chat_session_of(client_conn(c))->in_flight, 0);
    chat.hub_stands_still = false;
    fix_settle();
    HEARS(a, ":s.test 403 alice #none :No such channel\r\n");
    HEARS(b, ":s.test 403 bob #none :No such channel\r\n");
    HEARS(c, ":s.test 403 carol #none :No such channel\r\n");
    cr_assert_eq(cl->waiting.count, 0);
}

Test(chat_session, whoever_cannot_keep_up_is_closed_and_nobody_else)
{
    unsigned a = client_named(0, "alice"), b = client_named(0, "bob"), c = client_named(0, "carol");
    client_say(a, "JOIN #a\r\n");
    client_say(b, "JOIN #a\r\n");
    client_say(c, "JOIN #a\r\n");
    client_heard(c);
    static char line[512] = "PRIVMSG #a :";
    memset(line + strlen(line), 'x', 400);
    strcat(line, "\r\n");
    bool is_gone = false;
    for (int i = 0; i < 20000 && !is_gone; i++) {
        client_say(a, line);
        client_heard(a);
        is_gone = has(client_heard(c), ":bob!~bob@127.0.0.1 QUIT :SendQ exceeded\r\n");
    }
    cr_assert(is_gone);
    cr_assert_null(client_conn(b));
    cr_assert_not_null(client_conn(c));
}

static void setup_narrow(void)
{
    static const char *const narrow[] = {"limits.out_bytes=4096"};
    chat_init_with(1, narrow, 1);
}

TestSuite(chat_narrow, .init = setup_narrow, .fini = chat_done);

Test(chat_narrow, own_long_answer_is_no_reason_to_close)
{
    unsigned a = client_named(0, "alice"), b = client_named(0, "bob");
    client_say(a, "JOIN #a\r\n");
    client_say(b, "JOIN #a\r\n");
    client_heard(b);
    char line[512] = "PART x";
    while (strlen(line) < 500)
        strcat(line, ",x"); /* an answer of 9 KiB */
    strcat(line, "\r\n");
    chat.standing_still = 1;
    client_say(b, line);
    client_say(a, "PRIVMSG #a :hello\r\n");
    chat.standing_still = 0;
    fix_settle();
    cr_assert_not_null(client_conn(b));
    cr_assert(has(client_heard(b), ":alice!~alice@127.0.0.1 PRIVMSG #a :hello\r\n"));
}

Test(chat_narrow, what_comes_in_one_tick_is_no_reason_to_close)
{
    unsigned a = client_named(0, "alice"), b = client_named(0, "bob");
    client_say(a, "JOIN #a\r\n");
    client_say(b, "JOIN #a\r\n");
    client_heard(b);
    char lines[8192] = "";
    for (int i = 0; i < 15; i++)
        snprintf(lines + strlen(lines), sizeof(lines) - strlen(lines), "PRIVMSG #a :%0400d\r\n", i);
    client_say(a, lines);
    const char *heard = client_heard(b);
    cr_assert(has(heard, "00014\r\n"), "it ends with %.40s", heard + strlen(heard) - 40);
}

Test(chat_session, whoever_is_choked_has_still_room_for_messages)
{
    unsigned a = client_named(0, "alice"), b = client_named(0, "bob");
    client_say(a, "JOIN #a\r\n");
    client_say(b, "JOIN #a\r\n");
    client_heard(b);
    client_conn(b)->choked = true; /* until half is gone */
    client_say(a, "PRIVMSG #a :hello\r\n");
    HEARS(b, ":alice!~alice@127.0.0.1 PRIVMSG #a :hello\r\n");
}
