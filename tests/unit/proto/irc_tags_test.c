#include "simul/irc.h"

#include "unit/alloc_fail.h"
#include "unit/expect.h"

#include <criterion/criterion.h>

/* The tags as a transcript, "key>value;", are expected to be `seen`. */
static void expect_tags(struct span tags, struct span seen)
{
    struct buf got = {0};
    struct irc_tag tag;
    while (irc_tags_next(&tags, &tag))
        expect_ok(buf_printf(&got, "%.*s>%.*s;", SPAN_ARG(tag.key), SPAN_ARG(tag.value)));
    cr_assert_eq(tags.len, 0);
    expect_span(buf_span(&got), seen);
    buf_deinit(&got);
}

Test(irc_tags, come_one_after_another)
{
    expect_tags(SPAN(""), SPAN(""));
    expect_tags(SPAN("a"), SPAN("a>;"));
    expect_tags(SPAN("a=b"), SPAN("a>b;"));
    expect_tags(SPAN("a=b;c=32;k;rt=ql7"), SPAN("a>b;c>32;k>;rt>ql7;"));
    expect_tags(SPAN("+x.example/y=1;z=2"), SPAN("+x.example/y>1;z>2;"));
}

Test(irc_tags, take_a_missing_value_for_an_empty_one)
{
    expect_tags(SPAN("a;b="), SPAN("a>;b>;"));
}

Test(irc_tags, end_a_key_at_the_first_equals_sign)
{
    expect_tags(SPAN("a=b=c;d=="), SPAN("a>b=c;d>=;"));
    expect_tags(SPAN("=v;="), SPAN(">v;>;"));
}

Test(irc_tags, come_with_their_escapes)
{
    expect_tags(SPAN("a=x\\:y;b=\\\\;c"), SPAN("a>x\\:y;b>\\\\;c>;"));
}

Test(irc_tags, pass_over_empty_items)
{
    expect_tags(SPAN(";;a;;b;"), SPAN("a>;b>;"));
    expect_tags(SPAN(";"), SPAN(""));
}

Test(irc_tags, keep_every_duplicate_in_order)
{
    expect_tags(SPAN("a=1;b=2;a=3"), SPAN("a>1;b>2;a>3;"));
}

Test(irc_tags, know_a_valid_key)
{
    static const char *const valid[] = {"a",     "A-9",         "-",      "0",        "+a",
                                        "v/a",   "+v/a",        "a.b/c",  "+a-1.b/c", "+9.8/7",
                                        "msgid", "draft/reply", "+typing"};
    for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++)
        cr_assert(irc_tag_key_is_valid(span_str(valid[i])), "%s", valid[i]);
}

Test(irc_tags, know_an_invalid_key)
{
    static const char *const invalid[] = {
        "",      "+",   "++a", "a+",   "a_b",   "a.b",   "a b",        "a\\b",   "/",    "/a",
        "a/",    "+/a", "+a/", "a//b", "a/b/c", ".a/b",  "a./b",       "a..b/c", "./a",  "a_b/c",
        "a/b.c", "a!b", "a,b", "a:b",  "a\tb",  "a\x01", "gr\xc3\xbc", "a/\xff", "+a+b", "v/+a"};
    for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
        cr_assert_not(irc_tag_key_is_valid(span_str(invalid[i])), "%s", invalid[i]);
    cr_assert_not(irc_tag_key_is_valid(SPAN("a\0")));
}

static void expect_unescaped(struct span value, struct span want)
{
    uint8_t out[64];
    cr_assert_leq(value.len, sizeof(out));
    size_t n = irc_tag_unescape(value, out);
    expect_span(span_of(out, n), want);

    memcpy(out, value.ptr, value.len);
    n = irc_tag_unescape(span_of(out, value.len), out);
    expect_span(span_of(out, n), want);
}

Test(irc_tags, undo_escapes)
{
    expect_unescaped(SPAN(""), SPAN(""));
    expect_unescaped(SPAN("plain/=:,"), SPAN("plain/=:,"));
    expect_unescaped(SPAN("a\\:b\\sc\\\\d\\re\\nf"), SPAN("a;b c\\d\re\nf"));
    expect_unescaped(SPAN("\\\\s\\\\\\s"), SPAN("\\s\\ "));
}

