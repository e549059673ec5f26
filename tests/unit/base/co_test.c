/* A test, or some, for each row of the table in the design: what Python's generators do, ours do.
 */
#include "simul/co.h"

#include <criterion/criterion.h>
#include <signal.h>

/* --- a frame is a generator object ------------------------------------------------------- */

struct counter {
    struct co co;
    int i, last;
    int value;
};

/* def counter(last): for i in range(last): yield i */
static enum co_result counter_run(struct counter *f)
{
    CO_BEGIN(f);
    for (f->i = 0; f->i < f->last; f->i++) {
        f->value = f->i;
        CO_YIELD;
    }
    f->value = -1;
    CO_END;
}

Test(co, frame_remembers_where_it_stands_and_its_locals)
{
    struct counter f = {.last = 3};
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(counter_run(&f), CO_READY);
        cr_assert_eq(f.value, i);
    }
    cr_assert_eq(counter_run(&f), CO_DONE);
    cr_assert_eq(f.value, -1);
}

Test(co, frames_of_one_function_do_not_share_anything)
{
    struct counter a = {.last = 2}, b = {.last = 5};
    cr_assert_eq(counter_run(&a), CO_READY);
    cr_assert_eq(counter_run(&a), CO_READY);
    cr_assert_eq(counter_run(&b), CO_READY);
    cr_assert_eq(a.value, 1);
    cr_assert_eq(b.value, 0);
}

Test(co, frame_does_nothing_until_it_is_resumed)
{
    struct counter f = {.last = 1, .value = 42};
    cr_assert_eq(f.value, 42);
    cr_assert_not(co_is_done(&f.co));
}

Test(co, frame_may_be_dropped_and_begun_anew_at_any_await)
{
    struct counter f = {.last = 3};
    cr_assert_eq(counter_run(&f), CO_READY);
    cr_assert_eq(counter_run(&f), CO_READY);
    f = (struct counter){.last = 1};
    cr_assert_eq(counter_run(&f), CO_READY);
    cr_assert_eq(f.value, 0);
    cr_assert_eq(counter_run(&f), CO_DONE);
}

/* --- yield ------------------------------------------------------------------------------- */

struct two_yields {
    struct co co;
    int step;
};

static enum co_result two_yields_run(struct two_yields *f)
{
    CO_BEGIN(f);
    f->step = 1;
    CO_YIELD;
    f->step = 2;
    if (f->step == 2) {
        CO_YIELD;
        f->step = 3;
    }
    CO_END;
}

Test(co, yield_gives_way_and_goes_on_behind_itself)
{
    struct two_yields f = {0};
    cr_assert_eq(two_yields_run(&f), CO_READY);
    cr_assert_eq(f.step, 1);
    cr_assert_eq(two_yields_run(&f), CO_READY);
    cr_assert_eq(f.step, 2);
    cr_assert_eq(two_yields_run(&f), CO_DONE);
    cr_assert_eq(f.step, 3);
}

/* --- while not cond: yield --------------------------------------------------------------- */

struct waiter {
    struct co co;
    bool is_open; /* set by the test, which is the waker */
    int asked, passed;
};

static bool waiter_try(struct waiter *f)
{
    f->asked++;
    return f->is_open;
}

static enum co_result waiter_run(struct waiter *f)
{
    CO_BEGIN(f);
    CO_AWAIT(waiter_try(f)); /* woken by the test */
    f->passed++;
    CO_END;
}

Test(co, await_waits_until_the_condition_holds)
{
    struct waiter f = {0};
    cr_assert_eq(waiter_run(&f), CO_WAITING);
    cr_assert_eq(f.passed, 0);
    f.is_open = true;
    cr_assert_eq(waiter_run(&f), CO_DONE);
    cr_assert_eq(f.passed, 1);
}

Test(co, await_does_not_wait_for_what_already_holds)
{
    struct waiter f = {.is_open = true};
    cr_assert_eq(waiter_run(&f), CO_DONE);
    cr_assert_eq(f.asked, 1);
}

Test(co, await_makes_no_progress_on_spurious_resumes)
{
    struct waiter f = {0};
    for (int i = 1; i <= 10; i++) {
        cr_assert_eq(waiter_run(&f), CO_WAITING);
        cr_assert_eq(f.asked, i);
        cr_assert_eq(f.passed, 0);
        cr_assert_not(co_is_done(&f.co));
    }
    f.is_open = true;
    cr_assert_eq(waiter_run(&f), CO_DONE);
    cr_assert_eq(f.passed, 1);
}

/* --- yield from -------------------------------------------------------------------------- */

struct parent {
    struct co co;
    struct counter child;
    int rounds, round;
    int finished; /* children that ran to their end */
};

static enum co_result parent_run(struct parent *f)
{
    CO_BEGIN(f);
    for (f->round = 0; f->round < f->rounds; f->round++) {
        f->child.last = f->round + 1;
        CO_CALL(&f->child, counter_run(&f->child));
        f->finished++;
    }
    CO_END;
}

