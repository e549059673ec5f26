#include "simul/http.h"
#include "unit/expect.h"

Test(http_host, is_a_name_and_maybe_a_port)
{
    static const struct {
        struct span text, name;
        unsigned port;
    } good[] = {
        {SPAN("example.org"), SPAN("example.org"), 80},
        {SPAN("example.org:8080"), SPAN("example.org"), 8080},
        {SPAN("127.0.0.1:1"), SPAN("127.0.0.1"), 1},
        {SPAN("[::1]"), SPAN("[::1]"), 80},
        {SPAN("[::1]:99"), SPAN("[::1]"), 99},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct span name;
        unsigned port = 80;
        cr_assert(http_host_split(good[i].text, &name, &port));
        expect_span(name, good[i].name);
        cr_assert_eq(port, good[i].port);
    }
}

Test(http_host, is_nothing_else)
{
    static const char *const bad[] = {"",        ":80", "a:",  "a:x",  "a:1:2", "a:123456", "[::1",
                                      "[::1]80", "a/b", "a@b", "a: 1", "a:-1",  "[::1]:",   "a:+1"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct span name;
        unsigned port;
        cr_assert_not(http_host_split(span_str(bad[i]), &name, &port), "%s", bad[i]);
        cr_assert_not(http_host_is_loopback(span_str(bad[i])), "%s", bad[i]);
    }
}

Test(http_host, names_loopback_in_these_ways_alone)
{
    static const char *const own[] = {"localhost",      "LocalHost:80", "a.localhost", "127.0.0.1",
                                      "127.1.2.3:8080", "[::1]",        "[::1]:65535"};
    static const char *const others[] = {"localhost.evil.example", "notlocalhost", ".localhost",
                                         "127.evil.example",       "128.0.0.1",    "[::2]",
                                         "evil.example:80",        "0.0.0.0"};
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        cr_assert(http_host_is_loopback(span_str(own[i])), "%s", own[i]);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        cr_assert_not(http_host_is_loopback(span_str(others[i])), "%s", others[i]);
}
