/* What members of a channel are sent, and how often it is made. */
#include "unit/alloc_fail.h"
#include "unit/chat/chat_fixture.h"
#include "unit/ws_peer.h"

static void setup(void)
{
    static const char *const settings[] = {"ws.deflate_min_bytes=64"};
    chat_init_with(1, settings, 1);
}

TestSuite(fan_out, .init = setup, .fini = chat_done);

#define METRIC(name) metric_get(&fix.set.loops[0].metrics.name)

#define LONG_TEXT "a line that is long enough, long enough, long enough to be compressed"
#define SAID "PRIVMSG #a :" LONG_TEXT
#define HEARD ":speaker!~speaker@127.0.0.1 " SAID

/* A member of #a over WebSocket, for which messages are compressed with that window, or not (0). */
static unsigned member(unsigned bits, enum chat_ws_protocol protocol)
{
    unsigned i = client_connect(0, &chat_ws_session);
    const struct ws_deflate agreed = {.out_bits = bits & 15, .in_bits = 15};
    chat_ws_session_init(client_conn(i), client_conn(i)->frame, protocol, &agreed);
    char lines[32];
    snprintf(lines, sizeof(lines), "NICK member%u", i);
    ws_peer_send(i, WS_TEXT, true, span_str(lines));
    ws_peer_send(i, WS_TEXT, true, SPAN("USER u 0 * :x"));
    ws_peer_send(i, WS_TEXT, true, SPAN("JOIN #a"));
    return i;
}

/* The one who says it, over TCP. */
static unsigned speaker(void)
{
    unsigned i = client_named(0, "speaker");
    client_say(i, "JOIN #a\r\n");
    for (unsigned k = 0; k < fix.client_count; k++)
        client_heard(k);
    return i;
}

Test(fan_out, a_message_is_compressed_once_for_all_who_take_it_so)
{
    enum { MEMBERS = 20 };
    unsigned plain = member(0, CHAT_WS_TEXT);
    for (unsigned i = 0; i < MEMBERS; i++)
        member(15, CHAT_WS_TEXT);
    unsigned s = speaker();
    uint64_t rendered = METRIC(messages_rendered), deflated = METRIC(deflated_messages);
    client_say(s, SAID "\r\n");
    ws_peer_expect_message(plain, WS_TEXT, SPAN(HEARD), 0);
    for (unsigned i = 1; i <= MEMBERS; i++)
        ws_peer_expect_message(i, WS_TEXT, SPAN(HEARD), 9);
    cr_assert_eq(METRIC(messages_rendered), rendered + 1, "the compressed is made of the plain");
    cr_assert_eq(METRIC(deflated_messages), deflated + 1);
}

Test(fan_out, text_and_binary_are_different)
{
    unsigned text = member(15, CHAT_WS_TEXT), binary = member(15, CHAT_WS_BINARY);
    unsigned s = speaker();
    uint64_t deflated = METRIC(deflated_messages);
    client_say(s, SAID "\r\n");
    ws_peer_expect_message(text, WS_TEXT, SPAN(HEARD), 9);
    ws_peer_expect_message(binary, WS_BINARY, SPAN(HEARD), 9);
    cr_assert_eq(METRIC(deflated_messages), deflated + 2);
}

Test(fan_out, what_is_short_is_not_compressed)
{
    unsigned i = member(15, CHAT_WS_TEXT), s = speaker();
    uint64_t deflated = METRIC(deflated_messages);
    client_say(s, "PRIVMSG #a :aaaaaaaaaaaaaaaaaaaaaaa\r\n");
    ws_peer_expect_message(i, WS_TEXT,
                           SPAN(":speaker!~speaker@127.0.0.1 PRIVMSG #a :aaaaaaaaaaaaaaaaaaaaaaa"),
                           WS_PEER_STORED);
    cr_assert_eq(METRIC(deflated_messages), deflated);
}

/* Some clients cannot stand both. */
Test(fan_out, who_agreed_on_compression_hears_nothing_that_is_not_marked_so)
{
    unsigned i = member(15, CHAT_WS_TEXT), s = speaker();
    client_say(s, "PRIVMSG #a :short\r\n" SAID "\r\n");
    ws_peer_send(i, WS_TEXT, true, SPAN("PING :x"));
    ws_peer_send(i, WS_TEXT, true, SPAN("NAMES #a"));
    ws_peer_send(i, WS_TEXT, true, SPAN("NOSUCH"));
    unsigned count = 0;
    for (struct span heard = client_heard_bytes(i); heard.len > 0; count++) {
        cr_assert_eq(heard.ptr[0], 0x80 | WS_RSV1 | WS_TEXT);
        cr_assert_lt(heard.ptr[1], 126);
        heard = span_drop(heard, 2u + heard.ptr[1]);
    }
    cr_assert_eq(count, 6);
}

Test(fan_out, what_cannot_be_compressed_is_six_bytes_longer_at_most)
{
    unsigned i = member(15, CHAT_WS_TEXT), s = client_connect(0, &chat_line_session);
    client_say(s, "NICK s\r\nUSER vw 0 * :x\r\nJOIN #a\r\n");
    client_heard(i);
#define UNLIKE "qertyuiopasdfghjklzxcbnmQWETYUOPADFHJKLZXCBN34568-=[];,{}<>?/_+^"
    uint64_t deflated = METRIC(deflated_messages);
    client_say(s, "PRIVMSG #a :" UNLIKE "\r\n");
    const struct span said = SPAN(":s!~vw@127.0.0.1 PRIVMSG #a :" UNLIKE);
    struct span heard = client_heard_bytes(i);
    cr_assert_leq(heard.len, 2 + said.len + 6);
    ws_peer_take(&heard, WS_TEXT, said, 9);
    cr_assert_eq(METRIC(deflated_messages), deflated + 1);
}

