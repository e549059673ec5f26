#include "echo/ws_faulty.h"

#include "echo/echo.h"
#include "echo/faults.h"
#include "echo/shaper.h"
#include "unit/alloc_fail.h"
#include "unit/ws_peer.h"

static struct faults faults;
static unsigned client;

static void setup(void)
{
    static const char *const settings[] = {"ws.message_bytes_max=65536"};
    fix_init_with(1, 0, settings, 1);
}

TestSuite(ws_faulty, .init = setup, .fini = fix_done);

#define METRIC(name) metric_get(&fix.set.loops[0].metrics.name)

/* Hands over, as the handshake does. */
static enum co_result hand_over(struct conn *c, void *frame)
{
    (void)frame;
    static const struct ws_deflate nothing;
    CO_BEGIN(c);
    void *next = conn_become(c, &ws_faulty_session);
    if (next != NULL)
        ws_faulty_session_init(c, next, &faults, &nothing, SPAN_EMPTY);
    CO_END;
}

static const struct session_type handshake = {
    .name = "handshake", .input_bytes = 4096, .resume = hand_over};

static void begin(const char *query)
{
    char message[FAULTS_MESSAGE_CHARS];
    expect_ok(faults_parse(span_str(query), FAULTS_WS, true, &faults, message));
    client = client_connect(0, &handshake);
    conn_wake(client_conn(client));
    fix_settle();
}

static bool is_over(void)
{
    return !client_read(client) && client_conn(client) == NULL;
}

/* --- chance ------------------------------------------------------------------------------ */

static struct buf many_messages(void)
{
    struct buf frames = {0};
    for (int i = 0; i < 12; i++) {
        char text[16];
        snprintf(text, sizeof(text), "message %d", i);
        ws_peer_frame(&frames, WS_TEXT, i % 3 != 0, span_str(text));
        if (i % 3 == 0)
            ws_peer_frame(&frames, WS_CONTINUATION, true, SPAN(" goes on"));
    }
    ws_peer_frame(&frames, WS_OP_CLOSE, true, SPAN("\x03\xe8"));
    return frames;
}

/* All that is heard when the frames come in pieces, of which the first is `first` bytes long and
 * each other `step`. */
static struct buf heard_of(struct span frames, size_t first, size_t step)
{
    struct buf all = {0};
    begin("drop=1/3&duplicate=1/3&corrupt=1/3&reorder=3&mask&fragment=4&seed=5&ping_every_ms=1000");
    for (size_t n = first; frames.len > 0; n = step) {
        n = n < frames.len ? n : frames.len;
        client_send_bytes(client, span_take(frames, n));
        fix_settle();
        frames = span_drop(frames, n);
    }
    expect_ok(buf_append(&all, client_heard_bytes(client)));
    client_shut(client);
    cr_assert_eq(fix.open_total, 0);
    return all;
}

Test(ws_faulty, a_seed_gives_the_same_bytes_wherever_messages_are_cut)
{
    struct buf frames = many_messages();
    struct buf whole = heard_of(buf_span(&frames), frames.len, 1);
    cr_assert_gt(whole.len, 100);
    for (size_t cut = 1; cut < frames.len; cut++) {
        struct buf cut_once = heard_of(buf_span(&frames), cut, frames.len);
        expect_span(buf_span(&cut_once), buf_span(&whole));
        buf_deinit(&cut_once);
        if (fix.client_count + 2 == FIX_CLIENTS_MAX)
            break;
    }
    struct buf in_bytes = heard_of(buf_span(&frames), 1, 1);
    expect_span(buf_span(&in_bytes), buf_span(&whole));
    buf_deinit(&in_bytes);
    buf_deinit(&whole);
    buf_deinit(&frames);
}

/* --- what waits -------------------------------------------------------------------------- */

