#include "net/conn.h"

#include "unit/net/script.h"

#include <signal.h>

TestSuite(conn, .init = fix_init, .fini = fix_done);

/* --- events ------------------------------------------------------------------------------ */

static bool answers[4];

static enum co_result ask_twice(struct conn *c)
{
    answers[0] = conn_try_event(c);
    answers[1] = conn_try_event(c);
    return swallow(c);
}

Test(conn, an_event_is_told_once)
{
    unsigned i = script_connect(ask_twice);
    client_say(i, "x");
    cr_assert(answers[0]);
    cr_assert_not(answers[1]);
    conn_wake(client_conn(i));
    fix_settle();
    cr_assert_eq(script.resumes, 2, "a wake-up without an event is legal");
    cr_assert_not(answers[0]);
}

Test(conn, a_session_is_woken_once_however_often_it_is_asked)
{
    unsigned i = script_connect(swallow);
    for (int n = 0; n < 5; n++)
        conn_wake(client_conn(i));
    fix_settle();
    cr_assert_eq(script.resumes, 1);
}

Test(conn, a_closing_session_is_not_woken)
{
    unsigned i = script_connect(swallow);
    struct conn *c = client_conn(i);
    conn_close(c);
    conn_wake(c);
    fix_settle();
    cr_assert_eq(script.resumes, 0);
}

/* --- output ------------------------------------------------------------------------------ */

static enum co_result write_in_every_way(struct conn *c)
{
    struct shared *s = shared_new(2);
    memcpy(s->bytes, "cd", 2);
    conn_write(c, SPAN("ab"));
    conn_write_shared(c, s);
    shared_put(s);
    memcpy(conn_write_room(c, 2), "ef", 2);
    memcpy(conn_write_reserve(c, 100), "gh", 2);
    conn_write_commit(c, 2);
    conn_write(c, SPAN_EMPTY);
    return swallow(c);
}

Test(conn, what_is_written_keeps_its_order)
{
    unsigned i = script_connect(write_in_every_way);
    SAYS_HEARS(i, "x", "abcdefgh");
}

static bool had_room;

static enum co_result write_much(struct conn *c)
{
    static uint8_t much[8192];
    while (conn_has_room(c))
        conn_write(c, span_of(much, sizeof(much)));
    had_room = conn_has_room(c);
    return CO_WAITING;
}

Test(conn, there_is_room_up_to_the_high_water_mark)
{
    unsigned i = script_connect(write_much);
    client_send_bytes(i, SPAN("x"));
    fix_tick(&fix.set.loops[0]);
    cr_assert_not(had_room);
    cr_assert(client_conn(i)->choked);
    cr_assert_gt(client_conn(i)->out.bytes, fix.nets[0].out_bytes_max / 2);
}

static unsigned resumes;

static enum co_result write_some(struct conn *c)
{
    if (resumes++ == 0)
        conn_write(c, SPAN("0123456789"));
    had_room = conn_has_room_for(c, 10) && conn_has_room_for(c, 9);
    return CO_WAITING;
}

Test(conn, there_is_room_for_what_wants_less_queued_when_that_has_been_sent)
{
    unsigned i = script_connect(write_some);
    client_send_bytes(i, SPAN("x"));
    fix_tick(&fix.set.loops[0]);
    cr_assert_eq(resumes, 1);
    cr_assert_not(had_room);
    fix_settle();
    cr_assert_eq(resumes, 2, "woken");
    cr_assert(had_room);
}

static enum co_result write_when_all_is_sent(struct conn *c)
{
    static uint8_t some[64 * 1024];
    resumes++;
    while (conn_has_room_for(c, 0))
        conn_write(c, span_of(some, sizeof(some)));
    return CO_WAITING;
}

Test(conn, who_wants_less_queued_sleeps_while_nothing_is_sent)
{
    unsigned i = script_connect(write_when_all_is_sent);
    client_send_bytes(i, SPAN("x"));
    for (unsigned before = 0; before < resumes || before == 0;) {
        before = resumes;
        for (int tick = 0; tick < 10; tick++)
            fix_tick(&fix.set.loops[0]);
        cr_assert_lt(resumes, 10000, "it is resumed for ever");
    }
    cr_assert_gt(client_conn(i)->out.bytes, 0);
}

