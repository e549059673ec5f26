#include "core/sched.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

static char order[64];
static struct sched sched;

struct worker {
    struct task task;
    struct co co;
    struct co_sleep sleep;
    char name;
    int yields;
    uint32_t sleep_ms;
    uint64_t woke_at;
};

static enum co_result run(struct task *t)
{
    struct worker *f = container_of(t, struct worker, task);
    CO_BEGIN(f);
    strncat(order, &f->name, 1);
    while (f->yields-- > 0) {
        CO_YIELD;
        strncat(order, &f->name, 1);
    }
    if (f->sleep_ms > 0) {
        CO_CALL(&f->sleep, co_sleep(&f->sleep, &sched, t, f->sleep_ms));
        f->woke_at = sched.wheel.now_ms;
    }
    CO_END;
}

static void setup(void)
{
    sched_init(&sched, 100);
    order[0] = '\0';
}

TestSuite(sched, .init = setup);

Test(sched, resumes_in_the_order_of_waking)
{
    struct worker a = {.task.resume = run, .name = 'a'}, b = {.task.resume = run, .name = 'b'};
    sched_wake(&sched, &b.task);
    sched_wake(&sched, &a.task);
    sched_wake(&sched, &b.task);
    sched_run(&sched, 100);
    cr_assert_str_eq(order, "ba");
    cr_assert(!sched_has_ready(&sched));
}

Test(sched, who_yields_has_its_turn_in_the_next_run)
{
    struct worker a = {.task.resume = run, .name = 'a', .yields = 2};
    struct worker b = {.task.resume = run, .name = 'b', .yields = 1};
    sched_wake(&sched, &a.task);
    sched_wake(&sched, &b.task);
    sched_run(&sched, 100);
    cr_assert_str_eq(order, "ab");
    sched_run(&sched, 101);
    cr_assert_str_eq(order, "abab");
    sched_run(&sched, 102);
    cr_assert_str_eq(order, "ababa");
    cr_assert(!sched_has_ready(&sched));
}

Test(sched, a_forgotten_task_is_not_resumed)
{
    struct worker w[3];
    for (int i = 0; i < 3; i++) {
        w[i] = (struct worker){.task.resume = run, .name = (char)('a' + i)};
        sched_wake(&sched, &w[i].task);
    }
    sched_forget(&sched, &w[2].task);
    sched_forget(&sched, &w[2].task);
    sched_forget(&sched, &w[0].task);
    sched_run(&sched, 100);
    cr_assert_str_eq(order, "b");
    sched_wake(&sched, &w[2].task);
    sched_forget(&sched, &w[2].task);
    cr_assert(!sched_has_ready(&sched));
}

Test(sched, co_sleep_wakes_when_its_time_has_come)
{
    struct worker a = {.task.resume = run, .name = 'a', .sleep_ms = 50};
    sched_wake(&sched, &a.task);
    sched_run(&sched, 100);
    cr_assert_eq(wheel_next_ms(&sched.wheel), 50);
    sched_run(&sched, 149);
    cr_assert_eq(a.woke_at, 0);
    sched_run(&sched, 150);
    cr_assert_eq(a.woke_at, 150);
    cr_assert(co_is_done(&a.co));
}

Test(sched, co_sleep_sleeps_on_when_it_is_woken_too_early)
{
    struct worker a = {.task.resume = run, .name = 'a', .sleep_ms = 50};
    sched_wake(&sched, &a.task);
    sched_run(&sched, 100);
    sched_wake(&sched, &a.task);
    sched_run(&sched, 120);
    cr_assert_eq(a.woke_at, 0);
    sched_run(&sched, 150);
    cr_assert_eq(a.woke_at, 150);
}

Test(sched, a_cancelled_sleep_wakes_nobody)
{
    struct worker a = {.task.resume = run, .name = 'a', .sleep_ms = 50};
    sched_wake(&sched, &a.task);
    sched_run(&sched, 100);
    co_sleep_cancel(&a.sleep);
    sched_run(&sched, 200);
    cr_assert_eq(a.woke_at, 0);
    cr_assert(!sched_has_ready(&sched));
}

static enum co_result resume_twice(struct task *t)
{
    struct worker *f = container_of(t, struct worker, task);
    CO_BEGIN(f);
    t->resume(t);
    CO_END;
}

Test(sched, a_task_that_resumes_itself_dies, .signal = SIGABRT)
{
    struct worker a = {.task.resume = resume_twice};
    sched_wake(&sched, &a.task);
    sched_run(&sched, 100);
}