Test(ws_faulty, nothing_is_taken_while_there_is_no_room_for_its_answer)
{
    static uint8_t payload[60000];
    begin("delay_ms=1000");
    for (int i = 0; i < 30; i++) {
        struct buf frame = {0};
        ws_peer_frame(&frame, WS_BINARY, true, span_of(payload, sizeof(payload)));
        ssize_t n = send(fix.clients[client].fd, frame.data, frame.len, MSG_NOSIGNAL);
        cr_assert(n < 0 || n == (ssize_t)frame.len || i > 4);
        buf_deinit(&frame);
        fix_settle();
        if (n < (ssize_t)sizeof(payload))
            break;
    }
    cr_assert_lt(METRIC(ws_messages), 10);
    cr_assert_leq(client_conn(client)->in.len, ws_faulty_session.input_bytes);
    uint64_t taken = METRIC(ws_messages);
    fix_pass_ms(1000);
    client_heard_bytes(client);
    fix_settle();
    cr_assert_gt(METRIC(ws_messages), taken, "and then it goes on");
}

Test(ws_faulty, what_comes_behind_a_close_has_no_hurry_either)
{
    static uint8_t payload[60000];
    begin("reorder=64&delay_ms=1000&duplicate=1/1");
    for (int i = 0; i < 8; i++)
        ws_peer_send(client, WS_BINARY, true, span_of(payload, sizeof(payload)));
    ws_peer_send(client, WS_OP_CLOSE, true, SPAN("\x03\xe8"));
    for (int i = 0; i < 4; i++) {
        ssize_t n = send(fix.clients[client].fd, payload, sizeof(payload), MSG_NOSIGNAL);
        cr_assert(n > 0 || i > 0);
        fix_settle();
    }
    cr_assert_not_null(client_conn(client), "answers wait still");
    size_t heard = 0;
    for (int i = 0; i < 20; i++) {
        fix_pass_ms(1000);
        heard += client_heard_bytes(client).len;
    }
    cr_assert_geq(heard, 16 * sizeof(payload));
    cr_assert_eq(METRIC(protocol_errors), 0);
}

Test(ws_faulty, what_it_holds_counts_against_its_connection)
{
    begin("delay_ms=1000&reorder=2");
    ws_peer_send(client, WS_TEXT, false, SPAN("0123456789"));
    struct conn *c = client_conn(client);
    size_t partial = c->session->held_bytes(c, c->frame);
    cr_assert_geq(partial, 10);
    ws_peer_send(client, WS_CONTINUATION, true, SPAN("0123456789"));
    cr_assert_geq(c->session->held_bytes(c, c->frame), 20, "it waits to be shuffled");
    ws_peer_send(client, WS_TEXT, true, SPAN("0123456789"));
    cr_assert_geq(c->session->held_bytes(c, c->frame), 30, "both wait for their time");
    fix_pass_ms(1000);
    cr_assert_eq(c->session->held_bytes(c, c->frame), 0);
}

Test(ws_faulty, who_holds_much_is_known_though_nothing_is_queued)
{
    static uint8_t payload[5000];
    begin("delay_ms=1000");
    for (int i = 0; i < 10; i++)
        ws_peer_send(client, WS_BINARY, true, span_of(payload, sizeof(payload)));
    cr_assert_geq(METRIC(held_bytes_max), 10 * sizeof(payload));
}

Test(ws_faulty, a_shuffle_waits_for_no_more_than_a_megabyte)
{
    static uint8_t payload[60000];
    begin("reorder=64");
    for (int i = 0; i < 18; i++)
        ws_peer_send(client, WS_BINARY, true, span_of(payload, sizeof(payload)));
    cr_assert_geq(client_heard_bytes(client).len, sizeof(payload));
}

