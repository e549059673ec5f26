#include "core/top.h"

#include <stdlib.h>

static void swap(struct top_item *a, struct top_item *b)
{
    struct top_item item = *a;
    *a = *b;
    *b = item;
}

static void sift_up(struct top *t, size_t i)
{
    for (size_t parent; i > 0 && t->at[i].key < t->at[parent = (i - 1) / 2].key; i = parent)
        swap(&t->at[i], &t->at[parent]);
}

static void sift_down(struct top *t, size_t i)
{
    for (size_t child; (child = 2 * i + 1) < t->count; i = child) {
        if (child + 1 < t->count && t->at[child + 1].key < t->at[child].key)
            child++;
        if (t->at[i].key <= t->at[child].key)
            return;
        swap(&t->at[i], &t->at[child]);
    }
}

void top_offer(struct top *t, uint64_t key, uint64_t value)
{
    const struct top_item item = {.key = key, .value = value};
    if (t->count < t->max) {
        t->at[t->count++] = item;
        sift_up(t, t->count - 1);
    } else if (key > t->at[0].key) {
        t->at[0] = item;
        sift_down(t, 0);
    }
}

static int compare(const void *a, const void *b)
{
    const struct top_item *x = a, *y = b;
    if (x->key != y->key)
        return x->key > y->key ? -1 : 1;
    return (x->value > y->value) - (x->value < y->value);
}

void top_sort(struct top *t)
{
    if (t->count > 1)
        qsort(t->at, t->count, sizeof(t->at[0]), compare);
}
