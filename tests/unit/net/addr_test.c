#include "net/addr.h"

#include "unit/expect.h"

static void expect_printed(const char *text, uint16_t port, const char *want)
{
    struct addr a;
    char out[ADDR_CHARS];
    expect_ok(addr_parse(&a, text, port));
    cr_assert_str_eq(addr_format(&a, out), want);
}

Test(addr, prints_what_it_parsed)
{
    expect_printed("127.0.0.1", 8080, "127.0.0.1:8080");
    expect_printed("::1", 8080, "[::1]:8080");
    expect_printed("[::1]", 1, "[::1]:1");
    expect_printed("*", 80, "[::]:80");
    expect_printed("0.0.0.0", 65535, "0.0.0.0:65535");
    expect_printed("::ffff:10.0.0.1", 5, "10.0.0.1:5");
    expect_printed("2001:db8::1", 443, "[2001:db8::1]:443");
}

Test(addr, refuses_what_is_no_numeric_address)
{
    static const char *const bad[] = {
        "",          "localhost",  "1.2.3",
        "1.2.3.4.5", "[::1",       "::1]",
        ":::",       "256.1.1.1",  "1.2.3.4 ",
        "[]",        "[127.0.0.1", "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct addr a;
        expect_err(addr_parse(&a, bad[i], 1), ERR_SYNTAX);
    }
}

Test(addr, survives_the_way_through_a_sockaddr)
{
    static const char *const texts[] = {"127.0.0.1", "::1", "2001:db8::ff", "0.0.0.0", "*"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct addr a, b;
        struct sockaddr_storage ss;
        char x[ADDR_CHARS], y[ADDR_CHARS];
        expect_ok(addr_parse(&a, texts[i], 4711));
        addr_to_sockaddr(&a, &ss);
        b = addr_from_sockaddr(&ss);
        cr_assert_str_eq(addr_format(&a, x), addr_format(&b, y));
    }
}

Test(addr, knows_loopback)
{
    static const struct {
        const char *text;
        bool is_loopback;
    } rows[] = {{"127.0.0.1", true}, {"127.8.9.1", true}, {"::1", true},
                {"10.0.0.1", false}, {"::", false},       {"::2", false}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct addr a;
        expect_ok(addr_parse(&a, rows[i].text, 0));
        cr_assert_eq(addr_is_loopback(&a), rows[i].is_loopback, "%s", rows[i].text);
    }
}

Test(addr, knows_the_peer_of_a_unix_socket)
{
    struct sockaddr_storage ss = {.ss_family = AF_UNIX};
    struct addr a = addr_from_sockaddr(&ss);
    char text[ADDR_CHARS];
    cr_assert(a.is_unix);
    cr_assert(addr_is_loopback(&a));
    cr_assert_str_eq(addr_format(&a, text), "unix:");
    cr_assert_str_eq(addr_ip(&a, text), "localhost");
    cr_assert_eq(sizeof(a), 20);
}
