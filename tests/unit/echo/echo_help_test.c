/* GET /echo/help. That every fault is there is tested from outside, and against the README. */
#include "echo/faults.h"
#include "net/listener.h"
#include "unit/alloc_fail.h"
#include "unit/expect.h"
#include "unit/http_peer.h"

static unsigned client;

static void setup(void)
{
    fix_init();
    client = client_connect(0, &http_session);
}

TestSuite(echo_help, .init = setup, .fini = fix_done);

#define ASK "GET /echo/help HTTP/1.1\r\nHost: a\r\n"

Test(echo_help, everybody_gets_text)
{
    const char *answer = http_peer_ask(client, ASK "Accept: */*\r\n\r\n");
    http_peer_expect_field(answer, "Content-Type: text/plain; charset=utf-8");
    http_peer_expect_field(answer, "Vary: Accept");
    for (int i = 0; i < FAULT_COUNT; i++)
        cr_assert_not_null(strstr(answer, fault_rows[i].help));
}

Test(echo_help, browsers_get_a_page)
{
    const char *answer = http_peer_ask(client, ASK "Accept: text/html, */*;q=0.5\r\n\r\n");
    http_peer_expect_field(answer, "Content-Type: text/html; charset=utf-8");
    cr_assert_not_null(strstr(answer, "default-src 'none'"));
    cr_assert_not_null(strstr(answer, "name=\"chop\""));
    cr_assert_null(strstr(answer, "<!--faults-->"));
    cr_assert_not_null(strstr(answer, "</html>"));
}

Test(echo_help, it_says_whether_faults_are_on)
{
    const char *answer = http_peer_ask(client, ASK "Accept: text/html\r\n\r\n");
    cr_assert_not_null(strstr(answer, "Faults are off here"));
    cr_assert_not_null(strstr(answer, "data-on=\"http \"><label for=\"fault-delay_ms\""));
    cr_assert_not_null(strstr(answer, "data-on=\"\"><label for=\"fault-chop\""));
    fix.nets[0].listeners[0].faults = true;
    answer = http_peer_ask(client, ASK "Accept: text/html\r\n\r\n");
    cr_assert_not_null(strstr(answer, "Faults are on here"));
    cr_assert_not_null(strstr(answer, "data-on=\"ws http \"><label for=\"fault-chop\""));
}

Test(echo_help, an_allocation_that_fails_is_answered_or_ends_the_connection)
{
    size_t failures = 0;
    for (;; failures++) {
        unsigned i = client_connect(0, &http_session);
        expect_ok(buf_reserve(&fix.clients[i].heard, 128 * 1024)); /* ours do not fail */
        alloc_fail_after(failures);
        client_say(i, ASK "Accept: text/html\r\n\r\n");
        size_t seen = alloc_fail_stop();
        const char *answer = http_peer_heard(i);
        cr_assert(client_conn(i) == NULL || strncmp(answer, "HTTP/1.1 ", 9) == 0, "%s", answer);
        if (seen <= failures)
            break;
    }
    cr_assert_gt(failures, 0);
}
