/* Chat over WebSocket: one message is one line; both kinds of frames; the rules of closing. */
#include "unit/chat/chat_fixture.h"
#include "unit/ws_peer.h"

static void setup(void)
{
    chat_init(1);
}

TestSuite(chat_ws, .init = setup, .fini = chat_done);

static unsigned connect_ws(bool is_binary)
{
    unsigned i = client_connect(0, &chat_ws_session);
    chat_ws_session_init(client_conn(i), client_conn(i)->frame,
                         is_binary ? CHAT_WS_BINARY : CHAT_WS_NONE, &(struct ws_deflate){0});
    return i;
}

static void say(unsigned i, const char *line)
{
    ws_peer_send(i, WS_TEXT, true, span_str(line));
}

static unsigned named_ws(const char *nick, bool is_binary)
{
    unsigned i = connect_ws(is_binary);
    char line[64];
    snprintf(line, sizeof(line), "NICK %s", nick);
    say(i, line);
    say(i, "USER u 0 * :x");
    cr_assert_not_null(strstr(client_heard(i), " 001 "));
    return i;
}

/* What was heard is one whole message in a frame with that first byte, and `rest` behind it. */
static void hears(unsigned i, uint8_t first, const char *text, const char *rest)
{
    char want[256];
    snprintf(want, sizeof(want), "%c%c%s%s", first, (int)strlen(text), text, rest);
    HEARS(i, want);
}

enum { TEXT = 0x81, BINARY = 0x82, PONG = 0x8a };
#define NORMAL "\x88\x02\x03\xe8"
#define GOING_AWAY "\x88\x02\x03\xe9"
#define PROTOCOL_ERROR "\x88\x02\x03\xea"
#define BAD_TEXT "\x88\x02\x03\xef"
#define TOO_BIG "\x88\x02\x03\xf1"

Test(chat_ws, each_line_is_one_message_without_cr_lf)
{
    unsigned a = named_ws("alice", false);
    say(a, "PING 1");
    hears(a, TEXT, ":s.test PONG s.test :1", "");
    say(a, "TOPIC #none");
    hears(a, TEXT, ":s.test 403 alice #none :No such channel", "");
    say(a, "NICK al");
    hears(a, TEXT, ":alice!~u@127.0.0.1 NICK :al", "");
}

Test(chat_ws, binary_subprotocol_gets_binary_messages)
{
    unsigned a = named_ws("alice", true);
    say(a, "PING 1");
    hears(a, BINARY, ":s.test PONG s.test :1", "");
    ws_peer_send(a, WS_BINARY, true, SPAN("NICK al"));
    hears(a, BINARY, ":alice!~u@127.0.0.1 NICK :al", "");
}

Test(chat_ws, talks_with_clients_on_other_transports)
{
    unsigned a = named_ws("alice", false), b = client_named(0, "bob");
    say(a, "JOIN #a");
    client_say(b, "JOIN #a\r\n");
    client_heard(a);
    client_heard(b);
    say(a, "PRIVMSG #a :hi");
    HEARS(b, ":alice!~u@127.0.0.1 PRIVMSG #a :hi\r\n");
    client_say(b, "PRIVMSG #a :hi\r\n");
    hears(a, TEXT, ":bob!~bob@127.0.0.1 PRIVMSG #a :hi", "");
}

Test(chat_ws, puts_fragments_together_around_pings)
{
    unsigned a = named_ws("alice", false);
    ws_peer_send(a, WS_TEXT, false, SPAN("PI"));
    ws_peer_send(a, WS_OP_PING, true, SPAN("beep"));
    hears(a, PONG, "beep", "");
    ws_peer_send(a, WS_CONTINUATION, false, SPAN("NG "));
    ws_peer_send(a, WS_OP_PONG, true, SPAN("unasked"));
    ws_peer_send(a, WS_CONTINUATION, true, SPAN("1"));
    hears(a, TEXT, ":s.test PONG s.test :1", "");
    say(a, "PING 1");
    hears(a, TEXT, ":s.test PONG s.test :1", "");
}

