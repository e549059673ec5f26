#include "echo/echo.h"

#include "unit/alloc_fail.h"
#include "unit/ws_peer.h"

static unsigned client;

static void setup(void)
{
    fix_init();
    client = client_connect(0, &ws_echo_session);
    conn_wake(client_conn(client)); /* as the handshake does */
    fix_settle();
}

static void teardown(void)
{
    fix_close();
    cr_assert_eq(fix.nets[0].ws_pool->lent, 0);
    fix_free();
}

TestSuite(ws_echo, .init = setup, .fini = teardown);

#define METRIC(name) metric_get(&fix.set.loops[0].metrics.name)

static bool is_over(void)
{
    return !client_read(client) && client_conn(client) == NULL;
}

/* --- messages ---------------------------------------------------------------------------- */

Test(ws_echo, a_message_comes_back_as_it_was)
{
    ws_peer_send(client, WS_TEXT, true, SPAN("gr\xc3\xbc\xc3\x9f dich"));
    ws_peer_expect(client, WS_TEXT, true, SPAN("gr\xc3\xbc\xc3\x9f dich"));
    ws_peer_send(client, WS_BINARY, true, SPAN("\x00\xff\x80"));
    ws_peer_expect(client, WS_BINARY, true, SPAN("\x00\xff\x80"));
    ws_peer_send(client, WS_TEXT, true, SPAN(""));
    ws_peer_expect(client, WS_TEXT, true, SPAN(""));
    cr_assert_eq(METRIC(ws_messages), 3);
}

Test(ws_echo, each_length_form_comes_back)
{
    static const size_t sizes[] = {125, 126, 65535, 65536};
    static uint8_t payload[65536];
    for (size_t i = 0; i < sizeof(payload); i++)
        payload[i] = (uint8_t)(i * 7);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        ws_peer_send(client, WS_BINARY, true, span_of(payload, sizes[i]));
        ws_peer_expect(client, WS_BINARY, true, span_of(payload, sizes[i]));
    }
}

Test(ws_echo, fragments_come_back_as_fragments_while_they_arrive)
{
    ws_peer_send(client, WS_TEXT, false, SPAN("one "));
    ws_peer_expect(client, WS_TEXT, false, SPAN("one "));
    ws_peer_send(client, WS_CONTINUATION, false, SPAN("two "));
    ws_peer_expect(client, WS_CONTINUATION, false, SPAN("two "));
    ws_peer_send(client, WS_CONTINUATION, true, SPAN("three"));
    ws_peer_expect(client, WS_CONTINUATION, true, SPAN("three"));
    cr_assert_eq(METRIC(ws_messages), 1);
}

Test(ws_echo, a_frame_that_is_cut_comes_back_as_fragments)
{
    struct buf frame = {0};
    ws_peer_frame(&frame, WS_BINARY, true, SPAN("0123456789"));
    client_send_bytes(client, span_take(buf_span(&frame), 6 + 4));
    fix_settle();
    ws_peer_expect(client, WS_BINARY, false, SPAN("0123"));
    client_send_bytes(client, span_drop(buf_span(&frame), 6 + 4));
    fix_settle();
    ws_peer_expect(client, WS_CONTINUATION, true, SPAN("456789"));
    buf_deinit(&frame);
}

/* The payload of all frames that were heard, which are short. */
static struct buf joined(void)
{
    struct buf text = {0};
    struct span heard = client_heard_bytes(client);
    while (heard.len > 0) {
        size_t n = heard.ptr[1];
        cr_assert_lt(n, 126);
        expect_ok(buf_append(&text, span_of(heard.ptr + 2, n)));
        heard = span_drop(heard, 2 + n);
    }
    return text;
}

Test(ws_echo, frames_may_be_cut_anywhere)
{
    struct buf frames = {0};
    ws_peer_frame(&frames, WS_TEXT, false, SPAN("Hel"));
    ws_peer_frame(&frames, WS_CONTINUATION, true, SPAN("lo, "));
    ws_peer_frame(&frames, WS_BINARY, true, SPAN("world"));
    for (size_t cut = 0; cut <= frames.len; cut++) {
        client_send_bytes(client, span_take(buf_span(&frames), cut));
        fix_settle();
        client_send_bytes(client, span_drop(buf_span(&frames), cut));
        fix_settle();
        struct buf text = joined();
        expect_span(buf_span(&text), SPAN("Hello, world"));
        buf_deinit(&text);
    }
    buf_deinit(&frames);
}

