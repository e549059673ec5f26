#include "core/timeout.h"

#include <criterion/criterion.h>
#include <stdlib.h>

struct idler {
    struct timeout timeout;
    int expired;
};

static int expired;

static void expire(struct timeout *t)
{
    container_of(t, struct idler, timeout)->expired++;
    expired++;
}

/* Advances as a loop does: whenever the class says so. */
static uint64_t run_until_expired(struct timeout_class *c, uint64_t now)
{
    for (int turns = 0; expired == 0; turns++) {
        uint64_t ms = timeout_next_ms(c, now);
        cr_assert_neq(ms, UINT64_MAX);
        cr_assert_lt(turns, 100);
        now += ms;
        timeout_advance(c, now, expire);
    }
    return now;
}

Test(timeout, expires_between_its_duration_and_a_sixteenth_more)
{
    static const uint32_t durations[] = {1, 15, 16, 100, 5000, 10000, 120000};
    for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
        for (uint64_t start = 1; start < 100000; start += 7919) {
            struct timeout_class c;
            struct idler a = {0};
            expired = 0;
            timeout_class_init(&c, durations[i], start);
            timeout_add(&c, &a.timeout, start + 3);
            uint64_t after = run_until_expired(&c, start + 3) - (start + 3);
            cr_assert_geq(after, durations[i]);
            cr_assert_leq(after, durations[i] + durations[i] / 16 + 2, "%u took %llu", durations[i],
                          (unsigned long long)after);
        }
    }
}

Test(timeout, activity_puts_it_off)
{
    struct timeout_class c;
    struct idler a = {0};
    expired = 0;
    timeout_class_init(&c, 1000, 0);
    timeout_add(&c, &a.timeout, 0);
    for (uint64_t now = 0; now < 20000; now += 100) {
        timeout_touch(&a.timeout, now);
        timeout_advance(&c, now, expire);
    }
    cr_assert_eq(expired, 0);
    timeout_advance(&c, 19900 + 1100, expire);
    cr_assert_eq(expired, 1);
    cr_assert_eq(c.count, 0);
}

Test(timeout, removed_entries_do_not_expire_and_removing_twice_is_harmless)
{
    struct timeout_class c;
    struct idler a = {0}, b = {0};
    expired = 0;
    timeout_class_init(&c, 1000, 0);
    timeout_add(&c, &a.timeout, 0);
    timeout_add(&c, &b.timeout, 0);
    timeout_remove(&c, &a.timeout);
    timeout_remove(&c, &a.timeout);
    timeout_advance(&c, 5000, expire);
    cr_assert_eq(a.expired, 0);
    cr_assert_eq(b.expired, 1);
    cr_assert_eq(c.count, 0);
}

Test(timeout, a_duration_of_zero_never_expires)
{
    struct timeout_class c;
    struct idler a = {0};
    expired = 0;
    timeout_class_init(&c, 0, 0);
    timeout_add(&c, &a.timeout, 0);
    timeout_advance(&c, 1u << 30, expire);
    cr_assert_eq(expired, 0);
    cr_assert_eq(timeout_next_ms(&c, 5), UINT64_MAX);
    timeout_remove(&c, &a.timeout);
    cr_assert_eq(c.count, 0);
}

Test(timeout, a_loop_that_stood_still_catches_up)
{
    struct timeout_class c;
    struct idler a = {0}, b = {0};
    expired = 0;
    timeout_class_init(&c, 160, 0);
    timeout_add(&c, &a.timeout, 0);
    timeout_advance(&c, 1000000, expire);
    cr_assert_eq(a.expired, 1);
    timeout_add(&c, &b.timeout, 1000000);
    timeout_advance(&c, 1000100, expire);
    cr_assert_eq(b.expired, 0);
    timeout_advance(&c, 1000200, expire);
    cr_assert_eq(b.expired, 1);
}

enum { CROWD = 5 * TIMEOUT_LOOKS };
static struct idler crowd[CROWD];

static void gather(struct timeout_class *c, uint32_t duration_ms)
{
    expired = 0;
    timeout_class_init(c, duration_ms, 0);
    for (int i = 0; i < CROWD; i++)
        timeout_add(c, &crowd[i].timeout, 0);
}

