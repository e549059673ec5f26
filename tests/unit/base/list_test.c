#include "simul/list.h"

#include <criterion/criterion.h>
#include <signal.h>

struct item {
    struct list node;
    int number;
};

static struct item items[] = {{.number = 0}, {.number = 1}, {.number = 2}, {.number = 3}};

/* `want` is the numbers as text, from the front; the list is walked both ways. */
static void expect_items(struct list *head, const char *want)
{
    size_t count = strlen(want), i = 0;
    for (struct list *n = head->next; n != head; n = n->next, i++) {
        cr_assert_lt(i, count);
        cr_assert_eq(container_of(n, struct item, node)->number, want[i] - '0');
    }
    cr_assert_eq(i, count);
    for (struct list *n = head->prev; n != head; n = n->prev)
        cr_assert_eq(container_of(n, struct item, node)->number, want[--i] - '0');
    cr_assert_eq(list_is_empty(head), count == 0);
}

static void list_of(struct list *head, size_t from, size_t to)
{
    list_init(head);
    for (size_t i = from; i < to; i++)
        list_push_back(head, &items[i].node);
}

Test(list, is_empty_at_first)
{
    struct list head;
    list_init(&head);
    expect_items(&head, "");
    cr_assert_null(list_pop_front(&head));
}

Test(list, is_first_in_first_out)
{
    struct list head;
    list_of(&head, 0, 4);
    expect_items(&head, "0123");
    for (int i = 0; i < 4; i++)
        cr_assert_eq(container_of(list_pop_front(&head), struct item, node)->number, i);
    expect_items(&head, "");
}

Test(list, takes_a_node_in_the_middle)
{
    struct list head;
    list_of(&head, 0, 2);
    list_insert_before(&items[1].node, &items[2].node);
    expect_items(&head, "021");
}

Test(list, lets_any_node_go)
{
    struct list head;
    list_of(&head, 0, 4);
    list_remove(&items[1].node);
    expect_items(&head, "023");
    list_remove(&items[3].node);
    list_remove(&items[0].node);
    expect_items(&head, "2");
    list_remove(&items[2].node);
    expect_items(&head, "");
}

Test(list, knows_whether_a_node_is_linked)
{
    struct list head;
    cr_assert_not(list_is_linked(&items[0].node));
    list_of(&head, 0, 1);
    cr_assert(list_is_linked(&items[0].node));
    list_remove(&items[0].node);
    cr_assert_not(list_is_linked(&items[0].node));
}

Test(list, does_nothing_when_an_unlinked_node_is_removed)
{
    struct list head;
    list_of(&head, 0, 2);
    list_remove(&items[2].node);
    list_remove(&items[0].node);
    list_remove(&items[0].node);
    expect_items(&head, "1");
}

Test(list, takes_a_node_again_after_it_was_removed)
{
    struct list head;
    list_of(&head, 0, 2);
    list_push_back(&head, list_pop_front(&head));
    expect_items(&head, "10");
}

Test(list, moves_all_of_another_behind_its_own)
{
    struct list a, b;
    list_of(&a, 0, 2);
    list_of(&b, 2, 4);
    list_splice_back(&a, &b);
    expect_items(&a, "0123");
    expect_items(&b, "");
}

Test(list, splices_to_and_from_an_empty_one)
{
    struct list a, b;
    list_init(&a);
    list_of(&b, 0, 2);
    list_splice_back(&a, &b);
    expect_items(&a, "01");
    list_splice_back(&a, &b);
    expect_items(&a, "01");
    expect_items(&b, "");
}

Test(list, aborts_when_a_linked_node_is_pushed, .signal = SIGABRT)
{
    static struct list a, b; /* as long as the items, that refer to them, or a compiler complains */
    list_of(&a, 0, 1);
    list_init(&b);
    list_push_back(&b, &items[0].node);
}
