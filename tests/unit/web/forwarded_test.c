#include "web/forwarded.h"

#include "config/config.h"
#include "net/addr.h"
#include "simul/http.h"
#include "unit/expect.h"

#include <stdio.h>

static struct config config;

static void setup(void)
{
    expect_ok(networks_parse(&config.proxy.networks, "10.0.0.0/8, fd00::/8, unix"));
}

TestSuite(forwarded, .init = setup);

/* Whom a request from `hop` with these header lines is for; "-": for nobody else. */
static const char *whom(const char *hop, const char *headers)
{
    static char text[ADDR_CHARS];
    static const struct http_limits limits = {
        .line_bytes = 1000, .header_bytes = 100000, .header_count = 100};
    char request[20000];
    int len = snprintf(request, sizeof(request), "GET / HTTP/1.1\r\nHost: x\r\n%s\r\n", headers);
    struct span in = span_of(request, (size_t)len), body;
    struct http_parser parser;
    struct addr from = {.is_unix = 1}, found;
    if (strcmp(hop, "unix") != 0)
        expect_ok(addr_parse(&from, hop, 1));
    http_parser_init(&parser, &limits);
    cr_assert_eq(http_parser_next(&parser, &in, &body), HTTP_EVENT_HEAD, "%s", headers);
    bool is_found = forwarded_find(&config, &from, http_parser_request(&parser)->headers, &found);
    http_parser_deinit(&parser);
    return is_found ? addr_format(&found, text) : "-";
}

#define FOR(headers, want) cr_assert_str_eq(whom("10.0.0.1", headers), want)

Test(forwarded, a_trusted_proxy_is_believed)
{
    FOR("X-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1:0");
    FOR("x-forwarded-for:2001:db8::1\r\n", "[2001:db8::1]:0");
    FOR("X-Forwarded-For: 192.0.2.1:4711\r\n", "192.0.2.1:4711");
    FOR("X-Forwarded-For: [2001:db8::1]\r\n", "[2001:db8::1]:0");
    FOR("X-Forwarded-For: [2001:db8::1]:80\r\n", "[2001:db8::1]:80");
    FOR("X-Forwarded-For: ::ffff:192.0.2.1\r\n", "192.0.2.1:0");
    cr_assert_str_eq(whom("unix", "X-Forwarded-For: 192.0.2.1\r\n"), "192.0.2.1:0");
    cr_assert_str_eq(whom("fd00::1", "X-Forwarded-For: 192.0.2.1\r\n"), "192.0.2.1:0");
}

Test(forwarded, nobody_else_is)
{
    cr_assert_str_eq(whom("192.0.2.9", "X-Forwarded-For: 192.0.2.1\r\n"), "-");
    cr_assert_str_eq(whom("::1", "X-Forwarded-For: 192.0.2.1\r\n"), "-");
    expect_ok(networks_parse(&config.proxy.networks, ""));
    cr_assert_str_eq(whom("10.0.0.1", "X-Forwarded-For: 192.0.2.1\r\n"), "-");
    cr_assert_str_eq(whom("unix", "X-Forwarded-For: 192.0.2.1\r\n"), "-");
}

Test(forwarded, the_first_from_the_end_who_is_no_proxy_is_meant)
{
    FOR("X-Forwarded-For: 203.0.113.9, 192.0.2.1\r\n", "192.0.2.1:0");
    FOR("X-Forwarded-For: 203.0.113.9, 192.0.2.1 , 10.0.0.2,10.0.0.3\r\n", "192.0.2.1:0");
    FOR("X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1:0");
    FOR("X-Forwarded-For: 192.0.2.1\r\nVia: x\r\nX-Forwarded-For: 10.0.0.2\r\n", "192.0.2.1:0");
    FOR("X-Forwarded-For: 10.0.0.2, 10.0.0.3\r\n", "10.0.0.2:0"); /* a client of our own */
}

Test(forwarded, what_is_no_address_ends_the_list)
{
    FOR("X-Forwarded-For: unknown\r\n", "-");
    FOR("X-Forwarded-For: \r\n", "-");
    FOR("X-Forwarded-For: ,, ,\r\n", "-");
    FOR("X-Forwarded-For: *\r\n", "-");
    FOR("X-Forwarded-For: [192.0.2.1]\r\n", "-");
    FOR("X-Forwarded-For: [2001:db8::1\r\n", "-");
    FOR("X-Forwarded-For: [2001:db8::1]80\r\n", "-");
    FOR("X-Forwarded-For: [[2001:db8::1]]\r\n", "-");
    FOR("X-Forwarded-For: 192.0.2.1:\r\n", "-");
    FOR("X-Forwarded-For: 192.0.2.1:65536\r\n", "-");
    FOR("X-Forwarded-For: 192.0.2.1:http\r\n", "-");
    FOR("X-Forwarded-For: 192.0.2.256\r\n", "-");
    FOR("X-Forwarded-For: 192.0.2.1 192.0.2.2\r\n", "-");
    FOR("X-Forwarded-For: 192.0.2.1, me\r\n", "-");
    FOR("X-Forwarded-For: me, 10.0.0.2\r\n", "10.0.0.2:0");
    FOR("X-Forwarded-For: 192.0.2.1, ,\r\n", "192.0.2.1:0");
    FOR("", "-");
}

