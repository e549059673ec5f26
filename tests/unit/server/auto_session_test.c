/* Which session an auto listener's first line begins. */
#include "auto_session.h"

#include "unit/chat/chat_fixture.h"
#include "unit/expect.h"
#include "unit/http_peer.h"

static unsigned client;

static void setup(void)
{
    chat_init(1);
    client = client_connect(0, &auto_session);
}

TestSuite(auto_session, .init = setup, .fini = chat_done);

static const char *session_name(void)
{
    struct conn *c = client_conn(client);
    return c == NULL ? "none" : c->session->name;
}

static void expect_session(const char *said, const char *name)
{
    client = client_connect(0, &auto_session);
    client_say(client, said);
    cr_assert_str_eq(session_name(), name, "%s: %s", said, session_name());
    if (client_conn(client) != NULL)
        conn_abort(client_conn(client), "test");
    fix_settle();
}

/* --- whole lines ------------------------------------------------------------------------- */

Test(auto_session, request_lines_begin_http)
{
    expect_session("GET / HTTP/1.1\r\n", "http");
    expect_session("GET / HTTP/1.0\r\n", "http");
    expect_session("GET / HTTP/1.1\n", "none");       /* 400: it lacks its CR */
    expect_session("BREW /pot HTTP/1.1\r\n", "none"); /* 501 */
    expect_session("PRI * HTTP/2.0\r\n", "none");     /* 505 */
    expect_session("JOIN #a HTTP/1.1\r\n", "none");   /* a request line, as bad as it is */
}

Test(auto_session, every_other_line_begins_irc)
{
    expect_session("NICK a\r\n", "irc");
    expect_session("CAP LS 302\r\n", "irc");
    expect_session("\r\n", "irc");
    expect_session("\n", "irc");
    expect_session("PASS HTTP/1.1x\r\n", "irc");
    expect_session("PASS HTTP/1.11\r\n", "irc");
    expect_session("HTTP/1.1\r\n", "irc");
    expect_session("\xff\xfe\r\n", "irc");
}

Test(auto_session, it_looks_at_the_first_line_alone)
{
    expect_session("NICK a\r\nGET / HTTP/1.1\r\n\r\n", "none"); /* which IRC does not speak */
    client = client_connect(0, &auto_session);
    http_peer_expect_status(
        http_peer_ask(client, "GET /echo HTTP/1.1\r\nHost: a\r\nNICK: a\r\n\r\n"), 200);
}

Test(auto_session, the_next_session_gets_all_of_the_input)
{
    client_say(client, "NICK a\r\nUSER a 0 * :a\r\n");
    cr_assert_not_null(strstr(client_heard(client), " 001 a "));
}

Test(auto_session, a_line_may_come_byte_by_byte)
{
    for (const char *at = "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n"; *at != '\0'; at++) {
        HEARS(client, "");
        client_send_bytes(client, span_of(at, 1));
        fix_settle();
    }
    http_peer_expect_status(http_peer_heard(client), 200);
}

Test(auto_session, a_part_of_a_line_begins_nothing)
{
    expect_session("GET / HTTP/1.1", "auto");
    expect_session("NICK a\r", "auto");
    expect_session("GET ", "auto");
}

/* --- lines that never end ---------------------------------------------------------------- */

Test(auto_session, who_never_speaks_is_left_without_a_word)
{
    fix_pass_ms(11 * 1000);
    cr_assert_not(client_read(client));
    HEARS(client, "");
    cr_assert_eq(metric_get(&fix.set.loops[0].metrics.protocol_errors), 0);
}

Test(auto_session, who_leaves_without_a_word_gets_none)
{
    client_shut(client);
    cr_assert_not(client_read(client));
    HEARS(client, "");
}

Test(auto_session, a_request_line_that_is_not_completed_in_time_is_408)
{
    static const char *const parts[] = {"GET /", "GET / HTTP/1.1", "GET ", "PATCH /x\r",
                                        "HEAD / HTTP"};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        client = client_connect(0, &auto_session);
        client_say(client, parts[i]);
        fix_pass_ms(11 * 1000);
        http_peer_expect_status(http_peer_heard(client), 408);
        cr_assert_not(client_read(client));
    }
}

Test(auto_session, any_other_line_that_is_not_completed_in_time_ends_as_irc)
{
    static const char *const parts[] = {"NICK a", "GET", "GETX /", "get /", "G", " GET /"};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        client = client_connect(0, &auto_session);
        client_say(client, parts[i]);
        fix_pass_ms(11 * 1000);
        HEARS(client, "ERROR :Closing Link: 127.0.0.1 (Registration timed out)\r\n");
        cr_assert_not(client_read(client));
    }
}

Test(auto_session, trickling_does_not_help)
{
    for (int i = 0; i < 12; i++) {
        if (client_conn(client) != NULL)
            client_send_bytes(client, SPAN("x"));
        fix_pass_ms(1000);
    }
    HEARS(client, "ERROR :Closing Link: 127.0.0.1 (Registration timed out)\r\n");
}

Test(auto_session, a_line_that_breaks_off_ends_the_connection)
{
    client_send_bytes(client, SPAN("NICK a"));
    client_shut(client);
    cr_assert_not(client_read(client));
    HEARS(client, "ERROR :Closing Link: 127.0.0.1 (Connection closed)\r\n");
    client = client_connect(0, &auto_session);
    client_send_bytes(client, SPAN("GET /"));
    client_shut(client);
    cr_assert_not(client_read(client));
}

Test(auto_session, a_line_that_is_too_long_is_refused_as_http)
{
    char line[9000];
    memset(line, 'x', sizeof(line) - 1);
    memcpy(line, "GET /", 5);
    line[sizeof(line) - 1] = '\0';
    http_peer_expect_status(http_peer_ask(client, line), 414);
    cr_assert_not(client_read(client));
}

/* --- the drain --------------------------------------------------------------------------- */

Test(auto_session, a_drain_ends_who_has_not_spoken)
{
    net_drain(&fix.nets[0], NULL);
    fix_settle();
    cr_assert_not(client_read(client));
    HEARS(client, "");
}

Test(auto_session, a_drain_lets_a_request_finish)
{
    client_say(client, "GET /ec");
    net_drain(&fix.nets[0], NULL);
    fix_settle();
    http_peer_expect_status(http_peer_ask(client, "ho HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
}