Test(timeout, a_crowd_that_comes_due_at_once_is_taken_in_turns)
{
    struct timeout_class c;
    gather(&c, 1000);
    uint64_t now = 2000;
    for (int turn = 1; turn <= 5; turn++) {
        cr_assert_eq(timeout_next_ms(&c, now), 0);
        timeout_advance(&c, now, expire);
        cr_assert_eq(expired, turn * TIMEOUT_LOOKS);
    }
    cr_assert_eq(timeout_next_ms(&c, now), UINT64_MAX);
    cr_assert_eq(c.count, 0);
}

Test(timeout, another_duration_is_given_to_a_crowd_in_turns)
{
    struct timeout_class c;
    gather(&c, 1000);
    timeout_class_set_duration(&c, 100, 500);
    timeout_advance(&c, 500, expire);
    cr_assert_eq(expired, TIMEOUT_LOOKS, "they have been silent for longer");
    timeout_class_set_duration(&c, 2000, 500);
    for (int turn = 0; turn < 4; turn++) {
        cr_assert_eq(timeout_next_ms(&c, 500), 0);
        timeout_advance(&c, 500, expire);
    }
    cr_assert_eq(expired, TIMEOUT_LOOKS);
    cr_assert_geq(timeout_next_ms(&c, 500), 1500);
    timeout_class_set_duration(&c, 0, 600);
    timeout_advance(&c, 5000, expire);
    cr_assert_eq(timeout_next_ms(&c, 5000), UINT64_MAX);
    for (int i = 0; i < CROWD; i++)
        timeout_remove(&c, &crowd[i].timeout);
    cr_assert_eq(c.count, 0);
    cr_assert_eq(expired, TIMEOUT_LOOKS);
}

Test(timeout, ten_thousand_random_entries_expire_exactly_when_they_are_silent)
{
    enum { COUNT = 500 };
    static struct idler all[COUNT];
    static uint64_t last[COUNT];
    struct timeout_class c;
    srand(3);
    expired = 0;
    timeout_class_init(&c, 300, 0);
    for (int i = 0; i < COUNT; i++)
        timeout_add(&c, &all[i].timeout, 0);
    for (uint64_t now = 1; now < 3000; now++) {
        for (int k = 0; k < 5; k++) {
            int i = rand() % COUNT;
            if (list_is_linked(&all[i].timeout.node)) {
                timeout_touch(&all[i].timeout, now);
                last[i] = now;
            }
        }
        timeout_advance(&c, now, expire);
        for (int i = 0; i < COUNT; i++) {
            if (now - last[i] < 300)
                cr_assert_eq(all[i].expired, 0);
            if (now - last[i] > 300 + 300 / 16 + 2 && all[i].expired == 0)
                cr_assert_fail("entry %d is late at %llu", i, (unsigned long long)now);
            if (all[i].expired > 0)
                last[i] = now - 300;
        }
    }
}

Test(timeout, another_duration_holds_for_those_that_are_armed)
{
    static const struct {
        uint32_t from_ms, to_ms;
    } changes[] = {{100, 1000}, {1000, 100}, {1000, 0}, {0, 1000}, {1000, 1000}, {60000, 7}};
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        struct timeout_class c;
        struct idler a = {0}, b = {0};
        uint32_t to_ms = changes[i].to_ms;
        expired = 0;
        timeout_class_init(&c, changes[i].from_ms, 0);
        timeout_add(&c, &a.timeout, 0);
        timeout_add(&c, &b.timeout, 40);
        timeout_class_set_duration(&c, to_ms, 50);
        for (uint64_t now = 50; now < 2000; now++) {
            timeout_advance(&c, now, expire);
            if (to_ms == 0 || now < to_ms)
                cr_assert_eq(a.expired, 0);
            else if (now > to_ms + to_ms / 16 + 50)
                cr_assert_eq(a.expired, 1);
            if (to_ms == 0 || now < 40 + to_ms)
                cr_assert_eq(b.expired, 0);
            else if (now > 40 + to_ms + to_ms / 16 + 50)
                cr_assert_eq(b.expired, 1);
        }
        timeout_remove(&c, &a.timeout);
        timeout_remove(&c, &b.timeout);
        cr_assert_eq(c.count, 0);
    }
}
