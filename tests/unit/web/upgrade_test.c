#include "unit/alloc_fail.h"
#include "unit/chat/chat_fixture.h"
#include "unit/expect.h"
#include "unit/http_peer.h"
#include "unit/ws_peer.h"

static unsigned client;

static void setup(void)
{
    static const char *const settings[] = {"ws.origins=https://chat.example"};
    chat_init_with(1, settings, 1);
    client = client_connect(0, &http_session);
}

TestSuite(upgrade, .init = setup, .fini = chat_done);

#define HANDSHAKE(path)                                                                            \
    "GET " path " HTTP/1.1\r\nHost: localhost:8080\r\nConnection: keep-alive, Upgrade\r\n"         \
    "Upgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\n"                                          \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define ACCEPTED "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

static const char *session_name(void)
{
    return client_conn(client)->session->name;
}

static const char *expect_accepted(const char *request)
{
    const _Atomic uint64_t *accepted = &fix.set.loops[0].metrics.http_1xx;
    uint64_t before = metric_get(accepted);
    const char *answer = http_peer_ask(client, request);
    http_peer_expect_status(answer, 101);
    cr_assert_eq(metric_get(accepted), before + 1);
    http_peer_expect_field(answer, ACCEPTED);
    http_peer_expect_field(answer, "Upgrade: websocket");
    http_peer_expect_field(answer, "Connection: Upgrade");
    return answer;
}

static const char *expect_refused(const char *request, int status)
{
    const char *answer = http_peer_ask(client, request);
    http_peer_expect_status(answer, status);
    http_peer_expect_field(answer, "Connection: close");
    cr_assert_not(client_read(client));
    return answer;
}

/* --- accepted ---------------------------------------------------------------------------- */

Test(upgrade, at_echo_it_is_the_echo)
{
    const char *answer = expect_accepted(HANDSHAKE("/echo") "\r\n");
    cr_assert_null(strstr(answer, "Sec-WebSocket-Protocol"));
    cr_assert_str_eq(session_name(), "ws-echo");
    ws_peer_send(client, WS_TEXT, true, SPAN("hello"));
    ws_peer_expect(client, WS_TEXT, true, SPAN("hello"));
}

Test(upgrade, at_chat_and_at_the_root_it_is_the_chat)
{
    expect_accepted(HANDSHAKE("/chat") "\r\n");
    cr_assert_str_eq(session_name(), "irc over websocket");
    client = client_connect(0, &http_session);
    expect_accepted(HANDSHAKE("/") "\r\n");
    cr_assert_str_eq(session_name(), "irc over websocket");
}

Test(upgrade, frames_that_follow_at_once_are_the_next_sessions)
{
    struct buf both = {0};
    expect_ok(buf_append(&both, SPAN(HANDSHAKE("/echo") "\r\n")));
    ws_peer_frame(&both, WS_TEXT, true, SPAN("at once"));
    client_send_bytes(client, buf_span(&both));
    fix_settle();
    const char *answer = client_heard(client);
    cr_assert_str_eq(http_peer_body(answer), "\x81\x07"
                                             "at once");
    buf_deinit(&both);
}

Test(upgrade, frames_and_handshake_may_be_cut_anywhere)
{
    struct buf both = {0};
    expect_ok(buf_append(&both, SPAN(HANDSHAKE("/echo") "\r\n")));
    size_t handshake_bytes = both.len;
    ws_peer_frame(&both, WS_TEXT, true, SPAN("hi"));
    for (size_t cut = handshake_bytes - 10; cut <= handshake_bytes + 6; cut++) {
        client = client_connect(0, &http_session);
        client_send_bytes(client, span_take(buf_span(&both), cut));
        fix_settle();
        client_send_bytes(client, span_drop(buf_span(&both), cut));
        fix_settle();
        const char *answer = client_heard(client);
        cr_assert_str_eq(http_peer_body(answer), "\x81\x02hi", "cut at %zu", cut - handshake_bytes);
        conn_abort(client_conn(client), "test");
        fix_settle();
    }
    buf_deinit(&both);
}

Test(upgrade, requests_before_it_are_answered_first)
{
    const char *answers =
        http_peer_ask(client, "GET /none HTTP/1.1\r\nHost: a\r\n\r\n" HANDSHAKE("/echo") "\r\n");
    http_peer_expect_status(answers, 404);
    cr_assert_not_null(strstr(answers, "HTTP/1.1 101 "));
}

Test(upgrade, the_first_subprotocol_that_both_know_is_chosen)
{
    const char *answer = expect_accepted(
        HANDSHAKE("/chat") "Sec-WebSocket-Protocol: x, binary.ircv3.net, text.ircv3.net\r\n\r\n");
    http_peer_expect_field(answer, "Sec-WebSocket-Protocol: binary.ircv3.net");
    ws_peer_send(client, WS_BINARY, true, SPAN("PRIVMSG"));
    cr_assert_eq(client_heard(client)[0], (char)0x82, "it answers in binary messages");
}

Test(upgrade, without_a_subprotocol_the_chat_speaks_text)
{
    cr_assert_null(strstr(expect_accepted(HANDSHAKE("/chat") "\r\n"), "Sec-WebSocket-Protocol"));
    ws_peer_send(client, WS_TEXT, true, SPAN("PRIVMSG"));
    cr_assert_eq(client_heard(client)[0], (char)0x81);
}

Test(upgrade, an_origin_that_is_allowed_may_come)
{
    expect_accepted(HANDSHAKE("/chat") "Origin: https://chat.example\r\n\r\n");
    client = client_connect(0, &http_session);
    expect_accepted(HANDSHAKE("/chat") "Origin: http://localhost:8080\r\n\r\n");
}

