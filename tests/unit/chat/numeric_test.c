#include "chat/hub/numeric.h"
#include "simul/irc.h"
#include "unit/alloc_fail.h"

#include <criterion/criterion.h>

static struct buf out;

static void teardown(void)
{
    buf_deinit(&out);
}

TestSuite(numeric, .fini = teardown);

static void expect(const struct span *params, size_t count, const char *want)
{
    out.len = 0;
    cr_assert_eq(numeric_format(&out, SPAN("s.test"), "401", SPAN("al"), params, count), OK);
    cr_assert(span_eq(buf_span(&out), span_str(want)), "%.*s", SPAN_ARG(buf_span(&out)));
}

Test(numeric, names_server_code_and_nick)
{
    expect((struct span[]){SPAN("x"), SPAN("No such nick")}, 2, ":s.test 401 al x :No such nick");
    expect((struct span[]){SPAN("word")}, 1, ":s.test 401 al :word");
    expect(NULL, 0, ":s.test 401 al");
}

Test(numeric, params_of_a_peer_cannot_shift_the_others)
{
    expect((struct span[]){SPAN("a b"), SPAN("text")}, 2, ":s.test 401 al * :text");
    expect((struct span[]){SPAN(":a"), SPAN("text")}, 2, ":s.test 401 al * :text");
    expect((struct span[]){SPAN_EMPTY, SPAN("text")}, 2, ":s.test 401 al * :text");
}

Test(numeric, keeps_to_the_length_of_a_line)
{
    static uint8_t text[1000];
    memset(text, 'x', sizeof(text));
    const struct span params[] = {span_of(text, sizeof(text))};
    cr_assert_eq(numeric_format(&out, SPAN("s.test"), "401", SPAN("al"), params, 1), OK);
    cr_assert_eq(out.len, IRC_REST_BYTES_MAX);
}

Test(numeric, without_memory_leaves_the_buffer_as_it_was)
{
    cr_assert_eq(buf_append(&out, SPAN("before")), OK);
    static uint8_t text[400];
    memset(text, 'x', sizeof(text));
    const struct span params[] = {span_of(text, sizeof(text))};
    alloc_fail_after(0);
    cr_assert_eq(numeric_format(&out, SPAN("s.test"), "401", SPAN("al"), params, 1), ERR_NOMEM);
    alloc_fail_stop();
    cr_assert(span_eq(buf_span(&out), SPAN("before")));
}
