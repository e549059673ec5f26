#include "unit/net/script.h"

enum { OUT_BYTES_MAX = 64 * 1024 };

static void setup(void)
{
    static const char *const settings[] = {"limits.out_bytes=65536"};
    fix_init_with(1, 0, settings, 1);
}

TestSuite(net_out, .init = setup, .fini = fix_done);

static uint8_t block[4096]; /* bytes that tell where they are from */

static enum co_result write_often(struct conn *c)
{
    for (int i = 0; i < 10; i++)
        conn_write(c, SPAN("word "));
    return swallow(c);
}

Test(net_out, all_that_a_tick_writes_goes_out_in_one_call)
{
    unsigned i = script_connect(write_often);
    client_send_bytes(i, SPAN("x"));
    fix_tick(&fix.set.loops[0]);
    cr_assert_eq(METRIC(writes), 1);
    cr_assert_eq(METRIC(out_bytes), 50);
    HEARS(i, "word word word word word word word word word word ");
}

Test(net_out, without_output_nothing_is_called)
{
    unsigned i = script_connect(swallow);
    client_say(i, "x");
    cr_assert_eq(METRIC(writes), 0);
}

Test(net_out, what_one_connection_writes_is_not_sent_to_another)
{
    unsigned a = script_connect(echo), b = script_connect(echo);
    client_send_bytes(a, SPAN("for a"));
    client_send_bytes(b, SPAN("for b"));
    fix_settle();
    HEARS(a, "for a");
    HEARS(b, "for b");
}

/* --- a peer that does not read ----------------------------------------------------------- */

static unsigned blocks_written, blocks_wanted;

/* Numbers its blocks, and writes them while there is room. */
static enum co_result write_blocks(struct conn *c)
{
    conn_take(c, c->in.len);
    conn_try_event(c);
    while (blocks_written < blocks_wanted) {
        if (!conn_has_room(c))
            return CO_WAITING;
        memset(block, (int)('a' + blocks_written++ % 26), sizeof(block));
        conn_write(c, span_of(block, sizeof(block)));
    }
    return CO_WAITING;
}

/* Reads at most that much; how much it was. */
static size_t peer_read(unsigned i, size_t bytes)
{
    struct buf *heard = &fix.clients[i].heard;
    expect_ok(buf_reserve(heard, bytes));
    ssize_t n = read(fix.clients[i].fd, heard->data + heard->len, bytes);
    if (n > 0)
        heard->len += (size_t)n;
    return n > 0 ? (size_t)n : 0;
}

static unsigned connect_blocks(unsigned wanted)
{
    blocks_wanted = wanted;
    unsigned i = script_connect(write_blocks);
    client_say(i, "go");
    return i;
}

Test(net_out, a_queue_stays_near_its_high_water_mark)
{
    unsigned i = connect_blocks(1000);
    struct conn *c = client_conn(i);
    cr_assert_gt(c->out.bytes, OUT_BYTES_MAX);
    cr_assert_leq(c->out.bytes, OUT_BYTES_MAX + sizeof(block));
    cr_assert_lt(blocks_written, blocks_wanted);
}

Test(net_out, a_choked_session_is_woken_when_half_is_gone)
{
    unsigned i = connect_blocks(1000);
    struct conn *c = client_conn(i);
    unsigned resumes = script.resumes;
    while (c->choked) {
        cr_assert_eq(script.resumes, resumes);
        cr_assert_gt(peer_read(i, 16 * 1024), 0);
        fix_tick(&fix.set.loops[0]);
    }
    cr_assert_leq(c->out.bytes, OUT_BYTES_MAX / 2);
    fix_tick(&fix.set.loops[0]);
    cr_assert_gt(script.resumes, resumes);
}

Test(net_out, a_slow_peer_gets_everything_in_order)
{
    unsigned i = connect_blocks(300);
    while (peer_read(i, 10 * 1024) > 0)
        fix_settle();
    struct buf *heard = &fix.clients[i].heard;
    cr_assert_eq(heard->len, 300 * sizeof(block));
    for (size_t at = 0; at < heard->len; at++)
        cr_assert_eq(heard->data[at], 'a' + at / sizeof(block) % 26, "at %zu", at);
}

Test(net_out, a_peer_that_does_not_read_is_not_read)
{
    unsigned i = connect_blocks(1000);
    uint64_t before = METRIC(in_bytes);
    client_say(i, "stays in the kernel");
    cr_assert_eq(METRIC(in_bytes), before);
    cr_assert_eq(METRIC(read_pauses), 1);
    while (METRIC(in_bytes) == before) {
        cr_assert_gt(peer_read(i, 64 * 1024), 0);
        fix_settle();
    }
    cr_assert_eq(METRIC(in_bytes), before + strlen("stays in the kernel"));
}

