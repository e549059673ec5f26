#include "simul/http.h"
#include "unit/alloc_fail.h"

#include <criterion/criterion.h>
#include <signal.h>

static const struct http_request GET_11 = {
    .method = HTTP_METHOD_GET, .version_minor = 1, .keep_alive = true};
static const struct http_request GET_10 = {
    .method = HTTP_METHOD_GET, .version_minor = 0, .keep_alive = false};
static const struct http_request GET_10_KEPT = {
    .method = HTTP_METHOD_GET, .version_minor = 0, .keep_alive = true};
static const struct http_request HEAD_11 = {
    .method = HTTP_METHOD_HEAD, .version_minor = 1, .keep_alive = true};

/* The whole response with the body "hello", in two runs; NULL when memory ran out. */
static char *respond(struct http_response *r)
{
    struct buf out = {0};
    enum err e = http_response_head(r, &out);
    if (e == OK)
        e = http_response_body(r, &out, SPAN("hel"));
    if (e == OK)
        e = http_response_body(r, &out, SPAN_EMPTY);
    if (e == OK)
        e = http_response_body(r, &out, SPAN("lo"));
    if (e == OK)
        e = http_response_end(r, &out);
    if (e == OK)
        e = buf_append(&out, span_of("", 1));
    if (e == OK)
        return (char *)out.data;
    buf_deinit(&out);
    return NULL;
}

static void expect_response(struct http_response *r, const char *text)
{
    char *out = respond(r);
    cr_expect_str_eq(out, text);
    free(out);
}

Test(http_response, says_everything_once)
{
    static const struct http_field FIELDS[] = {
        {{(const uint8_t *)"Allow", 5}, {(const uint8_t *)"GET, HEAD", 9}},
        {{(const uint8_t *)"X-Empty", 7}, {NULL, 0}},
    };
    struct http_response r;
    http_response_init(&r, &GET_11, 405);
    r.date = SPAN("Sun, 06 Nov 1994 08:49:37 GMT");
    r.server = SPAN("simul");
    r.content_type = SPAN("text/plain");
    r.content_length = 5;
    r.fields = FIELDS;
    r.field_count = 2;
    expect_response(&r, "HTTP/1.1 405 Method Not Allowed\r\n"
                        "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                        "Server: simul\r\n"
                        "Content-Type: text/plain\r\n"
                        "Content-Length: 5\r\n"
                        "Allow: GET, HEAD\r\n"
                        "X-Empty: \r\n"
                        "\r\n"
                        "hello");
    cr_expect(r.keep_alive);
}

Test(http_response, streams_in_chunks)
{
    struct http_response r;
    http_response_init(&r, &GET_11, 200);
    r.streamed = true;
    expect_response(&r, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                        "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n");
    cr_expect(r.keep_alive && r.chunked);
}

