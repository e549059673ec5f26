#include "core/cycles.h"
#include "unit/net/script.h"

TestSuite(net_in, .init = fix_init, .fini = fix_done);

static char seen[8192];
static size_t seen_len;

/* Notes the whole input, and keeps it. */
static enum co_result note(struct conn *c)
{
    seen_len = c->in.len;
    if (seen_len > 0)
        memcpy(seen, c->in.ptr, seen_len);
    return wait_for_more(c);
}

static void expect_seen(const char *text)
{
    expect_span(span_of(seen, seen_len), span_str(text));
}

Test(net_in, a_session_does_not_begin_before_something_happens)
{
    script_connect(note);
    fix_settle();
    cr_assert_eq(script.resumes, 0);
}

Test(net_in, input_that_is_left_stands_before_what_follows)
{
    unsigned i = script_connect(note);
    client_say(i, "one ");
    expect_seen("one ");
    client_say(i, "two ");
    expect_seen("one two ");
    client_say(i, "three");
    expect_seen("one two three");
}

static enum co_result take_one(struct conn *c)
{
    enum co_result r = note(c);
    if (c->in.len > 0)
        conn_take(c, 1);
    return r;
}

Test(net_in, what_is_taken_does_not_come_back)
{
    unsigned i = script_connect(take_one);
    client_say(i, "abc");
    expect_seen("abc");
    client_say(i, "d");
    expect_seen("bcd");
    conn_wake(client_conn(i));
    fix_settle();
    expect_seen("cd");
}

Test(net_in, input_of_one_is_not_seen_by_another)
{
    unsigned i = script_connect(note), k = script_connect(note);
    client_say(i, "secret");
    client_say(k, "other");
    expect_seen("other");
    conn_wake(client_conn(i));
    fix_settle();
    expect_seen("secret");
}

Test(net_in, everything_that_has_come_is_read_in_one_call)
{
    unsigned i = script_connect(note);
    for (int n = 0; n < 10; n++)
        client_send_bytes(i, SPAN("word "));
    fix_tick(&fix.set.loops[0]);
    cr_assert_eq(seen_len, 50);
    cr_assert_eq(METRIC(reads), 1);
    cr_assert_eq(METRIC(in_bytes), 50);
}

Test(net_in, one_call_takes_no_more_than_the_allowance)
{
    static char much[3 * SCRIPT_INPUT_BYTES];
    unsigned i = script_connect(swallow);
    client_send_bytes(i, span_of(much, sizeof(much)));
    fix_tick(&fix.set.loops[0]);
    cr_assert_eq(METRIC(in_bytes), SCRIPT_INPUT_BYTES);
    cr_assert_eq(METRIC(reads), 1);
    fix_settle();
    cr_assert_eq(METRIC(in_bytes), sizeof(much));
}

Test(net_in, a_message_beyond_the_allowance_closes)
{
    static char much[SCRIPT_INPUT_BYTES + 1];
    unsigned i = script_connect(note);
    client_send_bytes(i, span_of(much, SCRIPT_INPUT_BYTES));
    fix_settle();
    cr_assert_not_null(client_conn(i), "as much as is allowed");
    client_say(i, "x");
    cr_assert_null(client_conn(i));
    cr_assert_eq(METRIC(protocol_errors), 1);
    cr_assert_eq(script.drops, 1);
}

/* Waits for somebody else while it holds input. */
static enum co_result hold(struct conn *c)
{
    (void)c;
    return CO_WAITING;
}

/* Asks for input, and then waits for something else. */
static enum co_result leave_input(struct conn *c)
{
    conn_try_event(c);
    conn_leave_input(c);
    return CO_WAITING;
}

Test(net_in, a_session_may_take_back_that_it_wants_input)
{
    static char much[2 * SCRIPT_INPUT_BYTES];
    unsigned i = script_connect(leave_input);
    client_send_bytes(i, span_of(much, sizeof(much)));
    fix_settle();
    cr_assert_not_null(client_conn(i));
    cr_assert_eq(METRIC(in_bytes), SCRIPT_INPUT_BYTES);
}

