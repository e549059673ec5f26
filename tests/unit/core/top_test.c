#include "core/top.h"

#include "simul/chance.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { MAX = 10, MANY = 1000 };

static struct top_item items[MAX];

static struct top empty(size_t max)
{
    return (struct top){.at = items, .max = max};
}

Test(top, keeps_all_while_there_is_room)
{
    struct top t = empty(3);
    top_offer(&t, 5, 50);
    top_offer(&t, 7, 70);
    top_sort(&t);
    cr_assert_eq(t.count, 2);
    cr_assert_eq(t.at[0].key, 7);
    cr_assert_eq(t.at[0].value, 70);
    cr_assert_eq(t.at[1].key, 5);
}

Test(top, nothing_offered_is_nothing_kept)
{
    struct top t = empty(3);
    top_sort(&t);
    cr_assert_eq(t.count, 0);
}

Test(top, a_key_that_is_too_small_changes_nothing)
{
    struct top t = empty(2);
    top_offer(&t, 3, 0);
    top_offer(&t, 9, 1);
    top_offer(&t, 2, 2);
    top_sort(&t);
    cr_assert_eq(t.at[0].key, 9);
    cr_assert_eq(t.at[1].key, 3);
}

Test(top, of_equal_keys_the_first_stay)
{
    struct top t = empty(2);
    for (uint64_t value = 0; value < 5; value++)
        top_offer(&t, 4, value);
    top_sort(&t);
    cr_assert_eq(t.at[0].value, 0);
    cr_assert_eq(t.at[1].value, 1);
}

Test(top, one_place_holds_the_largest)
{
    struct top t = empty(1);
    for (uint64_t key = 0; key < 100; key++)
        top_offer(&t, key * 37 % 101, key);
    top_sort(&t);
    cr_assert_eq(t.count, 1);
    cr_assert_eq(t.at[0].key, 100);
}

static int descending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x < y) - (x > y);
}

Test(top, finds_what_sorting_all_of_them_finds)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        uint64_t keys[MANY];
        struct chance chance = {seed};
        struct top t = empty(MAX);
        for (size_t i = 0; i < MANY; i++) {
            keys[i] = chance_below(&chance, 500);
            top_offer(&t, keys[i], i);
            cr_assert_leq(t.count, MAX);
        }
        top_sort(&t);
        for (size_t i = 0; i < MAX; i++)
            cr_assert_eq(keys[t.at[i].value], t.at[i].key);
        qsort(keys, MANY, sizeof(keys[0]), descending);
        for (size_t i = 0; i < MAX; i++)
            cr_assert_eq(t.at[i].key, keys[i], "seed %d, place %zu", (int)seed, i);
    }
}
