#include "scenario/turn.h"

#include <criterion/criterion.h>

enum { CLIENTS = 600 };

static struct client clients[CLIENTS];
static struct driver d = {.clients = (uint8_t *)clients, .client_bytes = sizeof clients[0]};

static bool is_even(const struct client *c)
{
    return c->index % 2 == 0;
}

static bool anybody(const struct client *c)
{
    (void)c;
    return true;
}

static void make(uint32_t open_from, uint32_t open_to)
{
    for (uint32_t k = 0; k < CLIENTS; k++) {
        bool is_open = k >= open_from && k < open_to;
        clients[k] = (struct client){.index = k, .state = is_open ? CLIENT_OPEN : CLIENT_CLOSED};
    }
}

/* Which one has the turn; -1: nobody. */
static int take(struct turn *t, bool (*can_send)(const struct client *c))
{
    const struct client *c = turn_take(t, &d, can_send);
    return c == NULL ? -1 : (int)c->index;
}

Test(turn, goes_round_among_its_own)
{
    struct turn t = {.first = 10, .count = 3};
    make(0, CLIENTS);
    for (int k = 0; k < 7; k++)
        cr_assert_eq(take(&t, anybody), 10 + k % 3);
}

Test(turn, passes_over_who_cannot_send)
{
    struct turn t = {.count = 5};
    make(0, CLIENTS);
    cr_assert(take(&t, is_even) == 0 && take(&t, is_even) == 2 && take(&t, is_even) == 4);
    make(3, 4);
    cr_assert_eq(take(&t, anybody), 3);
    cr_assert_eq(take(&t, is_even), -1);
}

Test(turn, nobody_is_among_none)
{
    struct turn t = {.first = 3, .count = 0};
    make(0, CLIENTS);
    cr_assert_eq(take(&t, anybody), -1);
}

static bool is_last(const struct client *c)
{
    return c->index == CLIENTS - 1;
}

Test(turn, asks_so_many_at_a_time_and_then_others)
{
    struct turn t = {.count = CLIENTS};
    make(0, CLIENTS);
    cr_assert_eq(take(&t, is_last), -1);
    cr_assert_eq(take(&t, is_last), -1);
    cr_assert_eq(take(&t, is_last), CLIENTS - 1);
}

Test(turn, who_is_gone_holds_nobody_back)
{
    struct turn t = {.count = CLIENTS};
    make(CLIENTS - 1, CLIENTS);
    cr_assert_eq(take(&t, anybody), CLIENTS - 1);
}