Test(fan_out, windows_that_cover_the_message_share_what_is_made)
{
    unsigned nine = member(9, CHAT_WS_TEXT), twelve = member(12, CHAT_WS_TEXT),
             fifteen = member(15, CHAT_WS_TEXT), s = speaker();
    uint64_t deflated = METRIC(deflated_messages);
    char text[400], said[512], heard[512];
    memset(text, 'x', sizeof(text));
    for (size_t i = 0; i < sizeof(text); i += 10)
        text[i] = (char)('a' + i / 20);
    text[399] = '\0';
    snprintf(said, sizeof(said), "PRIVMSG #a :%s\r\n", text);
    client_say(s, said);
    int n = snprintf(heard, sizeof(heard), ":speaker!~speaker@127.0.0.1 PRIVMSG #a :%s", text);
    ws_peer_expect_message(nine, WS_TEXT, span_of(heard, (size_t)n), 9);
    ws_peer_expect_message(twelve, WS_TEXT, span_of(heard, (size_t)n), 10);
    ws_peer_expect_message(fifteen, WS_TEXT, span_of(heard, (size_t)n), 10);
    cr_assert_eq(METRIC(deflated_messages), deflated + 2);
}

/* --- whose turn comes when --------------------------------------------------------------- */

/* Each says it at once, and is heard by the deliveries of one tick. */
static void say_together(const unsigned *speakers, const char *const *lines, size_t count)
{
    chat.standing_still = 1;
    for (size_t i = 0; i < count; i++)
        client_say(speakers[i], lines[i]);
    chat.standing_still = 0;
    chat_loop_fan_out(fix.nets[0].chat);
}

Test(fan_out, a_small_room_has_its_turn_before_a_large_one)
{
    unsigned a = client_named(0, "a"), b = client_named(0, "b"), c = client_named(0, "c"),
             d = client_named(0, "d");
    fix.nets[0].chat->few_max = 2;
    client_say(a, "JOIN #large\r\n");
    client_say(b, "JOIN #large\r\n");
    client_say(c, "JOIN #large,#small\r\n");
    client_say(d, "JOIN #small\r\n");
    for (unsigned i = 0; i < fix.client_count; i++)
        client_heard(i);
    const char *const lines[] = {"PRIVMSG #large :1\r\n", "PRIVMSG #small :2\r\n"};
    say_together((unsigned[]){a, d}, lines, 2);
    cr_assert(client_conn(b)->later && !client_conn(b)->soon);
    cr_assert(client_conn(c)->later && client_conn(c)->soon, "it is in both");
    fix.nets[0].turns_per_tick = 1;
    net_flush(&fix.nets[0]);
    HEARS(c, ":a!~a@127.0.0.1 PRIVMSG #large :1\r\n:d!~d@127.0.0.1 PRIVMSG #small :2\r\n");
    HEARS(b, "");
    fix_settle();
    HEARS(b, ":a!~a@127.0.0.1 PRIVMSG #large :1\r\n");
    HEARS(c, "");
}

Test(fan_out, what_is_for_one_has_its_turn_soon)
{
    unsigned a = client_named(0, "a"), b = client_named(0, "b");
    const char *const lines[] = {"PRIVMSG b :1\r\n"};
    say_together(&a, lines, 1);
    cr_assert(client_conn(b)->soon && !client_conn(b)->later);
}

Test(fan_out, those_who_fill_a_delivery_have_their_turn_later)
{
    struct chat_loop *cl = fix.nets[0].chat;
    for (uint32_t count = DELIVERY_SESSIONS_MAX - 1; count <= DELIVERY_SESSIONS_MAX; count++) {
        struct delivery *d = delivery_new(DELIVERY_SESSIONS, (struct handle){0}, NULL, 0);
        expect_ok(delivery_add_sessions(d, count));
        memset(d->sessions, 0, count * sizeof(d->sessions[0]));
        size_t budget = CHAT_SENDS_PER_TICK;
        cr_assert(fan_out_go_on(cl, d, &budget));
        cr_assert_eq(cl->fan_out.is_for_many, count == DELIVERY_SESSIONS_MAX);
        fan_out_end(cl);
        delivery_free(d);
    }
}

/* --- without memory ---------------------------------------------------------------------- */

/* Each allocation fails in turn, from the arrival of the delivery on. */
Test(fan_out, without_memory_nobody_hears_half_of_it)
{
    unsigned s = speaker();
    size_t failures = 0;
    for (;; failures++) {
        unsigned i = member(15, CHAT_WS_TEXT);
        fix_settle();
        client_heard(i);
        chat.standing_still = 1;
        client_say(s, SAID "\r\n");
        chat.standing_still = 0;
        ws_deflater_deinit(&fix.nets[0].ws_deflater);
        alloc_fail_after(failures);
        chat_loop_fan_out(fix.nets[0].chat);
        size_t seen = alloc_fail_stop();
        bool is_closed = client_conn(i) == NULL;
        fix_settle();
        if (!is_closed)
            ws_peer_expect_message(i, WS_TEXT, SPAN(HEARD), 9);
        if (seen <= failures)
            break;
        cr_assert(is_closed, "allocation %zu", failures);
    }
    cr_assert_gt(failures, 3);
}
