#include "unit/alloc_fail.h"
#include "unit/expect.h"
#include "unit/http_peer.h"

#include <jansson.h>

static unsigned client;

static void setup(void)
{
    static const char *const settings[] = {"limits.body_bytes=1000"};
    fix_init_with(1, 0, settings, 1);
    client = client_connect(0, &http_session);
}

TestSuite(http_echo, .init = setup, .fini = fix_done);

#define HEAD " HTTP/1.1\r\nHost: a\r\n"
#define SAFE                                                                                       \
    "X-Content-Type-Options: nosniff\r\n"                                                          \
    "Content-Security-Policy: sandbox; default-src 'none'\r\n"

/* --- bodies ------------------------------------------------------------------------------ */

Test(http_echo, a_body_comes_back_with_its_length)
{
    ASKS_HEARS(client, "POST /echo" HEAD "Content-Length: 5\r\n\r\nhello",
               "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n"
               "Content-Length: 5\r\n" SAFE "\r\nhello");
    ASKS_HEARS(client, "PUT /echo" HEAD "Content-Length: 0\r\n\r\n",
               "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n"
               "Content-Length: 0\r\n" SAFE "\r\n");
}

Test(http_echo, chunks_come_back_as_chunks)
{
    ASKS_HEARS(client,
               "POST /echo" HEAD "Transfer-Encoding: chunked\r\n\r\n"
               "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n",
               "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n"
               "Transfer-Encoding: chunked\r\n" SAFE "\r\n"
               "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n");
}

Test(http_echo, a_body_comes_back_while_it_arrives)
{
    http_peer_ask(client, "POST /echo" HEAD "Content-Length: 6\r\n\r\nabc");
    ASKS_HEARS(client, "d", "d");
    ASKS_HEARS(client, "ef", "ef");
}

Test(http_echo, a_body_may_arrive_byte_by_byte)
{
    static const char request[] = "POST /echo" HEAD "Transfer-Encoding: chunked\r\n\r\n"
                                  "3\r\nabc\r\n0\r\n\r\n";
    for (size_t i = 0; i + 1 < sizeof(request); i++) {
        client_send_bytes(client, span_of(request + i, 1));
        fix_settle();
    }
    cr_assert_str_eq(http_peer_body(http_peer_heard(client)),
                     "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n");
}

Test(http_echo, a_peer_that_waits_is_told_to_go_on)
{
    ASKS_HEARS(client, "POST /echo" HEAD "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n",
               "HTTP/1.1 100 Continue\r\n\r\n");
    http_peer_expect_status(http_peer_ask(client, "ok"), 200);
}

Test(http_echo, http_1_0_hears_up_to_the_close)
{
    const char *answer =
        http_peer_ask(client, "POST /echo HTTP/1.0\r\nContent-Length: 2\r\n\r\nok");
    http_peer_expect_field(answer, "Connection: close");
    cr_assert_str_eq(http_peer_body(answer), "ok");
    cr_assert_not(client_read(client));
}

Test(http_echo, a_body_beyond_the_limit_is_refused)
{
    http_peer_expect_status(http_peer_ask(client, "POST /echo" HEAD "Content-Length: 1001\r\n\r\n"),
                            413);
    cr_assert_not(client_read(client));
}

Test(http_echo, chunks_beyond_the_limit_are_refused)
{
    http_peer_expect_status(
        http_peer_ask(client, "POST /echo" HEAD "Transfer-Encoding: chunked\r\n\r\n3e9\r\n"), 413);
}

Test(http_echo, a_body_that_breaks_off_ends_the_connection)
{
    http_peer_ask(client, "POST /echo" HEAD "Content-Length: 6\r\n\r\nabc");
    client_shut(client);
    cr_assert_not(client_read(client));
    HEARS(client, "");
    cr_assert_eq(metric_get(&fix.set.loops[0].metrics.protocol_errors), 1);
}

Test(http_echo, a_body_that_does_not_come_is_a_time_out)
{
    client_say(client, "POST /echo" HEAD "Content-Length: 6\r\n\r\n");
    fix_pass_ms(90 * 1000);
    http_peer_expect_status(http_peer_heard(client), 408);
    cr_assert_not(client_read(client));
}

