#include "chat/hub/mask_list.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct mask_list list;

static void fini(void)
{
    mask_list_deinit(&list);
}

TestSuite(mask_list, .fini = fini);

static void add(const char *mask, uint64_t now_ms)
{
    mask_list_add(&list, span_str(mask), SPAN("op!~u@h"), now_ms);
}

Test(mask_list, keeps_the_order_in_which_masks_came)
{
    char mask[32];
    for (unsigned i = 0; i < 20; i++) {
        snprintf(mask, sizeof(mask), "n%u!*@*", i);
        add(mask, i);
    }
    mask_list_remove(&list, mask_list_find(&list, SPAN("n7!*@*")));
    mask_list_remove(&list, mask_list_find(&list, SPAN("n19!*@*")));
    cr_assert_eq(list.count, 18);
    cr_assert_str_eq(list.at[6].mask, "n6!*@*");
    cr_assert_str_eq(list.at[7].mask, "n8!*@*");
    cr_assert_eq(list.at[17].set_ms, 18);
    cr_assert_str_eq(list.at[17].setter, "op!~u@h");
}

Test(mask_list, finds_a_mask_in_any_case)
{
    cr_assert_null(mask_list_find(&list, SPAN("a!*@*")));
    add("a!*@*", 1);
    cr_assert_eq(mask_list_find(&list, SPAN("A!*@*")), &list.at[0]);
    cr_assert_null(mask_list_find(&list, SPAN("*!*@*")));
}

Test(mask_list, matches_when_one_of_its_masks_does)
{
    cr_assert_not(mask_list_matches(&list, SPAN("a!b@c")));
    add("x!*@*", 1);
    cr_assert_not(mask_list_matches(&list, SPAN("a!b@c")));
    add("*!B@*", 2);
    cr_assert(mask_list_matches(&list, SPAN("a!b@c")));
}
