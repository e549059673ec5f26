#include "net/conn_table.h"

#include "net/conn.h"
#include "unit/alloc_fail.h"
#include "unit/expect.h"

#include <signal.h>

Test(conn_table, slots_are_dense_and_used_again_with_a_new_generation)
{
    struct conn_table t = {0};
    struct conn *c[600];
    for (uint32_t i = 0; i < 600; i++) {
        expect_ok(conn_table_take(&t, &c[i]));
        cr_assert_eq(c[i]->slot, i);
        cr_assert_eq(conn_table_at(&t, i), c[i]);
    }
    uint32_t generation = c[5]->generation;
    conn_table_retire(&t, c[5]);
    cr_assert_neq(conn_table_at(&t, 5)->generation, generation);
    struct conn *again;
    expect_ok(conn_table_take(&t, &again));
    cr_assert_eq(again, c[5]);
    cr_assert_gt(again->generation, generation);
    cr_assert_eq(t.open_count, 600);
    cr_assert_null(conn_table_at(&t, 100000));
    conn_table_deinit(&t);
}

Test(conn_table, a_pinned_slot_waits_for_the_last_unpin)
{
    struct conn_table t = {0};
    struct conn *c, *other;
    expect_ok(conn_table_take(&t, &c));
    uint32_t generation = c->generation;
    c->pins = 2;
    conn_table_unpin(&t, c->slot, generation);
    conn_table_retire(&t, c);
    cr_assert_eq(t.open_count, 0);
    expect_ok(conn_table_take(&t, &other));
    cr_assert_neq(other, c);
    conn_table_unpin(&t, c->slot, generation);
    expect_ok(conn_table_take(&t, &other));
    cr_assert_eq(other, c);
    conn_table_deinit(&t);
}

Test(conn_table, unpinning_what_is_not_pinned_dies, .signal = SIGABRT)
{
    struct conn_table t = {0};
    struct conn *c;
    expect_ok(conn_table_take(&t, &c));
    conn_table_unpin(&t, c->slot, c->generation);
}

Test(conn_table, each_allocation_that_fails_is_told)
{
    for (size_t n = 0; n < 2; n++) {
        struct conn_table t = {0};
        struct conn *c;
        alloc_fail_after(n);
        expect_err(conn_table_take(&t, &c), ERR_NOMEM);
        alloc_fail_stop();
        cr_assert_eq(t.open_count, 0);
        expect_ok(conn_table_take(&t, &c));
        conn_table_deinit(&t);
    }
}
