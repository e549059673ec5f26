/* irc_line.c, the other way: parts into a line. */
#include "simul/irc.h"

#include "unit/alloc_fail.h"
#include "unit/expect.h"

#include <criterion/criterion.h>
#include <signal.h>

static void expect_format(const struct irc_line *line, const char *want)
{
    struct buf out = {0};
    expect_ok(buf_append(&out, SPAN("before|")));
    expect_ok(irc_format(line, &out));
    expect_span(span_drop(buf_span(&out), 7), span_str(want));
    buf_deinit(&out);
}

Test(irc_format, writes_a_colon_only_where_it_is_needed)
{
    struct irc_line line = {.command = SPAN("C"), .params = {SPAN("a")}, .param_count = 1};
    expect_format(&line, "C a");
    line.params[0] = SPAN("a:b");
    expect_format(&line, "C a:b");
    line.params[0] = SPAN("");
    expect_format(&line, "C :");
    line.params[0] = SPAN(":a");
    expect_format(&line, "C ::a");
    line.params[0] = SPAN("a b");
    expect_format(&line, "C :a b");
    line.params[0] = SPAN(" ");
    expect_format(&line, "C : ");
}

Test(irc_format, writes_a_colon_when_asked)
{
    struct irc_line line = {
        .command = SPAN("C"), .params = {SPAN("a")}, .param_count = 1, .has_trailing = true};
    expect_format(&line, "C :a");
    line.param_count = 0;
    expect_format(&line, "C");
}

Test(irc_format, never_lets_a_param_shift_the_others)
{
    const struct span hostile[] = {SPAN(""),     SPAN(" "),  SPAN(":"), SPAN(":#a"),
                                   SPAN("#a b"), SPAN("a "), SPAN_EMPTY};
    for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
        struct irc_line line = {.source = SPAN("srv"),
                                .command = SPAN("403"),
                                .params = {SPAN("me"), hostile[i], SPAN("No such channel")},
                                .param_count = 3};
        expect_format(&line, ":srv 403 me * :No such channel");
    }
}

/* A line whose rest is `rest_before` bytes and then `text`, of which `kept` bytes remain. */
static void expect_cut(size_t rest_before, const char *text, size_t kept)
{
    struct buf param = {0}, out = {0};
    for (size_t i = strlen("C "); i < rest_before; i++)
        expect_ok(buf_append(&param, SPAN("x")));
    expect_ok(buf_append(&param, span_str(text)));
    struct irc_line line = {.tags = SPAN("time=0;msgid=1"),
                            .command = SPAN("C"),
                            .params = {buf_span(&param)},
                            .param_count = 1};
    expect_ok(irc_format(&line, &out));
    size_t tags_bytes = strlen("@time=0;msgid=1 ");
    cr_assert_eq(out.len - tags_bytes, rest_before + kept, "%zu", out.len - tags_bytes);
    cr_assert(out.len - tags_bytes <= IRC_REST_BYTES_MAX);
    expect_span(span_drop(buf_span(&out), tags_bytes + rest_before),
                span_take(span_str(text), kept));
    buf_deinit(&param);
    buf_deinit(&out);
}

Test(irc_format, cuts_the_rest_at_510_bytes)
{
    expect_cut(510, "", 0);
    expect_cut(509, "a", 1);
    expect_cut(509, "ab", 1);
    expect_cut(400, "abc", 3);
    expect_cut(510, "abc", 0);
}

Test(irc_format, never_cuts_inside_a_code_point)
{
    expect_cut(508, "\xc3\xbc", 2);
    expect_cut(509, "\xc3\xbc", 0);
    expect_cut(509, "\xe2\x82\xac", 0);
    expect_cut(508, "\xe2\x82\xac", 0);
    expect_cut(507, "\xe2\x82\xac", 3);
    expect_cut(506, "\xf0\x9f\x91\x8b", 4);
    expect_cut(507, "\xf0\x9f\x91\x8b", 0);
    expect_cut(508, "\xf0\x9f\x91\x8b", 0);
    expect_cut(509, "\xf0\x9f\x91\x8b", 0);
    expect_cut(507, "\xc3\xbc\xc3\xbc\xc3\xbc", 2);
}