/* Fails each allocation in turn; whatever happens ends this connection alone. */
static void expect_out_of_memory_closes(enum co_result (*run)(struct conn *c))
{
    unsigned failures = 0;
    for (size_t n = 0;; n++) {
        uint64_t before = METRIC(out_of_memory);
        unsigned i = script_connect(run);
        client_send_bytes(i, SPAN("x"));
        alloc_fail_after(n);
        fix_tick(&fix.set.loops[0]);
        size_t seen = alloc_fail_stop();
        fix_settle();
        if (seen <= n)
            break;
        failures++;
        cr_assert_eq(METRIC(out_of_memory), before + 1);
        cr_assert_null(client_slot(i));
        cr_assert_not(client_read(i), "the peer sees the end");
    }
    cr_assert_gt(failures, 0);
}

/* More than the gather buffer holds, so that the heap is asked. */
static enum co_result write_beyond_gathering(struct conn *c)
{
    static uint8_t much[2 * 1024 * 1024];
    conn_write(c, span_of(much, sizeof(much)));
    return CO_WAITING;
}

static enum co_result reserve_beyond_gathering(struct conn *c)
{
    uint8_t *room = conn_write_reserve(c, 2 * 1024 * 1024);
    if (room == NULL)
        return CO_DONE;
    memset(room, 'x', 100);
    conn_write_commit(c, 100);
    return CO_WAITING;
}

static enum co_result extend_beyond_gathering(struct conn *c)
{
    uint8_t *room = conn_write_room(c, 2 * 1024 * 1024);
    if (room != NULL)
        memset(room, 'x', 2 * 1024 * 1024);
    return CO_WAITING;
}

Test(conn, a_write_without_memory_closes_the_connection)
{
    expect_out_of_memory_closes(write_beyond_gathering);
}

Test(conn, a_reservation_without_memory_closes_the_connection)
{
    expect_out_of_memory_closes(reserve_beyond_gathering);
}

Test(conn, room_without_memory_closes_the_connection)
{
    expect_out_of_memory_closes(extend_beyond_gathering);
}

/* --- timers ------------------------------------------------------------------------------ */

Test(conn, a_new_timer_takes_the_place_of_the_old)
{
    unsigned i = script_connect(swallow);
    struct conn *c = client_conn(i);
    cr_assert_eq(c->timer, TIMER_HANDSHAKE);
    conn_set_timer(c, TIMER_IDLE);
    fix_pass_ms(20 * 1000);
    cr_assert_not(c->timed_out, "the handshake's 10 s count no more");
    fix_pass_ms(70 * 1000);
    cr_assert(c->timed_out);
}

Test(conn, a_timer_that_is_set_anew_forgets_that_it_ran_out)
{
    unsigned i = script_connect(swallow);
    struct conn *c = client_conn(i);
    fix_pass_ms(11 * 1000);
    cr_assert(c->timed_out);
    conn_set_timer(c, TIMER_HANDSHAKE);
    cr_assert_not(c->timed_out);
}

Test(conn, without_a_timer_silence_lasts)
{
    unsigned i = script_connect(swallow);
    conn_set_timer(client_conn(i), TIMER_NONE);
    fix_pass_ms(1000 * 1000);
    cr_assert_eq(script.resumes, 0);
}

/* --- the end ----------------------------------------------------------------------------- */

Test(conn, a_close_sends_what_is_queued)
{
    unsigned i = script_connect(swallow);
    struct conn *c = client_conn(i);
    conn_write(c, SPAN("last words"));
    conn_close(c);
    conn_close(c);
    fix_settle();
    cr_assert_not(client_read(i));
    HEARS(i, "last words");
    cr_assert_eq(METRIC(protocol_errors), 0);
}

Test(conn, an_abort_sends_nothing)
{
    unsigned i = script_connect(swallow);
    struct conn *c = client_conn(i);
    conn_write(c, SPAN("never heard"));
    conn_abort(c, "test");
    conn_abort(c, "test");
    fix_settle();
    cr_assert_not(client_read(i));
    HEARS(i, "");
    cr_assert_null(client_slot(i));
}

