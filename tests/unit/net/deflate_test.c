/* Through the echo, which is the smallest session that has compressed messages. */
#include "net/deflate.h"

#include "echo/echo.h"
#include "unit/alloc_fail.h"
#include "unit/ws_peer.h"

enum { MESSAGE_BYTES_MAX = 64 * 1024 };

static unsigned client;
static uint8_t letters[MESSAGE_BYTES_MAX + 1], noise[MESSAGE_BYTES_MAX];

static unsigned connect_with(struct ws_deflate agreed)
{
    unsigned i = client_connect(0, &ws_echo_session);
    ws_echo_session_init(client_conn(i), client_conn(i)->frame, &agreed);
    conn_wake(client_conn(i));
    fix_settle();
    return i;
}

static unsigned connect_compressed(bool keeps_in)
{
    return connect_with((struct ws_deflate){.out_bits = 15, .in_bits = 15, .keeps_in = keeps_in});
}

static void setup(void)
{
    static const char *const settings[] = {"limits.out_bytes=65536"};
    fix_init_with(1, 0, settings, 1);
    memset(letters, 'a', sizeof(letters));
    uint32_t state = 1;
    for (size_t i = 0; i < sizeof(noise); i++) {
        state = state * 1664525 + 1013904223;
        noise[i] = (uint8_t)(state >> 24);
    }
    client = connect_compressed(false);
}

TestSuite(deflate, .init = setup, .fini = fix_done);

#define METRIC(name) metric_get(&fix.set.loops[0].metrics.name)

static struct ws_pool *pool(void)
{
    return fix.nets[0].ws_pool;
}

static uint64_t held(void)
{
    return atomic_load(&fix.set.held_bytes);
}

static struct buf compressed_of(struct span message)
{
    struct ws_deflater d;
    struct span compressed;
    struct buf all = {0};
    ws_deflater_init(&d);
    expect_ok(ws_deflater_run(&d, WS_DEFLATE_BITS_MAX, message, &compressed));
    expect_ok(buf_append(&all, compressed));
    ws_deflater_deinit(&d);
    return all;
}

/* Sends the message but for its end. */
static void begin_message(unsigned i, struct span message)
{
    struct buf whole = compressed_of(message), frame = {0};
    ws_peer_compressed_frame(&frame, WS_BINARY, false, span_take(buf_span(&whole), whole.len - 1));
    client_send_bytes(i, buf_span(&frame));
    fix_settle();
    buf_deinit(&whole);
    buf_deinit(&frame);
}

/* --- the mirror -------------------------------------------------------------------------- */

Test(deflate, what_comes_compressed_goes_back_so_and_what_comes_plain_goes_back_plain)
{
    ws_peer_send_compressed(client, WS_TEXT, SPAN("hello hello hello"));
    ws_peer_expect_message(client, WS_TEXT, SPAN("hello hello hello"), 15);
    ws_peer_send(client, WS_BINARY, true, SPAN("hello hello hello"));
    ws_peer_expect_message(client, WS_BINARY, SPAN("hello hello hello"), 0);
    ws_peer_send_compressed(client, WS_BINARY, SPAN_EMPTY);
    ws_peer_expect_message(client, WS_BINARY, SPAN_EMPTY, 15);
    cr_assert_eq(METRIC(ws_messages), 3);
}

Test(deflate, answers_are_in_order)
{
    struct buf all = {0}, hello = compressed_of(SPAN("hello"));
    for (int i = 0; i < 3; i++) {
        ws_peer_frame(&all, WS_TEXT, true, SPAN("plain"));
        ws_peer_compressed_frame(&all, WS_TEXT, true, buf_span(&hello));
        ws_peer_frame(&all, WS_OP_PING, true, SPAN("?"));
    }
    client_send_bytes(client, buf_span(&all));
    fix_settle();
    struct span heard = client_heard_bytes(client);
    for (int i = 0; i < 3; i++) {
        ws_peer_take(&heard, WS_TEXT, SPAN("plain"), 0);
        ws_peer_take(&heard, WS_TEXT, SPAN("hello"), 15);
        ws_peer_take(&heard, WS_OP_PONG, SPAN("?"), 0);
    }
    cr_assert_eq(heard.len, 0);
    buf_deinit(&all);
    buf_deinit(&hello);
}

