#include "core/cycles.h"

#include <criterion/criterion.h>
#include <time.h>

static uint64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

Test(cycles, agree_with_the_clock)
{
    cycles_calibrate();
    uint64_t best = 100;
    /* The best of some tries, since the machine may do something else in between. */
    for (int i = 0; i < 20; i++) {
        uint64_t ns = clock_ns(), cycles = cycles_now();
        while (clock_ns() - ns < 5000000)
            continue;
        uint64_t by_cycles = cycles_to_ns(cycles_now() - cycles), by_clock = clock_ns() - ns;
        uint64_t off = by_cycles > by_clock ? by_cycles - by_clock : by_clock - by_cycles;
        if (off * 100 / by_clock < best)
            best = off * 100 / by_clock;
    }
    cr_assert_leq(best, 2, "off by %d %%", (int)best);
}

Test(cycles, long_spans_do_not_overflow)
{
    cycles_calibrate();
    uint64_t day = (uint64_t)86400 * 3000000000u;
    cr_assert_gt(cycles_to_ns(day), cycles_to_ns(day / 2));
    double ratio = (double)cycles_to_ns(day) / (double)cycles_to_ns(day / 1000);
    cr_assert(ratio > 999.9 && ratio < 1000.1);
}
