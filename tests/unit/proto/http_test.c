#include "unit/alloc_fail.h"
#include "unit/proto/http_vector.h"

#include <signal.h>

#define GET "GET / HTTP/1.1\r\nHost: a\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"
#define CHUNKED_HEAD "POST / 1.1 a chunked\nTransfer-Encoding=chunked\n"

Test(http, gives_requests_in_order)
{
    static const struct http_vector VECTORS[] = {
        {"nothing", TEXT(""), ""},
        {"half a request line", TEXT("GET / HT"), "more\n"},
        {"half a head", TEXT(GET), "more\n"},
        {"half a body", TEXT(POST "Content-Length: 5\r\n\r\nhe"),
         "POST / 1.1 a\nContent-Length=5\nbody he\nmore\n"},
        {"two without bodies", TEXT(GET "\r\n" GET "\r\n"), "GET / 1.1 a\nend\nGET / 1.1 a\nend\n"},
        {"three with bodies between",
         TEXT(POST "Content-Length: 2\r\n\r\nhi" CHUNKED "1\r\nx\r\n0\r\n\r\n" GET "\r\n"),
         "POST / 1.1 a\nContent-Length=2\nbody hi\nend\n" CHUNKED_HEAD
         "body x\nend\nGET / 1.1 a\nend\n"},
        {"a body that looks like a request",
         TEXT(POST "Content-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n" GET "\r\n"),
         "POST / 1.1 a\nContent-Length=18\nbody GET / HTTP/1.1\r\n\r\n\nend\nGET / 1.1 a\nend\n"},
        {"an empty line before each", TEXT("\r\n" GET "\r\n\r\n" GET "\r\n"),
         "GET / 1.1 a\nend\nGET / 1.1 a\nend\n"},
        {"two empty lines", TEXT("\r\n\r\n" GET "\r\n"), "failed 400\n"},
        {"garbage behind a request", TEXT(GET "\r\nrubbish\r\n"), "GET / 1.1 a\nend\nfailed 400\n"},
        {"more bytes than the length says", TEXT(POST "Content-Length: 1\r\n\r\nhello\r\n"),
         "POST / 1.1 a\nContent-Length=1\nbody h\nend\nfailed 400\n"},
    };
    VECTORS_RUN(VECTORS, &TRACE_LIMITS);
}

Test(http, reads_chunked_bodies)
{
    static const struct http_vector VECTORS[] = {
        {"two chunks", TEXT(CHUNKED "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"),
         CHUNKED_HEAD "body hello world\nend\n"},
        {"hexadecimal sizes", TEXT(CHUNKED "a\r\n0123456789\r\n0B\r\n0123456789a\r\n000\r\n\r\n"),
         CHUNKED_HEAD "body 01234567890123456789a\nend\n"},
        {"line ends in the data", TEXT(CHUNKED "4\r\n\r\n0\r\r\n0\r\n\r\n"),
         CHUNKED_HEAD "body \r\n0\r\nend\n"},
        {"extensions", TEXT(CHUNKED "1;a;b=c;d=\"e;f\"\r\nx\r\n0;z\r\n\r\n"),
         CHUNKED_HEAD "body x\nend\n"},
        {"trailers are dropped", TEXT(CHUNKED "1\r\nx\r\n0\r\nA: b\r\nC: d\r\n\r\n" GET "\r\n"),
         CHUNKED_HEAD "body x\nend\nGET / 1.1 a\nend\n"},
        {"ends in a chunk", TEXT(CHUNKED "5\r\nhel"), CHUNKED_HEAD "body hel\nmore\n"},
        {"ends before the last chunk", TEXT(CHUNKED "1\r\nx\r\n"), CHUNKED_HEAD "body x\nmore\n"},
        {"ends in the trailers", TEXT(CHUNKED "0\r\nA: b\r\n"), CHUNKED_HEAD "more\n"},
    };
    VECTORS_RUN(VECTORS, &TRACE_LIMITS);
}

