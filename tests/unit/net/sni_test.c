#include "net/tls/sni.h"

#include "unit/alloc_fail.h"
#include "unit/expect.h"

#include <stdio.h>

static struct sni sni;

static void teardown(void)
{
    sni_deinit(&sni);
}

TestSuite(sni, .fini = teardown);

static void add(const char *name, unsigned certificate)
{
    expect_ok(sni_add(&sni, span_str(name), certificate));
}

/* The number of the certificate, or -1. */
static int find(const char *name)
{
    unsigned certificate;
    return sni_find(&sni, span_str(name), &certificate) ? (int)certificate : -1;
}

Test(sni, an_empty_table_knows_nobody)
{
    cr_assert_eq(find("example.org"), -1);
    cr_assert_eq(find(""), -1);
}

Test(sni, finds_each_name_in_whatever_order_they_came)
{
    char name[16];
    for (unsigned i = 0; i < 200; i++) {
        snprintf(name, sizeof(name), "h%u.test", i * 73 % 200);
        add(name, i * 73 % 200);
    }
    for (unsigned i = 0; i < 200; i++) {
        snprintf(name, sizeof(name), "h%u.test", i);
        cr_assert_eq(find(name), (int)i);
    }
    cr_assert_eq(find("h200.test"), -1);
    cr_assert_eq(find("h1"), -1);
    cr_assert_eq(find("h1.test."), -1);
}

Test(sni, letter_case_does_not_count)
{
    add("Chat.Example.ORG", 1);
    add("*.EXAMPLE.com", 2);
    cr_assert_eq(find("chat.example.org"), 1);
    cr_assert_eq(find("CHAT.eXample.org"), 1);
    cr_assert_eq(find("A.Example.Com"), 2);
}

Test(sni, a_wildcard_stands_for_one_label)
{
    add("*.example.org", 1);
    cr_assert_eq(find("a.example.org"), 1);
    cr_assert_eq(find("a-long-one.example.org"), 1);
    cr_assert_eq(find("example.org"), -1, "for none at all");
    cr_assert_eq(find(".example.org"), -1, "nor for an empty one");
    cr_assert_eq(find("a.b.example.org"), -1, "nor for two");
    cr_assert_eq(find("a.example.com"), -1);
    cr_assert_eq(find("aexample.org"), -1);
}

Test(sni, the_exact_name_goes_before_the_wildcard)
{
    add("*.example.org", 1);
    add("chat.example.org", 2);
    add("*.chat.example.org", 3);
    cr_assert_eq(find("chat.example.org"), 2);
    cr_assert_eq(find("www.example.org"), 1);
    cr_assert_eq(find("a.chat.example.org"), 3);
}

Test(sni, a_name_belongs_to_one_certificate)
{
    add("example.org", 1);
    add("example.org", 1);
    expect_err(sni_add(&sni, SPAN("EXAMPLE.org"), 2), ERR_EXISTS);
    cr_assert_eq(find("example.org"), 1);
}

Test(sni, a_name_has_a_length)
{
    char longest[SNI_NAME_BYTES_MAX + 2];
    memset(longest, 'a', sizeof(longest));
    expect_err(sni_add(&sni, SPAN_EMPTY, 1), ERR_SYNTAX);
    expect_err(sni_add(&sni, span_of(longest, SNI_NAME_BYTES_MAX + 1), 1), ERR_SYNTAX);
    expect_ok(sni_add(&sni, span_of(longest, SNI_NAME_BYTES_MAX), 1));
    unsigned certificate;
    cr_assert(sni_find(&sni, span_of(longest, SNI_NAME_BYTES_MAX), &certificate));
    cr_assert_not(sni_find(&sni, span_of(longest, SNI_NAME_BYTES_MAX + 1), &certificate));
    longest[1] = '.'; /* the wildcard is as long */
    cr_assert_not(sni_find(&sni, span_of(longest, SNI_NAME_BYTES_MAX), &certificate));
}

Test(sni, odd_bytes_are_just_unknown)
{
    add("*.example.org", 1);
    unsigned certificate;
    static const char *const odd[] = {".", "..", "...", "*", "*.", "\xff\xfe", "a..example.org"};
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
        cr_assert_eq(find(odd[i]), -1, "%s", odd[i]);
    cr_assert_not(sni_find(&sni, SPAN("a\0.example.org\0"), &certificate));
}

Test(sni, without_memory_nothing_is_added)
{
    add("b.test", 1);
    alloc_fail_after(0);
    enum err e = sni_add(&sni, SPAN("a.test"), 2);
    alloc_fail_stop();
    expect_err(e, ERR_NOMEM);
    cr_assert_eq(find("a.test"), -1);
    cr_assert_eq(find("b.test"), 1);
}
