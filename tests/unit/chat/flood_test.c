/* Flood control: lines wait, and none is lost. */
#include "unit/alloc_fail.h"
#include "unit/chat/chat_fixture.h"

enum { PER_SECOND = 5, BURST = 10, INTERVAL_MS = 1000 / PER_SECOND };

static void setup(void)
{
    static const char *const more[] = {"chat.flood_lines_per_second=5", "chat.flood_burst=10"};
    chat_init_with(1, more, 2);
}

TestSuite(flood, .init = setup, .fini = chat_done);

/* Sends the lines from number `first` on, in one piece. */
static void say_numbers(unsigned client, int first, int count)
{
    struct buf lines = {0};
    for (int i = first; i < first + count; i++)
        cr_assert_eq(buf_printf(&lines, "PING %d\r\n", i), OK);
    client_send_bytes(client, buf_span(&lines));
    buf_deinit(&lines);
    fix_settle();
}

static void hear_numbers(unsigned client, int first, int count)
{
    struct buf want = {0};
    for (int i = first; i < first + count; i++)
        cr_assert_eq(buf_printf(&want, ":s.test PONG s.test :%d\r\n", i), OK);
    cr_assert_eq(buf_append(&want, SPAN("\0")), OK);
    HEARS(client, (const char *)want.data);
    buf_deinit(&want);
}

/* A registered client with its whole burst before it. */
static unsigned rested(void)
{
    unsigned a = client_named(0, "alice");
    fix_pass_ms(BURST * INTERVAL_MS);
    return a;
}

Test(flood, a_burst_is_taken_at_once_and_the_rest_in_time)
{
    unsigned a = rested();
    const _Atomic uint64_t *pauses = &fix.set.loops[0].metrics.flood_pauses;
    uint64_t before = metric_get(pauses);
    say_numbers(a, 0, 30);
    hear_numbers(a, 0, BURST);
    cr_assert_eq(metric_get(pauses), before + 1);
    for (int i = BURST; i < 30; i++) {
        fix_pass_ms(INTERVAL_MS - 1);
        HEARS(a, "");
        fix_pass_ms(1);
        hear_numbers(a, i, 1);
    }
    cr_assert_eq(metric_get(pauses), before + 21, "each of the 20, and whatever may follow");
    fix_pass_ms(INTERVAL_MS);
    HEARS(a, "");
}

Test(flood, lines_for_the_hub_keep_their_order)
{
    unsigned a = rested();
    client_say(a, "JOIN #a\r\n");
    client_heard(a);
    say_numbers(a, 0, BURST - 1);
    hear_numbers(a, 0, BURST - 1);
    SAYS_HEARS(a, "TOPIC #none\r\nPING 1\r\nTOPIC #none\r\n", "");
    fix_pass_ms(INTERVAL_MS);
    HEARS(a, ":s.test 403 alice #none :No such channel\r\n");
    fix_pass_ms(INTERVAL_MS);
    HEARS(a, ":s.test PONG s.test :1\r\n");
    fix_pass_ms(INTERVAL_MS);
    HEARS(a, ":s.test 403 alice #none :No such channel\r\n");
}

Test(flood, silence_gives_a_burst_back_and_no_more)
{
    unsigned a = rested();
    say_numbers(a, 0, BURST);
    hear_numbers(a, 0, BURST);
    fix_pass_ms(100 * INTERVAL_MS);
    say_numbers(a, 0, BURST + 1);
    hear_numbers(a, 0, BURST);
}

Test(flood, nothing_is_read_while_a_line_waits)
{
    unsigned a = rested();
    say_numbers(a, 0, BURST);
    hear_numbers(a, 0, BURST);
    static const char lines[8192] = {'\n'};
    size_t sent = 0;
    client_send_bytes(a, SPAN("PING 1\r\n"));
    while (send(fix.clients[a].fd, lines, sizeof(lines), MSG_NOSIGNAL) > 0) {
        sent += sizeof(lines);
        fix_settle();
    }
    cr_assert_eq(errno, EAGAIN, "what is not read comes back to the sender");
    size_t allowance = chat_line_session.input_bytes;
    cr_assert_leq(client_conn(a)->in.len, allowance);
    cr_assert_gt(sent, allowance);
}

Test(flood, whoever_waits_may_go)
{
    unsigned a = rested();
    say_numbers(a, 0, BURST + 5);
    hear_numbers(a, 0, BURST);
    cr_assert_not_null(chat_session_of(client_conn(a))->flood.wait);
    conn_abort(client_conn(a), "test");
    fix_settle();
    fix_pass_ms(10 * INTERVAL_MS);
    cr_assert_null(client_conn(a));
}

Test(flood, the_end_comes_behind_all_lines)
{
    unsigned a = rested();
    say_numbers(a, 0, BURST + 2);
    client_shut(a);
    hear_numbers(a, 0, BURST);
    fix_pass_ms(INTERVAL_MS);
    hear_numbers(a, BURST, 1);
    fix_pass_ms(INTERVAL_MS);
    hear_numbers(a, BURST + 1, 1);
    fix_pass_ms(INTERVAL_MS);
    HEARS(a, "ERROR :Closing Link: 127.0.0.1 (Connection closed)\r\n");
}

Test(flood, the_drain_does_not_wait)
{
    unsigned a = rested();
    say_numbers(a, 0, BURST + 2);
    hear_numbers(a, 0, BURST);
    net_drain(&fix.nets[0], NULL);
    fix_settle();
    HEARS(a, "ERROR :Closing Link: 127.0.0.1 (Server is shutting down)\r\n");
}

Test(flood, whoever_waits_is_not_silent)
{
    unsigned a = rested();
    say_numbers(a, 0, 2000);
    for (int s = 0; s < 300; s++) {
        fix_pass_ms(1000);
        client_read(a);
    }
    const char *heard = client_heard(a);
    cr_assert_null(strstr(heard, "ERROR"), "%s", heard);
    cr_assert_not_null(strstr(heard, " PONG s.test :1500\r\n"));
}

Test(flood, strangers_wait_likewise)
{
    unsigned a = client_connect(0, &chat_line_session);
    say_numbers(a, 0, BURST + 1);
    hear_numbers(a, 0, BURST);
    fix_pass_ms(INTERVAL_MS);
    hear_numbers(a, BURST, 1);
}

Test(flood, without_memory_only_that_session_ends)
{
    unsigned a = rested(), b = client_named(0, "bob");
    say_numbers(a, 0, BURST);
    hear_numbers(a, 0, BURST);
    alloc_fail_after(0);
    fix_settle();
    client_send_bytes(a, SPAN("PING 1\r\n"));
    fix_settle();
    alloc_fail_stop();
    say_numbers(b, 0, 2);
    hear_numbers(b, 0, 2);
}