Test(irc_tags, drop_the_backslash_of_an_unknown_escape)
{
    expect_unescaped(SPAN("\\a\\1\\;\\ \\S"), SPAN("a1; S"));
    expect_unescaped(SPAN("\\\xc3\xbc"), SPAN("\xc3\xbc"));
}

Test(irc_tags, drop_a_lone_backslash_at_the_end)
{
    expect_unescaped(SPAN("\\"), SPAN(""));
    expect_unescaped(SPAN("a\\"), SPAN("a"));
    expect_unescaped(SPAN("a\\\\"), SPAN("a\\"));
    expect_unescaped(SPAN("a\\\\\\"), SPAN("a\\"));
}

Test(irc_tags, escape_what_would_end_a_value)
{
    struct buf out = {0};
    expect_ok(buf_append(&out, SPAN("k=")));
    expect_ok(irc_tag_escape(SPAN("a;b c\\d\re\nf:="), &out));
    expect_span(buf_span(&out), SPAN("k=a\\:b\\sc\\\\d\\re\\nf:="));
    buf_deinit(&out);
}

Test(irc_tags, undo_their_own_escapes_for_every_byte)
{
    uint8_t all[256], back[512];
    for (size_t i = 0; i < sizeof(all); i++)
        all[i] = (uint8_t)i;
    struct buf out = {0};
    expect_ok(irc_tag_escape(span_of(all, sizeof(all)), &out));
    cr_assert_eq(irc_tag_unescape(buf_span(&out), back), sizeof(all));
    cr_assert_arr_eq(back, all, sizeof(all));
    buf_deinit(&out);
}

static void expect_client_only(struct span tags, struct span want)
{
    struct buf out = {0};
    expect_ok(buf_append(&out, SPAN("time=0;")));
    expect_ok(irc_tags_client_only(tags, &out));
    expect_span(span_drop(buf_span(&out), strlen("time=0;")), want);
    buf_deinit(&out);
}

Test(irc_tags, pass_on_what_clients_may_send)
{
    expect_client_only(SPAN("+a"), SPAN("+a"));
    expect_client_only(SPAN("+a=1;+v.example/b=\\:\\s"), SPAN("+a=1;+v.example/b=\\:\\s"));
    expect_client_only(SPAN("+a="), SPAN("+a"));
    expect_client_only(SPAN("+a=1;+a=2"), SPAN("+a=1;+a=2"));
}

Test(irc_tags, do_not_pass_on_the_rest)
{
    expect_client_only(SPAN(""), SPAN(""));
    expect_client_only(SPAN("time=2020;msgid=forged;account=root"), SPAN(""));
    expect_client_only(SPAN("label=1;+a;batch=2;+b=3;"), SPAN("+a;+b=3"));
    expect_client_only(SPAN("+;+=x;++a;+a_b;=+a;+/a;+a/"), SPAN(""));
    expect_client_only(SPAN("+gr\xc3\xbc=1;;;+ok"), SPAN("+ok"));
}

/* Runs `append` on fresh buffers, with one allocation failing in turn, until none does. */
static void expect_nomem(enum err (*append)(struct span, struct buf *), size_t failures_min)
{
    char text[300];
    memset(text, 'x', sizeof(text));
    memcpy(text, "+a=", 3);
    memcpy(text + 100, ";+b=", 4);
    enum err e;
    size_t failures = 0;
    do {
        struct buf out = {0};
        alloc_fail_after(failures);
        e = append(span_of(text, sizeof(text)), &out);
        alloc_fail_stop();
        if (e != OK) {
            cr_assert_eq(e, ERR_NOMEM);
            cr_assert_eq(out.len, 0);
            failures++;
        }
        buf_deinit(&out);
    } while (e != OK);
    cr_assert_geq(failures, failures_min);
}

Test(irc_tags, survive_every_failing_allocation)
{
    expect_nomem(irc_tag_escape, 1);
    expect_nomem(irc_tags_client_only, 2);
}
