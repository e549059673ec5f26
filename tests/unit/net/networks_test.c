#include "net/networks.h"

#include "net/addr.h"
#include "unit/expect.h"

#include <stdio.h>

static bool has(const char *list, const char *text)
{
    struct networks n;
    struct addr a = {.is_unix = 1};
    expect_ok(networks_parse(&n, list));
    if (strcmp(text, "unix") != 0)
        expect_ok(addr_parse(&a, text, 1));
    return networks_has(&n, &a);
}

Test(networks, has_what_is_in_one_of_them)
{
    static const char list[] = "10.0.0.0/8, 192.0.2.128/25,127.0.0.1 ,::1, 2001:db8:8000::/33";
    static const char *const in[] = {
        "10.0.0.0", "10.255.255.255",  "192.0.2.128",           "192.0.2.255",    "127.0.0.1",
        "::1",      "2001:db8:8000::", "2001:db8:ffff:ffff::1", "::ffff:10.1.2.3"};
    static const char *const out[] = {
        "11.0.0.0", "9.255.255.255",    "192.0.2.127", "192.0.3.128", "127.0.0.2", "::2",
        "::",       "2001:db8:7fff::1", "2001:db9::",  "::10.1.2.3",  "unix"};
    for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++)
        cr_assert(has(list, in[i]), "%s", in[i]);
    for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++)
        cr_assert_not(has(list, out[i]), "%s", out[i]);
}

Test(networks, keeps_the_families_apart)
{
    cr_assert(has("0.0.0.0/0", "192.0.2.1"));
    cr_assert_not(has("0.0.0.0/0", "2001:db8::1"));
    cr_assert(has("::/0", "2001:db8::1"));
    cr_assert_not(has("::/0", "192.0.2.1"));
    cr_assert(has("::ffff:10.0.0.0/104", "10.1.2.3"));
    cr_assert_not(has("0.0.0.0/0,::/0", "unix"));
    cr_assert(has("unix", "unix"));
    cr_assert_not(has("unix", "0.0.0.0"));
}

Test(networks, may_be_none)
{
    struct networks n;
    expect_ok(networks_parse(&n, ""));
    cr_assert(networks_is_empty(&n));
    cr_assert_not(has("", "127.0.0.1"));
    cr_assert_not(has("", "unix"));
    expect_ok(networks_parse(&n, " unix "));
    cr_assert_not(networks_is_empty(&n));
}

Test(networks, refuses_what_is_no_list)
{
    static const char *const bad[] = {
        ",",
        "::1,",
        ",::1",
        "::1,,::2",
        "*",
        "localhost",
        "10.0.0.1/8",
        "10.0.0.0/33",
        "10.0.0.0/",
        "10.0.0.0/x",
        "10.0.0.0/-1",
        "10.0.0.0/8/8",
        "::1/127",
        "::/129",
        "2001:db9::/31",
        "10.0.0",
        "unix/8",
        "UNIX",
        "10.0.0.0 /8",
        "::ffff:10.0.0.0/8",
        "10.0.0.0/0008",
        "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct networks n;
        enum err e = networks_parse(&n, bad[i]);
        cr_assert_eq(e, ERR_SYNTAX, "%s", bad[i]);
    }
}

Test(networks, has_room_for_its_limit)
{
    char text[NETWORKS_MAX * 16 + 16];
    size_t len = 0;
    struct networks n;
    for (int i = 0; i < NETWORKS_MAX; i++)
        len +=
            (size_t)snprintf(text + len, sizeof(text) - len, "%s10.0.0.%d", i == 0 ? "" : ",", i);
    expect_ok(networks_parse(&n, text));
    snprintf(text + len, sizeof(text) - len, ",unix");
    expect_ok(networks_parse(&n, text));
    snprintf(text + len, sizeof(text) - len, ",::1");
    expect_err(networks_parse(&n, text), ERR_LIMIT);
}