Test(conn, a_failure_is_counted_once)
{
    unsigned i = script_connect(swallow);
    struct conn *c = client_conn(i);
    conn_fail(c, "the peer broke a rule");
    conn_fail(c, "and another");
    cr_assert_eq(METRIC(protocol_errors), 1);
}

Test(conn, a_failure_of_a_closing_connection_does_not_count)
{
    unsigned i = script_connect(swallow);
    struct conn *c = client_conn(i);
    conn_close(c);
    conn_fail(c, "too late");
    cr_assert_eq(METRIC(protocol_errors), 0);
}

/* --- why it ended ------------------------------------------------------------------------ */

Test(conn, an_end_that_is_nobodys_fault_is_counted_at_the_very_end)
{
    unsigned i = script_connect(swallow);
    conn_close(client_conn(i));
    cr_assert_eq(METRIC(ended_done), 0);
    client_shut(i);
    cr_assert_null(client_slot(i));
    cr_assert_eq(METRIC(ended_done), 1);
    cr_assert_eq(METRIC(closed), 1);
}

Test(conn, an_end_has_one_reason_which_is_the_first)
{
    unsigned i = script_connect(swallow);
    struct conn *c = client_conn(i);
    conn_fail(c, "the peer broke a rule");
    conn_evict(c, END_SLOW);
    fix_settle();
    cr_assert_null(client_slot(i));
    cr_assert_eq(METRIC(protocol_errors), 1);
    cr_assert_eq(METRIC(evicted_slow), 0);
    cr_assert_eq(METRIC(ended_done), 0);
}

Test(conn, who_is_through_but_does_not_take_the_rest_was_evicted)
{
    unsigned i = script_connect(swallow);
    struct conn *c = client_conn(i);
    conn_close(c);
    conn_evict(c, END_SLOW);
    fix_settle();
    cr_assert_eq(METRIC(evicted_slow), 1);
    cr_assert_eq(METRIC(ended_done), 0);
}

Test(conn, an_abort_without_a_reason_is_a_broken_connection)
{
    unsigned i = script_connect(swallow);
    conn_abort(client_conn(i), "test");
    fix_settle();
    cr_assert_eq(METRIC(ended_broken), 1);
    i = script_connect(swallow);
    conn_abort_no_memory(client_conn(i));
    fix_settle();
    cr_assert_eq(METRIC(ended_broken), 1);
    cr_assert_eq(METRIC(out_of_memory), 1);
}

Test(conn, listeners_and_sessions_know_how_many_are_open)
{
    const struct listener *l = &fix.nets[0].listeners[0];
    unsigned i = script_connect(swallow);
    const struct session_time *t = fix.nets[0].times.of;
    cr_assert_eq(metric_get(&l->open), 1);
    cr_assert_eq(metric_get(&l->accepted), 1);
    cr_assert_eq(metric_get(&t->open), 1);
    conn_abort(client_conn(i), "test");
    fix_settle();
    cr_assert_eq(metric_get(&l->open), 0);
    cr_assert_eq(metric_get(&l->accepted), 1);
    cr_assert_eq(metric_get(&t->open), 0);
}

/* --- another session --------------------------------------------------------------------- */

static struct {
    struct span input;
    char bytes[16];
    bool was_zeroed;
    unsigned drops;
} heir;

static enum co_result heir_resume(struct conn *c, void *frame)
{
    static const uint8_t zero[64];
    heir.was_zeroed = memcmp((uint8_t *)frame + 1, zero, 63) == 0;
    cr_assert_eq(*(uint8_t *)frame, 42, "what was handed over");
    memcpy(heir.bytes, c->in.ptr, c->in.len);
    heir.input = span_of(heir.bytes, c->in.len);
    return echo(c);
}

static void heir_drop(struct conn *c, void *frame)
{
    (void)c;
    (void)frame;
    heir.drops++;
}

static const struct session_type heir_session = {
    .name = "heir",
    .frame_bytes = 64,
    .input_bytes = 4096,
    .resume = heir_resume,
    .drop = heir_drop,
};