Test(http, refuses_malformed_chunks)
{
    static const struct http_vector VECTORS[] = {
        {"no size", TEXT(CHUNKED "\r\nx"), CHUNKED_HEAD "failed 400\n"},
        {"no digit", TEXT(CHUNKED "g\r\n"), CHUNKED_HEAD "failed 400\n"},
        {"prefix", TEXT(CHUNKED "0x1\r\nx\r\n"), CHUNKED_HEAD "failed 400\n"},
        {"plus", TEXT(CHUNKED "+1\r\nx\r\n"), CHUNKED_HEAD "failed 400\n"},
        {"minus", TEXT(CHUNKED "-1\r\nx\r\n"), CHUNKED_HEAD "failed 400\n"},
        {"space before", TEXT(CHUNKED " 1\r\nx\r\n"), CHUNKED_HEAD "failed 400\n"},
        {"space behind", TEXT(CHUNKED "1 \r\nx\r\n"), CHUNKED_HEAD "failed 400\n"},
        {"space before an extension", TEXT(CHUNKED "1 ;a\r\nx\r\n"), CHUNKED_HEAD "failed 400\n"},
        {"2^64", TEXT(CHUNKED "10000000000000000\r\n"), CHUNKED_HEAD "failed 400\n"},
        {"2^64 + 1", TEXT(CHUNKED "10000000000000001\r\nx\r\n"), CHUNKED_HEAD "failed 400\n"},
        {"2^64 - 1", TEXT(CHUNKED "ffffffffffffffff\r\n"), CHUNKED_HEAD "failed 413\n"},
        {"LF behind the size", TEXT(CHUNKED "1\nx\r\n"), CHUNKED_HEAD "failed 400\n"},
        {"CR behind the size", TEXT(CHUNKED "1\rx\r\n"), CHUNKED_HEAD "failed 400\n"},
        {"LF in an extension", TEXT(CHUNKED "1;a\nb\r\nx\r\n"), CHUNKED_HEAD "failed 400\n"},
        {"CR in an extension", TEXT(CHUNKED "1;a\rb\r\nx\r\n"), CHUNKED_HEAD "failed 400\n"},
        {"zero in an extension", TEXT(CHUNKED "1;a\0b\r\nx\r\n"), CHUNKED_HEAD "failed 400\n"},
        {"more data than the size", TEXT(CHUNKED "1\r\nxy\r\n"),
         CHUNKED_HEAD "body x\nfailed 400\n"},
        {"LF behind the data", TEXT(CHUNKED "1\r\nx\n0\r\n\r\n"),
         CHUNKED_HEAD "body x\nfailed 400\n"},
        {"CR behind the data", TEXT(CHUNKED "1\r\nx\r0\r\n\r\n"),
         CHUNKED_HEAD "body x\nfailed 400\n"},
        {"nothing behind the data", TEXT(CHUNKED "1\r\nx0\r\n\r\n"),
         CHUNKED_HEAD "body x\nfailed 400\n"},
        {"LF behind the last chunk", TEXT(CHUNKED "0\r\n\n"), CHUNKED_HEAD "failed 400\n"},
        {"LF behind a trailer", TEXT(CHUNKED "0\r\nA: b\n\r\n"), CHUNKED_HEAD "failed 400\n"},
        {"folded trailer", TEXT(CHUNKED "0\r\nA: b\r\n c\r\n\r\n"), CHUNKED_HEAD "failed 400\n"},
        {"trailer without a colon", TEXT(CHUNKED "0\r\nA\r\n\r\n"), CHUNKED_HEAD "failed 400\n"},
        {"space before a trailer's colon", TEXT(CHUNKED "0\r\nA : b\r\n\r\n"),
         CHUNKED_HEAD "failed 400\n"},
        {"a request for a trailer", TEXT(CHUNKED "0\r\n" GET "\r\n"), CHUNKED_HEAD "failed 400\n"},
        {"an encoding for a trailer", TEXT(CHUNKED "0\r\nTransfer-encoding: chunked\r\n\r\n"),
         CHUNKED_HEAD "failed 400\n"},
        {"a Host for a trailer", TEXT(CHUNKED "0\r\nhost: b\r\n\r\n"), CHUNKED_HEAD "failed 400\n"},
        {"a length for a trailer", TEXT(CHUNKED "0\r\nContent-Length: 5\r\n\r\n"),
         CHUNKED_HEAD "failed 400\n"},
    };
    VECTORS_RUN(VECTORS, &TRACE_LIMITS);
}

static const struct http_limits TIGHT = {
    .line_bytes = 16, .header_bytes = 20, .header_count = 3, .body_bytes = 5};

Test(http, holds_the_limit_of_the_request_line)
{
    static const struct http_vector VECTORS[] = {
        {"at it", TEXT("GET /12 HTTP/1.1\r\nHost: a\r\n\r\n"), "GET /12 1.1 a\nend\n"},
        {"one above", TEXT("GET /123 HTTP/1.1\r\nHost: a\r\n\r\n"), "failed 414\n"},
        {"one above, no end in sight", TEXT("GET /123456789012"), "failed 414\n"},
        {"at it, no end yet", TEXT("GET /12345678901"), "more\n"},
    };
    VECTORS_RUN(VECTORS, &TIGHT);
}

