/* The connections of a loop that have the most of something. */
#include "net/conn_top.h"

#include "unit/net/script.h"

static struct conn_top top;

static void teardown(void)
{
    conn_top_deinit(&top);
    fix_done();
}

TestSuite(conn_top, .init = fix_init, .fini = teardown);

static void begin(enum conn_order order, size_t rows_max)
{
    cr_assert_eq(conn_top_init(&top, &fix.nets[0], order, rows_max), OK);
}

/* Queues so many bytes, which the test's end does not take: they are never flushed. */
static unsigned client_with_queue(size_t bytes)
{
    unsigned i = script_connect(swallow);
    struct conn *c = client_slot(i);
    static const char filler[4096];
    while (bytes > 0) {
        size_t part = bytes < sizeof(filler) ? bytes : sizeof(filler);
        conn_write(c, span_of(filler, part));
        bytes -= part;
    }
    return i;
}

static void expect_row(size_t i, unsigned client, uint64_t key)
{
    cr_assert_lt(i, top.row_count);
    cr_assert_eq(top.rows[i].handle.slot, fix.clients[client].handle.slot, "row %zu", i);
    cr_assert_eq(top.rows[i].key, key);
}

Test(conn_top, nobody_is_there)
{
    begin(BY_OUT_BYTES, 3);
    cr_assert_eq(conn_top_walk(&top), CO_DONE);
    cr_assert_eq(top.row_count, 0);
}

Test(conn_top, who_has_the_most_queued_comes_first)
{
    begin(BY_OUT_BYTES, 2);
    client_with_queue(100);
    unsigned most = client_with_queue(9000), second = client_with_queue(500);
    cr_assert_eq(conn_top_walk(&top), CO_DONE);
    cr_assert_eq(top.row_count, 2);
    expect_row(0, most, 9000);
    expect_row(1, second, 500);
    cr_assert_eq(top.rows[0].out_bytes, 9000);
}

Test(conn_top, a_row_tells_what_the_connection_is)
{
    begin(BY_OUT_BYTES, 1);
    unsigned i = script_connect(wait_for_more);
    client_say(i, "abc");
    fix_pass_ms(7000);
    cr_assert_eq(conn_top_walk(&top), CO_DONE);
    const struct conn_row *r = &top.rows[0];
    cr_assert_str_eq(r->session, "script");
    cr_assert_str_eq(r->listener, "test");
    cr_assert_str_eq(r->state, "open");
    cr_assert_str_eq(r->timer, "handshake");
    cr_assert_eq(r->in_bytes, 3);
    cr_assert_eq(r->age_seconds, 7);
    cr_assert(!r->is_tls);
    cr_assert(!r->has_tcp, "it is a socket pair");
}

Test(conn_top, the_oldest_come_first)
{
    begin(BY_AGE, 2);
    unsigned first = script_connect(swallow);
    fix_pass_ms(3000);
    unsigned second = script_connect(swallow);
    fix_pass_ms(2000);
    script_connect(swallow);
    cr_assert_eq(conn_top_walk(&top), CO_DONE);
    expect_row(0, first, 5);
    expect_row(1, second, 2);
}

Test(conn_top, by_rate_it_is_walked_twice)
{
    begin(BY_RATE, 2);
    unsigned i = script_connect(swallow);
    cr_assert_eq(conn_top_walk(&top), CO_WAITING);
    script_connect(swallow); /* in between */
    fix_pass_ms(1000);
    cr_assert_eq(conn_top_walk(&top), CO_DONE);
    cr_assert_eq(top.row_count, 2);
    expect_row(0, i, 0);
}

Test(conn_top, who_has_gone_is_not_shown)
{
    begin(BY_OUT_BYTES, 3);
    unsigned i = client_with_queue(10), gone = client_with_queue(20);
    conn_abort(client_slot(gone), "test");
    cr_assert_eq(conn_top_walk(&top), CO_DONE);
    cr_assert_eq(top.row_count, 1);
    expect_row(0, i, 10);
}

Test(conn_top, many_are_looked_at_in_parts)
{
    begin(BY_OUT_BYTES, 1);
    unsigned i = client_with_queue(10);
    struct conn *c;
    while (fix.nets[0].conns.slot_count < 3000) /* free slots take a look as well */
        cr_assert_eq(conn_table_take(&fix.nets[0].conns, &c), OK);
    unsigned parts = 1;
    for (; conn_top_walk(&top) == CO_READY; parts++)
        cr_assert_eq(top.row_count, 0);
    cr_assert_eq(parts, 3);
    expect_row(0, i, 10);
}

Test(conn_top, survives_every_failing_allocation)
{
    script_connect(swallow);
    for (size_t n = 0; n < 2; n++) {
        alloc_fail_after(n);
        enum err e = conn_top_init(&top, &fix.nets[0], BY_RATE, 3);
        alloc_fail_stop();
        cr_assert_eq(e, ERR_NOMEM);
    }
    begin(BY_RATE, 3);
    alloc_fail_after(0);
    cr_assert_eq(conn_top_walk(&top), CO_WAITING);
    fix_pass_ms(1000);
    cr_assert_eq(conn_top_walk(&top), CO_DONE, "all count as new");
    alloc_fail_stop();
    cr_assert_eq(top.row_count, 1);
}
