#include "core/rate.h"

#include <criterion/criterion.h>

enum { INTERVAL_US = 1000, BURST = 3 };

static struct rate rate;

/* How many of those who come now may. */
static int come(uint64_t now_us, int count)
{
    int admitted = 0;
    for (int i = 0; i < count; i++)
        admitted += rate_try(&rate, now_us, INTERVAL_US, BURST);
    return admitted;
}

Test(rate, a_burst_may_come_at_once_and_no_more)
{
    cr_assert_eq(come(5000, 10), BURST);
    cr_assert_eq(come(5999, 10), 0);
}

Test(rate, one_more_may_come_every_interval)
{
    come(5000, BURST);
    for (uint64_t now = 6000; now < 20000; now += INTERVAL_US)
        cr_assert_eq(come(now, 10), 1);
}

Test(rate, who_comes_evenly_is_never_held_up)
{
    for (uint64_t now = 0; now < 100000; now += INTERVAL_US)
        cr_assert_eq(come(now, 1), 1);
}

Test(rate, rest_gives_a_whole_burst_back_and_never_more)
{
    come(5000, BURST);
    cr_assert_not(rate_is_rested(&rate, 5000 + BURST * INTERVAL_US - 1));
    cr_assert(rate_is_rested(&rate, 5000 + BURST * INTERVAL_US));
    cr_assert_eq(come(1000000, 10), BURST);
}

Test(rate, those_who_were_turned_away_do_not_count)
{
    come(5000, 1000);
    cr_assert_eq(come(5000 + BURST * INTERVAL_US, 10), BURST);
}

Test(rate, a_burst_of_one_is_one_an_interval)
{
    cr_assert(rate_try(&rate, 7, INTERVAL_US, 1));
    cr_assert_not(rate_try(&rate, 1006, INTERVAL_US, 1));
    cr_assert(rate_try(&rate, 1007, INTERVAL_US, 1));
}

Test(rate, a_clock_that_steps_back_gives_nothing_away)
{
    come(5000, BURST);
    cr_assert_eq(come(1000, 10), 0);
    cr_assert_eq(come(6000, 10), 1);
}

Test(rate, tells_how_long_the_next_must_wait)
{
    cr_assert_eq(rate_wait_us(&rate, 5000, INTERVAL_US, BURST), 0);
    come(5000, BURST);
    cr_assert_eq(rate_wait_us(&rate, 5000, INTERVAL_US, BURST), INTERVAL_US);
    cr_assert_eq(rate_wait_us(&rate, 5600, INTERVAL_US, BURST), 400);
    cr_assert_eq(rate_wait_us(&rate, 6000, INTERVAL_US, BURST), 0);
}