Test(ws_faulty, a_flood_lets_others_have_their_turn)
{
    enum { FRAMES = 8000 };
    begin("fragment=1");
    struct buf flood = {0};
    for (int i = 0; i < FRAMES; i++)
        ws_peer_frame(&flood, WS_BINARY, true, SPAN("abc"));
    unsigned other = client_connect(0, &ws_echo_session);
    conn_wake(client_conn(other));
    fix_settle();
    client_send_bytes(client, buf_span(&flood));
    struct buf hello = {0};
    ws_peer_frame(&hello, WS_TEXT, true, SPAN("hello"));
    client_send_bytes(other, buf_span(&hello));
    fix_tick(&fix.set.loops[0]);
    cr_assert_lt(METRIC(ws_messages), FRAMES / 2, "one turn does not take it all");
    ws_peer_expect(other, WS_TEXT, true, SPAN("hello"));
    size_t heard = 0;
    for (int i = 0; i < 200 && heard < FRAMES * 9; i++) {
        fix_settle();
        heard += client_heard_bytes(client).len;
    }
    cr_assert_eq(heard, FRAMES * 9);
    buf_deinit(&flood);
    buf_deinit(&hello);
}

/* --- silence ----------------------------------------------------------------------------- */

Test(ws_faulty, a_silent_peer_is_asked_and_left)
{
    begin("nopong");
    fix_pass_ms(33 * 1000);
    ws_peer_expect(client, WS_OP_PING, true, SPAN_EMPTY);
    ws_peer_send(client, WS_OP_PONG, true, SPAN_EMPTY);
    fix_pass_ms(33 * 1000);
    ws_peer_expect(client, WS_OP_PING, true, SPAN_EMPTY);
    fix_pass_ms(33 * 1000);
    ws_peer_expect_close(client, WS_CODE_GOING_AWAY, "no answer to a ping");
    cr_assert(is_over());
    cr_assert_eq(METRIC(timeouts), 1);
}

Test(ws_faulty, a_message_that_does_not_go_on_is_refused)
{
    begin("nopong");
    ws_peer_send(client, WS_TEXT, false, SPAN("one"));
    fix_pass_ms(33 * 1000);
    ws_peer_expect_close(client, WS_CODE_POLICY, "the frame did not go on in time");
    cr_assert(is_over());
}

Test(ws_faulty, nobody_is_judged_while_an_answer_waits)
{
    begin("delay_ms=60000");
    fix_pass_ms(20 * 1000);
    ws_peer_send(client, WS_TEXT, true, SPAN("x"));
    fix_pass_ms(59 * 1000);
    HEARS(client, "");
    fix_pass_ms(1000);
    ws_peer_expect(client, WS_TEXT, true, SPAN("x"));
    cr_assert_eq(METRIC(timeouts), 0);
}

/* When the last of its bytes has left the next have to wait still; a ping that comes then must have
 * somebody who wakes it. net_resume_at_random finds it where nobody does. */
Test(ws_faulty, a_ping_waits_for_the_pace_too)
{
    begin("slow_bytes_per_second=1");
    for (int bytes = 26; bytes < 34; bytes++) {
        static const uint8_t payload[34];
        ws_peer_send(client, WS_BINARY, true, span_of(payload, (size_t)bytes));
        for (int ms = 0; ms < 45000; ms += 250)
            fix_pass_ms(250);
        cr_assert_not_null(client_conn(client));
        client_heard_bytes(client);
        ws_peer_send(client, WS_OP_PONG, true, SPAN_EMPTY);
    }
}

Test(ws_faulty, who_is_not_read_is_left_after_a_minute)
{
    begin("noread_after=1");
    ws_peer_send(client, WS_TEXT, true, SPAN("read"));
    ws_peer_expect(client, WS_TEXT, true, SPAN("read"));
    ws_peer_send(client, WS_TEXT, true, SPAN("not read"));
    fix_pass_ms(59 * 1000);
    HEARS(client, "");
    cr_assert_gt(client_conn(client)->in.len, 0);
    cr_assert_eq(METRIC(ws_messages), 1);
    fix_pass_ms(1000);
    ws_peer_expect_close(client, WS_CODE_GOING_AWAY, "nothing is read any more");
    cr_assert(is_over());
    cr_assert_eq(METRIC(timeouts), 0);
}

Test(ws_faulty, behind_a_half_close_silence_ends_it)
{
    begin("halfclose");
    cr_assert_not(client_read(client));
    for (int i = 0; i < 3; i++) {
        fix_pass_ms(60 * 1000);
        ws_peer_send(client, WS_TEXT, true, SPAN("goes on"));
    }
    cr_assert_not_null(client_conn(client));
    fix_pass_ms(90 * 1000);
    cr_assert_null(client_conn(client));
    fix_pass_ms(10 * 1000);
    cr_assert_eq(fix.open_total, 0);
}

