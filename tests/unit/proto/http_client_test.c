#include "simul/http_client.h"

#include "unit/alloc_fail.h"
#include "unit/proto/http_client_trace.h"

#include <criterion/criterion.h>
#include <signal.h>

static const struct http_limits LIMITS = {
    .line_bytes = 40, .header_bytes = 100, .header_count = 4, .body_bytes = 20};

struct vector {
    const char *about;
    const char *methods; /* of the requests that were sent: H is HEAD */
    struct span in;
    const char *trace; /* up to the close that follows the input */
};

/* Cuts the input into pieces of `size` bytes after a first one of `first`. Each piece lies in
 * memory of its own size, so that reading beyond it is noticed. */
static void run_cut(const struct vector *v, size_t first, size_t size)
{
    struct client_trace t;
    client_trace_init(&t, &LIMITS, v->methods);
    struct span rest = v->in;
    bool goes_on = true;
    for (size_t n = first; goes_on && rest.len > 0; n = size) {
        n = n < rest.len ? n : rest.len;
        uint8_t *piece = malloc(n);
        cr_assert_not_null(piece);
        memcpy(piece, rest.ptr, n);
        goes_on = client_trace_feed(&t, span_of(piece, n));
        free(piece);
        rest = span_drop(rest, n);
    }
    cr_expect_str_eq(client_trace_close(&t), v->trace, "%s, cut at %zu then every %zu: %s",
                     v->about, first, size, (const char *)t.text.data);
    client_trace_deinit(&t);
}

/* Whole, one byte at a time, and at every split point. */
static void run(const struct vector *v)
{
    run_cut(v, v->in.len, v->in.len);
    run_cut(v, 1, 1);
    for (size_t at = 1; at < v->in.len; at++)
        run_cut(v, at, v->in.len);
}

#define RUN(vectors)                                                                               \
    do {                                                                                           \
        for (size_t i_ = 0; i_ < sizeof(vectors) / sizeof((vectors)[0]); i_++)                     \
            run(&(vectors)[i_]);                                                                   \
    } while (0)

/* In static initializers, where SPAN's compound literal may not stand. */
#define TEXT(literal)                                                                              \
    {                                                                                              \
        (const uint8_t *)("" literal), sizeof(literal) - 1                                         \
    }

#define OK_200 "HTTP/1.1 200 OK\r\n"
#define EMPTY "Content-Length: 0\r\n\r\n"
#define EMPTY_HEAD "Content-Length=0\n"
#define CHUNKED OK_200 "Transfer-Encoding: chunked\r\n\r\n"
#define CHUNKED_HEAD "200 1.1 OK chunked\nTransfer-Encoding=chunked\n"

Test(http_client, reads_responses_in_order)
{
    static const struct vector VECTORS[] = {
        {"nothing, as expected", "", TEXT(""), ""},
        {"nothing", "G", TEXT(""), "failed: closed before the response\n"},
        {"a length", "G", TEXT(OK_200 "Content-Length: 2\r\n\r\nhi"),
         "200 1.1 OK 2\nContent-Length=2\nbody hi\nend\n"},
        {"a length of zero", "G", TEXT(OK_200 EMPTY), "200 1.1 OK\n" EMPTY_HEAD "end\n"},
        {"chunks", "G", TEXT(CHUNKED "2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nA: b\r\n\r\n"),
         CHUNKED_HEAD "body hello\nend\n"},
        {"up to the close", "G", TEXT(OK_200 "A: b\r\n\r\nhello\r\n"),
         "200 1.1 OK to-close last\nA=b\nbody hello\r\n\nend\n"},
        {"nothing up to the close", "G", TEXT(OK_200 "\r\n"), "200 1.1 OK to-close last\nend\n"},
        {"one behind another", "GGG",
         TEXT(OK_200 "Content-Length: 1\r\n\r\nx" CHUNKED "1\r\ny\r\n0\r\n\r\n" OK_200 "\r\nz"),
         "200 1.1 OK 1\nContent-Length=1\nbody x\nend\n" CHUNKED_HEAD
         "body y\nend\n200 1.1 OK to-close last\nbody z\nend\n"},
        {"no phrase", "G", TEXT("HTTP/1.1 404 \r\n" EMPTY), "404 1.1 \n" EMPTY_HEAD "end\n"},
        {"no phrase, nor a blank", "G", TEXT("HTTP/1.1 404\r\n" EMPTY),
         "404 1.1 \n" EMPTY_HEAD "end\n"},
        {"a phrase of words", "G", TEXT("HTTP/1.1 404 Not  Found \xc3\xa4\r\n" EMPTY),
         "404 1.1 Not  Found \xc3\xa4\n" EMPTY_HEAD "end\n"},
        {"a status nobody knows", "G", TEXT("HTTP/1.1 799 x\r\n" EMPTY),
         "799 1.1 x\n" EMPTY_HEAD "end\n"},
    };
    RUN(VECTORS);
}