/* --- types ------------------------------------------------------------------------------- */

static void expect_type(const char *sent, const char *got)
{
    char request[256], line[128];
    snprintf(request, sizeof(request), "POST /echo" HEAD "%s%s\r\nContent-Length: 1\r\n\r\nx",
             sent == NULL ? "X: y" : "Content-Type: ", sent == NULL ? "" : sent);
    snprintf(line, sizeof(line), "Content-Type: %s", got);
    http_peer_expect_field(http_peer_ask(client, request), line);
}

Test(http_echo, types_that_are_harmless_come_back)
{
    expect_type("application/json", "application/json");
    expect_type("application/octet-stream", "application/octet-stream");
    expect_type("image/png", "image/png");
    expect_type("TEXT/CSV", "text/csv");
    expect_type("application/json; charset=utf-8", "application/json");
    expect_type("application/json ;x=y", "application/json");
}

Test(http_echo, what_could_run_in_our_origin_is_plain_text)
{
    static const char *const types[] = {"text/html",
                                        "image/svg+xml",
                                        "application/xhtml+xml",
                                        "text/javascript",
                                        "application/json,text/html",
                                        "application/jsonx",
                                        "",
                                        ";",
                                        NULL};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        expect_type(types[i], "text/plain; charset=utf-8");
}

/* --- the query --------------------------------------------------------------------------- */

Test(http_echo, the_query_chooses_the_status)
{
    http_peer_expect_status(http_peer_ask(client, "GET /echo?status=418" HEAD "\r\n"), 418);
    http_peer_expect_status(
        http_peer_ask(client, "POST /echo?x=1&status=503" HEAD "Content-Length: 1\r\n\r\nx"), 503);
}

Test(http_echo, a_status_without_a_body_has_none)
{
    const char *answer =
        http_peer_ask(client, "POST /echo?status=204" HEAD "Content-Length: 4\r\n\r\nbody");
    http_peer_expect_status(answer, 204);
    cr_assert_str_eq(http_peer_body(answer), "");
    http_peer_expect_status(http_peer_ask(client, "GET /echo" HEAD "\r\n"), 200);
}

Test(http_echo, numbers_out_of_bounds_are_refused)
{
    static const char *const queries[] = {
        "status=199",
        "status=600",
        "status=-200",
        "status=",
        "status=abc",
        "status=2oo",
        "status=0x1ff",
        "status=%20200",
        "status=200%00",
        "status=%zz",
        "delay_ms=-1",
        "delay_ms=60001",
        "delay_ms=1.5",
        "delay_ms=+1",
        "delay_ms",
        "delay_ms=99999999999999999999",
        "status=99999999999999999999999999",
    };
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        char request[128];
        snprintf(request, sizeof(request), "GET /echo?%s" HEAD "\r\n", queries[i]);
        const char *answer = http_peer_ask(client, request);
        http_peer_expect_status(answer, 400);
        const char *rule = queries[i][0] == 's' ? "status is 200 to 599" : "delay_ms is 0 to 60000";
        cr_assert_not_null(strstr(answer, rule), "%s", queries[i]);
    }
}

Test(http_echo, a_delay_comes_before_the_answer)
{
    ASKS_HEARS(client, "GET /echo?delay_ms=5000" HEAD "\r\n", "");
    fix_pass_ms(4900);
    HEARS(client, "");
    fix_pass_ms(200);
    http_peer_expect_status(http_peer_heard(client), 200);
}

Test(http_echo, delayed_answers_keep_their_order)
{
    ASKS_HEARS(client,
               "GET /echo?delay_ms=5000&status=201" HEAD "\r\n"
               "GET /echo?status=202" HEAD "\r\n",
               "");
    fix_pass_ms(5100);
    const char *answers = http_peer_heard(client);
    http_peer_expect_status(answers, 201);
    cr_assert_not_null(strstr(answers, "HTTP/1.1 202 "));
}

