#include "unit/net/script.h"

/* 100 bytes a second over 8 seconds: the hand moves every 501 ms. */
enum { TURN_MS = 167, ROUND_MS = 16 * 501 };

static void setup_with(const char *read_rate, const char *write_rate)
{
    const char *const settings[] = {"limits.rate_seconds=8", read_rate, write_rate};
    fix_init_with(1, 0, settings, 3);
}

static void setup(void)
{
    setup_with("limits.read_rate_min=100", "limits.write_rate_min=100");
}

TestSuite(pace, .init = setup, .fini = fix_done);

/* Time passes in small steps, as it does for a loop that has timers. */
static void pass(uint64_t ms, void (*each)(unsigned), unsigned i)
{
    for (uint64_t passed = 0; passed < ms; passed += TURN_MS) {
        if (each != NULL)
            each(i);
        fix_pass_ms(TURN_MS);
    }
}

static uint8_t block[600 * 1000]; /* more than a socket takes */

static enum co_result write_much(struct conn *c)
{
    if (c->in.len > 0)
        conn_write(c, span_of(block, sizeof(block)));
    return swallow(c);
}

static enum co_result write_much_and_end(struct conn *c)
{
    write_much(c);
    return CO_DONE;
}

static void take(unsigned i, size_t bytes)
{
    uint8_t to[4096];
    CHECK(bytes <= sizeof(to));
    (void)!read(fix.clients[i].fd, to, bytes);
}

static void take_little(unsigned i)
{
    take(i, 5);
}

static void take_enough(unsigned i)
{
    take(i, 1000);
}

static void send_byte(unsigned i)
{
    if (client_conn(i) != NULL)
        client_send_bytes(i, SPAN("x"));
}

static void send_enough(unsigned i)
{
    static const uint8_t some[20];
    client_send_bytes(i, span_of(some, sizeof(some)));
}

static const struct pace *pace(void)
{
    return &fix.nets[0].pace;
}

/* --- what is queued ---------------------------------------------------------------------- */

Test(pace, who_takes_nothing_is_evicted_within_two_rounds)
{
    unsigned i = script_connect(write_much);
    client_say(i, "x");
    cr_assert_eq(pace()->lagging, 1);
    pass(ROUND_MS - 2000, NULL, i);
    cr_assert_not_null(client_conn(i));
    pass(ROUND_MS + 2000, NULL, i);
    cr_assert_null(client_slot(i));
    cr_assert_eq(METRIC(evicted_slow), 1);
    cr_assert_eq(METRIC(evicted), 0);
    cr_assert_eq(pace()->lagging, 0);
}

Test(pace, who_takes_too_little_is_evicted)
{
    unsigned i = script_connect(write_much);
    client_say(i, "x");
    pass(2 * ROUND_MS, take_little, i);
    cr_assert_null(client_slot(i));
    cr_assert_eq(METRIC(evicted_slow), 1);
}

Test(pace, who_takes_enough_stays)
{
    unsigned i = script_connect(write_much);
    client_say(i, "x");
    pass(4 * ROUND_MS, take_enough, i);
    cr_assert_not_null(client_conn(i));
    cr_assert_gt(client_conn(i)->out.bytes, 0, "there was something to take all the time");
}

Test(pace, a_queue_that_was_empty_meanwhile_begins_anew)
{
    unsigned i = script_connect(write_much);
    for (int n = 0; n < 4; n++) {
        client_say(i, "x");
        pass(ROUND_MS - 2000, NULL, i);
        for (int turn = 0; turn < 4; turn++) {
            client_read(i);
            fix_settle();
        }
        cr_assert_eq(client_conn(i)->out.bytes, 0);
    }
}

Test(pace, a_closing_peer_that_trickles_is_let_go)
{
    unsigned i = script_connect(write_much_and_end);
    client_say(i, "x");
    cr_assert_eq(client_slot(i)->state, CONN_CLOSING);
    pass(2 * ROUND_MS, take_little, i);
    cr_assert_null(client_slot(i));
    cr_assert_eq(METRIC(evicted_slow), 1);
}