Test(net_in, a_session_that_waits_for_something_else_is_read_up_to_its_first_input)
{
    unsigned i = script_connect(hold);
    client_say(i, "held");
    for (int n = 0; n < 3; n++)
        client_say(i, "more");
    cr_assert_eq(METRIC(in_bytes), 4, "the rest stays in the kernel");
    cr_assert_eq(client_conn(i)->in.len, 4);
    cr_assert_eq(script.resumes, 1);
}

Test(net_in, a_session_is_read_again_when_it_wants_input)
{
    unsigned i = script_connect(hold);
    client_say(i, "held ");
    client_say(i, "more");
    script.run = note;
    conn_wake(client_conn(i));
    fix_settle();
    expect_seen("held more");
}

static bool saw_eof;

static enum co_result end_at_eof(struct conn *c)
{
    conn_take(c, c->in.len);
    conn_try_event(c);
    saw_eof = c->eof;
    return c->eof ? CO_DONE : CO_WAITING;
}

Test(net_in, the_end_of_input_is_an_event)
{
    unsigned i = script_connect(end_at_eof);
    client_say(i, "x");
    cr_assert_not(saw_eof);
    client_shut(i);
    cr_assert(saw_eof);
    cr_assert_null(client_slot(i));
}

Test(net_in, what_came_before_the_end_is_seen_first)
{
    unsigned i = script_connect(note);
    client_send_bytes(i, SPAN("last"));
    client_shut(i);
    expect_seen("last");
    cr_assert_not_null(client_conn(i), "only the session can end it now");
    cr_assert(client_conn(i)->eof);
}

Test(net_in, after_the_end_of_input_nothing_is_polled)
{
    unsigned i = script_connect(note);
    client_shut(i);
    uint64_t reads = METRIC(reads);
    unsigned resumes = script.resumes;
    fix_settle();
    cr_assert_eq(METRIC(reads), reads);
    cr_assert_eq(script.resumes, resumes);
}

Test(net_in, a_reset_ends_the_connection_at_once)
{
    unsigned i = script_connect(echo);
    client_say(i, "x"); /* whose answer the peer never reads */
    close(fix.clients[i].fd);
    fix.clients[i].fd = -1;
    fix_settle();
    cr_assert_null(client_slot(i));
    cr_assert_eq(script.drops, 1);
}

Test(net_in, without_memory_to_keep_input_the_connection_ends)
{
    unsigned i = script_connect(note);
    client_send_bytes(i, SPAN("x"));
    alloc_fail_after(0);
    fix_tick(&fix.set.loops[0]);
    alloc_fail_stop();
    fix_settle();
    cr_assert_null(client_slot(i));
    cr_assert_eq(METRIC(out_of_memory), 1);
    cr_assert_eq(script.drops, 1);
}

/* --- budgets and turns ------------------------------------------------------------------- */

static unsigned spent;

static enum co_result spend(struct conn *c)
{
    spent = 0;
    while (conn_spend(c))
        spent++;
    return swallow(c);
}

Test(net_in, the_budget_of_a_resume_is_bounded_and_renewed)
{
    unsigned i = script_connect(spend);
    client_say(i, "x");
    unsigned first = spent;
    cr_assert_gt(first, 0);
    cr_assert_leq(first, 100000);
    client_say(i, "x");
    cr_assert_eq(spent, first);
}

/* 'f' makes it go on for ever, each time to the back of the queue; anything else is echoed. */
static enum co_result flood_or_echo(struct conn *c)
{
    if (c->in.len > 0 && c->in.ptr[0] == 'f')
        return CO_READY;
    return echo(c);
}