Test(net_out, without_memory_to_keep_output_the_connection_ends)
{
    static uint8_t much[1000 * 1000]; /* more than a socket takes, less than is gathered */
    unsigned i = script_connect(swallow);
    conn_write(client_conn(i), span_of(much, sizeof(much)));
    alloc_fail_after(0);
    net_flush(&fix.nets[0]);
    cr_assert_geq(alloc_fail_stop(), 1);
    cr_assert_null(client_conn(i));
}

Test(net_out, a_peer_that_is_gone_ends_the_connection)
{
    unsigned i = script_connect(swallow);
    close(fix.clients[i].fd);
    fix.clients[i].fd = -1;
    conn_write(client_conn(i), SPAN("for nobody"));
    net_flush(&fix.nets[0]);
    cr_assert_null(client_conn(i));
}

/* --- the close, step by step ------------------------------------------------------------- */

Test(net_out, a_close_flushes_then_shuts_then_waits_for_the_peer)
{
    unsigned i = script_connect(say_bye);
    client_send_bytes(i, SPAN("x"));
    fix_tick(&fix.set.loops[0]);
    struct conn *c = client_slot(i);
    cr_assert_eq(c->state, CONN_DRAINING);
    cr_assert_not(client_read(i), "our end is shut");
    HEARS(i, "bye");
    fix_settle();
    cr_assert_not_null(client_slot(i), "the peer's end is not");
    client_shut(i);
    cr_assert_null(client_slot(i));
    cr_assert_eq(fix.open_total, 0);
}

static enum co_result write_much_and_end(struct conn *c)
{
    for (int i = 0; i < 200; i++)
        conn_write(c, span_of(block, sizeof(block)));
    conn_take(c, c->in.len);
    return CO_DONE;
}

Test(net_out, our_end_is_not_shut_before_everything_is_taken)
{
    unsigned i = script_connect(write_much_and_end);
    client_say(i, "x");
    cr_assert_eq(client_slot(i)->state, CONN_CLOSING);
    while (peer_read(i, 32 * 1024) > 0)
        fix_settle();
    cr_assert_eq(fix.clients[i].heard.len, 200 * sizeof(block));
    cr_assert_eq(client_slot(i)->state, CONN_DRAINING);
}

Test(net_out, a_peer_that_ended_first_is_not_waited_for)
{
    unsigned i = script_connect(say_bye);
    client_send_bytes(i, SPAN("x"));
    client_shut(i);
    cr_assert_null(client_slot(i));
    HEARS(i, "bye");
}

Test(net_out, a_peer_that_never_ends_is_waited_for_5_seconds)
{
    unsigned i = script_connect(say_bye);
    client_say(i, "x");
    fix_pass_ms(4900);
    cr_assert_not_null(client_slot(i));
    fix_pass_ms(600);
    cr_assert_null(client_slot(i));
}

Test(net_out, a_peer_that_takes_nothing_is_waited_for_30_seconds)
{
    unsigned i = script_connect(write_much_and_end);
    client_say(i, "x");
    fix_pass_ms(29 * 1000);
    cr_assert_not_null(client_slot(i));
    fix_pass_ms(4 * 1000);
    cr_assert_null(client_slot(i));
}

Test(net_out, a_peer_that_takes_a_little_is_waited_for_longer)
{
    unsigned i = script_connect(write_much_and_end);
    client_say(i, "x");
    for (int n = 0; n < 3; n++) {
        fix_pass_ms(25 * 1000);
        cr_assert_gt(peer_read(i, 180 * 1024), 0);
        fix_settle();
        cr_assert_not_null(client_slot(i));
    }
}

/* --- odd ends ---------------------------------------------------------------------------- */

static enum co_result write_much_and_reset(struct conn *c)
{
    enum co_result r = write_much_and_end(c);
    conn_reset(c);
    return r;
}

Test(net_out, a_reset_comes_when_everything_is_taken_and_waits_for_nobody)
{
    unsigned i = script_connect(write_much_and_reset);
    client_say(i, "x");
    cr_assert_eq(client_slot(i)->state, CONN_CLOSING);
    while (peer_read(i, 32 * 1024) > 0)
        fix_settle();
    cr_assert_eq(fix.clients[i].heard.len, 200 * sizeof(block));
    cr_assert_null(client_slot(i));
}