Test(chat_ws, forgives_a_line_end_at_the_end_only)
{
    unsigned a = named_ws("alice", false);
    say(a, "PING 1\r\n");
    hears(a, TEXT, ":s.test PONG s.test :1", "");
    say(a, "PING 1\n");
    hears(a, TEXT, ":s.test PONG s.test :1", "");
    say(a, "");
    say(a, "\r\n");
    HEARS(a, "");
    say(a, "PING 1\r\nPING 2");
    cr_assert_not_null(strstr(client_heard(a), "FAIL * INVALID_LINE"));
}

Test(chat_ws, message_that_waits_for_its_turn_stays_whole)
{
    unsigned a = named_ws("alice", false);
    chat.hub_stands_still = true;
    say(a, "TOPIC #none");
    ws_peer_send(a, WS_TEXT, false, SPAN("PING "));
    ws_peer_send(a, WS_CONTINUATION, true, SPAN("1\r\n"));
    say(a, "PING 2\r\n");
    HEARS(a, "");
    chat.hub_stands_still = false;
    fix_settle();
    const char *heard = client_heard(a);
    static const char *const order[] = {" 403 alice #none ", "PONG s.test :1", "PONG s.test :2"};
    for (size_t i = 0; i < 3; i++) {
        heard = strstr(heard, order[i]);
        cr_assert_not_null(heard, "%s", order[i]);
    }
}

Test(chat_ws, lines_are_bounded_and_the_session_goes_on)
{
    unsigned a = named_ws("alice", false);
    static uint8_t line[6000];
    memset(line, 'x', sizeof(line));
    ws_peer_send(a, WS_TEXT, true, span_of(line, 600));
    cr_assert_not_null(strstr(client_heard(a), " 417 alice "));
    ws_peer_send(a, WS_TEXT, true, span_of(line, 6000));
    cr_assert_not_null(strstr(client_heard(a), " 417 alice "));
    for (int i = 0; i < 4; i++)
        ws_peer_send(a, i == 0 ? WS_TEXT : WS_CONTINUATION, i == 3, span_of(line, 2000));
    cr_assert_not_null(strstr(client_heard(a), " 417 alice "));
    cr_assert_null(chat_session_of(client_conn(a))->held.data, "nothing is kept");
    say(a, "PING 1");
    hears(a, TEXT, ":s.test PONG s.test :1", "");
}

Test(chat_ws, message_that_is_too_large_closes)
{
    unsigned a = named_ws("alice", false);
    uint8_t header[WS_HEADER_BYTES_MAX];
    size_t n = ws_encode_header_masked(header, WS_TEXT, true, 65537, 0);
    client_send_bytes(a, span_of(header, n));
    client_send_bytes(a, SPAN("x"));
    fix_settle();
    const char *heard = client_heard(a);
    cr_assert_eq(memcmp(heard, TOO_BIG, 4), 0);
    cr_assert_not(client_read(a));
}

Test(chat_ws, text_that_is_not_utf8_closes_and_binary_is_refused)
{
    unsigned a = named_ws("alice", true);
    ws_peer_send(a, WS_BINARY, true, SPAN("PRIVMSG alice :\xff"));
    cr_assert_not_null(strstr(client_heard(a), "FAIL PRIVMSG INVALID_UTF8"));
    say(a, "PRIVMSG alice :\xff");
    cr_assert_eq(memcmp(client_heard(a), BAD_TEXT, 4), 0);
    cr_assert_not(client_read(a));
}

Test(chat_ws, text_closes_at_its_first_impossible_byte)
{
    static const char *const beginnings[] = {"PRIVMSG #a :a", "\xe2\x82", "x\xed"};
    static const uint8_t impossible[] = {0xff, 'x', 0xa0};
    for (size_t i = 0; i < sizeof(impossible); i++) {
        unsigned a = connect_ws(false);
        uint8_t header[WS_HEADER_BYTES_MAX];
        size_t n = ws_encode_header_masked(header, WS_TEXT, true, 400, 0);
        client_send_bytes(a, span_of(header, n));
        client_send_bytes(a, span_str(beginnings[i]));
        fix_settle();
        cr_assert(client_heard_bytes(a).len == 0, "more may come");
        client_send_bytes(a, span_of(&impossible[i], 1));
        fix_settle();
        cr_assert_eq(memcmp(client_heard(a), BAD_TEXT, 4), 0);
        cr_assert_not(client_read(a));
    }
}

