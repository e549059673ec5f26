/* How sessions end: by their client, by the clock, by the drain, without memory, as no IRC. */
#include "simul/utf8.h"
#include "unit/alloc_fail.h"
#include "unit/chat/chat_fixture.h"

static void setup(void)
{
    chat_init(1);
}

TestSuite(chat_session_end, .init = setup, .fini = chat_done);

static bool has(const char *heard, const char *text)
{
    return strstr(heard, text) != NULL;
}

/* --- ends -------------------------------------------------------------------------------- */

Test(chat_session_end, quit_is_answered_behind_everything_else)
{
    unsigned a = client_named(0, "alice"), b = client_named(0, "bob");
    client_say(a, "JOIN #a\r\n");
    client_say(b, "JOIN #a\r\n");
    client_heard(a);
    client_heard(b);
    SAYS_HEARS(
        b, "TOPIC #a\r\nQUIT :bye\r\nPING 1\r\n",
        ":s.test 331 bob #a :No topic is set\r\nERROR :Closing Link: 127.0.0.1 (Quit: bye)\r\n");
    cr_assert_not(client_read(b));
    HEARS(a, ":bob!~bob@127.0.0.1 QUIT :Quit: bye\r\n");
    client_named(0, "bob");
}

Test(chat_session_end, last_words_fit_a_line)
{
    unsigned a = client_named(0, "alice");
    char line[600] = "QUIT :";
    for (int i = 0; i < 168; i++)
        strcat(line, "\u20ac");
    strcat(line, "\r\n");
    client_say(a, line);
    const char *heard = client_heard(a);
    cr_assert(has(heard, "ERROR :Closing Link: 127.0.0.1 (Quit: \u20ac"));
    cr_assert_eq(strlen(heard), 509 + 2, "not cut inside a character");
    cr_assert(utf8_is_valid(span_str(heard)));
}

Test(chat_session_end, end_of_input_is_a_quit_behind_everything_else)
{
    unsigned a = client_named(0, "alice"), b = client_named(0, "bob");
    client_say(a, "JOIN #a\r\n");
    client_heard(a);
    client_send_bytes(b, SPAN("JOIN #a\r\nPING 1\r\n"));
    shutdown(fix.clients[b].fd, SHUT_WR);
    fix_settle();
    cr_assert(has(client_heard(b),
                  " PONG s.test :1\r\nERROR :Closing Link: 127.0.0.1 (Connection closed)\r\n"));
    HEARS(a, ":bob!~bob@127.0.0.1 JOIN :#a\r\n:bob!~bob@127.0.0.1 QUIT :Connection closed\r\n");
}

static uint32_t pinned(unsigned loop)
{
    uint32_t count = 0;
    struct conn *c;
    for (uint32_t slot = 0; (c = conn_table_at(&fix.nets[loop].conns, slot)) != NULL; slot++)
        count += c->pins;
    return count;
}

Test(chat_session_end, slot_is_free_again_when_the_hub_has_acknowledged_the_close)
{
    unsigned a = client_named(0, "alice");
    uint32_t slot = fix.clients[a].handle.slot;
    chat.hub_stands_still = true;
    close(fix.clients[a].fd);
    fix.clients[a].fd = -1;
    fix_settle();
    unsigned b = client_connect(0, &chat_line_session);
    cr_assert_neq(fix.clients[b].handle.slot, slot);
    cr_assert_eq(pinned(0), 1);
    chat.hub_stands_still = false;
    fix_settle();
    cr_assert_eq(pinned(0), 0);
    unsigned c = client_connect(0, &chat_line_session);
    cr_assert_eq(fix.clients[c].handle.slot, slot);
}

Test(chat_session_end, connection_may_go_while_its_registration_is_on_its_way)
{
    unsigned a = client_connect(0, &chat_line_session);
    chat.hub_stands_still = true;
    client_say(a, "NICK alice\r\nUSER a 0 * :x\r\n");
    conn_abort(client_conn(a), "test");
    fix_settle();
    cr_assert_eq(pinned(0), 1);
    chat.hub_stands_still = false;
    fix_settle();
    cr_assert_eq(pinned(0), 0);
    client_named(0, "alice");
}

Test(chat_session_end, connection_may_go_while_lines_are_on_their_way)
{
    unsigned a = client_named(0, "alice");
    chat.hub_stands_still = true;
    client_say(a, "JOIN #a\r\nPRIVMSG #a :x\r\nPING 1\r\n");
    conn_abort(client_conn(a), "test");
    fix_settle();
    chat.hub_stands_still = false;
    fix_settle();
    cr_assert_eq(pinned(0), 0);
    cr_assert_eq(fix.nets[0].chat->credits, CHAT_CREDITS);
    client_say(client_named(0, "alice"), "JOIN #a\r\n");
}

