#include "core/wheel.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct wheel wheel;

struct probe {
    struct wheel_timer timer;
    uint64_t fired_at;
    int count;
};

static void fire(struct wheel_timer *t)
{
    struct probe *p = container_of(t, struct probe, timer);
    p->fired_at = wheel.now_ms;
    p->count++;
}

static void arm(struct probe *p, uint64_t due_ms)
{
    *p = (struct probe){.timer.fire = fire};
    wheel_add(&wheel, &p->timer, due_ms);
}

Test(wheel, fires_at_its_time_and_once)
{
    struct probe p;
    wheel_init(&wheel, 1000);
    arm(&p, 1005);
    wheel_advance(&wheel, 1004);
    cr_assert_eq(p.count, 0);
    wheel_advance(&wheel, 1005);
    wheel_advance(&wheel, 5000);
    cr_assert_eq(p.count, 1);
    cr_assert_eq(p.fired_at, 1005);
}

Test(wheel, fires_what_has_passed_a_millisecond_later)
{
    struct probe p;
    wheel_init(&wheel, 1000);
    arm(&p, 10);
    wheel_advance(&wheel, 1001);
    cr_assert_eq(p.fired_at, 1001);
}

Test(wheel, cancelled_timers_do_not_fire)
{
    struct probe p;
    wheel_init(&wheel, 0);
    arm(&p, 70);
    wheel_cancel(&p.timer);
    wheel_cancel(&p.timer);
    wheel_advance(&wheel, 1000);
    cr_assert_eq(p.count, 0);
    cr_assert_eq(wheel_next_ms(&wheel), UINT64_MAX);
}

Test(wheel, every_distance_is_exact_when_driven_by_next)
{
    static const uint64_t distances[] = {
        1,      2,      63,     64,      65,       127,      128,      4095,     4096,     4097,
        262143, 262144, 262145, 5000000, 16777215, 16777216, 16777217, 40000000, 100000000};
    for (size_t i = 0; i < sizeof(distances) / sizeof(distances[0]); i++) {
        for (uint64_t start = 0; start < 200; start += 33) {
            struct probe p;
            wheel_init(&wheel, start);
            arm(&p, start + distances[i]);
            while (p.count == 0) {
                uint64_t step = wheel_next_ms(&wheel);
                cr_assert_neq(step, UINT64_MAX);
                wheel_advance(&wheel, wheel.now_ms + step);
            }
            cr_assert_eq(p.fired_at, start + distances[i], "%llu from %llu",
                         (unsigned long long)distances[i], (unsigned long long)start);
        }
    }
}

Test(wheel, many_timers_fire_in_order_and_on_time)
{
    enum { COUNT = 2000 };
    static struct probe probes[COUNT];
    srand(7);
    wheel_init(&wheel, 12345);
    for (int i = 0; i < COUNT; i++)
        arm(&probes[i], 12345 + 1 + (uint64_t)rand() % 300000);
    for (uint64_t now = 12345; now < 12345 + 300001;) {
        now += (uint64_t)rand() % 500;
        wheel_advance(&wheel, now);
        for (int i = 0; i < COUNT; i++)
            cr_assert_eq(probes[i].count, probes[i].timer.due_ms <= wheel.now_ms);
    }
    for (int i = 0; i < COUNT; i++)
        cr_assert_eq(probes[i].fired_at, probes[i].timer.due_ms);
}

static void fire_again(struct wheel_timer *t)
{
    struct probe *p = container_of(t, struct probe, timer);
    if (++p->count < 5)
        wheel_add(&wheel, t, wheel.now_ms + 10);
}

Test(wheel, a_timer_may_arm_itself_when_it_fires)
{
    struct probe p = {.timer.fire = fire_again};
    wheel_init(&wheel, 0);
    wheel_add(&wheel, &p.timer, 10);
    wheel_advance(&wheel, 1000);
    cr_assert_eq(p.count, 5);
}