static enum co_result shut_once(struct conn *c)
{
    if (script.resumes == 1) {
        conn_write(c, SPAN("last"));
        conn_half_close(c);
    }
    swallow(c);
    return c->eof ? CO_DONE : CO_WAITING;
}

Test(net_out, our_end_may_be_shut_while_the_session_reads)
{
    unsigned i = script_connect(shut_once);
    client_say(i, "x");
    cr_assert_not(client_read(i), "our end is shut");
    HEARS(i, "last");
    client_say(i, "more");
    cr_assert_eq(script.resumes, 2);
    cr_assert_eq(client_slot(i)->state, CONN_OPEN);
    client_shut(i);
    cr_assert_null(client_slot(i));
    cr_assert_eq(fix.open_total, 0);
}

static enum co_result write_much_and_shut(struct conn *c)
{
    if (script.resumes == 1) {
        write_much_and_end(c);
        conn_half_close(c);
    }
    return swallow(c);
}

Test(net_out, our_end_is_shut_behind_what_is_queued)
{
    unsigned i = script_connect(write_much_and_shut);
    client_say(i, "x");
    cr_assert(client_read(i));
    fix_settle();
    while (client_read(i))
        fix_settle();
    cr_assert_eq(fix.clients[i].heard.len, 200 * sizeof(block));
}

Test(net_out, a_close_behind_a_half_close_only_waits_for_the_peer)
{
    unsigned i = script_connect(shut_once);
    client_say(i, "x");
    conn_close(client_conn(i));
    fix_settle();
    cr_assert_eq(client_slot(i)->state, CONN_DRAINING);
    fix_pass_ms(6000);
    cr_assert_null(client_slot(i));
}

/* --- what many are told ------------------------------------------------------------------ */

enum { CROWD = 70, TURN = 64 }; /* a turn is LATER_PER_TICK */

static unsigned crowd[CROWD];

static void tell_crowd(const char *text)
{
    struct shared *s = shared_new(strlen(text));
    memcpy(s->bytes, text, s->len);
    for (unsigned i = 0; i < CROWD; i++)
        conn_write_shared(client_conn(crowd[i]), s);
    shared_put(s);
}

static void connect_crowd(void)
{
    for (unsigned i = 0; i < CROWD; i++)
        crowd[i] = script_connect(echo);
    fix_settle();
}

Test(net_out, what_many_are_told_goes_out_in_turns)
{
    connect_crowd();
    tell_crowd("a");
    cr_assert(net_has_unsent(&fix.nets[0]));
    fix_tick(&fix.set.loops[0]);
    cr_assert_eq(METRIC(writes), TURN);
    tell_crowd("b"); /* goes with the first, where that still waits */
    fix_settle();
    cr_assert_not(net_has_unsent(&fix.nets[0]));
    cr_assert_eq(METRIC(writes), CROWD + TURN);
    for (unsigned i = 0; i < CROWD; i++)
        HEARS(crowd[i], "ab");
}

/* --- what few are told ------------------------------------------------------------------- */

static void tell_one(unsigned i, const char *text)
{
    struct shared *s = shared_new(strlen(text));
    memcpy(s->bytes, text, s->len);
    conn_write_shared_soon(client_conn(crowd[i]), s);
    shared_put(s);
}

Test(net_out, what_few_are_told_does_not_wait_for_what_many_are)
{
    connect_crowd();
    tell_crowd("a");
    tell_one(CROWD - 1, "b");
    tell_one(CROWD - 1, "c");
    fix_tick(&fix.set.loops[0]);
    cr_assert_eq(METRIC(writes), TURN);
    HEARS(crowd[CROWD - 1], "abc");
    fix_settle();
    cr_assert_eq(METRIC(writes), CROWD, "nothing was left for its later turn");
    for (unsigned i = 0; i < CROWD - 1; i++)
        HEARS(crowd[i], "a");
}

Test(net_out, what_many_are_told_goes_with_what_few_were_told_before)
{
    connect_crowd();
    tell_one(CROWD - 1, "b");
    tell_crowd("a");
    fix_tick(&fix.set.loops[0]);
    HEARS(crowd[CROWD - 1], "ba");
    fix_settle();
    cr_assert_eq(METRIC(writes), CROWD);
}

/* How many of crowd[first..end) have something queued. */
static unsigned waiting(unsigned first, unsigned end)
{
    unsigned count = 0;
    for (unsigned i = first; i < end; i++)
        count += client_conn(crowd[i])->out.bytes > 0;
    return count;
}