/* --- time -------------------------------------------------------------------------------- */

Test(chat_session_end, registration_has_its_time)
{
    unsigned a = client_connect(0, &chat_line_session);
    client_say(a, "NICK alice\r\n");
    fix.now_ms += 12000;
    fix_settle();
    HEARS(a, "ERROR :Closing Link: 127.0.0.1 (Registration timed out)\r\n");
}

Test(chat_session_end, registration_has_its_time_even_if_bytes_trickle)
{
    unsigned a = client_connect(0, &chat_line_session);
    client_say(a, "NICK alice\r\n");
    for (int i = 0; i < 10; i++) {
        cr_assert_not_null(client_conn(a), "%d seconds", i);
        fix.now_ms += 1000;
        client_say(a, "x");
    }
    HEARS(a, "ERROR :Closing Link: 127.0.0.1 (Registration timed out)\r\n");
}

Test(chat_session_end, silence_is_asked_about_once)
{
    unsigned a = client_named(0, "alice"), b = client_named(0, "bob");
    fix.now_ms += 130000;
    fix_settle();
    HEARS(a, ":s.test PING :s.test\r\n");
    SAYS_HEARS(b, "PONG s.test\r\n", ":s.test PING :s.test\r\n");
    fix.now_ms += 130000;
    fix_settle();
    HEARS(a, "ERROR :Closing Link: 127.0.0.1 (Ping timeout: 120 seconds)\r\n");
    HEARS(b, ":s.test PING :s.test\r\n");
    cr_assert_not_null(client_conn(b));
}

Test(chat_session_end, drain_tells_everybody)
{
    unsigned a = client_named(0, "alice"), b = client_connect(0, &chat_line_session);
    net_drain(&fix.nets[0], NULL);
    fix_settle();
    HEARS(a, "ERROR :Closing Link: 127.0.0.1 (Server is shutting down)\r\n");
    HEARS(b, "ERROR :Closing Link: 127.0.0.1 (Server is shutting down)\r\n");
    cr_assert_not(client_read(a));
}

/* --- memory ------------------------------------------------------------------------------ */

/* With each allocation failing in turn: whoever asked may be closed, and nobody else notices. The
 * hub stands still meanwhile, since it may not run out of memory. */
Test(chat_session_end, without_memory_only_the_one_that_asked_is_closed)
{
    unsigned a = client_named(0, "alice");
    client_say(a, "JOIN #a\r\n");
    client_heard(a);
    for (size_t n = 0; n < 12; n++) {
        chat.hub_stands_still = true;
        unsigned b = client_connect(0, &chat_line_session);
        alloc_fail_after(n);
        client_send_bytes(b, SPAN("CAP LS 302\r\nCAP REQ :server-time\r\nNICK bob\r\n"
                                  "USER b 0 * :x\r\nCAP END\r\nJOIN #a\r\n"));
        fix_settle();
        alloc_fail_stop();
        chat.hub_stands_still = false;
        if (client_conn(b) != NULL)
            conn_abort(client_conn(b), "test");
        fix_settle();
        client_heard(a);
        SAYS_HEARS(a, "PING 1\r\n", ":s.test PONG s.test :1\r\n");
    }
}

/* The same with a line that is held behind an answer of the hub. */
Test(chat_session_end, without_memory_for_a_line_its_session_is_closed)
{
    unsigned a = client_named(0, "alice");
    for (size_t n = 0; n < 6; n++) {
        unsigned b = client_named(0, "bob");
        chat.hub_stands_still = true;
        alloc_fail_after(n);
        client_send_bytes(b, SPAN("TOPIC #none\r\nPING 1\r\nPRIVMSG alice :x\r\n"));
        fix_settle();
        alloc_fail_stop();
        chat.hub_stands_still = false;
        fix_settle();
        if (client_conn(b) != NULL)
            client_say(b, "QUIT\r\n");
        client_heard(a);
        SAYS_HEARS(a, "PING 1\r\n", ":s.test PONG s.test :1\r\n");
    }
}

/* --- other protocols --------------------------------------------------------------------- */

Test(chat_session_end, http_is_told_off_and_the_body_is_not_read_as_lines)
{
    unsigned a = client_connect(0, &chat_line_session);
    SAYS_HEARS(a, "POST / HTTP/1.1\r\nHost: x\r\n\r\nNICK alice\r\nUSER a 0 * :x\r\n",
               "ERROR :Closing Link: 127.0.0.1 (HTTP is not spoken here)\r\n");
    cr_assert_not(client_read(a));
    unsigned b = client_named(0, "bob");
    SAYS_HEARS(b, "GET x\r\n", ":s.test 421 bob GET :Unknown command\r\n");
}