Test(co, call_does_not_take_a_child_that_yields_for_finished)
{
    struct parent f = {.rounds = 1};
    cr_assert_eq(parent_run(&f), CO_READY);
    cr_assert_eq(f.child.value, 0);
    cr_assert_eq(f.finished, 0);
    cr_assert_not(co_is_done(&f.child.co));
    cr_assert_eq(parent_run(&f), CO_DONE);
    cr_assert_eq(f.finished, 1);
    cr_assert_eq(f.child.value, -1);
    cr_assert(co_is_done(&f.child.co));
}

Test(co, call_runs_the_child_from_its_beginning_each_time)
{
    struct parent f = {.rounds = 3};
    int resumes = 0;
    while (parent_run(&f) == CO_READY)
        resumes++;
    cr_assert_eq(resumes, 1 + 2 + 3);
    cr_assert_eq(f.finished, 3);
}

struct waiting_parent {
    struct co co;
    struct waiter child;
};

static enum co_result waiting_parent_run(struct waiting_parent *f)
{
    CO_BEGIN(f);
    CO_CALL(&f->child, waiter_run(&f->child)); /* woken by the test */
    CO_END;
}

Test(co, call_waits_as_long_as_the_child_does)
{
    struct waiting_parent f = {0};
    cr_assert_eq(waiting_parent_run(&f), CO_WAITING);
    cr_assert_eq(waiting_parent_run(&f), CO_WAITING);
    cr_assert_eq(f.child.asked, 2);
    f.child.is_open = true;
    cr_assert_eq(waiting_parent_run(&f), CO_DONE);
    cr_assert_eq(f.child.passed, 1);
}

Test(co, call_goes_on_at_once_behind_a_child_that_never_gives_way)
{
    struct waiting_parent f = {.child.is_open = true};
    cr_assert_eq(waiting_parent_run(&f), CO_DONE);
    cr_assert_eq(f.child.passed, 1);
}

/* --- return, StopIteration --------------------------------------------------------------- */

struct early {
    struct co co;
    bool leaves;
    int step;
};

static enum co_result early_run(struct early *f)
{
    CO_BEGIN(f);
    CO_YIELD;
    f->step = 1;
    if (f->leaves)
        CO_RETURN;
    f->step = 2;
    CO_END;
}

Test(co, return_ends_it_in_the_middle)
{
    struct early f = {.leaves = true};
    cr_assert_eq(early_run(&f), CO_READY);
    cr_assert_eq(early_run(&f), CO_DONE);
    cr_assert_eq(f.step, 1);
    cr_assert(co_is_done(&f.co));
}

Test(co, end_ends_it)
{
    struct early f = {0};
    cr_assert_eq(early_run(&f), CO_READY);
    cr_assert_not(co_is_done(&f.co));
    cr_assert_eq(early_run(&f), CO_DONE);
    cr_assert_eq(f.step, 2);
    cr_assert(co_is_done(&f.co));
}

Test(co, aborts_when_resumed_after_its_end, .signal = SIGABRT)
{
    struct counter f = {0};
    cr_assert_eq(counter_run(&f), CO_DONE);
    (void)counter_run(&f);
}

Test(co, aborts_when_resumed_after_a_return, .signal = SIGABRT)
{
    struct early f = {.leaves = true};
    (void)early_run(&f);
    cr_assert_eq(early_run(&f), CO_DONE);
    (void)early_run(&f);
}

/* --- generator already executing --------------------------------------------------------- */

struct narcissus {
    struct co co;
    bool looks;
};

static enum co_result narcissus_run(struct narcissus *f)
{
    CO_BEGIN(f);
    if (f->looks)
        (void)narcissus_run(f);
    CO_YIELD;
    if (f->looks)
        (void)narcissus_run(f);
    CO_END;
}

Test(co, aborts_when_resumed_while_it_runs, .signal = SIGABRT)
{
    struct narcissus f = {.looks = true};
    (void)narcissus_run(&f);
}

Test(co, aborts_when_resumed_while_it_runs_on, .signal = SIGABRT)
{
    struct narcissus f = {0};
    cr_assert_eq(narcissus_run(&f), CO_READY);
    f.looks = true;
    (void)narcissus_run(&f);
}

/* --- no await inside a nested switch ----------------------------------------------------- */

struct nested {
    struct co co;
    int kind;
};

static enum co_result nested_run(struct nested *f)
{
    CO_BEGIN(f);
    switch (f->kind) {
    case 0:
        CO_YIELD; /* its label belongs to the inner switch: nothing leads back here */
        break;
    default:
        break;
    }
    CO_END;
}

Test(co, aborts_when_resumed_inside_a_nested_switch, .signal = SIGABRT)
{
    struct nested f = {0};
    cr_assert_eq(nested_run(&f), CO_READY);
    (void)nested_run(&f);
}

/* --- a loop over generators is concurrency ----------------------------------------------- */

Test(co, tasks_take_turns)
{
    struct counter tasks[] = {{.last = 1}, {.last = 3}, {.last = 2}};
    char turns[16] = "";
    for (bool any = true; any;) {
        any = false;
        for (size_t i = 0; i < 3; i++) {
            if (co_is_done(&tasks[i].co) || counter_run(&tasks[i]) == CO_DONE)
                continue;
            strcat(turns, (char[]){(char)('a' + i), '\0'});
            any = true;
        }
    }
    cr_assert_str_eq(turns, "abcbcb");
}
