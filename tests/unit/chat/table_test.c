#include "chat/hub/table.h"
#include "simul/check.h"
#include "unit/expect.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

struct item {
    struct table_node node;
    char name[12];
    bool is_in;
};

static bool is(const struct table_node *node, struct span key)
{
    return span_eq(span_str(container_of(node, struct item, node)->name), key);
}

static const struct siphash_key KEY = {"a secret of ours"};

enum { ITEMS = 5000 };
static struct item items[ITEMS];
static struct table t;

static void setup(void)
{
    expect_ok(table_init(&t, &KEY, is));
    for (int i = 0; i < ITEMS; i++)
        snprintf(items[i].name, sizeof(items[i].name), "n%d", i);
}

static void teardown(void)
{
    table_deinit(&t);
}

TestSuite(table, .init = setup, .fini = teardown);

static void expect(struct item *item)
{
    cr_assert_eq(table_find(&t, span_str(item->name)), item->is_in ? &item->node : NULL, "%s",
                 item->name);
}

static void toggle(struct item *item)
{
    if (item->is_in)
        table_remove(&t, &item->node);
    else
        table_add(&t, &item->node, span_str(item->name));
    item->is_in = !item->is_in;
}

Test(table, finds_nothing_when_empty)
{
    cr_assert_null(table_find(&t, SPAN("x")));
    cr_assert_null(table_find(&t, SPAN_EMPTY));
}

Test(table, finds_all_at_every_stage_of_growth)
{
    for (int i = 0; i < ITEMS; i++) {
        toggle(&items[i]);
        for (int k = 0; k <= i; k += i < 600 ? 1 : 97)
            expect(&items[k]);
        expect(&items[(i + 1) % ITEMS]);
    }
    cr_assert_eq(t.count, ITEMS);
}

static void count_node(const struct table_node *node, void *arg)
{
    cr_assert(container_of(node, struct item, node)->is_in);
    ++*(size_t *)arg;
}

Test(table, visits_each_at_every_stage_of_growth)
{
    for (int i = 0; i < 600; i++) {
        toggle(&items[i]);
        size_t visited = 0;
        table_each(&t, count_node, &visited);
        cr_assert_eq(visited, t.count);
    }
}

Test(table, grows_a_few_buckets_at_a_time)
{
    for (int i = 0; i < ITEMS; i++) {
        struct table_node **old = t.old;
        size_t moved = t.moved;
        toggle(&items[i]);
        if (old != NULL && t.old == old)
            cr_assert_leq(t.moved - moved, 4);
    }
    cr_assert_geq(t.bucket_count, ITEMS / 2);
}

Test(table, chains_stay_short)
{
    for (int i = 0; i < ITEMS; i++)
        toggle(&items[i]);
    for (size_t b = 0; b < t.bucket_count; b++) {
        int len = 0;
        for (struct table_node *n = t.buckets[b]; n != NULL; n = n->next)
            len++;
        cr_assert_lt(len, 16);
    }
}

Test(table, survives_a_random_walk)
{
    uint64_t seed = 3;
    for (int round = 0; round < 100000; round++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        struct item *item = &items[(seed >> 33) % ITEMS];
        expect(item);
        toggle(item);
        expect(item);
    }
    for (int i = 0; i < ITEMS; i++)
        expect(&items[i]);
}
