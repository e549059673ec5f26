#include "net/outq.h"

#include "simul/buf.h"
#include "unit/alloc_fail.h"
#include "unit/expect.h"

#include <stdlib.h>

static struct out_pool pool;

static void setup(void)
{
    expect_ok(out_pool_init(&pool, 64));
}

static void teardown(void)
{
    out_pool_deinit(&pool);
}

TestSuite(outq, .init = setup, .fini = teardown);

/* Everything that is queued, as one text. */
static struct buf text_of(const struct outq *q)
{
    struct buf b = {0};
    struct iovec iov[16];
    int n = outq_iovec(q, iov, 16);
    for (int i = 0; i < n; i++)
        expect_ok(buf_append(&b, span_of(iov[i].iov_base, iov[i].iov_len)));
    cr_assert_eq(b.len, q->bytes);
    return b;
}

static void expect_text(const struct outq *q, const char *want)
{
    struct buf b = text_of(q);
    expect_span(buf_span(&b), span_str(want));
    buf_deinit(&b);
}

Test(outq, joins_what_one_queue_writes_in_a_row)
{
    struct outq q = {0};
    struct iovec iov[4];
    expect_ok(outq_write(&q, &pool, SPAN("ab")));
    expect_ok(outq_write(&q, &pool, SPAN("cd")));
    expect_ok(outq_write(&q, &pool, SPAN_EMPTY));
    cr_assert_eq(outq_iovec(&q, iov, 4), 1);
    expect_text(&q, "abcd");
    outq_clear(&q, &pool);
    cr_assert_eq(q.bytes, 0);
}

Test(outq, keeps_order_across_gathered_shared_and_heap_bytes)
{
    struct outq a = {0}, b = {0};
    struct shared *s = shared_new(3);
    memcpy(s->bytes, "XYZ", 3);
    expect_ok(outq_write(&a, &pool, SPAN("one ")));
    expect_ok(outq_write(&b, &pool, SPAN("other")));
    expect_ok(outq_write(&a, &pool, SPAN("two ")));
    expect_ok(outq_push(&a, &pool, s));
    expect_ok(outq_push(&b, &pool, s));
    expect_ok(
        outq_write(&a, &pool, SPAN(" and a text that is far too long for the gather buffer")));
    expect_text(&a, "one two XYZ and a text that is far too long for the gather buffer");
    expect_text(&b, "otherXYZ");
    cr_assert_eq(s->refs, 3);
    shared_put(s);
    outq_clear(&a, &pool);
    outq_clear(&b, &pool);
}

Test(outq, consumes_at_every_length)
{
    for (size_t n = 0; n <= 11; n++) {
        struct outq q = {0};
        struct shared *s = shared_new(4);
        memcpy(s->bytes, "5678", 4);
        expect_ok(outq_write(&q, &pool, SPAN("01234")));
        expect_ok(outq_push(&q, &pool, s));
        shared_put(s);
        expect_ok(outq_write(&q, &pool, SPAN("9A")));
        outq_consume(&q, &pool, n);
        expect_text(&q, &"0123456789A"[n]);
        outq_clear(&q, &pool);
        pool.gather_used = 0;
    }
}

Test(outq, settled_bytes_survive_the_gather_buffer)
{
    struct outq q = {0};
    expect_ok(outq_write(&q, &pool, SPAN("kept")));
    outq_consume(&q, &pool, 1);
    expect_ok(outq_settle(&q, &pool));
    memset(pool.gather, '!', pool.gather_bytes);
    pool.gather_used = 0;
    expect_ok(outq_write(&q, &pool, SPAN("new")));
    expect_text(&q, "eptnew");
    outq_clear(&q, &pool);
}

Test(outq, commits_what_was_written_of_a_reservation)
{
    struct outq q = {0};
    expect_ok(outq_write(&q, &pool, SPAN("a")));
    memcpy(outq_reserve(&pool, 20), "bcd", 3);
    expect_ok(outq_commit(&q, &pool, 3));
    outq_reserve(&pool, 20);
    expect_ok(outq_commit(&q, &pool, 0));
    memcpy(outq_reserve(&pool, 1000), "on the heap", 11);
    expect_ok(outq_commit(&q, &pool, 11));
    outq_reserve(&pool, 1000);
    expect_ok(outq_commit(&q, &pool, 0));
    expect_ok(outq_write(&q, &pool, SPAN("!")));
    expect_text(&q, "abcdon the heap!");
    outq_clear(&q, &pool);
}

Test(outq, describes_no_more_pieces_than_asked)
{
    struct outq a = {0}, b = {0};
    struct iovec iov[2];
    for (int i = 0; i < 3; i++) {
        expect_ok(outq_write(&a, &pool, SPAN("a")));
        expect_ok(outq_write(&b, &pool, SPAN("b")));
    }
    cr_assert_eq(outq_iovec(&a, iov, 2), 2);
    outq_clear(&a, &pool);
    outq_clear(&b, &pool);
}

Test(outq, each_allocation_that_fails_is_told_and_changes_nothing)
{
    for (size_t n = 0; n < 4; n++) {
        struct out_pool small = {0};
        expect_ok(out_pool_init(&small, 4));
        struct outq q = {0};
        alloc_fail_after(n);
        enum err e = outq_write(&q, &small, SPAN("longer than the buffer"));
        alloc_fail_stop();
        cr_assert_eq(e, n < 3 ? ERR_NOMEM : OK);
        cr_assert_eq(q.bytes, e == OK ? 22 : 0);
        outq_clear(&q, &small);
        out_pool_deinit(&small);
    }
    struct outq q = {0};
    expect_ok(outq_write(&q, &pool, SPAN("x")));
    alloc_fail_after(0);
    expect_err(outq_settle(&q, &pool), ERR_NOMEM);
    alloc_fail_stop();
    outq_clear(&q, &pool);
}