Test(ws_echo, a_message_of_any_length_needs_no_memory)
{
    enum { MEBIBYTE = 1024 * 1024, ROUNDS = 64 };
    static uint8_t piece[64 * 1024];
    uint8_t header[WS_HEADER_BYTES_MAX];
    size_t n =
        ws_encode_header_masked(header, WS_BINARY, true, (uint64_t)ROUNDS * sizeof(piece), 0);
    client_send_bytes(client, span_of(header, n));
    size_t heard = 0;
    for (int round = 0; round < ROUNDS; round++) {
        client_send_bytes(client, span_of(piece, sizeof(piece)));
        fix_settle();
        struct conn *c = client_conn(client);
        cr_assert_eq(c->in.len, 0);
        cr_assert_lt(c->out.bytes, MEBIBYTE);
        heard += client_heard_bytes(client).len;
    }
    cr_assert_geq(heard, ROUNDS * sizeof(piece));
    cr_assert_leq(heard, ROUNDS * sizeof(piece) * 101 / 100, "headers add little");
    cr_assert_eq(METRIC(ws_messages), 1);
}

Test(ws_echo, a_flood_lets_others_have_their_turn)
{
    enum { FRAMES = 30000, FRAME_BYTES = 6 };
    struct buf flood = {0};
    for (int i = 0; i < FRAMES; i++)
        ws_peer_frame(&flood, WS_BINARY, true, SPAN_EMPTY);
    unsigned other = client_connect(0, &ws_echo_session);
    client_send_bytes(client, buf_span(&flood));
    struct buf hello = {0};
    ws_peer_frame(&hello, WS_TEXT, true, SPAN("hello"));
    client_send_bytes(other, buf_span(&hello));
    fix_tick(&fix.set.loops[0]);
    cr_assert_lt(METRIC(ws_messages), FRAMES, "one turn does not take it all");
    ws_peer_expect(other, WS_TEXT, true, SPAN("hello"));
    fix_settle();
    cr_assert_eq(METRIC(ws_messages), FRAMES + 1);
    cr_assert_eq(client_heard_bytes(client).len, FRAMES * 2);
    buf_deinit(&flood);
    buf_deinit(&hello);
}

/* --- control frames ---------------------------------------------------------------------- */

Test(ws_echo, a_ping_is_answered_with_its_payload)
{
    ws_peer_send(client, WS_OP_PING, true, SPAN("are you there"));
    ws_peer_expect(client, WS_OP_PONG, true, SPAN("are you there"));
}

Test(ws_echo, a_ping_between_fragments_is_answered_between_them)
{
    ws_peer_send(client, WS_TEXT, false, SPAN("one"));
    client_heard(client);
    ws_peer_send(client, WS_OP_PING, true, SPAN("p"));
    ws_peer_expect(client, WS_OP_PONG, true, SPAN("p"));
    ws_peer_send(client, WS_CONTINUATION, true, SPAN("two"));
    ws_peer_expect(client, WS_CONTINUATION, true, SPAN("two"));
}

Test(ws_echo, a_pong_nobody_asked_for_is_passed_over)
{
    ws_peer_send(client, WS_OP_PONG, true, SPAN("what?"));
    HEARS(client, "");
    cr_assert_not_null(client_conn(client));
}

Test(ws_echo, a_close_is_answered_with_its_code)
{
    ws_peer_send(client, WS_OP_CLOSE, true,
                 SPAN("\x03\xe8"
                      "bye"));
    cr_assert(is_over());
    ws_peer_expect_close(client, WS_CODE_NORMAL, "");
    cr_assert_eq(METRIC(protocol_errors), 0);
}

Test(ws_echo, a_close_without_a_code_is_answered_without_one)
{
    ws_peer_send(client, WS_OP_CLOSE, true, SPAN_EMPTY);
    cr_assert(is_over());
    expect_span(client_heard_bytes(client), SPAN("\x88\x00"));
}

Test(ws_echo, nothing_behind_a_close_is_answered)
{
    struct buf frames = {0};
    ws_peer_frame(&frames, WS_OP_CLOSE, true, SPAN("\x03\xe8"));
    ws_peer_frame(&frames, WS_TEXT, true, SPAN("too late"));
    client_send_bytes(client, buf_span(&frames));
    fix_settle();
    ws_peer_expect_close(client, WS_CODE_NORMAL, "");
    buf_deinit(&frames);
}

/* --- broken rules ------------------------------------------------------------------------ */

static void expect_failure(struct span bytes, uint16_t code)
{
    client_send_bytes(client, bytes);
    fix_settle();
    cr_assert(is_over());
    struct span heard = client_heard_bytes(client);
    cr_assert_geq(heard.len, 4);
    cr_assert_eq(heard.ptr[0], 0x88);
    cr_assert_eq(heard.ptr[2] << 8 | heard.ptr[3], code);
    cr_assert_gt(heard.ptr[1], 2, "it says why");
    cr_assert_eq(METRIC(protocol_errors), 1);
}