Test(http, holds_the_limits_of_headers)
{
    static const struct http_vector VECTORS[] = {
        {"bytes at it", TEXT("GET / HTTP/1.1\r\nHost: a\r\nX: 4567890123\r\n\r\n"),
         "GET / 1.1 a\nX=4567890123\nend\n"},
        {"bytes one above", TEXT("GET / HTTP/1.1\r\nHost: a\r\nX: 45678901234\r\n\r\n"),
         "failed 431\n"},
        {"bytes one above, no end in sight", TEXT("GET / HTTP/1.1\r\nHost: a\r\nX: 45678901234"),
         "failed 431\n"},
        {"count at it", TEXT("GET / HTTP/1.1\r\nHost: a\r\nX:1\r\nY:2\r\n\r\n"),
         "GET / 1.1 a\nX=1\nY=2\nend\n"},
        {"count one above", TEXT("GET / HTTP/1.1\r\nHost: a\r\nX:1\r\nY:2\r\nZ:\r\n"),
         "failed 431\n"},
    };
    VECTORS_RUN(VECTORS, &TIGHT);
}

Test(http, holds_the_limit_of_the_body)
{
    static const struct http_limits LIMITS = {
        .line_bytes = 100, .header_bytes = 100, .header_count = 10, .body_bytes = 5};
    static const struct http_vector VECTORS[] = {
        {"length at it", TEXT(POST "Content-Length: 5\r\n\r\nhello"),
         "POST / 1.1 a\nContent-Length=5\nbody hello\nend\n"},
        {"length one above", TEXT(POST "Content-Length: 6\r\n\r\n"), "failed 413\n"},
        {"one chunk at it", TEXT(CHUNKED "5\r\nhello\r\n0\r\n\r\n"),
         CHUNKED_HEAD "body hello\nend\n"},
        {"one chunk above", TEXT(CHUNKED "6\r\n"), CHUNKED_HEAD "failed 413\n"},
        {"two chunks at it", TEXT(CHUNKED "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"),
         CHUNKED_HEAD "body hello\nend\n"},
        {"two chunks above", TEXT(CHUNKED "2\r\nhe\r\n4\r\n"),
         CHUNKED_HEAD "body he\nfailed 413\n"},
    };
    VECTORS_RUN(VECTORS, &LIMITS);
}

/* Limits that become smaller than what is there already. */
static void expect_refused_later(const char *first, const char *then, uint16_t status)
{
    struct http_limits limits = TRACE_LIMITS;
    struct http_parser p;
    struct span in = span_str(first), body;
    http_parser_init(&p, &limits);
    while (http_parser_next(&p, &in, &body) != HTTP_EVENT_NEED_MORE)
        ;
    limits.header_bytes = 1;
    limits.body_bytes = 1;
    in = span_str(then);
    cr_expect_eq(http_parser_next(&p, &in, &body), HTTP_EVENT_FAILED, "%s", then);
    cr_expect_eq(p.refusal.status, status);
    http_parser_deinit(&p);
}

Test(http, holds_limits_that_become_smaller)
{
    expect_refused_later(GET "A: b\r\nB: c\r\n", "C: d\r\n\r\n", 431);
    expect_refused_later(POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "1\r\nd\r\n", 413);
}

Test(http, counts_trailers_as_headers)
{
    static const struct http_limits LIMITS = {
        .line_bytes = 100, .header_bytes = 40, .header_count = 4, .body_bytes = 5};
    static const struct http_vector VECTORS[] = {
        {"bytes at it", TEXT(CHUNKED "0\r\nX:34567\r\n\r\n"), CHUNKED_HEAD "end\n"},
        {"bytes one above", TEXT(CHUNKED "0\r\nX:345678\r\n\r\n"), CHUNKED_HEAD "failed 431\n"},
        {"count at it", TEXT(CHUNKED "0\r\nX:\r\nY:\r\n\r\n"), CHUNKED_HEAD "end\n"},
        {"count one above", TEXT(CHUNKED "0\r\nX:\r\nY:\r\nZ:\r\n\r\n"),
         CHUNKED_HEAD "failed 431\n"},
    };
    VECTORS_RUN(VECTORS, &LIMITS);
}

