/* Labeled responses: one line, none, several, and several in parts; from the loop and from the
 * hub. */
#include "unit/alloc_fail.h"
#include "unit/chat/chat_fixture.h"

static void setup(void)
{
    chat_init(2);
}

TestSuite(response, .init = setup, .fini = chat_done);

static unsigned labeled(unsigned loop, const char *nick, const char *more_caps)
{
    unsigned i = client_named(loop, nick);
    char line[128];
    snprintf(line, sizeof(line), "CAP REQ :labeled-response batch %s\r\n", more_caps);
    client_say(i, line);
    cr_assert_not_null(strstr(client_heard(i), " ACK :"));
    return i;
}

/* --- answers of the loop ----------------------------------------------------------------- */

Test(response, one_line_has_the_label)
{
    unsigned a = labeled(0, "alice", "");
    SAYS_HEARS(a, "@label=x1 PING 1\r\n", "@label=x1 :s.test PONG s.test :1\r\n");
    SAYS_HEARS(a, "@a=1;label=x2;+b=2 FOO\r\n",
               "@label=x2 :s.test 421 alice FOO :Unknown command\r\n");
    SAYS_HEARS(a, "@label=\\:\\s PING 1\r\n", "@label=\\:\\s :s.test PONG s.test :1\r\n");
    SAYS_HEARS(a, "PING 1\r\n", ":s.test PONG s.test :1\r\n");
}

Test(response, no_line_is_acknowledged)
{
    unsigned a = labeled(0, "alice", "");
    SAYS_HEARS(a, "@label=x PONG 1\r\n", "@label=x :s.test ACK\r\n");
}

Test(response, several_lines_are_a_batch)
{
    unsigned a = labeled(0, "alice", "");
    SAYS_HEARS(a, "@label=x HELP PING\r\nPING 1\r\n@label=y HELP PONG\r\n",
               "@label=x :s.test BATCH +1 labeled-response\r\n"
               "@batch=1 :s.test 704 alice PING :PING <token>\r\n"
               "@batch=1 :s.test 705 alice PING :\r\n"
               "@batch=1 :s.test 706 alice PING :is answered by PONG with the token\r\n"
               ":s.test BATCH -1\r\n"
               ":s.test PONG s.test :1\r\n"
               "@label=y :s.test BATCH +2 labeled-response\r\n"
               "@batch=2 :s.test 704 alice PONG :PONG <token>\r\n"
               "@batch=2 :s.test 705 alice PONG :\r\n"
               "@batch=2 :s.test 706 alice PONG :answers a PING\r\n"
               ":s.test BATCH -2\r\n");
}

Test(response, refusals_have_the_label)
{
    unsigned a = labeled(0, "alice", "");
    SAYS_HEARS(a, "@label=x PRIVMSG b :\xff\r\n",
               "@label=x :s.test FAIL PRIVMSG INVALID_UTF8 :Message rejected, this server takes "
               "UTF-8 only\r\n");
}