Test(irc_format, cuts_somewhere_in_what_is_not_utf8)
{
    expect_cut(500, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80", 7);
}

Test(irc_format, survives_every_failing_allocation)
{
    char text[400];
    memset(text, 'x', sizeof(text));
    struct irc_line line = {.tags = span_of(text, sizeof(text)),
                            .source = span_of(text, 100),
                            .command = SPAN("C"),
                            .params = {span_of(text, 50), span_of(text, sizeof(text))},
                            .param_count = 2,
                            .has_trailing = true};
    enum err e;
    size_t failures = 0;
    do {
        struct buf out = {0};
        alloc_fail_after(failures);
        e = irc_format(&line, &out);
        alloc_fail_stop();
        if (e != OK) {
            cr_assert_eq(e, ERR_NOMEM);
            cr_assert_eq(out.len, 0);
            failures++;
        }
        buf_deinit(&out);
    } while (e != OK);
    cr_assert_gt(failures, 2);
}

/* --- bugs of the caller ------------------------------------------------------------------ */

static void format_with(struct span tags, struct span source, struct span command,
                        struct span param)
{
    struct irc_line line = {
        .tags = tags, .source = source, .command = command, .params = {param}, .param_count = 1};
    struct buf out = {0};
    expect_ok(irc_format(&line, &out));
}

Test(irc_format, aborts_when_asked_to_write_lf, .signal = SIGABRT)
{
    format_with(SPAN_EMPTY, SPAN_EMPTY, SPAN("C"), SPAN("a\nQUIT"));
}

Test(irc_format, aborts_when_asked_to_write_cr, .signal = SIGABRT)
{
    format_with(SPAN_EMPTY, SPAN_EMPTY, SPAN("C"), SPAN("a\rQUIT"));
}

Test(irc_format, aborts_when_asked_to_write_nul, .signal = SIGABRT)
{
    format_with(SPAN_EMPTY, SPAN_EMPTY, SPAN("C"), SPAN("a\0b"));
}

Test(irc_format, aborts_on_a_line_end_in_a_part_that_is_cut, .signal = SIGABRT)
{
    char text[600];
    memset(text, 'x', sizeof(text));
    text[599] = '\n';
    format_with(SPAN_EMPTY, SPAN_EMPTY, SPAN("C"), span_of(text, sizeof(text)));
}

Test(irc_format, aborts_on_a_space_in_the_source, .signal = SIGABRT)
{
    format_with(SPAN_EMPTY, SPAN("a b"), SPAN("C"), SPAN("p"));
}

Test(irc_format, aborts_on_a_space_in_the_tags, .signal = SIGABRT)
{
    format_with(SPAN("a=b c"), SPAN_EMPTY, SPAN("C"), SPAN("p"));
}

Test(irc_format, aborts_without_a_command, .signal = SIGABRT)
{
    format_with(SPAN_EMPTY, SPAN_EMPTY, SPAN_EMPTY, SPAN("p"));
}

Test(irc_format, aborts_on_more_tags_than_a_server_may_send, .signal = SIGABRT)
{
    static char tags[IRC_SERVER_TAGS_BYTES_MAX - 1];
    memset(tags, 't', sizeof(tags));
    format_with(span_of(tags, sizeof(tags)), SPAN_EMPTY, SPAN("C"), SPAN("p"));
}

Test(irc_format, aborts_on_too_many_params, .signal = SIGABRT)
{
    struct irc_line line = {.command = SPAN("C"), .param_count = IRC_PARAMS_MAX + 1};
    struct buf out = {0};
    expect_ok(irc_format(&line, &out));
}
