#include "chat/hub/roster.h"

#include <criterion/criterion.h>

static int who[1001];

static size_t walk(const struct roster *r)
{
    size_t count = 0;
    uint64_t after = 0, before = 0;
    for (const int *member; (member = roster_next(r, &after)) != NULL; count++) {
        cr_assert_gt(after, before);
        cr_assert_eq((uint64_t)*member, after);
        before = after;
    }
    return count;
}

static void add(struct roster *r)
{
    int *member = &who[r->last_seq];
    *member = (int)roster_add(r, member);
}

Test(roster, is_empty_at_first)
{
    struct roster r = {0};
    uint64_t after = 0;
    cr_assert_null(roster_next(&r, &after));
    cr_assert_eq(after, 0);
    roster_deinit(&r);
}

Test(roster, walks_in_the_order_of_joining)
{
    struct roster r = {0};
    for (int i = 0; i < 100; i++)
        add(&r);
    cr_assert_eq(walk(&r), 100);
    for (uint64_t seq = 1; seq <= 100; seq += 3)
        roster_remove(&r, seq);
    cr_assert_eq(walk(&r), 66);
    cr_assert_eq(r.count, 66);
    roster_deinit(&r);
}

Test(roster, walk_goes_on_while_members_come_and_go)
{
    struct roster r = {0};
    for (int i = 0; i < 10; i++)
        add(&r);
    uint64_t after = 0;
    for (int i = 0; i < 5; i++)
        cr_assert_not_null(roster_next(&r, &after));
    for (uint64_t seq = 1; seq <= 6; seq++) /* behind the walker, under it, and before it */
        roster_remove(&r, seq);
    add(&r);
    cr_assert_eq(*(int *)roster_next(&r, &after), 7);
    cr_assert_eq(*(int *)roster_next(&r, &after), 8);
    cr_assert_eq(*(int *)roster_next(&r, &after), 9);
    cr_assert_eq(*(int *)roster_next(&r, &after), 10);
    cr_assert_eq(*(int *)roster_next(&r, &after), 11);
    cr_assert_null(roster_next(&r, &after));
    roster_deinit(&r);
}

Test(roster, gives_its_memory_back)
{
    struct roster r = {0};
    for (int i = 0; i < 1000; i++)
        add(&r);
    for (uint64_t seq = 1; seq < 1000; seq++) {
        roster_remove(&r, seq);
        cr_assert_leq(r.len, 2 * r.count + 1);
    }
    cr_assert_leq(r.cap, 16);
    cr_assert_eq(walk(&r), 1);
    roster_remove(&r, 1000);
    cr_assert_eq(walk(&r), 0);
    add(&r);
    cr_assert_eq(r.last_seq, 1001, "a number is not given twice");
    roster_deinit(&r);
}

Test(roster, numbers_are_not_used_again_after_the_last_has_left)
{
    struct roster r = {0};
    add(&r);
    roster_remove(&r, 1);
    add(&r);
    uint64_t after = 1;
    cr_assert_eq(*(int *)roster_next(&r, &after), 2);
    roster_deinit(&r);
}