Test(http, has_no_limit_of_the_body_when_it_is_zero)
{
    static const struct http_limits LIMITS = {
        .line_bytes = 100, .header_bytes = 100, .header_count = 10, .body_bytes = 0};
    static const struct http_vector VECTORS[] = {
        {"length", TEXT(POST "Content-Length: 18446744073709551615\r\n\r\nx"),
         "POST / 1.1 a\nContent-Length=18446744073709551615\nbody x\nmore\n"},
        {"a chunk", TEXT(CHUNKED "ffffffffffffffff\r\nx"), CHUNKED_HEAD "body x\nmore\n"},
    };
    VECTORS_RUN(VECTORS, &LIMITS);
}

/* Extensions of any size, but the line they stand on is bounded. */
Test(http, holds_the_limit_of_chunk_lines)
{
    for (size_t above = 0; above <= 1; above++) {
        struct buf in = {0};
        trace_ok(buf_append(&in, SPAN(CHUNKED "1;")));
        for (size_t i = 2; i < HTTP_CHUNK_LINE_BYTES_MAX + above; i++)
            trace_ok(buf_append(&in, SPAN("e")));
        trace_ok(buf_append(&in, SPAN("\r\nx\r\n0\r\n\r\n")));
        struct http_vector v = {above ? "one above" : "at it", buf_span(&in),
                                above ? CHUNKED_HEAD "failed 400\n" : CHUNKED_HEAD "body x\nend\n"};
        vector_run(&v, &TRACE_LIMITS);
        buf_deinit(&in);
    }
}

Test(http, leaves_what_follows_an_upgrade_alone)
{
    static const struct span UPGRADES[] = {
        TEXT("GET /chat HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\n"
             "Upgrade: websocket\r\n\r\n\x81\x80\r\n\r\n"),
        TEXT("POST /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
             "Content-Length: 2\r\n\r\nhi\x81\x80\r\n\r\n"),
        TEXT("POST /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
             "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n\x81\x80\r\n\r\n"),
    };
    for (size_t i = 0; i < sizeof(UPGRADES) / sizeof(UPGRADES[0]); i++) {
        struct http_parser p;
        http_parser_init(&p, &TRACE_LIMITS);
        struct span in = UPGRADES[i], body;
        cr_expect_eq(http_parser_next(&p, &in, &body), HTTP_EVENT_HEAD);
        cr_expect(http_header_has(http_parser_request(&p)->headers, "connection", "upgrade"));
        if (i > 0) {
            cr_expect_eq(http_parser_next(&p, &in, &body), HTTP_EVENT_BODY);
            cr_expect(span_eq(body, SPAN("hi")));
        }
        cr_expect_eq(http_parser_next(&p, &in, &body), HTTP_EVENT_END);
        cr_expect(span_eq(in, SPAN("\x81\x80\r\n\r\n")));
        http_parser_deinit(&p);
    }
}

/* A peer may offer what we do not take up; its next request is HTTP all the same. */
Test(http, goes_on_after_an_upgrade_that_was_not_taken)
{
    static const struct http_vector VECTORS[] = {
        {"HTTP/2 offered", TEXT(GET "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n" GET "\r\n"),
         "GET / 1.1 a\nConnection=Upgrade\nUpgrade=h2c\nend\nGET / 1.1 a\nend\n"},
        {"behind a close", TEXT(GET "Connection: close\r\n\r\n" GET "\r\n"),
         "GET / 1.1 a closes\nConnection=close\nend\nGET / 1.1 a\nend\n"},
    };
    VECTORS_RUN(VECTORS, &TRACE_LIMITS);
}

Test(http, consumes_no_byte_beyond_an_event)
{
    struct http_parser p;
    http_parser_init(&p, &TRACE_LIMITS);
    struct span in = SPAN(CHUNKED "2\r\nhi\r\n0\r\nA: b\r\n\r\n" GET "\r\n"), body;
    cr_expect_eq(http_parser_next(&p, &in, &body), HTTP_EVENT_HEAD);
    cr_expect(span_starts_with(in, SPAN("2\r\nhi")));
    cr_expect_eq(http_parser_next(&p, &in, &body), HTTP_EVENT_BODY);
    cr_expect(span_starts_with(in, SPAN("\r\n0\r\n")));
    cr_expect_eq(http_parser_next(&p, &in, &body), HTTP_EVENT_END);
    cr_expect(span_eq(in, SPAN(GET "\r\n")));
    cr_expect_eq(http_parser_next(&p, &in, &body), HTTP_EVENT_HEAD);
    cr_expect_eq(in.len, 0);
    cr_expect_eq(http_parser_next(&p, &in, &body), HTTP_EVENT_END);
    http_parser_deinit(&p);
}