Test(http_response, never_sends_chunks_to_http_1_0)
{
    struct http_response r;
    http_response_init(&r, &GET_10_KEPT, 200);
    r.streamed = true;
    expect_response(&r, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello");
    cr_expect_not(r.keep_alive);
    cr_expect_not(r.chunked);
}

Test(http_response, says_whether_the_connection_persists)
{
    struct http_response r;
    http_response_init(&r, &GET_10, 200);
    r.content_length = 5;
    expect_response(&r, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");

    http_response_init(&r, &GET_10_KEPT, 200);
    r.content_length = 5;
    expect_response(&r,
                    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello");

    http_response_init(&r, &GET_11, 200);
    r.content_length = 5;
    r.keep_alive = false;
    expect_response(&r, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
}

Test(http_response, closes_after_a_refused_request)
{
    struct http_response r;
    http_response_init(&r, NULL, 431);
    r.content_length = 5;
    expect_response(&r, "HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 5\r\n"
                        "Connection: close\r\n\r\nhello");
    cr_expect_not(r.keep_alive);
}

Test(http_response, sends_no_body_to_head)
{
    struct http_response r;
    http_response_init(&r, &HEAD_11, 200);
    r.content_length = 5;
    expect_response(&r, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");

    http_response_init(&r, &HEAD_11, 200);
    r.streamed = true;
    expect_response(&r, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    cr_expect(r.keep_alive);
}

Test(http_response, frames_nothing_where_no_body_may_be)
{
    static const struct {
        uint16_t status;
        const char *text;
    } CASES[] = {
        {101, "HTTP/1.1 101 Switching Protocols\r\n\r\n"},
        {204, "HTTP/1.1 204 No Content\r\n\r\n"},
        {304, "HTTP/1.1 304 Not Modified\r\n\r\n"},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct http_response r;
        http_response_init(&r, &GET_11, CASES[i].status);
        r.content_length = 5;
        expect_response(&r, CASES[i].text);
        http_response_init(&r, &GET_11, CASES[i].status);
        r.streamed = true;
        expect_response(&r, CASES[i].text);
        cr_expect(r.keep_alive);
    }
}

Test(http_response, says_a_length_of_zero)
{
    struct http_response r;
    http_response_init(&r, &GET_11, 599);
    struct buf out = {0};
    cr_expect_eq(http_response_head(&r, &out), OK);
    cr_expect(span_eq(buf_span(&out), SPAN("HTTP/1.1 599 Unknown\r\nContent-Length: 0\r\n\r\n")));
    buf_deinit(&out);
}

Test(http_response, chunk_heads_are_hexadecimal)
{
    char head[HTTP_CHUNK_HEAD_MAX];
    cr_expect(span_eq(span_of(head, http_chunk_head(head, 1)), SPAN("1\r\n")));
    cr_expect(span_eq(span_of(head, http_chunk_head(head, 0x1a2b)), SPAN("1a2b\r\n")));
    size_t longest = http_chunk_head(head, SIZE_MAX);
    cr_expect(span_eq(span_of(head, longest), SPAN("ffffffffffffffff\r\n")));
}

/* A head that makes its buffer grow more than once. */
static enum err append_long_head(struct buf *out)
{
    struct http_response r;
    http_response_init(&r, &GET_11, 200);
    r.date = SPAN("Sun, 06 Nov 1994 08:49:37 GMT");
    r.server = SPAN("a server with a name that is long enough to make the buffer grow again");
    return http_response_head(&r, out);
}

Test(http_response, leaves_the_output_alone_when_a_head_finds_no_memory)
{
    struct buf out = {0};
    alloc_fail_after(SIZE_MAX);
    cr_assert_eq(append_long_head(&out), OK);
    size_t allocations = alloc_fail_stop();
    cr_assert_gt(allocations, 1);
    buf_deinit(&out);

    for (size_t i = 0; i < allocations; i++) {
        alloc_fail_after(i);
        enum err e = append_long_head(&out);
        alloc_fail_stop();
        cr_expect_eq(e, ERR_NOMEM);
        cr_expect_eq(out.len, 0);
        buf_deinit(&out);
    }
}

Test(http_response, leaves_the_output_alone_when_a_chunk_finds_no_memory)
{
    static const uint8_t DATA[4096];
    struct http_response r = {.chunked = true};
    struct buf out = {0};
    cr_assert_eq(buf_append(&out, SPAN("before")), OK);
    alloc_fail_after(0);
    enum err e = http_response_body(&r, &out, span_of(DATA, sizeof(DATA)));
    alloc_fail_stop();
    cr_expect_eq(e, ERR_NOMEM);
    cr_expect(span_eq(buf_span(&out), SPAN("before")));
    buf_deinit(&out);
}

static void respond_with_field(struct http_field field)
{
    struct http_response r;
    http_response_init(&r, &GET_11, 200);
    r.fields = &field;
    r.field_count = 1;
    free(respond(&r));
}

Test(http_response, dies_of_a_line_end_in_a_value, .signal = SIGABRT)
{
    respond_with_field((struct http_field){SPAN("X"), SPAN("a\r\nSet-Cookie: b")});
}

Test(http_response, dies_of_a_zero_byte_in_a_value, .signal = SIGABRT)
{
    respond_with_field((struct http_field){SPAN("X"), SPAN("a\0b")});
}

Test(http_response, dies_of_a_name_that_is_no_token, .signal = SIGABRT)
{
    respond_with_field((struct http_field){SPAN("X:"), SPAN("a")});
}

Test(http_response, dies_of_an_empty_chunk, .signal = SIGABRT)
{
    char head[HTTP_CHUNK_HEAD_MAX];
    http_chunk_head(head, 0);
}