/* --- refused ----------------------------------------------------------------------------- */

Test(upgrade, another_version_is_426_with_ours)
{
    const char *answer = expect_refused("GET /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
                                        "Upgrade: websocket\r\nSec-WebSocket-Version: 8\r\n"
                                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                                        426);
    http_peer_expect_field(answer, "Sec-WebSocket-Version: 13");
    http_peer_expect_field(answer, "Upgrade: websocket");
    http_peer_expect_field(answer, "Connection: Upgrade");
}

Test(upgrade, chat_without_an_upgrade_is_426)
{
    const char *answer = expect_refused("GET /chat HTTP/1.1\r\nHost: a\r\n\r\n", 426);
    http_peer_expect_field(answer, "Upgrade: websocket");
    http_peer_expect_field(answer, "Connection: Upgrade");
}

Test(upgrade, a_key_that_is_none_is_400)
{
    const char *answer = expect_refused("GET /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
                                        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                        "Sec-WebSocket-Key: short\r\n\r\n",
                                        400);
    cr_assert_null(strstr(answer, "Upgrade: websocket"));
}

Test(upgrade, an_origin_that_is_not_allowed_is_403)
{
    static const char *const requests[] = {
        HANDSHAKE("/chat") "Origin: https://evil.example\r\n\r\n",
        HANDSHAKE("/chat") "Origin: null\r\n\r\n",
        HANDSHAKE("/echo") "Origin: http://chat.example\r\n\r\n",
        HANDSHAKE("/") "Origin: https://chat.example.evil\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        client = client_connect(0, &http_session);
        expect_refused(requests[i], 403);
    }
}

Test(upgrade, another_name_for_loopback_is_not_its_own_origin)
{
    expect_refused("GET /chat HTTP/1.1\r\nHost: rebound.example\r\nConnection: Upgrade\r\n"
                   "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                   "Origin: http://rebound.example\r\n\r\n",
                   403);
}

Test(upgrade, an_upgrade_to_something_else_is_passed_over)
{
    const char *answer = http_peer_ask(client, "GET /echo HTTP/1.1\r\nHost: a\r\n"
                                               "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
    http_peer_expect_status(answer, 200);
    cr_assert_str_eq(session_name(), "http");
}

Test(upgrade, a_file_is_no_place_for_an_upgrade)
{
    const char *answer = http_peer_ask(client, HANDSHAKE("/main.js") "\r\n");
    http_peer_expect_status(answer, 200);
    http_peer_expect_field(answer, "Content-Type: text/javascript; charset=utf-8");
}

/* --- faults ------------------------------------------------------------------------------ */

static void allow_faults(void)
{
    fix.nets[0].listeners[FIX_PUBLIC].faults = true;
}

Test(upgrade, who_asks_for_faults_gets_another_echo)
{
    allow_faults();
    const char *answer = expect_accepted(HANDSHAKE("/echo?nopong&seed=2") "\r\n");
    http_peer_expect_field(answer, "X-Echo-Faults: nopong, seed=2");
    cr_assert_str_eq(session_name(), "ws-faulty");
}

Test(upgrade, who_asks_for_none_gets_the_plain_echo)
{
    allow_faults();
    const char *answer = expect_accepted(HANDSHAKE("/echo?token=1") "\r\n");
    cr_assert_null(strstr(answer, "X-Echo-Faults"));
    cr_assert_str_eq(session_name(), "ws-echo");
}

Test(upgrade, where_faults_are_off_they_are_403)
{
    http_peer_expect_status(http_peer_ask(client, HANDSHAKE("/echo?nopong") "\r\n"), 403);
    http_peer_expect_status(http_peer_ask(client, HANDSHAKE("/echo?nopong=x") "\r\n"), 403);
    expect_accepted(HANDSHAKE("/echo?status=404") "\r\n");
}

Test(upgrade, the_chat_has_no_faults)
{
    allow_faults();
    expect_accepted(HANDSHAKE("/chat?rst&handshake=bad_accept") "\r\n");
    cr_assert_str_eq(session_name(), "irc over websocket");
}

Test(upgrade, a_bad_fault_is_400_and_a_bad_handshake_stays_one)
{
    allow_faults();
    http_peer_expect_status(http_peer_ask(client, HANDSHAKE("/echo?drop=2") "\r\n"), 400);
    expect_refused(HANDSHAKE("/echo?nopong") "Origin: https://evil.example\r\n\r\n", 403);
}

/* --- without memory ---------------------------------------------------------------------- */

/* Until it is accepted. */
static void fail_each_allocation(const char *request)
{
    size_t failures = 0;
    for (;; failures++) {
        client = client_connect(0, &http_session);
        expect_ok(buf_reserve(&fix.clients[client].heard, 128 * 1024)); /* ours do not fail */
        alloc_fail_after(failures);
        client_say(client, request);
        size_t seen = alloc_fail_stop();
        const char *answer = client_heard(client);
        if (seen <= failures) {
            http_peer_expect_status(answer, 101);
            break;
        }
        cr_assert_null(client_conn(client));
    }
    cr_assert_gt(failures, 3);
}

Test(upgrade, an_allocation_that_fails_ends_the_connection)
{
    fail_each_allocation(HANDSHAKE("/chat") "\r\n");
}

Test(upgrade, an_allocation_that_fails_ends_one_with_faults)
{
    allow_faults();
    fail_each_allocation(HANDSHAKE("/echo?handshake=no_upgrade") "\r\n");
}