Test(ws_echo, a_frame_without_a_mask_is_refused)
{
    expect_failure(SPAN("\x81\x01x"), WS_CODE_PROTOCOL);
}

Test(ws_echo, a_reserved_opcode_is_refused)
{
    expect_failure(SPAN("\x83\x80mask"), WS_CODE_PROTOCOL);
}

Test(ws_echo, a_reserved_bit_is_refused)
{
    expect_failure(SPAN("\xc1\x80mask"), WS_CODE_PROTOCOL);
}

Test(ws_echo, a_continuation_of_nothing_is_refused)
{
    expect_failure(SPAN("\x80\x80mask"), WS_CODE_PROTOCOL);
}

Test(ws_echo, text_that_is_not_utf8_is_refused)
{
    expect_failure(SPAN("\x81\x81\0\0\0\0\xff"), WS_CODE_TEXT);
}

Test(ws_echo, what_came_before_a_failure_is_answered_first)
{
    struct buf frames = {0};
    ws_peer_frame(&frames, WS_TEXT, true, SPAN("fine"));
    expect_ok(buf_append(&frames, SPAN("\x83\x80mask")));
    client_send_bytes(client, buf_span(&frames));
    fix_settle();
    struct span heard = client_heard_bytes(client);
    cr_assert(span_starts_with(heard, SPAN("\x81\x04"
                                           "fine\x88")));
    buf_deinit(&frames);
}

/* --- silence, the drain, the end --------------------------------------------------------- */

Test(ws_echo, a_silent_peer_is_asked_and_may_answer)
{
    for (int i = 0; i < 3; i++) {
        fix_pass_ms(33 * 1000);
        ws_peer_expect(client, WS_OP_PING, true, SPAN_EMPTY);
        ws_peer_send(client, WS_OP_PONG, true, SPAN_EMPTY);
    }
    cr_assert_not_null(client_conn(client));
    cr_assert_eq(METRIC(timeouts), 0);
}

Test(ws_echo, a_peer_that_does_not_answer_is_left)
{
    fix_pass_ms(33 * 1000);
    client_heard(client);
    fix_pass_ms(33 * 1000);
    cr_assert(is_over());
    ws_peer_expect_close(client, WS_CODE_GOING_AWAY, "no answer to a ping");
    cr_assert_eq(METRIC(timeouts), 1);
    cr_assert_eq(METRIC(protocol_errors), 0);
}

Test(ws_echo, a_peer_that_speaks_is_not_asked)
{
    for (int i = 0; i < 5; i++) {
        fix_pass_ms(25 * 1000);
        ws_peer_send(client, WS_TEXT, true, SPAN("x"));
        ws_peer_expect(client, WS_TEXT, true, SPAN("x"));
    }
}

Test(ws_echo, a_drain_is_told_with_1001)
{
    net_drain(&fix.nets[0], NULL);
    fix_settle();
    cr_assert(is_over());
    ws_peer_expect_close(client, WS_CODE_GOING_AWAY, "the server is about to stop");
}

Test(ws_echo, a_drain_in_the_middle_of_a_frame_is_told_too)
{
    client_send_bytes(client, SPAN("\x82\x8amask01234"));
    fix_settle();
    client_heard(client);
    net_drain(&fix.nets[0], NULL);
    fix_settle();
    ws_peer_expect_close(client, WS_CODE_GOING_AWAY, "the server is about to stop");
}

Test(ws_echo, an_end_of_file_is_the_end)
{
    ws_peer_send(client, WS_TEXT, true, SPAN("x"));
    client_shut(client);
    ws_peer_expect(client, WS_TEXT, true, SPAN("x"));
    cr_assert_eq(fix.open_total, 0);
}

Test(ws_echo, an_allocation_that_fails_ends_this_connection_alone)
{
    struct buf frame = {0};
    ws_peer_frame(&frame, WS_BINARY, true, SPAN("0123456789"));
    size_t failures = 0;
    for (;; failures++) {
        unsigned i = client_connect(0, &ws_echo_session);
        alloc_fail_after(failures);
        client_send_bytes(i, span_take(buf_span(&frame), 8)); /* wslay's context is asked for */
        fix_settle();
        size_t seen = alloc_fail_stop();
        if (seen <= failures)
            break;
        cr_assert_null(client_conn(i));
    }
    cr_assert_gt(failures, 0);
    ws_peer_send(client, WS_TEXT, true, SPAN("still here"));
    ws_peer_expect(client, WS_TEXT, true, SPAN("still here"));
    buf_deinit(&frame);
}