Test(deflate, the_window_that_was_agreed_on_is_used)
{
    for (unsigned bits = WS_DEFLATE_BITS_MIN; bits <= WS_DEFLATE_BITS_MAX; bits++) {
        unsigned i = connect_with((struct ws_deflate){.out_bits = bits & 15, .in_bits = 15});
        ws_peer_send_compressed(i, WS_BINARY, span_of(letters, 20000));
        ws_peer_expect_message(i, WS_BINARY, span_of(letters, 20000), bits);
    }
}

Test(deflate, fragments_come_back_as_one_frame)
{
    struct buf hello = compressed_of(SPAN("hello hello")), frames = {0};
    ws_peer_compressed_frame(&frames, WS_TEXT, false, span_take(buf_span(&hello), 2));
    ws_peer_frame(&frames, WS_OP_PING, true, SPAN_EMPTY);
    ws_peer_compressed_frame(&frames, WS_CONTINUATION, true, span_drop(buf_span(&hello), 2));
    for (size_t cut = 1; cut < frames.len; cut++) {
        client_send_bytes(client, span_take(buf_span(&frames), cut));
        fix_settle();
        client_send_bytes(client, span_drop(buf_span(&frames), cut));
        fix_settle();
        struct span heard = client_heard_bytes(client);
        ws_peer_take(&heard, WS_OP_PONG, SPAN_EMPTY, 0);
        ws_peer_take(&heard, WS_TEXT, SPAN("hello hello"), 15);
        cr_assert_eq(heard.len, 0);
    }
    buf_deinit(&hello);
    buf_deinit(&frames);
}

Test(deflate, the_largest_message_is_answered_and_a_larger_one_refused)
{
    ws_peer_send_compressed(client, WS_BINARY, span_of(letters, MESSAGE_BYTES_MAX));
    ws_peer_expect_message(client, WS_BINARY, span_of(letters, MESSAGE_BYTES_MAX), 15);
    ws_peer_send_compressed(client, WS_BINARY, span_of(letters, MESSAGE_BYTES_MAX + 1));
    ws_peer_expect_close(client, WS_CODE_TOO_BIG, "message too big");
    cr_assert_eq(METRIC(protocol_errors), 1);
}

/* --- turns ------------------------------------------------------------------------------- */

Test(deflate, compressed_messages_cost_more_of_a_turn)
{
    enum { MESSAGES = 1000 };
    struct buf flood = {0}, hello = compressed_of(SPAN("hello"));
    for (int i = 0; i < MESSAGES; i++)
        ws_peer_compressed_frame(&flood, WS_TEXT, true, buf_span(&hello));
    client_send_bytes(client, buf_span(&flood));
    fix_tick(&fix.set.loops[0]);
    cr_assert_gt(METRIC(inflated_messages), 10);
    cr_assert_lt(METRIC(inflated_messages), MESSAGES / 2);
    while (METRIC(inflated_messages) < MESSAGES)
        fix_tick(&fix.set.loops[0]);
    buf_deinit(&flood);
    buf_deinit(&hello);
}

Test(deflate, a_large_one_is_a_turn)
{
    enum { MESSAGES = 20 };
    struct buf flood = {0}, large = compressed_of(span_of(letters, MESSAGE_BYTES_MAX));
    for (int i = 0; i < MESSAGES; i++)
        ws_peer_compressed_frame(&flood, WS_BINARY, true, buf_span(&large));
    client_send_bytes(client, buf_span(&flood));
    fix_tick(&fix.set.loops[0]);
    cr_assert_leq(METRIC(inflated_messages), 4, "a tick has a few turns");
    while (METRIC(inflated_messages) < MESSAGES)
        fix_tick(&fix.set.loops[0]);
    buf_deinit(&flood);
    buf_deinit(&large);
}

/* Another fixture, with these settings. */
static void begin_anew(const char *const *settings, size_t count)
{
    fix_close();
    fix_free();
    fix.client_count = 0;
    fix_init_with(1, 0, settings, count);
    client = connect_compressed(false);
}

