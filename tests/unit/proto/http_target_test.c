/* The forms of targets are tested in http_request_test.c, through the parser. */
#include "simul/http.h"

#include <criterion/criterion.h>

Test(http_target, finds_a_query_parameter)
{
    static const struct {
        const char *query, *name, *value;
    } CASES[] = {
        {"a=1", "a", "1"},     {"x=y&a=1&a=2", "a", "1"},   {"a", "a", ""},
        {"a=", "a", ""},       {"&&a=1", "a", "1"},         {"aa=0&a=1", "a", "1"},
        {"a=b=c", "a", "b=c"}, {"a=%41+b%2b", "a", "A b+"}, {"%61%2Bb=1", "a+b", "1"},
        {"a+b=1", "a b", "1"}, {"%zz=0&a=1", "a", "1"},     {"a=%c3%A4", "a", "\xc3\xa4"},
        {"=1", "", "1"},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        char out[8];
        enum err e = http_query_get(span_str(CASES[i].query), CASES[i].name, out, sizeof(out));
        cr_assert_eq(e, OK, "%s: %s", CASES[i].query, err_name(e));
        cr_expect_str_eq(out, CASES[i].value, "%s", CASES[i].query);
    }
}

Test(http_target, refuses_query_parameters)
{
    static const struct {
        const char *query, *name;
        enum err e;
    } CASES[] = {
        {"", "a", ERR_UNKNOWN},        {"b=1", "a", ERR_UNKNOWN},
        {"A=1", "a", ERR_UNKNOWN},     {"b=a&ab=1", "a", ERR_UNKNOWN},
        {"%6=1", "a", ERR_UNKNOWN},    {"a=%", "a", ERR_SYNTAX},
        {"a=%4", "a", ERR_SYNTAX},     {"a=%4x", "a", ERR_SYNTAX},
        {"a=%-1", "a", ERR_SYNTAX},    {"a=x%00", "a", ERR_SYNTAX},
        {"a=%4&b=1", "a", ERR_SYNTAX}, {"a=12345678", "a", ERR_LIMIT},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        char out[8];
        enum err e = http_query_get(span_str(CASES[i].query), CASES[i].name, out, sizeof(out));
        cr_expect_eq(e, CASES[i].e, "%s: %s", CASES[i].query, err_name(e));
    }
}

Test(http_target, decodes_up_to_the_size_of_the_buffer)
{
    char out[8];
    cr_expect_eq(http_query_get(SPAN("a=1234567"), "a", out, sizeof(out)), OK);
    cr_expect_str_eq(out, "1234567");
    cr_expect_eq(http_percent_decode(SPAN("%31234567"), out, sizeof(out)), OK);
    cr_expect_str_eq(out, "1234567");
    cr_expect_eq(http_percent_decode(SPAN("%312345678"), out, sizeof(out)), ERR_LIMIT);
    cr_expect_eq(http_percent_decode(SPAN(""), out, 1), OK);
    cr_expect_str_eq(out, "");
}

Test(http_target, keeps_a_plus_in_a_path)
{
    char out[8];
    cr_expect_eq(http_percent_decode(SPAN("/a+%2E%2e"), out, sizeof(out)), OK);
    cr_expect_str_eq(out, "/a+..");
    cr_expect_eq(http_percent_decode(SPAN("/a%2"), out, sizeof(out)), ERR_SYNTAX);
}