static enum co_result hand_over(struct conn *c)
{
    conn_take(c, 3);
    uint8_t *frame = conn_become(c, &heir_session);
    if (frame != NULL)
        *frame = 42;
    return CO_DONE;
}

Test(conn, the_next_session_gets_the_input_that_is_left)
{
    unsigned i = script_connect(hand_over);
    SAYS_HEARS(i, "oldnew", "new");
    expect_span(heir.input, SPAN("new"));
    cr_assert(heir.was_zeroed);
    cr_assert_eq(script.drops, 1, "the first one's frame is freed");
    cr_assert_eq(heir.drops, 0);
    SAYS_HEARS(i, "more", "more");
    close(fix.clients[i].fd);
    fix.clients[i].fd = -1;
}

Test(conn, the_next_session_begins_without_input_too)
{
    unsigned i = script_connect(hand_over);
    client_say(i, "old");
    cr_assert_eq(heir.input.len, 0);
    cr_assert_not_null(heir.input.ptr, "it was resumed");
}

Test(conn, without_memory_for_the_next_session_the_connection_ends)
{
    unsigned i = script_connect(hand_over);
    client_send_bytes(i, SPAN("oldnew"));
    alloc_fail_after(0);
    fix_tick(&fix.set.loops[0]);
    alloc_fail_stop();
    fix_settle();
    cr_assert_null(client_slot(i));
    cr_assert_eq(METRIC(out_of_memory), 1);
    cr_assert_eq(script.drops, 1);
}

Test(conn, becoming_another_outside_a_resume_dies, .signal = SIGABRT)
{
    unsigned i = script_connect(swallow);
    conn_become(client_conn(i), &heir_session);
}

static enum co_result become_twice(struct conn *c)
{
    conn_become(c, &heir_session);
    conn_become(c, &heir_session);
    return CO_DONE;
}

Test(conn, becoming_two_others_dies, .signal = SIGABRT)
{
    client_say(script_connect(become_twice), "x");
}

/* --- handles ----------------------------------------------------------------------------- */

Test(conn, a_handle_finds_its_connection)
{
    unsigned i = script_connect(swallow);
    struct conn *c = client_conn(i);
    cr_assert_not_null(c);
    cr_assert_eq(conn_find(&fix.nets[0], conn_handle(c)), c);
    cr_assert_eq(conn_handle(c).loop, 0);
}

Test(conn, a_handle_does_not_find_what_is_closing)
{
    unsigned i = script_connect(swallow);
    conn_close(client_conn(i));
    cr_assert_null(client_conn(i));
    cr_assert_not_null(client_slot(i));
}

Test(conn, a_stale_handle_does_not_find_a_stranger)
{
    unsigned i = script_connect(swallow);
    conn_abort(client_conn(i), "test");
    fix_settle();
    unsigned k = script_connect(swallow);
    cr_assert_eq(fix.clients[k].handle.slot, fix.clients[i].handle.slot);
    cr_assert_null(client_conn(i));
    cr_assert_not_null(client_conn(k));
}

Test(conn, a_handle_of_no_slot_finds_nothing)
{
    cr_assert_null(conn_find(&fix.nets[0], (struct handle){.slot = 0, .generation = 1}));
    script_connect(swallow);
    cr_assert_null(conn_find(&fix.nets[0], (struct handle){.slot = 9999999, .generation = 1}));
}

Test(conn, a_pinned_slot_is_not_used_again)
{
    unsigned i = script_connect(swallow);
    struct handle h = fix.clients[i].handle;
    conn_pin(client_conn(i));
    conn_abort(client_conn(i), "test");
    fix_settle();
    unsigned k = script_connect(swallow);
    cr_assert_neq(fix.clients[k].handle.slot, h.slot);
    conn_unpin(&fix.nets[0], h);
    k = script_connect(swallow);
    cr_assert_eq(fix.clients[k].handle.slot, h.slot);
}

Test(conn, unpinning_what_nobody_pinned_dies, .signal = SIGABRT)
{
    unsigned i = script_connect(swallow);
    conn_unpin(&fix.nets[0], fix.clients[i].handle);
}
