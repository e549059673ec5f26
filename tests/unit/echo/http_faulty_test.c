#include "echo/http_faulty.h"

#include "net/listener.h"
#include "unit/alloc_fail.h"
#include "unit/expect.h"
#include "unit/http_peer.h"

static unsigned client;

static void setup(void)
{
    fix_init();
    fix.nets[0].listeners[0].faults = true;
    client = client_connect(0, &http_session);
}

TestSuite(http_faulty, .init = setup, .fini = fix_done);

#define POST(query) "POST /echo?" query " HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"

/* --- time -------------------------------------------------------------------------------- */

Test(http_faulty, a_stall_is_behind_so_many_bytes_of_the_body)
{
    const char *answer = http_peer_ask(client, POST("stall_ms=1000&after=2"));
    cr_assert_str_eq(http_peer_body(answer), "he");
    fix_pass_ms(900);
    HEARS(client, "");
    fix_pass_ms(200);
    HEARS(client, "llo");
}

Test(http_faulty, an_answer_that_is_late_tells_of_a_drain)
{
    ASKS_HEARS(client, POST("delay_ms=1000&jitter_ms=1000"), "");
    net_drain(&fix.nets[0], NULL);
    fix_pass_ms(900);
    HEARS(client, "");
    fix_pass_ms(1200);
    const char *answer = http_peer_heard(client);
    http_peer_expect_field(answer, "Connection: close");
    cr_assert_str_eq(http_peer_body(answer), "hello");
}

/* Half of a connection may be all that the peer has shut, so it has its answer; but no drain waits
 * for it. */
static void expect_hurry_in_drain(const char *request)
{
    for (int leaves_first = 0; leaves_first < 2; leaves_first++) {
        fix_close();
        fix_free();
        fix.client_count = 0;
        setup();
        ASKS_HEARS(client, request, "");
        if (leaves_first)
            client_shut(client);
        fix_pass_ms(100);
        HEARS(client, "");
        net_drain(&fix.nets[0], 0);
        fix_settle();
        if (!leaves_first) {
            fix_pass_ms(2000);
            HEARS(client, "");
            client_shut(client);
            fix_pass_ms(600);
        }
        cr_assert_str_eq(http_peer_body(http_peer_heard(client)), "hello");
        fix_settle();
        cr_assert_eq(fix.open_total, 0, "%s", request);
    }
}

Test(http_faulty, a_drain_does_not_wait_for_who_has_gone)
{
    expect_hurry_in_drain(POST("delay_ms=60000"));
    expect_hurry_in_drain(POST("stall_ms=60000&after=0"));
    expect_hurry_in_drain(POST("delay_ms=60000&stall_ms=60000&after=2&chop=1"));
    expect_hurry_in_drain(POST("jitter_ms=60000&slow_bytes_per_second=1"));
}

Test(http_faulty, our_slowness_is_not_taken_for_the_peers)
{
    ASKS_HEARS(client, POST("delay_ms=60000&stall_ms=60000"), "");
    for (int i = 0; i < 11; i++) {
        fix_pass_ms(10 * 1000);
        HEARS(client, "");
    }
    fix_pass_ms(10 * 1000);
    fix_pass_ms(1000);
    cr_assert_str_eq(http_peer_body(http_peer_heard(client)), "hello");
    http_peer_expect_status(http_peer_ask(client, POST("status=202")), 202);
}

Test(http_faulty, a_body_that_does_not_come_is_a_time_out)
{
    client_say(client, "POST /echo?status=201 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
    fix_pass_ms(200 * 1000);
    http_peer_expect_status(http_peer_heard(client), 408);
    cr_assert_not(client_read(client));
}

/* --- ends -------------------------------------------------------------------------------- */

Test(http_faulty, after_a_half_close_the_peer_may_go_on_for_a_while)
{
    const char *answer = http_peer_ask(client, POST("halfclose&after=1"));
    cr_assert_str_eq(http_peer_body(answer), "h");
    cr_assert_not(client_read(client));
    client_say(client, "whatever this is");
    cr_assert_eq(client_conn(client)->in.len, 0);
    client_shut(client);
    fix_settle();
    cr_assert_eq(fix.open_total, 0);
}

Test(http_faulty, what_is_held_unread_ends_after_a_minute)
{
    const char *answer = http_peer_ask(client, POST("noread_after=2"));
    cr_assert_str_eq(http_peer_body(answer), "he");
    fix_pass_ms(59 * 1000);
    cr_assert_eq(client_conn(client)->state, CONN_OPEN);
    fix_pass_ms(2 * 1000);
    cr_assert_not(client_read(client));
}

Test(http_faulty, a_peer_may_leave_while_its_answer_waits)
{
    client_say(client, POST("delay_ms=1000&slow_bytes_per_second=1"));
    fix_pass_ms(5000);
    conn_abort(client_conn(client), "test");
    fix_pass_ms(5000);
    cr_assert_eq(fix.open_total, 0);
}

/* --- memory ------------------------------------------------------------------------------ */

Test(http_faulty, what_waits_counts_against_its_connection)
{
    client_say(client, POST("stall_ms=1000"));
    const struct conn *c = client_conn(client);
    cr_assert_geq(c->session->held_bytes(c, c->frame), 5);
    fix_pass_ms(1100);
    cr_assert_eq(c->session->held_bytes(c, c->frame), 0);
}

Test(http_faulty, an_allocation_that_fails_is_answered_or_ends_the_connection)
{
    size_t failures = 0;
    for (;; failures++) {
        unsigned i = client_connect(0, &http_session);
        expect_ok(buf_reserve(&fix.clients[i].heard, 128 * 1024)); /* ours do not fail */
        alloc_fail_after(failures);
        client_say(
            i,
            POST(
                "chunked&corrupt=1/2&header=X:y&after=3&stall_ms=1") "GET /echo?chunked "
                                                                     "HTTP/1.1\r\nHost: a\r\n\r\n");
        fix_pass_ms(10);
        size_t seen = alloc_fail_stop();
        const char *answer = http_peer_heard(i);
        cr_assert(client_conn(i) == NULL || strncmp(answer, "HTTP/1.1 ", 9) == 0, "%s", answer);
        if (seen <= failures)
            break;
    }
    cr_assert_gt(failures, 5);
}
