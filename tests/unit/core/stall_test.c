#include "core/stall.h"

#include "unit/expect.h"

enum { THRESHOLD = 1000, GAP_MAX = 500 };

static struct stall stall;
static struct stall_sample sample;

static void setup(void)
{
    stall = (struct stall){0};
    sample = (struct stall_sample){.now_ns = 5000, .tick_begun_ns = 4900, .cpu_ns = 70};
    cr_assert_eq(stall_judge(&stall, &sample, THRESHOLD, GAP_MAX), STALL_NONE);
}

TestSuite(stall, .init = setup);

/* The next sample of the same tick: after gap_ns, of which the thread ran for ran_ns. */
static enum stall_verdict look(uint64_t gap_ns, uint64_t ran_ns, bool is_asleep)
{
    sample.now_ns += gap_ns;
    sample.cpu_ns += ran_ns;
    sample.is_asleep = is_asleep;
    return stall_judge(&stall, &sample, THRESHOLD, GAP_MAX);
}

/* The same, in another tick, or in none. */
static enum stall_verdict look_on(uint64_t gap_ns, uint64_t tick_begun_ns)
{
    sample.tick_begun_ns = tick_begun_ns;
    return look(gap_ns, gap_ns, false);
}

static void get_stuck(void)
{
    cr_assert_eq(look(400, 400, false), STALL_NONE);
    cr_assert_eq(look(400, 400, false), STALL_NONE);
    cr_assert_eq(look(400, 400, false), STALL_BEGUN);
}

Test(stall, a_tick_that_runs_on_is_told_of_once)
{
    get_stuck();
    cr_assert_eq(stall.lasted_ns, 1300, "since the tick began");
    cr_assert_eq(stall.ran_ns, 1200, "since it was first seen");
    for (int i = 0; i < 10; i++)
        cr_assert_eq(look(400, 400, false), STALL_NONE);
}

Test(stall, a_tick_that_sleeps_in_the_kernel_is_told_of)
{
    cr_assert_eq(look(500, 0, true), STALL_NONE);
    cr_assert_eq(look(500, 0, true), STALL_BEGUN);
    cr_assert_eq(stall.ran_ns, 0);
}

Test(stall, running_and_sleeping_add_up)
{
    cr_assert_eq(look(500, 499, false), STALL_NONE);
    cr_assert_eq(look(500, 1, true), STALL_NONE);
    cr_assert_eq(look(1, 1, false), STALL_BEGUN);
    cr_assert_eq(stall.ran_ns, 501);
}

Test(stall, a_tick_that_has_no_processor_is_not)
{
    for (int i = 0; i < 100; i++)
        cr_assert_eq(look(400, 1, false), STALL_NONE);
}

Test(stall, what_nobody_watched_counts_for_one_gap)
{
    cr_assert_eq(look(1000 * 1000, 0, true), STALL_NONE, "the whole process was stopped");
    cr_assert_eq(look(400, 1000, false), STALL_NONE, "no thread runs longer than time goes");
    cr_assert_eq(look(100, 0, true), STALL_BEGUN);
}

Test(stall, a_loop_that_waits_is_never_stuck)
{
    for (int i = 0; i < 100; i++)
        cr_assert_eq(look_on(400, 0), STALL_NONE);
}

Test(stall, ticks_that_follow_one_another_are_not_added_up)
{
    for (uint64_t begun = 5000; begun < 50000; begun += 900) {
        cr_assert_eq(look_on(400, begun), STALL_NONE);
        cr_assert_eq(look(450, 450, false), STALL_NONE);
        cr_assert_eq(look(450, 450, false), STALL_NONE);
    }
}

Test(stall, it_is_over_when_the_loop_waits)
{
    get_stuck();
    cr_assert_eq(look_on(300, 0), STALL_OVER);
    cr_assert_eq(stall.lasted_ns, 6500 - 4900);
    cr_assert_eq(look_on(300, 0), STALL_NONE);
}

Test(stall, it_is_over_when_another_tick_has_begun)
{
    get_stuck();
    cr_assert_eq(look_on(300, 6250), STALL_OVER);
    cr_assert_eq(stall.lasted_ns, 6250 - 4900, "no longer than until the next one");
    get_stuck();
}

Test(stall, the_first_sample_of_all_blames_nobody)
{
    stall = (struct stall){0};
    sample.now_ns = 1000 * 1000;
    cr_assert_eq(look(0, 1000 * 1000, true), STALL_NONE);
}