/* --- the end ----------------------------------------------------------------------------- */

Test(ws_faulty, a_drain_forgets_what_waits)
{
    begin("delay_ms=60000");
    ws_peer_send(client, WS_TEXT, true, SPAN("never answered"));
    net_drain(&fix.nets[0], NULL);
    fix_settle();
    ws_peer_expect_close(client, WS_CODE_GOING_AWAY, "the server is about to stop");
    cr_assert(is_over());
}

Test(ws_faulty, a_drain_says_nothing_in_the_middle_of_a_frame)
{
    begin("chop=1");
    ws_peer_send(client, WS_TEXT, true, SPAN("cut"));
    net_drain(&fix.nets[0], NULL);
    fix_settle();
    cr_assert(is_over());
    HEARS(client, "\x81");
}

Test(ws_faulty, a_drain_says_nothing_between_a_header_and_its_filling)
{
    begin("chop=4&oversize=1000");
    ws_peer_send(client, WS_TEXT, true, SPAN_EMPTY);
    net_drain(&fix.nets[0], NULL);
    fix_settle();
    cr_assert(is_over());
    HEARS(client, "\x81\x7e\x03\xe8");
}

Test(ws_faulty, a_drain_says_nothing_behind_a_half_close)
{
    begin("halfclose");
    net_drain(&fix.nets[0], NULL);
    client_shut(client);
    cr_assert(is_over());
    HEARS(client, "");
}

Test(ws_faulty, a_connection_may_go_at_any_time)
{
    static const char *const queries[] = {
        "delay_ms=9", "reorder=9",        "chop=1",         "oversize=999999999",
        "stall_ms=9", "ping_every_ms=10", "noread_after=0", "slow_bytes_per_second=1"};
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        begin(queries[i]);
        ws_peer_send(client, WS_TEXT, true, SPAN("answered"));
        ws_peer_send(client, WS_TEXT, false, SPAN("not complete"));
        conn_abort(client_conn(client), "for the test");
        fix_settle();
        cr_assert_eq(fix.open_total, 0, "%s", queries[i]);
        fix_pass_ms(1000);
    }
}

/* However seldom something leaves, no more of them wait than of anything that is said. */
Test(ws_faulty, pings_that_cannot_leave_are_left_out)
{
    enum { PINGS = 5900 };
    begin("stall_ms=60000&after=0&ping_every_ms=10");
    for (int i = 0; i < PINGS; i++)
        fix_pass_ms(10);
    HEARS(client, "");
    cr_assert_lt(client_conn(client)->out.bytes, 100);
    cr_assert_lt(atomic_load(&fix.set.held_bytes), 1024 * 1024);
    fix_pass_ms(1000);
    size_t heard = client_heard_bytes(client).len / 2;
    cr_assert(heard > SHAPER_ITEMS_MAX / 2 && heard <= SHAPER_ITEMS_MAX, "%zu pings", heard);
}

Test(ws_faulty, an_allocation_that_fails_ends_this_connection_alone)
{
    struct buf frames = many_messages();
    begin("nopong");
    unsigned other = client;
    for (size_t failures = 0;; failures++) {
        begin("reorder=2&duplicate=1/2&fragment=3&delay_ms=0");
        expect_ok(buf_reserve(&fix.clients[client].heard, 65536)); /* ours do not fail */
        alloc_fail_after(failures);
        client_send_bytes(client, buf_span(&frames));
        fix_settle();
        if (alloc_fail_stop() <= failures)
            break;
        client_shut(client);
        cr_assert_eq(fix.open_total, 1);
        ws_peer_send(other, WS_TEXT, true, SPAN("still here"));
        ws_peer_expect(other, WS_TEXT, true, SPAN("still here"));
        failures += failures / 16; /* there are many, and each place comes often */
    }
    buf_deinit(&frames);
}