Test(net_out, many_have_a_quarter_of_the_turns)
{
    enum { FEW = 30, MANY = CROWD - FEW, TICKS = FEW / 6 };
    connect_crowd();
    for (unsigned i = MANY; i < CROWD; i++)
        tell_one(i, "b");
    tell_crowd("a");
    fix.nets[0].turns_per_tick = 8;
    for (unsigned tick = 1; tick <= TICKS; tick++) {
        fix_tick(&fix.set.loops[0]);
        cr_assert_eq(waiting(MANY, CROWD), FEW - 6 * tick);
        cr_assert_eq(waiting(0, MANY), MANY - 2 * tick);
    }
    fix_tick(&fix.set.loops[0]);
    cr_assert_eq(waiting(0, MANY), MANY - 2 * TICKS - 8, "they have all of them");
}

Test(net_out, few_have_all_turns_if_nobody_else_waits)
{
    connect_crowd();
    for (unsigned i = 0; i < CROWD; i++)
        tell_one(i, "b");
    cr_assert(net_has_unsent(&fix.nets[0]));
    fix_tick(&fix.set.loops[0]);
    cr_assert_eq(METRIC(writes), TURN);
    fix_tick(&fix.set.loops[0]);
    cr_assert_eq(METRIC(writes), CROWD);
    cr_assert_not(net_has_unsent(&fix.nets[0]));
}

Test(net_out, who_finds_no_turn_soon_has_one_later)
{
    connect_crowd();
    struct later *soon = &fix.nets[0].soon;
    cr_assert_eq(soon->size, NET_SOON_MAX);
    soon->size = 2;
    tell_crowd("a");
    for (unsigned i = 0; i < 4; i++)
        tell_one(CROWD - 1 - i, "b");
    fix_tick(&fix.set.loops[0]);
    cr_assert_eq(waiting(CROWD - 4, CROWD), 2);
    HEARS(crowd[CROWD - 1], "ab");
    HEARS(crowd[CROWD - 2], "ab");
    fix_settle();
    HEARS(crowd[CROWD - 3], "ab");
    HEARS(crowd[CROWD - 4], "ab");
}

/* --- who does not wait ------------------------------------------------------------------- */

Test(net_out, who_is_answered_does_not_wait_for_its_turn)
{
    connect_crowd();
    tell_crowd("a");
    client_send_bytes(crowd[CROWD - 1], SPAN("hello"));
    fix_tick(&fix.set.loops[0]);
    cr_assert_eq(METRIC(writes), TURN + 1);
    fix_settle();
    cr_assert_eq(METRIC(writes), CROWD);
    HEARS(crowd[CROWD - 1], "ahello");
}

Test(net_out, who_closes_or_dies_does_not_wait_for_its_turn)
{
    connect_crowd();
    tell_crowd("a");
    conn_close(client_conn(crowd[CROWD - 1]));
    conn_abort(client_conn(crowd[CROWD - 2]), "for the test");
    fix_settle();
    HEARS(crowd[CROWD - 1], "a");
    cr_assert_null(client_slot(crowd[CROWD - 2]));
    cr_assert_not(net_has_unsent(&fix.nets[0]));
}

/* Over TCP, where a peer that has gone shows only at the second send. */
static void connect_to_nobody(struct conn *c)
{
    struct addr addr;
    struct sockaddr_storage ss;
    int listening;
    expect_ok(addr_parse(&addr, "127.0.0.1", 0));
    expect_ok(listener_bind(&addr, true, &listening));
    int peer = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(connect(peer, (struct sockaddr *)&ss, addr_to_sockaddr(&addr, &ss)), 0);
    int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK);
    cr_assert_geq(fd, 0);
    cr_assert_eq(dup2(fd, c->io.fd), c->io.fd);
    close(fd);
    close(peer);
    close(listening);
}

Test(net_out, who_dies_at_its_turn_stands_in_no_place_of_others)
{
    enum { PIECES = 65 }; /* more than go out in one call */
    struct net *n = &fix.nets[0];
    struct conn *c = client_conn(script_connect(echo));
    fix_settle();
    connect_to_nobody(c);
    struct shared *s = shared_new(1);
    for (int i = 0; i < PIECES; i++)
        conn_write_shared(c, s);
    shared_put(s);
    conn_write(c, SPAN("x"));
    cr_assert_eq(n->unsent_count, 1);
    n->unsent[1] = NULL; /* with as many connections as it has room for, the list would end here */
    net_flush(n);
    cr_assert_eq(c->state, CONN_DEAD);
    cr_assert_eq(METRIC(writes), 2);
    cr_assert_null(n->unsent[1]);
}