Test(http_client, knows_responses_without_a_body)
{
    static const struct vector VECTORS[] = {
        {"HEAD, with a length", "HG", TEXT(OK_200 "Content-Length: 9\r\n\r\n" OK_200 EMPTY),
         "200 1.1 OK\nContent-Length=9\nend\n200 1.1 OK\n" EMPTY_HEAD "end\n"},
        {"HEAD, with a length above the limit", "H",
         TEXT(OK_200 "Content-Length: 99999999\r\n\r\n"),
         "200 1.1 OK\nContent-Length=99999999\nend\n"},
        {"HEAD, chunked", "HG", TEXT(CHUNKED OK_200 EMPTY),
         "200 1.1 OK\nTransfer-Encoding=chunked\nend\n200 1.1 OK\n" EMPTY_HEAD "end\n"},
        {"HEAD, with nothing said", "HG", TEXT(OK_200 "\r\n" OK_200 EMPTY),
         "200 1.1 OK\nend\n200 1.1 OK\n" EMPTY_HEAD "end\n"},
        {"HEAD behind GET", "GHG",
         TEXT(OK_200 "Content-Length: 1\r\n\r\nx" OK_200 "Content-Length: 1\r\n\r\n" OK_200
                     "Content-Length: 1\r\n\r\ny"),
         "200 1.1 OK 1\nContent-Length=1\nbody x\nend\n200 1.1 OK\nContent-Length=1\nend\n"
         "200 1.1 OK 1\nContent-Length=1\nbody y\nend\n"},
        {"204", "GG", TEXT("HTTP/1.1 204 No Content\r\n\r\n" OK_200 EMPTY),
         "204 1.1 No Content\nend\n200 1.1 OK\n" EMPTY_HEAD "end\n"},
        {"204 with a length", "GG",
         TEXT("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n" OK_200 EMPTY),
         "204 1.1 No Content\nContent-Length=5\nend\n200 1.1 OK\n" EMPTY_HEAD "end\n"},
        {"304 with a length", "GG",
         TEXT("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n" OK_200 EMPTY),
         "304 1.1 Not Modified\nContent-Length=5\nend\n200 1.1 OK\n" EMPTY_HEAD "end\n"},
        {"304, chunked", "GG",
         TEXT("HTTP/1.1 304 \r\nTransfer-Encoding: chunked\r\n\r\n" OK_200 EMPTY),
         "304 1.1 \nTransfer-Encoding=chunked\nend\n200 1.1 OK\n" EMPTY_HEAD "end\n"},
    };
    RUN(VECTORS);
}

Test(http_client, drops_interim_responses)
{
    static const struct vector VECTORS[] = {
        {"100", "G", TEXT("HTTP/1.1 100 Continue\r\n\r\n" OK_200 EMPTY),
         "200 1.1 OK\n" EMPTY_HEAD "end\n"},
        {"several with headers", "G",
         TEXT("HTTP/1.1 102 \r\nA: b\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" OK_200
              "Content-Length: 1\r\n\r\nx"),
         "200 1.1 OK 1\nContent-Length=1\nbody x\nend\n"},
        {"100 with a length", "G",
         TEXT("HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n" OK_200 EMPTY),
         "200 1.1 OK\n" EMPTY_HEAD "end\n"},
        {"before HEAD's", "HG",
         TEXT("HTTP/1.1 100 Continue\r\n\r\n" OK_200 "Content-Length: 5\r\n\r\n" OK_200 EMPTY),
         "200 1.1 OK\nContent-Length=5\nend\n200 1.1 OK\n" EMPTY_HEAD "end\n"},
        {"and nothing more", "G", TEXT("HTTP/1.1 100 Continue\r\n\r\n"),
         "failed: closed within the response\n"},
    };
    RUN(VECTORS);
}