/* --- what has begun ---------------------------------------------------------------------- */

static enum co_result wait_for_the_rest(struct conn *c)
{
    if (c->timed_out)
        return CO_DONE;
    return wait_for_more(c);
}

static enum co_result swallow_what_is_owed(struct conn *c)
{
    c->owes = true;
    conn_take(c, c->in.len);
    return wait_for_the_rest(c);
}

static void begin(unsigned i)
{
    conn_set_timer(client_conn(i), TIMER_NONE);
    client_say(i, "begun");
    cr_assert_eq(pace()->lagging, 1);
}

Test(pace, who_does_not_go_on_times_out_within_two_rounds)
{
    unsigned i = script_connect(wait_for_the_rest);
    begin(i);
    pass(ROUND_MS - 2000, NULL, i);
    cr_assert_not_null(client_conn(i));
    pass(ROUND_MS + 2000, NULL, i);
    cr_assert_null(client_conn(i));
}

Test(pace, who_trickles_times_out)
{
    unsigned i = script_connect(swallow_what_is_owed);
    begin(i);
    pass(2 * ROUND_MS, send_byte, i);
    cr_assert_null(client_conn(i));
}

Test(pace, who_goes_on_stays)
{
    unsigned i = script_connect(swallow_what_is_owed);
    begin(i);
    pass(4 * ROUND_MS, send_enough, i);
    cr_assert_not_null(client_conn(i));
}

Test(pace, who_owes_nothing_may_be_silent_and_nobody_wakes_for_it)
{
    unsigned i = script_connect(swallow);
    conn_set_timer(client_conn(i), TIMER_NONE);
    client_say(i, "x");
    cr_assert_eq(pace()->lagging, 0);
    cr_assert_eq(pace_next_ms(&fix.nets[0]), UINT64_MAX);
    pass(3 * ROUND_MS, NULL, i);
    cr_assert_not_null(client_conn(i));
}

static enum co_result hold(struct conn *c)
{
    (void)c;
    return CO_WAITING; /* has input and does not ask for more: it waits for something else */
}

Test(pace, input_that_waits_for_us_is_not_the_peers_fault)
{
    unsigned i = script_connect(hold);
    conn_set_timer(client_conn(i), TIMER_NONE);
    client_say(i, "x");
    cr_assert_eq(pace()->lagging, 0);
}

Test(pace, a_stall_is_told_although_a_byte_comes_in_the_same_tick)
{
    unsigned i = script_connect(swallow_what_is_owed);
    begin(i);
    while (client_conn(i) != NULL) {
        client_send_bytes(i, SPAN("x"));
        fix.now_ms += TURN_MS;
        fix_tick(&fix.set.loops[0]);
        cr_assert_lt(script.resumes, 2 * 17 * 7);
    }
}

/* --- both -------------------------------------------------------------------------------- */

Test(pace, every_connection_of_many_is_judged)
{
    enum { MANY = 40 };
    unsigned slow[MANY], good[MANY / 2];
    script.run = write_much;
    for (int k = 0; k < MANY; k++) {
        slow[k] = client_connect(0, &script_session);
        client_say(slow[k], "x");
    }
    for (int k = 0; k < MANY / 2; k++)
        good[k] = client_connect(0, &script_session);
    pass(2 * ROUND_MS, NULL, 0);
    for (int k = 0; k < MANY; k++)
        cr_assert_null(client_slot(slow[k]));
    cr_assert_eq(METRIC(evicted_slow), MANY);
    for (int k = 0; k < MANY / 2; k++)
        cr_assert_not_null(client_slot(good[k]));
}

static void setup_any_pace(void)
{
    setup_with("limits.read_rate_min=0", "limits.write_rate_min=0");
}

TestSuite(pace_any, .init = setup_any_pace, .fini = fix_done);

Test(pace_any, without_a_minimum_nobody_is_too_slow)
{
    unsigned i = script_connect(write_much);
    conn_set_timer(client_conn(i), TIMER_NONE);
    client_say(i, "x");
    pass(4 * ROUND_MS, NULL, i);
    cr_assert_not_null(client_conn(i));
}