Test(http, holds_no_memory_between_requests)
{
    struct http_parser p;
    http_parser_init(&p, &TRACE_LIMITS);
    struct span in = SPAN(GET "\r\n"), body;
    cr_expect(http_parser_is_idle(&p));
    cr_expect_eq(http_parser_next(&p, &in, &body), HTTP_EVENT_HEAD);
    cr_expect_eq(http_parser_next(&p, &in, &body), HTTP_EVENT_END);
    cr_expect_not(http_parser_is_idle(&p), "the head lives until the answer is written");
    cr_expect(span_eq(http_parser_request(&p)->path, SPAN("/")));
    cr_expect_eq(http_parser_next(&p, &in, &body), HTTP_EVENT_NEED_MORE);
    cr_expect(http_parser_is_idle(&p));

    in = SPAN(GET);
    cr_expect_eq(http_parser_next(&p, &in, &body), HTTP_EVENT_NEED_MORE);
    cr_expect_not(http_parser_is_idle(&p));
    in = SPAN("\r\n");
    cr_expect_eq(http_parser_next(&p, &in, &body), HTTP_EVENT_HEAD);
    cr_expect_eq(http_parser_next(&p, &in, &body), HTTP_EVENT_END);
    http_parser_reset(&p);
    cr_expect(http_parser_is_idle(&p));
    http_parser_deinit(&p);
}

Test(http, dies_of_forgetting_a_body_that_is_still_to_come, .signal = SIGABRT)
{
    struct http_parser p;
    http_parser_init(&p, &TRACE_LIMITS);
    struct span in = SPAN(POST "Content-Length: 5\r\n\r\n"), body;
    cr_expect_eq(http_parser_next(&p, &in, &body), HTTP_EVENT_HEAD);
    http_parser_reset(&p);
}

Test(http, stays_refused)
{
    struct http_parser p;
    http_parser_init(&p, &TRACE_LIMITS);
    struct span in = SPAN("rubbish\r\n"), body;
    cr_expect_eq(http_parser_next(&p, &in, &body), HTTP_EVENT_FAILED);
    cr_expect_eq(p.refusal.status, 400);
    cr_expect_str_eq(p.refusal.reason, "malformed method");
    in = SPAN(GET "\r\n");
    cr_expect_eq(http_parser_next(&p, &in, &body), HTTP_EVENT_FAILED);
    cr_expect(span_eq(in, SPAN(GET "\r\n")));
    http_parser_deinit(&p);
}

/* The last event of two requests, given one byte at a time. */
static enum http_event run_with_failing_memory(struct http_parser *p)
{
    struct span in = SPAN(POST "X: a header that makes the head outgrow its first buffer\r\n"
                               "Transfer-Encoding: chunked\r\n\r\n"
                               "1;extension\r\nx\r\n0\r\nA: b\r\n\r\n" GET "\r\n");
    struct span body;
    enum http_event last = HTTP_EVENT_NEED_MORE;
    while (in.len > 0 && last != HTTP_EVENT_FAILED) {
        struct span piece = span_take(in, 1);
        in = span_drop(in, 1);
        enum http_event event;
        do {
            event = http_parser_next(p, &piece, &body);
            last = event != HTTP_EVENT_NEED_MORE ? event : last;
        } while (event != HTTP_EVENT_NEED_MORE && event != HTTP_EVENT_FAILED);
    }
    return last;
}

Test(http, answers_503_when_memory_runs_out)
{
    struct http_parser p;
    http_parser_init(&p, &TRACE_LIMITS);
    alloc_fail_after(SIZE_MAX);
    enum http_event last = run_with_failing_memory(&p);
    size_t allocations = alloc_fail_stop();
    cr_assert_eq(last, HTTP_EVENT_END);
    cr_assert_gt(allocations, 4);
    http_parser_deinit(&p);

    for (size_t i = 0; i < allocations; i++) {
        http_parser_init(&p, &TRACE_LIMITS);
        alloc_fail_after(i);
        last = run_with_failing_memory(&p);
        alloc_fail_stop();
        cr_expect_eq(last, HTTP_EVENT_FAILED, "allocation %zu", i);
        cr_expect_eq(p.refusal.status, 503);
        http_parser_deinit(&p);
    }
}