Test(http_client, knows_whether_the_connection_persists)
{
    static const struct vector VECTORS[] = {
        {"close", "G", TEXT(OK_200 "Connection: close\r\n" EMPTY),
         "200 1.1 OK last\nConnection=close\n" EMPTY_HEAD "end\n"},
        {"HTTP/1.0", "G", TEXT("HTTP/1.0 200 OK\r\n" EMPTY),
         "200 1.0 OK last\n" EMPTY_HEAD "end\n"},
        {"HTTP/1.0 that stays", "G", TEXT("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n" EMPTY),
         "200 1.0 OK\nConnection=Keep-Alive\n" EMPTY_HEAD "end\n"},
        {"behind a close", "GG", TEXT(OK_200 "Connection: close\r\n" EMPTY OK_200 EMPTY),
         "200 1.1 OK last\nConnection=close\n" EMPTY_HEAD
         "end\nfailed: bytes behind the last response\n"},
        {"closed, and one is missing", "GG", TEXT(OK_200 "Connection: close\r\n" EMPTY),
         "200 1.1 OK last\nConnection=close\n" EMPTY_HEAD
         "end\nfailed: closed before the response\n"},
        {"nobody asked", "", TEXT("HTTP/1.1 408 Request Timeout\r\n\r\n"),
         "failed: a response to no request\n"},
        {"more than the length", "G", TEXT(OK_200 "Content-Length: 1\r\n\r\nxy"),
         "200 1.1 OK 1\nContent-Length=1\nbody x\nend\nfailed: a response to no request\n"},
    };
    RUN(VECTORS);
}

Test(http_client, notices_what_is_cut_off)
{
    static const struct vector VECTORS[] = {
        {"in the status line", "G", TEXT("HTTP/1.1 2"), "failed: closed within the response\n"},
        {"in the head", "G", TEXT(OK_200 "A: b\r\n"), "failed: closed within the response\n"},
        {"in a body", "G", TEXT(OK_200 "Content-Length: 3\r\n\r\nhi"),
         "200 1.1 OK 3\nContent-Length=3\nbody hi\nfailed: closed within the response\n"},
        {"in a chunk", "G", TEXT(CHUNKED "5\r\nhi"),
         CHUNKED_HEAD "body hi\nfailed: closed within the response\n"},
        {"before the last chunk", "G", TEXT(CHUNKED "2\r\nhi\r\n"),
         CHUNKED_HEAD "body hi\nfailed: closed within the response\n"},
        {"in the trailers", "G", TEXT(CHUNKED "0\r\nA: b\r\n"),
         CHUNKED_HEAD "failed: closed within the response\n"},
    };
    RUN(VECTORS);
}

