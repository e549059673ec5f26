#include "simul/buf.h"

#include "unit/alloc_fail.h"
#include "unit/expect.h"

#include <criterion/criterion.h>
#include <signal.h>

Test(buf, is_empty_when_zeroed)
{
    struct buf b = {0};
    expect_span(buf_span(&b), SPAN(""));
    expect_ok(buf_append(&b, SPAN_EMPTY));
    expect_ok(buf_reserve(&b, 0));
    buf_consume(&b, 0);
    cr_assert_null(b.data);
    buf_deinit(&b);
}

Test(buf, appends_behind_its_content)
{
    struct buf b = {0}, want = {0};
    for (int i = 0; i < 1000; i++)
        expect_ok(buf_append(&b, SPAN("abc")));
    expect_ok(buf_reserve(&want, 3000));
    for (int i = 0; i < 3000; i++)
        want.data[want.len++] = (uint8_t) "abc"[i % 3];
    expect_span(buf_span(&b), buf_span(&want));
    buf_deinit(&b);
    buf_deinit(&want);
}

Test(buf, moves_only_when_it_must)
{
    struct buf b = {0};
    expect_ok(buf_reserve(&b, 100));
    const uint8_t *data = b.data;
    cr_assert_geq(b.cap, 100);
    for (int i = 0; i < 100; i++)
        expect_ok(buf_append(&b, SPAN("x")));
    cr_assert_eq(b.data, data);
    buf_deinit(&b);
}

Test(buf, drops_its_beginning)
{
    struct buf b = {0};
    expect_ok(buf_append(&b, SPAN("abcdef")));
    buf_consume(&b, 2);
    expect_span(buf_span(&b), SPAN("cdef"));
    expect_ok(buf_append(&b, SPAN("g")));
    buf_consume(&b, 4);
    expect_span(buf_span(&b), SPAN("g"));
    buf_consume(&b, 1);
    expect_span(buf_span(&b), SPAN(""));
    buf_deinit(&b);
}

Test(buf, aborts_when_more_is_dropped_than_there_is, .signal = SIGABRT)
{
    struct buf b = {0};
    expect_ok(buf_append(&b, SPAN("ab")));
    buf_consume(&b, 3);
}

Test(buf, prints_without_the_zero)
{
    struct buf b = {0};
    expect_ok(buf_printf(&b, "%s-%d", "a", 42));
    expect_ok(buf_printf(&b, "%s", ""));
    expect_ok(buf_printf(&b, "%0100d", 7));
    cr_assert_eq(b.len, 104);
    expect_span(span_take(buf_span(&b), 5), SPAN("a-420"));
    cr_assert_eq(b.data[103], '7');
    buf_deinit(&b);
}

Test(buf, can_be_used_again_after_deinit)
{
    struct buf b = {0};
    expect_ok(buf_append(&b, SPAN("a")));
    buf_deinit(&b);
    cr_assert_eq(b.cap, 0);
    expect_ok(buf_append(&b, SPAN("b")));
    expect_span(buf_span(&b), SPAN("b"));
    buf_deinit(&b);
}

Test(buf, stays_as_it_was_when_memory_runs_out)
{
    struct buf b = {0};
    expect_ok(buf_append(&b, SPAN("kept")));
    char text[200] = {0};

    alloc_fail_after(0);
    enum err appended = buf_append(&b, span_of(text, sizeof(text)));
    alloc_fail_after(0);
    enum err printed = buf_printf(&b, "%200d", 1);
    alloc_fail_after(0);
    enum err reserved = buf_reserve(&b, sizeof(text));
    alloc_fail_stop();

    expect_err(appended, ERR_NOMEM);
    expect_err(printed, ERR_NOMEM);
    expect_err(reserved, ERR_NOMEM);
    expect_span(buf_span(&b), SPAN("kept"));
    buf_deinit(&b);
}

Test(buf, refuses_sizes_that_overflow)
{
    struct buf b = {0};
    expect_ok(buf_append(&b, SPAN("kept")));
    expect_err(buf_reserve(&b, SIZE_MAX), ERR_NOMEM);
    expect_err(buf_reserve(&b, SIZE_MAX / 2 + 2), ERR_NOMEM);
    expect_span(buf_span(&b), SPAN("kept"));
    buf_deinit(&b);
}
