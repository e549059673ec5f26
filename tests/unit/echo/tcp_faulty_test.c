#include "echo/tcp_faulty.h"

#include "echo/echo.h"
#include "unit/alloc_fail.h"
#include "unit/expect.h"
#include "unit/net_fixture.h"

static unsigned client;

static void setup(void)
{
    fix_init();
    client = client_connect(0, &tcp_command_session);
}

TestSuite(tcp_faulty, .init = setup, .fini = fix_done);

/* --- the first line ---------------------------------------------------------------------- */

Test(tcp_faulty, a_first_line_is_obeyed_and_not_echoed)
{
    SAYS_HEARS(client, "?duplicate=1/1\nab", "aabb");
    SAYS_HEARS(client, "?\n", "??\n\n");
}

Test(tcp_faulty, other_bytes_are_plain_echo)
{
    SAYS_HEARS(client, "a?duplicate=1/1\n", "a?duplicate=1/1\n");
    cr_assert_eq(client_conn(client)->session, &tcp_echo_session);
}

Test(tcp_faulty, who_says_nothing_may_take_any_time)
{
    fix_pass_ms(1000 * 1000);
    SAYS_HEARS(client, "x", "x");
}

Test(tcp_faulty, a_line_must_be_finished_in_time)
{
    SAYS_HEARS(client, "?drop", "");
    fix_pass_ms(60 * 1000);
    cr_assert_not(client_read(client));
    HEARS(client, "error: the first line has no end\n");
}

Test(tcp_faulty, a_drain_does_not_wait_for_the_line)
{
    SAYS_HEARS(client, "?drop", "");
    net_drain(&fix.nets[0], NULL);
    fix_settle();
    cr_assert_not(client_read(client));
}

/* --- what follows ------------------------------------------------------------------------ */

Test(tcp_faulty, what_is_late_is_late_by_its_own_time)
{
    SAYS_HEARS(client, "?delay_ms=1000\na", "");
    fix_pass_ms(600);
    SAYS_HEARS(client, "b", "");
    fix_pass_ms(500);
    HEARS(client, "a");
    fix_pass_ms(600);
    HEARS(client, "b");
}

Test(tcp_faulty, an_end_is_answered_behind_all_that_waits)
{
    SAYS_HEARS(client, "?delay_ms=1000&reorder=2\nxx", "");
    client_send_bytes(client, SPAN("y"));
    client_shut(client);
    fix_settle();
    fix_pass_ms(1100);
    cr_assert_not(client_read(client));
    HEARS(client, "xxy");
    cr_assert_eq(fix.open_total, 0);
}

Test(tcp_faulty, a_stall_and_an_end_come_after_so_many)
{
    SAYS_HEARS(client, "?after=2&stall_ms=1000&rst\nabc", "ab");
    fix_pass_ms(900);
    cr_assert_not_null(client_conn(client));
    fix_pass_ms(200);
    cr_assert_null(client_conn(client));
}

Test(tcp_faulty, what_is_held_unread_ends_after_a_minute)
{
    SAYS_HEARS(client, "?noread_after=2\nabc", "ab");
    cr_assert_eq(client_conn(client)->in.len, 1);
    fix_pass_ms(61 * 1000);
    cr_assert_not(client_read(client));
}

Test(tcp_faulty, what_is_half_closed_is_read_on)
{
    SAYS_HEARS(client, "?halfclose&after=1&noread_after=2\nabcd", "a");
    cr_assert_not(client_read(client));
    client_say(client, "efgh");
    cr_assert_eq(client_conn(client)->in.len, 0);
    client_shut(client);
    fix_settle();
    cr_assert_eq(fix.open_total, 0);
}

Test(tcp_faulty, what_waits_counts_against_its_connection)
{
    SAYS_HEARS(client, "?delay_ms=1000\n0123456789", "");
    const struct conn *c = client_conn(client);
    cr_assert_geq(c->session->held_bytes(c, c->frame), 10);
    fix_pass_ms(1100);
    cr_assert_eq(c->session->held_bytes(c, c->frame), 0);
}

Test(tcp_faulty, a_peer_may_leave_while_answers_wait)
{
    SAYS_HEARS(client, "?delay_ms=1000&reorder=3\n0123", "");
    conn_abort(client_conn(client), "test");
    fix_pass_ms(2000);
    cr_assert_eq(fix.open_total, 0);
}

Test(tcp_faulty, an_allocation_that_fails_ends_the_connection_alone)
{
    size_t failures = 0;
    for (;; failures++) {
        unsigned i = client_connect(0, &tcp_command_session);
        expect_ok(buf_reserve(&fix.clients[i].heard, 4096)); /* ours do not fail */
        alloc_fail_after(failures);
        client_say(i, "?reorder=2&delay_ms=1\nabcd");
        fix_pass_ms(10);
        size_t seen = alloc_fail_stop();
        if (seen <= failures)
            break;
        cr_assert_null(client_conn(i));
    }
    cr_assert_gt(failures, 2);
}
