#include "web/http_session.h"

#include "unit/alloc_fail.h"
#include "unit/expect.h"
#include "unit/http_peer.h"

#include <time.h>

static unsigned client;

static void setup(void)
{
    static const char *const settings[] = {"limits.header_bytes=1000"};
    fix_init_with(1, 0, settings, 1);
    client = client_connect(0, &http_session);
}

TestSuite(http_session, .init = setup, .fini = fix_done);

#define METRIC(name) metric_get(&fix.set.loops[0].metrics.name)
#define HEAD " HTTP/1.1\r\nHost: a\r\n"
#define GET_ECHO "GET /echo?status=201" HEAD "\r\n"

static void expect_refused(const char *request, int status)
{
    const char *answer = http_peer_ask(client, request);
    http_peer_expect_status(answer, status);
    http_peer_expect_field(answer, "Connection: close");
    cr_assert_not(client_read(client));
    cr_assert_eq(METRIC(protocol_errors), 1);
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;
    for (; (text = strstr(text, what)) != NULL; text++)
        n++;
    return n;
}

/* --- one request after another ----------------------------------------------------------- */

Test(http_session, a_connection_is_kept_alive)
{
    for (int i = 0; i < 3; i++) {
        const char *answer = http_peer_ask(client, GET_ECHO);
        http_peer_expect_status(answer, 201);
        cr_assert_null(strstr(answer, "Connection: "));
    }
    cr_assert_eq(METRIC(http_requests), 3);
}

Test(http_session, answers_are_counted_by_the_class_of_their_status)
{
    http_peer_ask(client, GET_ECHO);
    http_peer_ask(client, "GET /none" HEAD "\r\n");
    cr_assert_eq(METRIC(http_2xx), 1);
    cr_assert_eq(METRIC(http_4xx), 1);
    http_peer_ask(client, "what is this\r\n\r\n");
    cr_assert_eq(METRIC(http_4xx), 2, "what is no request is answered, too");
    cr_assert_eq(METRIC(http_requests), 2);
}

Test(http_session, pipelined_requests_are_answered_in_their_order)
{
    const char *answers = http_peer_ask(client, "GET /livez" HEAD "\r\n" GET_ECHO "POST /echo" HEAD
                                                "Content-Length: 2\r\n\r\nok");
    const char *first = strstr(answers, "HTTP/1.1 404 "),
               *second = strstr(answers, "HTTP/1.1 201 ");
    cr_assert_eq(first, answers);
    cr_assert_not_null(second);
    cr_assert_not_null(strstr(second, "HTTP/1.1 200 "));
}

Test(http_session, a_request_may_arrive_byte_by_byte)
{
    for (const char *at = GET_ECHO; *at != '\0'; at++) {
        HEARS(client, "");
        client_send_bytes(client, span_of(at, 1));
        fix_settle();
    }
    http_peer_expect_status(http_peer_heard(client), 201);
}

Test(http_session, two_requests_may_be_cut_anywhere)
{
    static const char both[] = "PUT /echo" HEAD "Content-Length: 3\r\n\r\nabc" GET_ECHO;
    for (size_t cut = 0; cut < sizeof(both); cut++) {
        client_send_bytes(client, span_of(both, cut));
        fix_settle();
        client_send_bytes(client, span_of(both + cut, sizeof(both) - 1 - cut));
        fix_settle();
        const char *answers = http_peer_heard(client);
        cr_assert_eq(count(answers, "HTTP/1.1 "), 2, "cut at %zu: %s", cut, answers);
        cr_assert_not_null(strstr(answers, "\r\n\r\nabcHTTP/1.1 201 "), "%s", answers);
    }
}

Test(http_session, what_a_route_leaves_of_the_body_is_passed_over)
{
    const char *answers =
        http_peer_ask(client, "POST /echo?status=1" HEAD "Content-Length: 5\r\n\r\nGET /" GET_ECHO);
    http_peer_expect_status(answers, 400);
    cr_assert_not_null(strstr(answers, "HTTP/1.1 201 "));
}

Test(http_session, a_body_that_is_passed_over_may_come_later)
{
    http_peer_expect_status(
        http_peer_ask(client, "POST /echo?status=1" HEAD "Content-Length: 5\r\n\r\nGE"), 400);
    http_peer_expect_status(http_peer_ask(client, "T /" GET_ECHO), 201);
}

Test(http_session, the_peer_may_ask_for_the_end)
{
    const char *answer = http_peer_ask(client, "GET /echo" HEAD "Connection: close\r\n\r\n");
    http_peer_expect_status(answer, 200);
    http_peer_expect_field(answer, "Connection: close");
    cr_assert_not(client_read(client));
}