Test(forwarded, the_other_header_is_the_clients)
{
    FOR("Forwarded: for=203.0.113.9\r\n", "-");
    FOR("Forwarded: for=203.0.113.9\r\nX-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1:0");
    config.proxy.header = CONFIG_PROXY_HEADER_FORWARDED;
    FOR("X-Forwarded-For: 203.0.113.9\r\n", "-");
    FOR("X-Forwarded-For: 203.0.113.9\r\nForwarded: for=192.0.2.1\r\n", "192.0.2.1:0");
}

/* RFC 7239, section 4. */
Test(forwarded, reads_the_standard_header)
{
    config.proxy.header = CONFIG_PROXY_HEADER_FORWARDED;
    FOR("Forwarded: for=192.0.2.60;proto=http;by=203.0.113.43\r\n", "192.0.2.60:0");
    FOR("Forwarded: proto=http; For=\"[2001:db8:cafe::17]:4711\"\r\n", "[2001:db8:cafe::17]:4711");
    FOR("Forwarded: for=\"192.0.2.43:47011\"\r\n", "192.0.2.43:47011");
    FOR("Forwarded: for=203.0.113.9, for=192.0.2.43, for=10.1.1.1\r\n", "192.0.2.43:0");
    FOR("Forwarded: for=203.0.113.9\r\nForwarded: for=192.0.2.43\r\n", "192.0.2.43:0");
    FOR("Forwarded: for=\"_gazonk\"\r\n", "-");
    FOR("Forwarded: for=\"192.0.2.43:_gazonk\"\r\n", "192.0.2.43:0"); /* a secret port */
    FOR("Forwarded: for=\"[2001:db8::1]:_\"\r\n", "[2001:db8::1]:0");
    FOR("Forwarded: for=unknown\r\n", "-");
    FOR("Forwarded: by=192.0.2.1\r\n", "-");
    FOR("Forwarded: 192.0.2.1\r\n", "-");
    FOR("Forwarded: for=\"203.0.113.9, for=192.0.2.43\r\n", "192.0.2.43:0"); /* an open quote */
    FOR("Forwarded: for=\"\r\n", "-");
    FOR("Forwarded: for=\r\n", "-");
}

/* What a proxy quotes is its own client's (the Host, say), and may have commas and semicolons. */
Test(forwarded, nothing_is_looked_for_within_quotes)
{
    config.proxy.header = CONFIG_PROXY_HEADER_FORWARDED;
    FOR("Forwarded: for=192.0.2.1;host=\"a,for=203.0.113.9;b\"\r\n", "192.0.2.1:0");
    FOR("Forwarded: host=\"a;for=203.0.113.9;b\";for=192.0.2.1\r\n", "192.0.2.1:0");
    FOR("Forwarded: host=\"a,for=203.0.113.9,b\";for=192.0.2.1, for=10.0.0.2\r\n", "192.0.2.1:0");
    FOR("Forwarded: for=192.0.2.1;host=\"a\\\",for=203.0.113.9;b\\\\\"\r\n", "192.0.2.1:0");
    FOR("Forwarded: host=\"a\\\";for=203.0.113.9;b\";for=192.0.2.1\r\n", "192.0.2.1:0");
    FOR("Forwarded: host=\"\\\\\";for=192.0.2.1;by=\"\\\\\"\r\n", "192.0.2.1:0");
    FOR("Forwarded: for=203.0.113.9;host=\", for=192.0.2.1;host=\"a\"\r\n", "192.0.2.1:0");
    FOR("Forwarded: for=203.0.113.9, host=a\"\r\n", "-");
}

Test(forwarded, many_lines_and_elements_are_bounded)
{
    char headers[16000];
    size_t len = 0;
    for (int i = 0; i < 60; i++)
        len += (size_t)snprintf(headers + len, sizeof(headers) - len,
                                "X-Forwarded-For: 10.0.%d.1, 10.0.%d.2\r\n", i, i);
    FOR(headers, "10.0.44.1:0");
    len = (size_t)snprintf(headers, sizeof(headers), "X-Forwarded-For: 192.0.2.1");
    for (int i = 0; i < 200; i++)
        len += (size_t)snprintf(headers + len, sizeof(headers) - len, ",10.0.0.%d", i);
    snprintf(headers + len, sizeof(headers) - len, "\r\n");
    FOR(headers, "10.0.0.136:0");
}
