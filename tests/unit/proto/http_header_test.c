#include "simul/http.h"

#include <criterion/criterion.h>

static struct http_request with_headers(const char *lines)
{
    return (struct http_request){.headers = span_str(lines)};
}

Test(http_header, finds_the_first_value_without_regard_to_case)
{
    struct http_request r = with_headers("Accept: a\r\nX-Y:  v w \t\r\nACCEPT: b\r\nEmpty:\r\n");
    cr_expect(span_eq(http_header(r.headers, "accept"), SPAN("a")));
    cr_expect(span_eq(http_header(r.headers, "x-y"), SPAN("v w")));
    cr_expect(span_eq(http_header(r.headers, "X-Y"), SPAN("v w")));
}

Test(http_header, tells_absent_from_empty)
{
    struct http_request r = with_headers("Empty:\r\nBlank: \t\r\n");
    cr_expect_null(http_header(r.headers, "Absent").ptr);
    cr_expect_null(http_header(r.headers, "Empt").ptr);
    cr_expect_null(http_header(r.headers, "Empty:").ptr);
    cr_expect_not_null(http_header(r.headers, "empty").ptr);
    cr_expect_eq(http_header(r.headers, "empty").len, 0);
    cr_expect_not_null(http_header(r.headers, "blank").ptr);
    cr_expect_eq(http_header(r.headers, "blank").len, 0);
}

Test(http_header, walks_all_in_order)
{
    struct http_request r = with_headers("A: 1\r\nB:2:3\r\na: 4\r\n");
    struct span rest = r.headers, name, value;
    cr_assert(http_header_next(&rest, &name, &value));
    cr_expect(span_eq(name, SPAN("A")) && span_eq(value, SPAN("1")));
    cr_assert(http_header_next(&rest, &name, &value));
    cr_expect(span_eq(name, SPAN("B")) && span_eq(value, SPAN("2:3")));
    cr_assert(http_header_next(&rest, &name, &value));
    cr_expect(span_eq(name, SPAN("a")) && span_eq(value, SPAN("4")));
    cr_expect_not(http_header_next(&rest, &name, &value));
    cr_expect_not(http_header_next(&rest, &name, &value));
}

Test(http_header, finds_a_token_in_any_line_of_a_name)
{
    struct http_request r = with_headers("Connection: keep-alive\r\nX: close\r\n"
                                         "connection: foo, Upgrade\r\n");
    cr_expect(http_header_has(r.headers, "Connection", "upgrade"));
    cr_expect(http_header_has(r.headers, "Connection", "Keep-Alive"));
    cr_expect_not(http_header_has(r.headers, "Connection", "close"));
    cr_expect_not(http_header_has(r.headers, "Upgrade", "upgrade"));
}

Test(http_header, token_lists_have_whole_tokens_only)
{
    cr_expect(http_token_list_has(SPAN("a"), "A"));
    cr_expect(http_token_list_has(SPAN("x ,\ta\t, y"), "a"));
    cr_expect(http_token_list_has(SPAN(",, ,a,"), "a"));
    cr_expect_not(http_token_list_has(SPAN(""), "a"));
    cr_expect_not(http_token_list_has(SPAN(" , ,"), "a"));
    cr_expect_not(http_token_list_has(SPAN("ab, ba"), "a"));
    cr_expect_not(http_token_list_has(SPAN("a b"), "a"));
    cr_expect_not(http_token_list_has(SPAN("a;q=1"), "a"));
}

Test(http_header, walks_a_list_in_order)
{
    struct span list = SPAN(" text.ircv3.net,, binary.ircv3.net ,"), element;
    cr_assert(http_list_next(&list, &element));
    cr_expect(span_eq(element, SPAN("text.ircv3.net")));
    cr_assert(http_list_next(&list, &element));
    cr_expect(span_eq(element, SPAN("binary.ircv3.net")));
    cr_expect_not(http_list_next(&list, &element));
}