Test(http_session, http_1_0_ends_unless_it_asks_for_more)
{
    http_peer_expect_field(
        http_peer_ask(client, "GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
        "Connection: keep-alive");
    http_peer_expect_field(http_peer_ask(client, "GET /echo HTTP/1.0\r\n\r\n"),
                           "Connection: close");
    cr_assert_not(client_read(client));
}

Test(http_session, a_pipelined_flood_lets_others_have_their_turn)
{
    enum { COUNT = 20000 };
    static const char request[] = "HEAD /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    struct buf flood = {0};
    for (int i = 0; i < COUNT; i++)
        expect_ok(buf_append(&flood, SPAN("GET /x HTTP/1.1\r\nHost:\r\n\r\n")));
    ssize_t n = send(fix.clients[client].fd, flood.data, flood.len, MSG_NOSIGNAL);
    cr_assert_gt(n, 100000);
    unsigned other = client_connect(0, &http_session);
    client_send_bytes(other, span_str(request));
    fix_tick(&fix.set.loops[0]);
    http_peer_expect_status(http_peer_heard(other), 404);
    cr_assert_lt(METRIC(http_requests), 5000);
    buf_deinit(&flood);
}

Test(http_session, a_peer_that_reads_no_answers_is_not_answered_for_ever)
{
    struct buf flood = {0};
    for (int i = 0; i < 2000; i++)
        expect_ok(buf_append(&flood, SPAN("GET /main.js HTTP/1.1\r\nHost:\r\n\r\n")));
    for (int i = 0; i < 20; i++) {
        (void)!send(fix.clients[client].fd, flood.data, flood.len, MSG_NOSIGNAL);
        fix_settle();
    }
    cr_assert_lt(client_conn(client)->out.bytes, fix.nets[0].out_bytes_max + 128 * 1024);
    buf_deinit(&flood);
}

/* --- answers ----------------------------------------------------------------------------- */

Test(http_session, an_answer_has_the_date_of_its_tick)
{
    fix.set.loops[0].wall_ms = 784111777000;
    client_say(client, GET_ECHO);
    char want[64];
    time_t now = (time_t)(fix.set.loops[0].wall_ms / 1000);
    struct tm tm;
    strftime(want, sizeof(want), "\r\nDate: %a, %d %b %Y %H:%M:", gmtime_r(&now, &tm));
    const char *answer = client_heard(client);
    cr_assert_not_null(strstr(answer, want), "%s", answer);
    cr_assert_not_null(strstr(answer, "\r\nServer: simul\r\n"));
}

Test(http_session, an_unknown_path_is_404)
{
    ASKS_HEARS(client, "GET /none" HEAD "\r\n",
               "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\n"
               "Content-Length: 10\r\nX-Content-Type-Options: nosniff\r\n\r\nnot found\n");
}

Test(http_session, head_of_an_unknown_path_has_no_body)
{
    const char *answer = http_peer_ask(client, "HEAD /none" HEAD "\r\n");
    http_peer_expect_field(answer, "Content-Length: 10");
    cr_assert_str_eq(http_peer_body(answer), "");
}

Test(http_session, a_method_that_is_not_allowed_is_405_with_those_that_are)
{
    const char *answer = http_peer_ask(client, "PATCH /chat" HEAD "\r\n");
    http_peer_expect_status(answer, 405);
    http_peer_expect_field(answer, "Allow: GET, HEAD");
    http_peer_expect_status(http_peer_ask(client, "OPTIONS *" HEAD "\r\n"), 404);
}

/* --- bodies that are waited for ---------------------------------------------------------- */

Test(http_session, a_peer_that_waits_with_its_body_is_refused_without_it)
{
    const char *answer = http_peer_ask(client, "POST /none" HEAD
                                               "Expect: 100-continue\r\nContent-Length: 9\r\n\r\n");
    http_peer_expect_status(answer, 405);
    http_peer_expect_field(answer, "Connection: close");
    cr_assert_not(client_read(client), "nobody could tell a body from a request");
}

Test(http_session, a_peer_that_did_not_wait_is_kept)
{
    const char *answer = http_peer_ask(
        client, "POST /echo" HEAD "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nok");
    http_peer_expect_status(answer, 200);
    cr_assert_null(strstr(answer, "100 Continue"));
    http_peer_expect_status(http_peer_ask(client, GET_ECHO), 201);
}

/* --- requests that are none -------------------------------------------------------------- */

Test(http_session, what_is_no_request_is_refused)
{
    expect_refused("NICK a\r\n\r\n", 400);
}

Test(http_session, a_method_that_nobody_knows_is_501)
{
    expect_refused("BREW /" HEAD "\r\n", 501);
}

Test(http_session, another_version_is_505)
{
    expect_refused("GET / HTTP/2.0\r\n\r\n", 505);
}

Test(http_session, a_target_that_is_too_long_is_414)
{
    char request[9000] = "GET /";
    memset(request + 5, 'x', 8900);
    expect_refused(request, 414);
}

Test(http_session, headers_that_are_too_long_are_431)
{
    char request[1400] = "GET /" HEAD "X: ";
    size_t n = strlen(request);
    memset(request + n, 'x', sizeof(request) - 1 - n);
    expect_refused(request, 431);
}

Test(http_session, what_came_before_a_bad_request_is_answered_first)
{
    const char *answers = http_peer_ask(client, GET_ECHO "nonsense\r\n\r\n" GET_ECHO);
    http_peer_expect_status(answers, 201);
    cr_assert_not_null(strstr(answers, "HTTP/1.1 400 "));
    cr_assert_eq(count(answers, "HTTP/1.1 "), 2, "nothing is answered behind it");
}

Test(http_session, a_body_that_is_broken_ends_what_was_answered)
{
    const char *answer = http_peer_ask(client, "POST /echo?status=1" HEAD
                                               "Transfer-Encoding: chunked\r\n\r\nnone\r\n");
    http_peer_expect_status(answer, 400);
    cr_assert_eq(count(answer, "HTTP/1.1 "), 1);
    cr_assert_not(client_read(client));
    cr_assert_eq(METRIC(protocol_errors), 1);
}

/* --- silence ----------------------------------------------------------------------------- */

Test(http_session, who_never_asks_is_left_without_a_word)
{
    fix_pass_ms(11 * 1000);
    cr_assert_not(client_read(client));
    HEARS(client, "");
    cr_assert_eq(METRIC(protocol_errors), 0);
}

Test(http_session, an_idle_connection_ends_without_a_word)
{
    http_peer_ask(client, GET_ECHO);
    fix_pass_ms(70 * 1000);
    cr_assert(client_read(client));
    fix_pass_ms(10 * 1000);
    cr_assert_not(client_read(client));
    HEARS(client, "");
    cr_assert_eq(METRIC(protocol_errors), 0);
}

Test(http_session, a_head_that_is_not_completed_in_time_is_408)
{
    client_say(client, "GET /echo HTTP/1.1\r\n");
    for (int i = 0; i < 12; i++) {
        if (client_conn(client) != NULL)
            client_send_bytes(client, SPAN("X"));
        fix_pass_ms(1000);
    }
    http_peer_expect_status(http_peer_heard(client), 408);
    cr_assert_not(client_read(client));
    cr_assert_eq(METRIC(timeouts), 1);
}

Test(http_session, the_second_head_has_its_time_too)
{
    http_peer_ask(client, GET_ECHO);
    fix_pass_ms(60 * 1000);
    client_say(client, "GET /echo");
    fix_pass_ms(11 * 1000);
    http_peer_expect_status(http_peer_heard(client), 408);
}

/* --- the end ----------------------------------------------------------------------------- */

Test(http_session, an_end_between_requests_is_the_end)
{
    http_peer_ask(client, GET_ECHO);
    client_shut(client);
    cr_assert_not(client_read(client));
    HEARS(client, "");
    cr_assert_eq(METRIC(protocol_errors), 0);
}

Test(http_session, half_close_behind_a_request_is_answered)
{
    client_send_bytes(client, SPAN(GET_ECHO));
    client_shut(client);
    http_peer_expect_status(http_peer_heard(client), 201);
    cr_assert_eq(fix.open_total, 0);
}

Test(http_session, an_end_in_a_body_that_is_passed_over_is_a_fault)
{
    client_say(client, "POST /echo?status=1" HEAD "Content-Length: 5\r\n\r\nGE");
    client_shut(client);
    cr_assert_not(client_read(client));
    cr_assert_eq(METRIC(protocol_errors), 1);
}

/* --- the drain --------------------------------------------------------------------------- */

static void drain(void)
{
    net_drain(&fix.nets[0], NULL);
    fix_settle();
}

Test(http_session, a_drain_ends_who_is_idle)
{
    http_peer_ask(client, GET_ECHO);
    drain();
    cr_assert_not(client_read(client));
    HEARS(client, "");
}

Test(http_session, a_drain_lets_a_request_finish)
{
    client_say(client, "GET /echo HTTP/1.1\r\nHo");
    drain();
    cr_assert(client_read(client));
    const char *answer = http_peer_ask(client, "st: a\r\n\r\n");
    http_peer_expect_status(answer, 200);
    http_peer_expect_field(answer, "Connection: close");
    cr_assert_not(client_read(client));
}

Test(http_session, a_drain_lets_a_body_finish)
{
    client_say(client, "POST /echo" HEAD "Content-Length: 4\r\n\r\nab");
    drain();
    const char *answer = http_peer_ask(client, "cd");
    cr_assert_str_eq(http_peer_body(answer), "abcd");
}

/* --- without memory ---------------------------------------------------------------------- */

Test(http_session, an_allocation_that_fails_is_answered_or_ends_the_connection)
{
    size_t failures = 0;
    for (;; failures++) {
        unsigned i = client_connect(0, &http_session);
        expect_ok(buf_reserve(&fix.clients[i].heard, 128 * 1024)); /* ours do not fail */
        alloc_fail_after(failures);
        client_send_bytes(i, SPAN("GET /no"));
        fix_settle();
        if (client_conn(i) != NULL)
            client_say(i, "ne" HEAD "X: y\r\n\r\n");
        size_t seen = alloc_fail_stop();
        const char *answer = http_peer_heard(i);
        if (seen <= failures) {
            http_peer_expect_status(answer, 404);
            break;
        }
        cr_assert_null(client_conn(i));
        cr_assert(answer[0] == '\0' || strncmp(answer, "HTTP/1.1 503 ", 13) == 0, "%s", answer);
    }
    cr_assert_gt(failures, 2);
}