Test(response, labels_that_nobody_can_want_are_none)
{
    static const char x64[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    unsigned a = labeled(0, "alice", "");
    char line[128], want[128];
    snprintf(line, sizeof(line), "@label=%s PING 1\r\n", x64);
    snprintf(want, sizeof(want), "@label=%s :s.test PONG s.test :1\r\n", x64);
    SAYS_HEARS(a, line, want);
    snprintf(line, sizeof(line), "@label=%sx PING 1\r\n", x64);
    SAYS_HEARS(a, line, ":s.test PONG s.test :1\r\n");
    SAYS_HEARS(a, "@label PING 1\r\n", ":s.test PONG s.test :1\r\n");
    SAYS_HEARS(a, "@label= PING 1\r\n", ":s.test PONG s.test :1\r\n");
    client_say(a, "@label=\xff PING 1\r\n");
    cr_assert_eq(client_heard(a)[0], ':');
}

Test(response, wants_both_capabilities)
{
    unsigned a = client_named(0, "alice");
    SAYS_HEARS(a, "@label=x PING 1\r\n", ":s.test PONG s.test :1\r\n");
    client_say(a, "CAP REQ labeled-response\r\n");
    client_heard(a);
    SAYS_HEARS(a, "@label=x PING 1\r\n", ":s.test PONG s.test :1\r\n");
    SAYS_HEARS(a, "@label=x TOPIC #none\r\n", ":s.test 403 alice #none :No such channel\r\n");
}

/* --- answers of the hub ------------------------------------------------------------------ */

Test(response, answers_of_the_hub_have_the_label)
{
    for (unsigned loop = 0; loop < 2; loop++) {
        unsigned a = labeled(loop, loop == 0 ? "alice" : "bob", "");
        client_say(a, "@label=x TOPIC #none\r\n");
        const char *heard = client_heard(a);
        cr_assert_eq(strncmp(heard, "@label=x :s.test 403 ", 21), 0, "%s", heard);
    }
}

Test(response, messages_and_replies_share_a_batch)
{
    unsigned a = labeled(0, "alice", "");
    SAYS_HEARS(a, "@label=x JOIN #a\r\n",
               "@label=x :s.test BATCH +1 labeled-response\r\n"
               "@batch=1 :alice!~alice@127.0.0.1 JOIN :#a\r\n"
               "@batch=1 :s.test 353 alice = #a :@alice\r\n"
               "@batch=1 :s.test 366 alice #a :End of /NAMES list\r\n"
               ":s.test BATCH -1\r\n");
}

Test(response, others_hear_nothing_of_it)
{
    unsigned a = labeled(0, "alice", "message-tags"), b = labeled(0, "bob", "");
    client_say(a, "JOIN #a\r\n");
    client_say(b, "JOIN #a\r\n");
    client_heard(a);
    client_heard(b);
    SAYS_HEARS(a, "@label=x PRIVMSG #a :1\r\n", "@label=x :s.test ACK\r\n");
    HEARS(b, ":alice!~alice@127.0.0.1 PRIVMSG #a :1\r\n");
    SAYS_HEARS(a, "@label=x PRIVMSG bob :2\r\n", "@label=x :s.test ACK\r\n");
    HEARS(b, ":alice!~alice@127.0.0.1 PRIVMSG bob :2\r\n");
}

Test(response, echo_is_the_answer)
{
    unsigned a = labeled(0, "alice", "echo-message message-tags");
    client_say(a, "JOIN #a\r\n");
    client_heard(a);
    client_say(a, "@label=x;+t=1 PRIVMSG #a :hi\r\n");
    const char *heard = client_heard(a);
    cr_assert_eq(strncmp(heard, "@label=x;msgid=", 15), 0, "%s", heard);
    cr_assert_not_null(strstr(heard, ";+t=1 :alice!~alice@127.0.0.1 PRIVMSG #a :hi\r\n"));
    cr_assert_null(strstr(heard, "BATCH"));
}

Test(response, what_one_says_to_oneself_is_no_answer)
{
    unsigned a = labeled(0, "alice", "echo-message");
    SAYS_HEARS(a, "@label=x PRIVMSG alice :hi\r\n",
               ":alice!~alice@127.0.0.1 PRIVMSG alice :hi\r\n"
               "@label=x :alice!~alice@127.0.0.1 PRIVMSG alice :hi\r\n");
    unsigned b = labeled(1, "bob", "");
    SAYS_HEARS(b, "@label=x PRIVMSG bob :hi\r\n",
               ":bob!~bob@127.0.0.1 PRIVMSG bob :hi\r\n"
               "@label=x :s.test ACK\r\n");
}

/* In 40 channels of 8: more rows than one part has. */
Test(response, batch_stays_open_over_the_parts_of_a_long_answer)
{
    enum { MEMBERS = 8, CHANNELS = 40 };
    char nick[8], names[512] = "";
    for (int i = 0; i < CHANNELS; i++)
        snprintf(names + strlen(names), sizeof(names) - strlen(names), ",#%d", i);
    struct buf line = {0};
    cr_assert_eq(buf_printf(&line, "JOIN %s\r\n", names + 1), OK);
    unsigned last = 0;
    for (int i = 0; i < MEMBERS; i++) {
        snprintf(nick, sizeof(nick), "n%d", i);
        last = labeled(i % 2, nick, "");
        client_send_bytes(last, buf_span(&line));
        fix_settle();
    }
    last = labeled(0, "last", "");
    line.len = 0;
    cr_assert_eq(buf_printf(&line, "@label=x JOIN %s\r\n", names + 1), OK);
    client_send_bytes(last, buf_span(&line));
    fix_settle();
    const char *heard = client_heard(last), *at = heard;
    cr_assert_eq(strncmp(heard, "@label=x :s.test BATCH +", 24), 0, "%s", heard);
    int ends = 0;
    for (; (at = strstr(at, "\r\n@batch=1 :s.test 366 ")) != NULL; at++)
        ends++;
    cr_assert_eq(ends, CHANNELS);
    cr_assert_str_eq(heard + strlen(heard) - 18, ":s.test BATCH -1\r\n");
    cr_assert_null(strstr(heard + 1, "@label"));
    buf_deinit(&line);
}

Test(response, whoever_goes_takes_its_response_along)
{
    unsigned a = labeled(0, "alice", "");
    chat.hub_stands_still = true;
    client_say(a, "@label=x JOIN #a\r\n");
    conn_abort(client_conn(a), "test");
    fix_settle();
    chat.hub_stands_still = false;
    fix_settle();
    unsigned b = labeled(0, "bob", "");
    SAYS_HEARS(b, "PING 1\r\n", ":s.test PONG s.test :1\r\n");
}

Test(response, strangers_may_label_too)
{
    unsigned a = client_connect(0, &chat_line_session);
    client_say(a, "CAP REQ :labeled-response batch\r\n");
    client_heard(a);
    SAYS_HEARS(a, "@label=x JOIN #a\r\n", "@label=x :s.test 451 * :You have not registered\r\n");
    SAYS_HEARS(a, "@label=y NICK alice\r\n", "@label=y :s.test ACK\r\n");
}

Test(response, without_memory_only_that_session_ends)
{
    size_t succeed = 0;
    for (bool is_alive = false; !is_alive; succeed++) {
        char nick[16];
        snprintf(nick, sizeof(nick), "n%zu", succeed);
        unsigned a = labeled(0, nick, "");
        client_send_bytes(a, SPAN("@label=x HELP PING\r\n"));
        alloc_fail_after(succeed);
        fix_settle();
        is_alive = alloc_fail_stop() <= succeed && client_conn(a) != NULL;
        cr_assert_lt(succeed, 50);
    }
}