Test(http_client, refuses_what_is_no_response)
{
    static const struct vector VECTORS[] = {
        {"rubbish", "G", TEXT("rubbish\r\n"), "failed: malformed HTTP version\n"},
        {"an empty line", "G", TEXT("\r\n" OK_200 EMPTY), "failed: malformed HTTP version\n"},
        {"a request", "G", TEXT("GET / HTTP/1.1\r\n"), "failed: malformed HTTP version\n"},
        {"HTTP/2", "G", TEXT("HTTP/2.0 200 OK\r\n"), "failed: HTTP version not supported\n"},
        {"HTTP/0.9", "G", TEXT("<html>\n"), "failed: bare LF\n"},
        {"no status", "G", TEXT("HTTP/1.1 \r\n"), "failed: malformed status\n"},
        {"no status, nor a blank", "G", TEXT("HTTP/1.1\r\n"), "failed: malformed status\n"},
        {"two digits", "G", TEXT("HTTP/1.1 20 OK\r\n"), "failed: malformed status\n"},
        {"four digits", "G", TEXT("HTTP/1.1 2000 OK\r\n"), "failed: malformed status\n"},
        {"letters", "G", TEXT("HTTP/1.1 2xx OK\r\n"), "failed: malformed status\n"},
        {"below 100", "G", TEXT("HTTP/1.1 099 OK\r\n"), "failed: malformed status\n"},
        {"two blanks", "G", TEXT("HTTP/1.1  200 OK\r\n"), "failed: malformed status\n"},
        {"bare LF", "G", TEXT("HTTP/1.1 200 OK\n"), "failed: bare LF\n"},
        {"bare CR", "G", TEXT("HTTP/1.1 200 O\rK\r\n"), "failed: bare CR\n"},
        {"a zero byte", "G", TEXT(OK_200 "A: \0\r\n"), "failed: control byte\n"},
        {"a folded header", "G", TEXT(OK_200 "A: b\r\n c\r\n\r\n"), "failed: folded header\n"},
        {"no colon", "G", TEXT(OK_200 "A\r\n\r\n"), "failed: malformed header name\n"},
    };
    RUN(VECTORS);
}

