/* Who is told when that the server is about to stop. */
#include "unit/net/script.h"

TestSuite(net_drain, .init = fix_init, .fini = fix_done);

enum { MANY = 60, SPAN_MS = 9000 };

static enum co_result leave_when_draining(struct conn *c)
{
    conn_take(c, c->in.len);
    conn_try_event(c);
    if (!c->draining)
        return CO_WAITING;
    conn_write(c, SPAN("farewell"));
    return CO_DONE;
}

Test(net_drain, it_is_told_to_every_session)
{
    unsigned a = script_connect(leave_when_draining), b = script_connect(leave_when_draining);
    cr_assert_not(net_is_drained(&fix.nets[0]));
    net_drain(&fix.nets[0], NULL);
    fix_settle();
    HEARS(a, "farewell");
    HEARS(b, "farewell");
    cr_assert_not(net_is_drained(&fix.nets[0]), "the peers have not ended");
    client_shut(a);
    client_shut(b);
    cr_assert(net_is_drained(&fix.nets[0]));
}

Test(net_drain, it_leaves_the_admin_listener_alone)
{
    script.run = leave_when_draining;
    unsigned i = client_connect_at(0, FIX_ADMIN, &script_session);
    net_drain(&fix.nets[0], NULL);
    fix_settle();
    HEARS(i, "");
    cr_assert_not_null(client_conn(i));
    cr_assert(net_is_drained(&fix.nets[0]), "it is not waited for");
}

Test(net_drain, it_ends_nobody_who_will_not)
{
    unsigned i = script_connect(echo);
    net_drain(&fix.nets[0], NULL);
    fix_settle();
    SAYS_HEARS(i, "still here", "still here");
    cr_assert_not(net_is_drained(&fix.nets[0]));
}

/* --- turns ------------------------------------------------------------------------------- */

static const struct session_type lasting_session = {
    .name = "lasting",
    .is_lasting = true,
    .frame_bytes = 16,
    .input_bytes = SCRIPT_INPUT_BYTES,
    .resume = script_resume,
    .drop = script_drop,
};

static void connect_lasting(unsigned count)
{
    script.run = leave_when_draining;
    for (unsigned i = 0; i < count; i++)
        client_connect(0, &lasting_session);
    fix_settle();
}

/* Those that are not told yet. */
static unsigned waiting(void)
{
    unsigned count = 0;
    for (unsigned i = 0; i < fix.client_count; i++)
        count += client_conn(i) != NULL;
    return count;
}

/* On all loops. */
static void drain_over(uint64_t span_ms)
{
    static struct drain_turns turns;
    turns.began_ms = fix.now_ms;
    turns.span_ms = span_ms;
    for (unsigned i = 0; i < fix.net_count; i++)
        net_drain(&fix.nets[i], &turns);
    fix_settle();
}

Test(net_drain, lasting_ones_are_told_evenly_over_the_span)
{
    connect_lasting(MANY);
    drain_over(SPAN_MS);
    for (unsigned told = 1; told < MANY; told++) {
        cr_assert_eq(waiting(), MANY - told);
        cr_assert_leq(net_next_ms(&fix.nets[0]), SPAN_MS / MANY);
        fix_pass_ms(SPAN_MS / MANY - 1);
        cr_assert_eq(waiting(), MANY - told, "it is not time yet");
        fix_pass_ms(1);
    }
    cr_assert_eq(waiting(), 0);
}

Test(net_drain, the_only_one_is_told_at_once)
{
    connect_lasting(1);
    drain_over(SPAN_MS);
    HEARS(0, "farewell");
}

Test(net_drain, who_is_not_told_yet_is_served)
{
    connect_lasting(2);
    drain_over(SPAN_MS);
    script.run = echo;
    unsigned left = client_conn(0) == NULL;
    SAYS_HEARS(left, "still here", "still here");
}

Test(net_drain, who_comes_to_an_end_by_itself_is_told_at_once)
{
    connect_lasting(MANY);
    unsigned brief = script_connect(leave_when_draining);
    drain_over(SPAN_MS);
    HEARS(brief, "farewell");
    cr_assert_eq(waiting(), MANY - 1);
}

Test(net_drain, who_leaves_before_its_turn_hurries_nobody)
{
    connect_lasting(MANY);
    drain_over(SPAN_MS);
    for (unsigned i = 0; i < MANY; i += 2)
        conn_abort(client_slot(i), "for the test");
    fix_settle();
    unsigned left = waiting();
    cr_assert_gt(left, 20);
    fix_pass_ms(SPAN_MS / 2);
    cr_assert_gt(waiting(), left / 5);
    fix_pass_ms(SPAN_MS / 2);
    cr_assert_eq(waiting(), 0);
}

Test(net_drain, turns_do_not_come_in_the_order_of_arrival)
{
    connect_lasting(MANY);
    drain_over(SPAN_MS);
    fix_pass_ms(SPAN_MS / 2);
    unsigned early = 0;
    for (unsigned i = 0; i < MANY / 2; i++)
        early += client_conn(i) == NULL;
    cr_assert_gt(early, MANY / 10);
    cr_assert_lt(early, MANY / 2 - MANY / 10);
}

Test(net_drain, after_a_pause_all_whose_turn_has_come_are_told)
{
    connect_lasting(MANY);
    drain_over(SPAN_MS);
    fix_pass_ms(2 * SPAN_MS);
    cr_assert_eq(waiting(), 0);
}

Test(net_drain, without_a_span_all_are_told_at_once)
{
    connect_lasting(MANY);
    drain_over(0);
    cr_assert_eq(waiting(), 0);
}

Test(net_drain, without_memory_for_turns_all_are_told_at_once)
{
    struct drain_turns turns = {.began_ms = fix.now_ms, .span_ms = SPAN_MS};
    connect_lasting(MANY);
    alloc_fail_after(0);
    net_drain(&fix.nets[0], &turns);
    alloc_fail_stop();
    fix_settle();
    cr_assert_eq(waiting(), 0);
}

/* --- several loops ----------------------------------------------------------------------- */

static void init_loops(void)
{
    fix_init_with(3, 0, NULL, 0);
    script.run = leave_when_draining;
}

TestSuite(net_drain_loops, .init = init_loops, .fini = fix_done);

Test(net_drain_loops, few_on_many_loops_are_told_evenly_over_the_span)
{
    for (unsigned loop = 0; loop < 3; loop++)
        client_connect(loop, &lasting_session);
    fix_settle();
    drain_over(SPAN_MS);
    for (unsigned told = 1; told < 3; told++) {
        cr_assert_eq(waiting(), 3 - told);
        fix_pass_ms(SPAN_MS / 3 - 1);
        cr_assert_eq(waiting(), 3 - told, "it is not time yet");
        fix_pass_ms(1);
    }
    cr_assert_eq(waiting(), 0);
}

Test(net_drain_loops, the_only_one_is_told_at_once_wherever_it_is)
{
    client_connect(2, &lasting_session);
    fix_settle();
    drain_over(SPAN_MS);
    cr_assert_eq(waiting(), 0);
}