Test(deflate, of_a_message_of_any_length_a_piece_is_a_turn)
{
    enum { LARGE_BYTES = 8 * 1024 * 1024, TURNS_PER_TICK = 4 };
    static const char *const settings[] = {"ws.message_bytes_max=8388608"};
    static uint8_t zeros[LARGE_BYTES];
    begin_anew(settings, 1);
    unsigned other = connect_compressed(false);
    struct buf large = compressed_of(span_of(zeros, LARGE_BYTES)), frame = {0};
    ws_peer_compressed_frame(&frame, WS_BINARY, true, buf_span(&large));
    client_send_bytes(client, buf_span(&frame));
    for (uint64_t done = 0; METRIC(deflated_messages) == 0; done = METRIC(inflated_bytes)) {
        struct buf ping = {0};
        ws_peer_frame(&ping, WS_OP_PING, true, SPAN("?"));
        client_send_bytes(other, buf_span(&ping));
        fix_tick(&fix.set.loops[0]);
        struct span heard = client_heard_bytes(other);
        ws_peer_take(&heard, WS_OP_PONG, SPAN("?"), 0);
        cr_assert_gt(METRIC(inflated_bytes), done, "it goes on without a read");
        cr_assert_leq(METRIC(inflated_bytes) - done, TURNS_PER_TICK * WS_INFLATED_PIECE_BYTES);
        cr_assert_lt(held(), 512 * 1024);
        buf_deinit(&ping);
    }
    cr_assert_eq(METRIC(inflated_messages), 1);
    cr_assert_eq(METRIC(deflated_bytes), LARGE_BYTES);
    buf_deinit(&large);
    buf_deinit(&frame);
}

