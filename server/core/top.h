/* The largest few of many keys, found in one walk with a little memory: a heap whose root is the
 * smallest of those kept. Of equal keys those that came first stay. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct top_item {
    uint64_t key;
    uint64_t value; /* the caller's: who has that key */
};

/* `at` is the caller's and has room for `max` of them, which is not 0. */
struct top {
    struct top_item *at;
    size_t count, max;
};

/* Keeps the item if it is among the largest so far. */
void top_offer(struct top *t, uint64_t key, uint64_t value);

/* Puts what was kept in order, the largest first; equal keys by value, the smallest first. Nothing
 * is offered any more. */
void top_sort(struct top *t);