Test(http_client, refuses_what_can_be_read_in_two_ways)
{
    static const struct vector VECTORS[] = {
        {"length and chunked", "G",
         TEXT(OK_200 "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
         "failed: both Content-Length and Transfer-Encoding\n"},
        {"two lengths", "G", TEXT(OK_200 "Content-Length: 1\r\nContent-Length: 1\r\n\r\n"),
         "failed: more than one Content-Length\n"},
        {"a list of lengths", "G", TEXT(OK_200 "Content-Length: 1, 1\r\n\r\n"),
         "failed: malformed Content-Length\n"},
        {"an endless length", "G", TEXT(OK_200 "Content-Length: 18446744073709551616\r\n\r\n"),
         "failed: malformed Content-Length\n"},
        {"chunked in HTTP/1.0", "G", TEXT("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
         "failed: Transfer-Encoding in HTTP/1.0\n"},
        {"another coding", "G", TEXT(OK_200 "Transfer-Encoding: gzip, chunked\r\n\r\n"),
         "failed: transfer coding not supported\n"},
        {"not chunked", "G", TEXT(OK_200 "Transfer-Encoding: identity\r\n\r\n"),
         "failed: ambiguous Transfer-Encoding\n"},
        {"a bad chunk size", "G", TEXT(CHUNKED "0x1\r\n"),
         CHUNKED_HEAD "failed: malformed chunk size\n"},
        {"more than the chunk's size", "G", TEXT(CHUNKED "1\r\nxy\r\n"),
         CHUNKED_HEAD "body x\nfailed: chunk longer than its size\n"},
        {"a length for a trailer", "G", TEXT(CHUNKED "0\r\nContent-Length: 1\r\n\r\n"),
         CHUNKED_HEAD "failed: forbidden trailer\n"},
    };
    RUN(VECTORS);
}

Test(http_client, holds_its_limits)
{
    static const struct vector VECTORS[] = {
        {"status line at it", "G", TEXT("HTTP/1.1 200 456789012345678901234567890\r\n" EMPTY),
         "200 1.1 456789012345678901234567890\n" EMPTY_HEAD "end\n"},
        {"status line one above", "G", TEXT("HTTP/1.1 200 4567890123456789012345678901"),
         "failed: status line too long\n"},
        {"header bytes one above", "G",
         TEXT(OK_200 "A: 4567890123456789012345678901234567890123456789"
                     "012345678901234567890123456789012345678901234567890"
                     "1"),
         "failed: headers too large\n"},
        {"header count at it", "G", TEXT(OK_200 "A:\r\nB:\r\nC:\r\n" EMPTY),
         "200 1.1 OK\nA=\nB=\nC=\n" EMPTY_HEAD "end\n"},
        {"header count one above", "G", TEXT(OK_200 "A:\r\nB:\r\nC:\r\nD:\r\n" EMPTY),
         "failed: too many headers\n"},
        {"length at it", "G", TEXT(OK_200 "Content-Length: 20\r\n\r\n01234567890123456789"),
         "200 1.1 OK 20\nContent-Length=20\nbody 01234567890123456789\nend\n"},
        {"length one above", "G", TEXT(OK_200 "Content-Length: 21\r\n\r\n"),
         "failed: body too large\n"},
        {"chunks one above", "G", TEXT(CHUNKED "1\r\nx\r\n14\r\n"),
         CHUNKED_HEAD "body x\nfailed: body too large\n"},
        {"to the close, at it", "G", TEXT(OK_200 "\r\n01234567890123456789"),
         "200 1.1 OK to-close last\nbody 01234567890123456789\nend\n"},
        {"to the close, one above", "G", TEXT(OK_200 "\r\n012345678901234567890"),
         "200 1.1 OK to-close last\nbody 01234567890123456789\nfailed: body too large\n"},
    };
    RUN(VECTORS);
}

Test(http_client, stops_behind_a_101)
{
    static const struct span ANSWERS[] = {
        TEXT("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
             "\x81\x02hi"),
        TEXT("HTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 4\r\n"
             "\r\n\x81\x02hi"),
        TEXT("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 \r\n\r\n\x81\x02hi"),
    };
    for (size_t i = 0; i < sizeof(ANSWERS) / sizeof(ANSWERS[0]); i++) {
        struct http_client c;
        struct span in = ANSWERS[i], body;
        http_client_init(&c, &LIMITS);
        http_client_expect(&c, HTTP_METHOD_GET);
        cr_expect_eq(http_client_next(&c, &in, &body), HTTP_EVENT_HEAD);
        cr_expect_eq(http_client_response(&c)->status, 101);
        cr_expect_eq(http_header(http_client_response(&c)->headers, "upgrade").len,
                     i < 2 ? strlen("websocket") : 0);
        cr_expect_eq(http_client_next(&c, &in, &body), HTTP_EVENT_END);
        cr_expect(span_eq(in, SPAN("\x81\x02hi")));
        cr_expect(http_client_is_idle(&c));
        http_client_reset(&c);
        cr_expect_null(c.message);
        cr_expect_eq(http_client_next(&c, &in, &body), HTTP_EVENT_FAILED);
        http_client_deinit(&c);
    }
}

Test(http_client, holds_no_memory_between_responses)
{
    struct http_client c;
    struct span in = SPAN(OK_200 EMPTY), body;
    http_client_init(&c, &LIMITS);
    http_client_expect(&c, HTTP_METHOD_GET);
    cr_expect_not(http_client_is_idle(&c));
    cr_expect_eq(http_client_next(&c, &in, &body), HTTP_EVENT_HEAD);
    cr_expect_eq(http_client_next(&c, &in, &body), HTTP_EVENT_END);
    cr_expect(http_client_is_idle(&c));
    cr_expect_eq(http_client_response(&c)->status, 200, "the head lives until it is forgotten");
    cr_expect_eq(http_client_next(&c, &in, &body), HTTP_EVENT_NEED_MORE);
    cr_expect_null(c.message);
    cr_expect_eq(http_client_close(&c), HTTP_EVENT_NEED_MORE);
    http_client_deinit(&c);
}

Test(http_client, counts_as_many_requests_as_may_be_on_their_way)
{
    struct http_client c;
    struct span body;
    http_client_init(&c, &LIMITS);
    for (int i = 0; i < HTTP_CLIENT_PIPELINE_MAX; i++)
        http_client_expect(&c, i % 2 == 0 ? HTTP_METHOD_GET : HTTP_METHOD_HEAD);
    for (int i = 0; i < HTTP_CLIENT_PIPELINE_MAX; i++) {
        struct span in = SPAN(OK_200 "Content-Length: 1\r\n\r\nx");
        in.len -= i % 2 == 0 ? 0 : 1;
        cr_assert_eq(http_client_next(&c, &in, &body), HTTP_EVENT_HEAD);
        if (i % 2 == 0)
            cr_assert_eq(http_client_next(&c, &in, &body), HTTP_EVENT_BODY);
        cr_assert_eq(http_client_next(&c, &in, &body), HTTP_EVENT_END, "response %d", i);
        cr_assert_eq(in.len, 0);
    }
    cr_assert(http_client_is_idle(&c));
    http_client_deinit(&c);
}

Test(http_client, dies_of_one_request_too_many, .signal = SIGABRT)
{
    struct http_client c;
    http_client_init(&c, &LIMITS);
    for (int i = 0; i <= HTTP_CLIENT_PIPELINE_MAX; i++)
        http_client_expect(&c, HTTP_METHOD_GET);
}

Test(http_client, stays_failed)
{
    struct http_client c;
    struct span in = SPAN("rubbish\r\n"), body;
    http_client_init(&c, &LIMITS);
    http_client_expect(&c, HTTP_METHOD_GET);
    cr_expect_eq(http_client_next(&c, &in, &body), HTTP_EVENT_FAILED);
    in = SPAN(OK_200 EMPTY);
    cr_expect_eq(http_client_next(&c, &in, &body), HTTP_EVENT_FAILED);
    cr_expect_eq(http_client_close(&c), HTTP_EVENT_FAILED);
    cr_expect_str_eq(c.failure, "malformed HTTP version");
    http_client_deinit(&c);
}

/* The last event of two responses and an interim one, given one byte at a time. */
static enum http_event read_byte_by_byte(struct http_client *c)
{
    struct span in = SPAN("HTTP/1.1 100 Continue\r\n\r\n" OK_200
                          "X: a header that makes the head outgrow its first buffer\r\n"
                          "Transfer-Encoding: chunked\r\n\r\n"
                          "1;extension\r\nx\r\n0\r\nA: b\r\n\r\n" OK_200 EMPTY);
    struct span body;
    enum http_event event = HTTP_EVENT_NEED_MORE, last = event;
    http_client_expect(c, HTTP_METHOD_GET);
    http_client_expect(c, HTTP_METHOD_GET);
    while (in.len > 0 && event != HTTP_EVENT_FAILED) {
        struct span piece = span_take(in, 1);
        in = span_drop(in, 1);
        do {
            event = http_client_next(c, &piece, &body);
            last = event != HTTP_EVENT_NEED_MORE ? event : last;
        } while (event != HTTP_EVENT_NEED_MORE && event != HTTP_EVENT_FAILED);
    }
    return last;
}

Test(http_client, fails_when_memory_runs_out)
{
    struct http_client c;
    http_client_init(&c, &LIMITS);
    alloc_fail_after(SIZE_MAX);
    enum http_event last = read_byte_by_byte(&c);
    size_t allocations = alloc_fail_stop();
    cr_assert_eq(last, HTTP_EVENT_END);
    cr_assert_gt(allocations, 5);
    http_client_deinit(&c);

    for (size_t i = 0; i < allocations; i++) {
        http_client_init(&c, &LIMITS);
        alloc_fail_after(i);
        last = read_byte_by_byte(&c);
        alloc_fail_stop();
        cr_expect_eq(last, HTTP_EVENT_FAILED, "allocation %zu", i);
        cr_expect_str_eq(c.failure, "out of memory");
        http_client_deinit(&c);
    }
}

/* --- requests ---------------------------------------------------------------------------- */

static void expect_request(struct http_client_request request, const char *text)
{
    struct buf out = {0};
    cr_assert_eq(http_client_request_format(&request, &out), OK);
    cr_expect(span_eq(buf_span(&out), span_str(text)), "%.*s", SPAN_ARG(buf_span(&out)));
    buf_deinit(&out);
}

Test(http_client, formats_requests)
{
    static const struct http_field FIELDS[] = {{TEXT("Accept"), TEXT("*/*")},
                                               {TEXT("hOST"), TEXT("b.example")}};
    expect_request((struct http_client_request){.target = SPAN("/a?b"), .host = SPAN("a:8080")},
                   "GET /a?b HTTP/1.1\r\nHost: a:8080\r\n\r\n");
    expect_request((struct http_client_request){HTTP_METHOD_HEAD, .target = SPAN("/"),
                                                .host = SPAN("[::1]"), .fields = FIELDS,
                                                .field_count = 1},
                   "HEAD / HTTP/1.1\r\nHost: [::1]\r\nAccept: */*\r\n\r\n");
    expect_request((struct http_client_request){HTTP_METHOD_POST, .target = SPAN("/"),
                                                .host = SPAN("a"), .content_length = 5},
                   "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
    expect_request(
        (struct http_client_request){HTTP_METHOD_POST, .target = SPAN("/"), .host = SPAN("a")},
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    expect_request(
        (struct http_client_request){
            .target = SPAN("/"), .host = SPAN("a"), .fields = FIELDS, .field_count = 2},
        "GET / HTTP/1.1\r\nAccept: */*\r\nhOST: b.example\r\n\r\n");
}

Test(http_client, refuses_to_format_what_would_break_the_request)
{
    static const struct http_field BAD[] = {
        {TEXT("A"), TEXT("b\r\nC: d")}, {TEXT("A"), TEXT("b\n")}, {TEXT("A"), TEXT("\0")},
        {TEXT("A:"), TEXT("b")},        {TEXT(""), TEXT("b")},    {TEXT("A b"), TEXT("c")},
    };
    static const struct span TARGETS[] = {TEXT(""), TEXT("/a b"), TEXT("/a\r\n"),
                                          TEXT("/\xc3\xa4")};
    struct http_client_request request = {.target = SPAN("/"), .host = SPAN("a")};
    struct buf out = {0};
    cr_assert_eq(buf_append(&out, SPAN("x")), OK);
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        request.fields = &BAD[i];
        request.field_count = 1;
        cr_expect_eq(http_client_request_format(&request, &out), ERR_SYNTAX, "field %zu", i);
    }
    request.field_count = 0;
    for (size_t i = 0; i < sizeof(TARGETS) / sizeof(TARGETS[0]); i++) {
        request.target = TARGETS[i];
        cr_expect_eq(http_client_request_format(&request, &out), ERR_SYNTAX, "target %zu", i);
    }
    request.target = SPAN("/");
    request.host = SPAN("a\r\n");
    cr_expect_eq(http_client_request_format(&request, &out), ERR_SYNTAX);
    cr_expect(span_eq(buf_span(&out), SPAN("x")));
    buf_deinit(&out);
}

Test(http_client, leaves_the_output_alone_when_a_request_finds_no_memory)
{
    static const struct http_field FIELD = {TEXT("X"), TEXT("long enough for another buffer, and "
                                                            "then some more of it to be sure")};
    struct http_client_request request = {
        .target = SPAN("/"), .host = SPAN("a"), .fields = &FIELD, .field_count = 1};
    for (size_t i = 0; i < 2; i++) {
        struct buf out = {0};
        alloc_fail_after(i);
        cr_expect_eq(http_client_request_format(&request, &out), ERR_NOMEM, "allocation %zu", i);
        alloc_fail_stop();
        cr_expect_eq(out.len, 0);
        buf_deinit(&out);
    }
}

/* What we send, our own parser takes. */
Test(http_client, formats_what_the_server_reads)
{
    static const struct http_field FIELD = {TEXT("X"), TEXT("y")};
    static const struct http_limits OF_REQUESTS = {100, 100, 10, 100};
    struct http_client_request request = {HTTP_METHOD_PUT,   .target = SPAN("/a?b"),
                                          .host = SPAN("a"), .fields = &FIELD,
                                          .field_count = 1,  .content_length = 2};
    struct buf out = {0};
    struct http_parser p;
    struct span body;
    cr_assert_eq(http_client_request_format(&request, &out), OK);
    struct span in = buf_span(&out);
    http_parser_init(&p, &OF_REQUESTS);
    cr_assert_eq(http_parser_next(&p, &in, &body), HTTP_EVENT_HEAD);
    cr_expect_eq(in.len, 0);
    cr_expect_eq(http_parser_request(&p)->method, HTTP_METHOD_PUT);
    cr_expect(span_eq(http_parser_request(&p)->target, SPAN("/a?b")));
    cr_expect_eq(http_parser_request(&p)->content_length, 2);
    cr_expect(span_eq(http_header(http_parser_request(&p)->headers, "x"), SPAN("y")));
    http_parser_deinit(&p);
    buf_deinit(&out);
}
