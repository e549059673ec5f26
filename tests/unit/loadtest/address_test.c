#include "plan/address.h"
#include "unit/alloc_fail.h"
#include "unit/expect.h"

#include <criterion/criterion.h>

static struct address_list list;

static void at(size_t i, const char *want)
{
    char text[ADDRESS_TEXT_BYTES];
    cr_assert_lt(i, list.count);
    address_print(&list.items[i], text);
    cr_assert_str_eq(text, want);
}

Test(address, a_range_has_both_ends)
{
    expect_ok(address_range(&list, "127.0.0.2-127.0.0.200", 80));
    cr_assert_eq(list.count, 199);
    at(0, "127.0.0.2:80");
    at(1, "127.0.0.3:80");
    at(198, "127.0.0.200:80");
    cr_assert_eq(list.items[0].bytes, sizeof(struct sockaddr_in));
    address_list_deinit(&list);
    cr_assert_eq(list.count, 0);
}

Test(address, a_list_has_addresses_and_ranges)
{
    expect_ok(address_range(&list, "127.0.0.254-127.0.1.1,10.0.0.1,::1,10.0.0.9-10.0.0.9", 0));
    cr_assert_eq(list.count, 7);
    at(1, "127.0.0.255:0");
    at(2, "127.0.1.0:0");
    at(4, "10.0.0.1:0");
    at(5, "[::1]:0");
    cr_assert_eq(list.items[5].bytes, sizeof(struct sockaddr_in6));
    at(6, "10.0.0.9:0");
    address_list_deinit(&list);
}

Test(address, a_range_may_end_where_addresses_end)
{
    expect_ok(address_range(&list, "255.255.255.254-255.255.255.255", 1));
    cr_assert_eq(list.count, 2);
    at(1, "255.255.255.255:1");
    address_list_deinit(&list);
}

Test(address, refuses_ranges_that_are_none)
{
    static const char *const TEXTS[] = {
        "",
        ",",
        "127.0.0.1,",
        ",127.0.0.1",
        "127.0.0.9-127.0.0.2",
        "127.0.0.1-",
        "-127.0.0.1",
        "127.0.0.1-5",
        "127.0.0",
        "127.0.0.256",
        "localhost",
        "127.0.0.1-127.0.0.2-127.0.0.3",
        "::1-::5",
        "127.0.0.1 ,127.0.0.2",
        "[::1]",
        "127.0.0.1-127.0.0.2                                                        ,127.0.0.3",
    };
    for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++)
        expect_err(address_range(&list, TEXTS[i], 0), ERR_SYNTAX);
    address_list_deinit(&list);
}

Test(address, a_list_has_an_end)
{
    expect_err(address_range(&list, "10.0.0.0-10.1.0.0", 0), ERR_LIMIT);
    cr_assert_eq(list.count, 0, "it was seen before anything was made");
    expect_err(address_range(&list, "0.0.0.0-255.255.255.255", 0), ERR_LIMIT);
    expect_ok(address_range(&list, "10.0.0.0-10.0.255.255", 0));
    cr_assert_eq(list.count, ADDRESSES_MAX);
    expect_err(address_range(&list, "127.0.0.1", 0), ERR_LIMIT);
    address_list_deinit(&list);
}

Test(address, resolves_addresses_and_names)
{
    const char *why = NULL;
    expect_ok(address_resolve(&list, "127.0.0.1", 8080, &why));
    expect_ok(address_resolve(&list, "::1", 8080, &why));
    expect_ok(address_resolve(&list, "localhost", 80, &why));
    at(0, "127.0.0.1:8080");
    at(1, "[::1]:8080");
    at(2, "127.0.0.1:80");
    address_list_deinit(&list);
}

Test(address, says_why_a_name_has_none)
{
    const char *why = NULL;
    expect_err(address_resolve(&list, "300.300.300.300.", 80, &why), ERR_UNKNOWN);
    cr_assert_not_null(why);
    cr_assert_eq(list.count, 0);
}

Test(address, appends_with_another_port)
{
    expect_ok(address_range(&list, "127.0.0.1,::1", 1));
    struct address v4 = list.items[0], v6 = list.items[1];
    expect_ok(address_list_append(&list, &v4, 2));
    expect_ok(address_list_append(&list, &v6, 3));
    at(2, "127.0.0.1:2");
    at(3, "[::1]:3");
    address_list_deinit(&list);
}

Test(address, survives_missing_memory)
{
    const char *why = NULL;
    alloc_fail_after(0);
    expect_err(address_resolve(&list, "127.0.0.1", 1, &why), ERR_NOMEM);
    alloc_fail_after(2);
    expect_err(address_range(&list, "127.0.0.1-127.0.0.9", 1), ERR_NOMEM);
    alloc_fail_stop();
    cr_assert_eq(list.count, 2, "what was there stays");
    address_list_deinit(&list);
}