Test(chat_ws, unmasked_frame_closes)
{
    unsigned a = named_ws("alice", false), b = client_named(0, "bob");
    say(a, "JOIN #a");
    client_say(b, "JOIN #a\r\n");
    client_heard(a);
    client_heard(b);
    client_say(a, "\x81\x04"
                  "PING");
    cr_assert_eq(memcmp(client_heard(a), PROTOCOL_ERROR, 4), 0);
    const char *heard = client_heard(b);
    cr_assert_eq(strncmp(heard, ":alice!~u@127.0.0.1 QUIT :", 26), 0, "%s", heard);
    cr_assert_eq(metric_get(&fix.set.loops[0].metrics.protocol_errors), 1);
}

Test(chat_ws, answers_before_an_error_come_before_the_close)
{
    unsigned a = named_ws("alice", false);
    client_send_bytes(a, SPAN("\x81\x8b\0\0\0\0TOPIC #none\x81\x04PING"));
    fix_settle();
    hears(a, TEXT, ":s.test 403 alice #none :No such channel", PROTOCOL_ERROR);
}

Test(chat_ws, close_is_answered_with_its_code)
{
    unsigned a = named_ws("alice", false), b = named_ws("bob", false);
    ws_peer_send(a, WS_OP_CLOSE, true,
                 SPAN("\x03\xe8"
                      "bye"));
    HEARS(a, NORMAL);
    cr_assert_not(client_read(a));
    ws_peer_send(b, WS_OP_CLOSE, true, SPAN_EMPTY);
    cr_assert_eq(memcmp(client_heard(b), "\x88\x00", 2), 0);
    cr_assert_not(client_read(b));
}

Test(chat_ws, quit_ends_with_a_normal_close)
{
    unsigned a = named_ws("alice", false);
    say(a, "QUIT :bye");
    hears(a, TEXT, "ERROR :Closing Link: 127.0.0.1 (Quit: bye)", NORMAL);
    cr_assert_not(client_read(a));
}

Test(chat_ws, drain_is_going_away)
{
    unsigned a = named_ws("alice", false);
    net_drain(&fix.nets[0], NULL);
    fix_settle();
    hears(a, TEXT, "ERROR :Closing Link: 127.0.0.1 (Server is shutting down)", GOING_AWAY);
}

Test(chat_ws, partial_message_is_given_back_when_the_connection_goes)
{
    unsigned a = named_ws("alice", false);
    uint8_t header[WS_HEADER_BYTES_MAX];
    size_t n = ws_encode_header_masked(header, WS_TEXT, true, 40000, 0);
    client_send_bytes(a, span_of(header, n));
    static const uint8_t part[12000];
    client_send_bytes(a, span_of(part, sizeof(part)));
    fix_settle();
    cr_assert_eq(fix.nets[0].ws_pool->lent, 1);
    conn_abort(client_conn(a), "test");
    fix_settle();
    cr_assert_eq(fix.nets[0].ws_pool->lent, 0);
}

Test(chat_ws, binary_where_text_was_agreed_on_is_closed_with_1003)
{
    unsigned i = client_connect(0, &chat_ws_session);
    chat_ws_session_init(client_conn(i), client_conn(i)->frame, CHAT_WS_TEXT,
                         &(struct ws_deflate){0});
    ws_peer_send(i, WS_TEXT, true, SPAN("PING :still here"));
    ws_peer_send(i, WS_BINARY, true, SPAN("PING :x"));
    fix_settle();
    struct span heard = client_heard_bytes(i);
    static const uint8_t close[] = {0x88, 2, 1003 >> 8, 1003 & 0xff};
    cr_assert_gt(heard.len, sizeof(close), "the PONG comes first");
    expect_span(span_drop(heard, heard.len - sizeof(close)), span_of(close, sizeof(close)));
}