Test(http_echo, a_peer_may_leave_while_it_waits)
{
    client_say(client, "GET /echo?delay_ms=5000" HEAD "\r\n");
    conn_abort(client_conn(client), "test");
    fix_pass_ms(6000);
    cr_assert_eq(fix.open_total, 0);
}

/* --- the request, described -------------------------------------------------------------- */

static json_t *described(const char *request)
{
    const char *answer = http_peer_ask(client, request);
    http_peer_expect_field(answer, "Content-Type: application/json");
    http_peer_expect_field(answer, "X-Content-Type-Options: nosniff");
    json_error_t error;
    json_t *all = json_loads(http_peer_body(answer), 0, &error);
    cr_assert_not_null(all, "%s: %s", error.text, answer);
    return all;
}

static const char *text_of(const json_t *all, const char *key)
{
    return json_string_value(json_object_get(all, key));
}

Test(http_echo, get_tells_what_was_asked)
{
    json_t *all = described("GET /echo?a=b" HEAD "X-Test:  two words \r\n\r\n");
    cr_assert_str_eq(text_of(all, "method"), "GET");
    cr_assert_str_eq(text_of(all, "target"), "/echo?a=b");
    cr_assert_str_eq(text_of(all, "version"), "1.1");
    cr_assert_str_eq(text_of(all, "peer"), "127.0.0.1:1");
    cr_assert(json_is_false(json_object_get(all, "tls")));
    char *headers = json_dumps(json_object_get(all, "headers"), JSON_COMPACT);
    cr_assert_str_eq(headers, "[[\"Host\",\"a\"],[\"X-Test\",\"two words\"]]");
    free(headers);
    json_decref(all);
}

Test(http_echo, get_tells_of_http_1_0)
{
    json_t *all = described("GET /echo HTTP/1.0\r\n\r\n");
    cr_assert_str_eq(text_of(all, "version"), "1.0");
    json_decref(all);
}

Test(http_echo, bytes_that_are_not_utf8_are_taken_as_latin_1)
{
    json_t *all = described("GET /echo" HEAD "X: gr\xfc\xdf \xff\r\nY: gr\xc3\xbc\xc3\x9f\r\n\r\n");
    char *headers = json_dumps(json_object_get(all, "headers"), JSON_COMPACT);
    cr_assert_str_eq(headers, "[[\"Host\",\"a\"],[\"X\",\"gr\xc3\xbc\xc3\x9f \xc3\xbf\"],"
                              "[\"Y\",\"gr\xc3\xbc\xc3\x9f\"]]");
    free(headers);
    json_decref(all);
}

Test(http_echo, head_is_answered_like_get_without_the_body)
{
    const char *answer = http_peer_ask(client, "HEAD /echo" HEAD "\r\n");
    http_peer_expect_status(answer, 200);
    http_peer_expect_field(answer, "Content-Type: application/json");
    cr_assert_null(strstr(answer, "Content-Length: 0\r\n"));
    cr_assert_str_eq(http_peer_body(answer), "");
}

Test(http_echo, other_methods_are_refused)
{
    const char *answer = http_peer_ask(client, "DELETE /echo" HEAD "\r\n");
    http_peer_expect_status(answer, 405);
    http_peer_expect_field(answer, "Allow: GET, HEAD, POST, PUT");
}

Test(http_echo, an_allocation_that_fails_is_answered_or_ends_the_connection)
{
    size_t failures = 0;
    for (;; failures++) {
        unsigned i = client_connect(0, &http_session);
        expect_ok(buf_reserve(&fix.clients[i].heard, 128 * 1024)); /* ours do not fail */
        alloc_fail_after(failures);
        client_say(i,
                   "POST /echo" HEAD "Content-Length: 2\r\n\r\nokGET /echo" HEAD "X: \xff\r\n\r\n");
        size_t seen = alloc_fail_stop();
        const char *answer = http_peer_heard(i);
        cr_assert(client_conn(i) == NULL || strncmp(answer, "HTTP/1.1 ", 9) == 0, "%s", answer);
        if (seen <= failures)
            break;
    }
    cr_assert_gt(failures, 2);
}