Test(deflate, an_answer_in_pieces_waits_for_room)
{
    static const char *const settings[] = {"ws.message_bytes_max=8388608",
                                           "limits.out_bytes=65536"};
    static uint8_t much[4 * 1024 * 1024];
    for (size_t i = 0; i < sizeof(much); i++)
        much[i] = noise[i % sizeof(noise)];
    begin_anew(settings, 2);
    struct buf large = compressed_of(span_of(much, sizeof(much))), frame = {0};
    ws_peer_compressed_frame(&frame, WS_BINARY, true, buf_span(&large));
    size_t sent = 0;
    for (int turn = 0; turn < 200; turn++) { /* and nothing is read */
        struct span rest = span_drop(buf_span(&frame), sent);
        ssize_t n = send(fix.clients[client].fd, rest.ptr, rest.len, MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
        fix_settle();
    }
    cr_assert_lt(client_conn(client)->out.bytes, 3 * WS_INFLATED_PIECE_BYTES);
    cr_assert_lt(METRIC(inflated_bytes), sizeof(much));
    buf_deinit(&large);
    buf_deinit(&frame);
}

/* Four blocks, each with a table of codes and the code for its end: they hold nothing. */
#define NOTHING                                                                                    \
    "\x04\xc0\x81\x00\x00\x00\x00\x00\x90\xff\x6b\x10\x00\x07\x02\x00\x00\x00\x00\x40\xfe\xaf\x41" \
    "\x00\x1c\x08\x00\x00\x00\x00\x00\xf9\xbf\x06\x01\x70\x20\x00\x00\x00\x00\x00\xe4\xff\x1a"

Test(deflate, what_no_message_comes_of_is_a_turn_all_the_same)
{
    enum { TIMES = 2000, TICK_BYTES_MAX = 10000 };
    struct buf blocks = {0}, frame = {0};
    for (int i = 0; i < TIMES; i++)
        expect_ok(buf_append(&blocks, SPAN(NOTHING)));
    ws_peer_compressed_frame(&frame, WS_BINARY, false, buf_span(&blocks));
    client_send_bytes(client, buf_span(&frame));
    fix_tick(&fix.set.loops[0]);
    uint32_t left = client_conn(client)->in.len;
    cr_assert_geq(left + TICK_BYTES_MAX, frame.len, "%u of %zu are left", left, frame.len);
    while (client_conn(client)->in.len > 0) { /* it goes on without a read */
        fix_tick(&fix.set.loops[0]);
        cr_assert_lt(client_conn(client)->in.len, left);
        left = client_conn(client)->in.len;
    }
    cr_assert_eq(METRIC(protocol_errors), 0);
    ws_peer_send(client, WS_OP_PING, true, SPAN("?"));
    struct span heard = client_heard_bytes(client);
    ws_peer_take(&heard, WS_OP_PONG, SPAN("?"), 0);
    buf_deinit(&blocks);
    buf_deinit(&frame);
}

Test(deflate, nothing_is_inflated_that_there_is_no_room_to_answer)
{
    struct buf flood = {0}, large = compressed_of(span_of(noise, 16 * 1024));
    for (int i = 0; i < 100; i++)
        ws_peer_compressed_frame(&flood, WS_BINARY, true, buf_span(&large));
    size_t sent = 0;
    for (int turn = 0; turn < 100; turn++) {
        struct span rest = span_drop(buf_span(&flood), sent);
        ssize_t n = send(fix.clients[client].fd, rest.ptr, rest.len, MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
        fix_settle();
    }
    cr_assert_lt(client_conn(client)->out.bytes, 65536 + 32 * 1024);
    cr_assert_lt(METRIC(inflated_messages), 100);
    buf_deinit(&flood);
    buf_deinit(&large);
}

/* --- what it holds ----------------------------------------------------------------------- */

Test(deflate, between_messages_nothing_is_held)
{
    uint64_t before = held();
    ws_peer_send_compressed(client, WS_TEXT, SPAN("hello"));
    client_heard(client);
    fix_settle();
    cr_assert_eq(held(), before);
    cr_assert_eq(pool()->inflaters.lent, 0);
}

Test(deflate, a_message_that_has_begun_is_counted_and_given_back)
{
    uint64_t before = held();
    begin_message(client, span_of(noise, 50000));
    cr_assert_gt(held(), before + 50000);
    cr_assert_gt(METRIC(held_bytes_max), 50000);
    cr_assert_eq(pool()->inflaters.lent, 1);
    conn_abort(client_conn(client), "for the test");
    fix_settle();
    cr_assert_eq(pool()->inflaters.lent, 0);
    cr_assert_eq(held(), 0);
}

Test(deflate, an_inflater_that_is_kept_is_counted_though_the_connection_is_at_rest)
{
    unsigned keeper = connect_compressed(true);
    uint64_t before = held();
    ws_peer_send_compressed(keeper, WS_TEXT, SPAN("hello"));
    ws_peer_expect_message(keeper, WS_TEXT, SPAN("hello"), 15);
    cr_assert_gt(held(), before + 32 * 1024);
    cr_assert_gt(METRIC(held_bytes_max), 32 * 1024);
    cr_assert_eq(pool()->inflaters.lent, 1);
}

Test(deflate, who_does_not_go_on_with_a_message_is_late)
{
    begin_message(client, SPAN("hello"));
    cr_assert(client_conn(client)->owes);
    fix_pass_ms(61 * 1000);
    ws_peer_expect_close(client, WS_CODE_POLICY, "the frame did not go on in time");
}

Test(deflate, what_many_hold_meets_the_ceiling)
{
    static const char *const settings[] = {"limits.memory_bytes=1048576"};
    begin_anew(settings, 1);
    for (int i = 0; i < 40; i++) {
        begin_message(connect_compressed(false), span_of(noise, 50000));
        cr_assert_leq(held(), 1048576);
    }
    cr_assert_gt(METRIC(evicted_memory), 20);
    client = connect_compressed(false);
    ws_peer_send_compressed(client, WS_TEXT, SPAN("still here"));
    ws_peer_expect_message(client, WS_TEXT, SPAN("still here"), 15);
}

/* --- counting ---------------------------------------------------------------------------- */

Test(deflate, connections_and_messages_are_counted)
{
    cr_assert_eq(METRIC(deflate_connections), 1);
    connect_with((struct ws_deflate){0});
    cr_assert_eq(METRIC(deflate_connections), 1);
    ws_peer_send_compressed(client, WS_BINARY, span_of(letters, 5000));
    cr_assert_eq(METRIC(inflated_messages), 1);
    cr_assert_eq(METRIC(inflated_bytes), 5000);
    cr_assert_eq(METRIC(deflated_messages), 1);
    cr_assert_eq(METRIC(deflated_bytes), 5000);
    cr_assert_lt(METRIC(deflated_out_bytes), 100);
    client_shut(client);
    client_heard(client);
    fix_settle();
    cr_assert_eq(METRIC(deflate_connections), 0);
}

Test(deflate, an_allocation_that_fails_ends_this_connection_alone)
{
    size_t failures = 0;
    for (;; failures++) {
        struct buf frame = {0}, hello = compressed_of(SPAN("hello"));
        ws_peer_compressed_frame(&frame, WS_TEXT, true, buf_span(&hello));
        unsigned i = connect_compressed(true);
        ws_deflater_deinit(&fix.nets[0].ws_deflater);
        alloc_fail_after(failures);
        client_send_bytes(i, buf_span(&frame));
        fix_settle();
        size_t seen = alloc_fail_stop();
        buf_deinit(&frame);
        buf_deinit(&hello);
        if (seen <= failures)
            break;
        cr_assert_null(client_conn(i), "allocation %zu", failures);
    }
    cr_assert_gt(failures, 4);
    ws_peer_send_compressed(client, WS_TEXT, SPAN("still here"));
    ws_peer_expect_message(client, WS_TEXT, SPAN("still here"), 15);
}