Test(net_in, a_flood_lets_others_have_their_turn)
{
    unsigned flood = script_connect(flood_or_echo), other = script_connect(flood_or_echo);
    client_say(flood, "flood");
    cr_assert(sched_has_ready(&fix.set.loops[0].sched));
    client_send_bytes(other, SPAN("hello"));
    fix_tick(&fix.set.loops[0]);
    HEARS(other, "hello");
}

Test(net_in, who_gives_way_is_resumed_once_in_each_tick)
{
    unsigned i = script_connect(flood_or_echo);
    client_send_bytes(i, SPAN("flood"));
    fix_tick(&fix.set.loops[0]);
    unsigned before = script.resumes;
    fix_tick(&fix.set.loops[0]);
    cr_assert_eq(script.resumes, before + 1);
}

/* --- after the end ----------------------------------------------------------------------- */

Test(net_in, a_session_that_is_over_is_dropped_once)
{
    unsigned i = script_connect(say_bye);
    client_say(i, "x");
    cr_assert_eq(script.drops, 1);
    cr_assert_null(client_slot(i) == NULL ? NULL : client_slot(i)->frame);
    client_say(i, "more");
    cr_assert_eq(script.resumes, 1);
    cr_assert_eq(script.drops, 1);
}

Test(net_in, what_comes_behind_the_end_is_read_and_dropped)
{
    unsigned i = script_connect(say_bye);
    SAYS_HEARS(i, "x", "bye");
    client_say(i, "nobody listens");
    uint64_t reads = METRIC(reads);
    client_say(i, "any more");
    cr_assert_gt(METRIC(reads), reads, "or a reset would destroy what was sent");
    cr_assert_eq(METRIC(in_bytes), 1);
}

Test(net_in, a_slow_resume_is_counted_and_timed_by_its_session)
{
    fix.nets[0].slow_ns = 0;
    unsigned i = script_connect(swallow);
    client_say(i, "a");
    client_say(i, "b");
    cr_assert_geq(metric_get(&fix.nets[0].loop->metrics.slow_resumes), 2);
    cr_assert_eq(fix.nets[0].times.of[0].type, &script_session);
    cr_assert_eq(fix.nets[0].times.of[0].resumes, script.resumes);
    cr_assert_eq(hist_total(&fix.nets[0].loop->metrics.resume), script.resumes);
}

enum { SLOW_NS = 5 * 1000 * 1000 };

static enum co_result dawdle_at_the_second(struct conn *c)
{
    CO_BEGIN(c);
    while (c->in.len == 0)
        CO_AWAIT(conn_try_event(c)); /* woken by a read */
    conn_take(c, c->in.len);
    while (c->in.len == 0)
        CO_AWAIT(conn_try_event(c)); /* woken by a read */
    conn_take(c, c->in.len);
    for (uint64_t begun = cycles_now(); cycles_to_ns(cycles_now() - begun) < SLOW_NS;)
        ;
    while (c->in.len == 0)
        CO_AWAIT(conn_try_event(c)); /* woken by a read */
    CO_END;
}

Test(net_in, the_longest_resume_is_known_by_its_lines)
{
    unsigned i = script_connect(dawdle_at_the_second);
    const struct session_time *t = &fix.nets[0].times.of[0];
    client_say(i, "a");
    client_say(i, "b");
    uint32_t from = t->longest_from, to = t->longest_to;
    cr_assert_geq(metric_get(&t->longest_ns), SLOW_NS);
    cr_assert_gt(from, 0);
    cr_assert_gt(to, from);
    client_say(i, "c");
    cr_assert_eq(t->longest_from, from, "what was quicker changes nothing");
    cr_assert_eq(t->longest_to, to);
}

Test(net_in, quick_resumes_are_not_called_slow)
{
    unsigned i = script_connect(swallow);
    client_say(i, "a");
    cr_assert_eq(metric_get(&fix.nets[0].loop->metrics.slow_resumes), 0);
}
