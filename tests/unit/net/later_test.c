#include "net/later.h"
#include "unit/alloc_fail.h"

#include <criterion/criterion.h>

static struct handle handle(uint32_t slot)
{
    return (struct handle){.slot = slot, .generation = 1};
}

static void pops(struct later *l, uint32_t slot)
{
    struct handle h;
    cr_assert(later_pop(l, &h));
    cr_assert_eq(h.slot, slot);
}

Test(later, is_first_in_first_out)
{
    struct later l = {0};
    struct handle h;
    cr_assert_not(later_pop(&l, &h));
    cr_assert_not(later_push(&l, handle(0)), "there is no room yet");
    cr_assert_eq(later_grow(&l, 3), OK);
    for (uint32_t i = 0; i < 10; i++) {
        cr_assert(later_push(&l, handle(2 * i)));
        cr_assert(later_push(&l, handle(2 * i + 1)));
        pops(&l, 2 * i);
        pops(&l, 2 * i + 1);
    }
    cr_assert_not(later_pop(&l, &h));
    later_deinit(&l);
}

Test(later, is_full_at_its_size)
{
    struct later l = {0};
    cr_assert_eq(later_grow(&l, 2), OK);
    cr_assert(later_push(&l, handle(1)));
    cr_assert(later_push(&l, handle(2)));
    cr_assert_not(later_push(&l, handle(3)));
    cr_assert_eq(l.count, 2);
    later_deinit(&l);
}

Test(later, keeps_its_order_when_it_grows)
{
    struct later l = {0};
    cr_assert_eq(later_grow(&l, 3), OK);
    for (uint32_t i = 0; i < 3; i++)
        cr_assert(later_push(&l, handle(i)));
    pops(&l, 0);
    pops(&l, 1);
    cr_assert(later_push(&l, handle(3)));
    cr_assert(later_push(&l, handle(4)));
    alloc_fail_after(0);
    cr_assert_eq(later_grow(&l, 8), ERR_NOMEM);
    alloc_fail_stop();
    cr_assert_eq(later_grow(&l, 8), OK);
    cr_assert(later_push(&l, handle(5)));
    for (uint32_t i = 2; i < 6; i++)
        pops(&l, i);
    later_deinit(&l);
}
