#include "core/wheel.h"

void wheel_init(struct wheel *w, uint64_t now_ms)
{
    w->now_ms = now_ms;
    for (int level = 0; level < WHEEL_LEVELS; level++) {
        w->used[level] = 0;
        for (int slot = 0; slot < WHEEL_SLOTS; slot++)
            list_init(&w->slots[level][slot]);
    }
}

static unsigned slot_of(uint64_t ms, int level)
{
    return (unsigned)(ms >> (level * WHEEL_BITS)) & (WHEEL_SLOTS - 1);
}

/* A timer stands on the lowest level whose span covers the distance from now; it moves down a
 * level each time its slot there is reached. */
static void place(struct wheel *w, struct wheel_timer *t, uint64_t earliest_ms)
{
    uint64_t due = t->due_ms < earliest_ms ? earliest_ms : t->due_ms;
    const uint64_t reach = (uint64_t)1 << (WHEEL_LEVELS * WHEEL_BITS);
    if (due - w->now_ms >= reach)
        due = w->now_ms + reach - 1;
    uint64_t distance = due - w->now_ms;
    int level = 0;
    while (level < WHEEL_LEVELS - 1 && distance >= (uint64_t)1 << ((level + 1) * WHEEL_BITS))
        level++;
    unsigned slot = slot_of(due, level);
    list_push_back(&w->slots[level][slot], &t->node);
    w->used[level] |= (uint64_t)1 << slot;
}

void wheel_add(struct wheel *w, struct wheel_timer *t, uint64_t due_ms)
{
    t->due_ms = due_ms;
    place(w, t, w->now_ms + 1);
}

void wheel_cancel(struct wheel_timer *t)
{
    list_remove(&t->node);
}

static void cascade(struct wheel *w, int level)
{
    unsigned slot = slot_of(w->now_ms, level);
    struct list moved;
    list_init(&moved);
    list_splice_back(&moved, &w->slots[level][slot]);
    w->used[level] &= ~((uint64_t)1 << slot);
    for (struct list *n; (n = list_pop_front(&moved)) != NULL;)
        place(w, container_of(n, struct wheel_timer, node), w->now_ms);
}

static void fire_slot(struct wheel *w, unsigned slot)
{
    struct list due;
    list_init(&due);
    list_splice_back(&due, &w->slots[0][slot]);
    w->used[0] &= ~((uint64_t)1 << slot);
    for (struct list *n; (n = list_pop_front(&due)) != NULL;) {
        struct wheel_timer *t = container_of(n, struct wheel_timer, node);
        if (t->due_ms > w->now_ms)
            place(w, t, w->now_ms + 1); /* it lay beyond the reach of the wheel */
        else
            t->fire(t);
    }
}

void wheel_advance(struct wheel *w, uint64_t now_ms)
{
    while (w->now_ms < now_ms) {
        /* Nothing can happen before the next used slot or the next turn of a level. */
        uint64_t step = wheel_next_ms(w);
        if (step > now_ms - w->now_ms) {
            w->now_ms = now_ms;
            return;
        }
        w->now_ms += step;
        for (int level = WHEEL_LEVELS - 1; level > 0; level--)
            if ((w->now_ms & (((uint64_t)1 << (level * WHEEL_BITS)) - 1)) == 0)
                cascade(w, level);
        fire_slot(w, slot_of(w->now_ms, 0));
    }
}

uint64_t wheel_next_ms(const struct wheel *w)
{
    uint64_t best = UINT64_MAX;
    for (int level = 0; level < WHEEL_LEVELS; level++) {
        if (w->used[level] == 0)
            continue;
        /* The used slots, rotated so that bit 0 is the slot after the current one. */
        unsigned from = (slot_of(w->now_ms, level) + 1) & (WHEEL_SLOTS - 1);
        uint64_t used = w->used[level];
        uint64_t rotated = from == 0 ? used : used >> from | used << (WHEEL_SLOTS - from);
        uint64_t ahead = (uint64_t)__builtin_ctzll(rotated) + 1;
        uint64_t unit = (uint64_t)1 << (level * WHEEL_BITS);
        uint64_t at = (w->now_ms / unit + ahead) * unit;
        if (at - w->now_ms < best)
            best = at - w->now_ms;
    }
    return best;
}
