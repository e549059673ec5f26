#include "chat/hub/log_local.h"

#include <criterion/criterion.h>

static struct log_local l;

static void setup(void)
{
    log_local_init(&l);
}

TestSuite(log_local, .init = setup);

Test(log_local, hands_items_out_in_order_with_growing_positions)
{
    struct log_item items[100] = {0};
    cr_assert(log_local_is_empty(&l));
    for (uint64_t i = 0; i < 100; i++)
        l.log.append(&l.log, &items[i], 1000 - i / 10);
    struct position last = {0};
    for (size_t i = 0; i < 100; i++) {
        struct log_item *item = l.log.next(&l.log);
        cr_assert_eq(item, &items[i]);
        cr_assert(position_is_before(&last, &item->entry.at));
        last = item->entry.at;
    }
    cr_assert_null(l.log.next(&l.log));
    cr_assert(log_local_is_empty(&l));
}

Test(log_local, queries_have_a_time_and_take_no_position)
{
    struct log_item decision = {0}, query = {.entry.is_query = true}, later = {0};
    struct log_item when_the_clock_stepped_back = {.entry.is_query = true};
    l.log.append(&l.log, &decision, 10);
    l.log.append(&l.log, &query, 20);
    l.log.append(&l.log, &when_the_clock_stepped_back, 5);
    l.log.append(&l.log, &later, 10);
    cr_assert_eq(query.entry.at.ms, 20);
    cr_assert_eq(when_the_clock_stepped_back.entry.at.ms, 10);
    cr_assert_eq(later.entry.at.ms, 10);
    cr_assert_eq(later.entry.at.seq, 1);
}

Test(log_local, can_be_emptied_and_filled_again)
{
    struct log_item a = {0}, b = {0};
    l.log.append(&l.log, &a, 1);
    cr_assert_eq(l.log.next(&l.log), &a);
    l.log.append(&l.log, &b, 1);
    l.log.append(&l.log, &a, 2);
    cr_assert_eq(l.log.next(&l.log), &b);
    cr_assert_eq(l.log.next(&l.log), &a);
}
