#include "jobs/pool.h"

#include "unit/jobs/pool_fixture.h"

/* One worker, which fails a job as `how` says, is gone, and the next job works. */
static void expect_replaced(uint64_t how, enum pool_status status)
{
    struct rig r;
    struct asked bad, next;
    rig_start(&r, 1, 1, how == HANG ? 2000 : 60000);
    pid_t first = ask_pid(&r);
    ask(&r, &bad, how);
    ask(&r, &next, BEHAVE);
    cr_assert_eq(await(&r, &bad), status);
    cr_assert_eq(bad.run.answer.len, 0);
    await(&r, &next);
    cr_assert(next.run.status == POOL_DONE || how == HANG);
    buf_deinit(&next.run.answer);
    pid_t second = ask_pid(&r);
    cr_assert_neq(first, second);
    expect_gone(first);
    cr_assert_eq(METRIC(&r, worker_restarts), 1);
    cr_assert_eq(METRIC(&r, worker_violations), how == VIOLATE);
    cr_assert_eq(METRIC(&r, workers), 1);
    rig_stop(&r);
    expect_gone(second);
}

Test(pool, runs_jobs_as_soon_as_it_is_started, .timeout = 60)
{
    struct rig r;
    struct asked a[5];
    rig_start(&r, 2, 3, 60000);
    for (int i = 0; i < 5; i++)
        ask(&r, &a[i], BEHAVE);
    /* The first may have done several before the second has started. */
    pid_t first = await_pid(&r, &a[0]), second = first;
    for (int i = 1; i < 5; i++) {
        pid_t pid = await_pid(&r, &a[i]);
        if (second == first)
            second = pid;
        cr_assert(pid == first || pid == second);
    }
    cr_assert_eq(METRIC(&r, jobs_done), 5);
    cr_assert_eq(hist_total(&pool_metrics(r.pool)->job_wait), 5);
    cr_assert_eq(hist_total(&pool_metrics(r.pool)->job_run), 5);
    cr_assert_eq(METRIC(&r, jobs_waiting), 0);
    cr_assert_eq(METRIC(&r, jobs_running), 0);
    cr_assert_eq(METRIC(&r, worker_restarts), 0);
    rig_stop(&r);
}

Test(pool, refuses_when_the_queue_is_full, .timeout = 60)
{
    struct rig r;
    struct asked running, waiting[2], refused;
    rig_start(&r, 1, 2, 300);
    await_workers(&r, 1);
    ask(&r, &running, HANG);
    ask(&r, &waiting[0], BEHAVE);
    ask(&r, &waiting[1], BEHAVE);
    cr_assert_not(waiting[1].is_done);
    cr_assert_eq(METRIC(&r, jobs_running), 1);
    cr_assert_eq(METRIC(&r, jobs_waiting), 2);
    ask(&r, &refused, BEHAVE);
    cr_assert(refused.is_done);
    cr_assert_eq(refused.run.status, POOL_BUSY);
    cr_assert_eq(METRIC(&r, jobs_busy), 1);
    cr_assert_eq(await(&r, &running), POOL_TIMED_OUT);
    await(&r, &waiting[1]);
    rig_stop(&r);
    buf_deinit(&waiting[0].run.answer);
    buf_deinit(&waiting[1].run.answer);
}

Test(pool, without_a_queue_takes_one_job_for_each_worker, .timeout = 60)
{
    struct rig r;
    struct asked a[3];
    rig_start(&r, 2, 0, 60000);
    for (int i = 0; i < 3; i++)
        ask(&r, &a[i], BEHAVE); /* before any worker is up */
    cr_assert(a[2].is_done);
    cr_assert_eq(a[2].run.status, POOL_BUSY);
    await_pid(&r, &a[0]);
    await_pid(&r, &a[1]);
    ask_pid(&r);
    rig_stop(&r);
}

Test(pool, replaces_a_worker_that_is_past_the_deadline, .timeout = 60)
{
    expect_replaced(HANG, POOL_TIMED_OUT);
}

Test(pool, replaces_a_worker_that_ends, .timeout = 60)
{
    expect_replaced(EXIT, POOL_DIED);
}

Test(pool, replaces_a_worker_that_babbles, .timeout = 60)
{
    expect_replaced(BABBLE, POOL_DIED);
}

Test(pool, replaces_and_counts_a_worker_that_does_what_it_may_not, .timeout = 60)
{
    expect_replaced(VIOLATE, POOL_DIED);
}

Test(pool, replaces_a_worker_that_answers_what_was_not_asked, .timeout = 60)
{
    expect_replaced(WRONG_ID, POOL_DIED);
}

Test(pool, replaces_a_worker_that_says_more_than_was_asked, .timeout = 60)
{
    struct rig r;
    struct asked a;
    rig_start(&r, 1, 1, 60000);
    pid_t first = ask_pid(&r);
    ask(&r, &a, ANSWER_TWICE);
    await(&r, &a); /* done or died: that depends on how the two arrive */
    buf_deinit(&a.run.answer);
    while (METRIC(&r, worker_restarts) == 0)
        tick(&r);
    cr_assert_neq(ask_pid(&r), first);
    rig_stop(&r);
}

Test(pool, deadline_counts_from_the_arrival_also_while_waiting, .timeout = 60)
{
    struct rig r;
    struct asked running, waiting;
    rig_start(&r, 1, 4, 1000);
    await_workers(&r, 1);
    ask(&r, &running, HANG);
    uint64_t begun_ms = r.loop->now_ms;
    running.run.arrived_ms = begun_ms;
    while (r.loop->now_ms - begun_ms < 100) {
        loop_poll(r.loop, false, 20);
        sched_run(&r.loop->sched, r.loop->now_ms);
    }
    ask(&r, &waiting, HANG);
    cr_assert_eq(await(&r, &running), POOL_TIMED_OUT);
    cr_assert_geq(r.loop->now_ms - begun_ms, 1000);
    cr_assert_not(waiting.is_done);
    cr_assert_eq(await(&r, &waiting), POOL_TIMED_OUT);
    cr_assert_geq(r.loop->now_ms - begun_ms, 1100);
    cr_assert_lt(r.loop->now_ms - begun_ms, 1900, "not from when it began to run");
    rig_stop(&r);
}

Test(pool, a_job_that_never_ran_costs_no_worker, .timeout = 60)
{
    struct rig r;
    struct asked late;
    rig_start(&r, 1, 4, 60000);
    await_workers(&r, 1);
    pid_t pid = ask_pid(&r);
    late = (struct asked){.run = {.job = job_find(SPAN("burn")),
                                  .arrived_ms = r.loop->now_ms - 59900, /* slow mail */
                                  .done = on_done}};
    kill(pid, SIGSTOP);
    struct asked running;
    ask(&r, &running, BEHAVE);
    pool_take(r.pool, &late.run);
    cr_assert_eq(await(&r, &late), POOL_TIMED_OUT);
    kill(pid, SIGCONT);
    await(&r, &running);
    buf_deinit(&running.run.answer);
    rig_stop(&r);
}

Test(pool, a_killed_worker_fails_its_job_and_no_other, .timeout = 60)
{
    struct rig r;
    struct asked hit, other, waiting;
    rig_start(&r, 2, 4, 60000);
    await_workers(&r, 2);
    ask(&r, &hit, BEHAVE);
    ask(&r, &other, BEHAVE);
    pid_t pid = await_pid(&r, &hit);
    await_pid(&r, &other);
    kill(pid, SIGSTOP);
    ask(&r, &hit, BEHAVE); /* to the first that is idle, which is the one that took it before */
    ask(&r, &other, BEHAVE);
    ask(&r, &waiting, BEHAVE);
    cr_assert_neq(await_pid(&r, &other), pid);
    cr_assert_not(hit.is_done);
    kill(pid, SIGKILL);
    cr_assert_eq(await(&r, &hit), POOL_DIED);
    await_pid(&r, &waiting);
    await_workers(&r, 2);
    cr_assert_eq(METRIC(&r, jobs_died), 1);
    cr_assert_eq(METRIC(&r, worker_restarts), 1);
    rig_stop(&r);
    expect_gone(pid);
}

Test(pool, replaces_a_worker_that_dies_while_idle, .timeout = 60)
{
    struct rig r;
    rig_start(&r, 1, 4, 60000);
    pid_t pid = ask_pid(&r);
    kill(pid, SIGKILL);
    while (METRIC(&r, worker_restarts) == 0)
        tick(&r);
    await_workers(&r, 1);
    cr_assert_neq(ask_pid(&r), pid);
    cr_assert_eq(METRIC(&r, jobs_died), 0);
    rig_stop(&r);
}

Test(pool, cancels_what_waits_and_lets_run_what_runs, .timeout = 60)
{
    struct rig r;
    struct asked running, waiting;
    rig_start(&r, 1, 4, 60000);
    await_workers(&r, 1);
    ask(&r, &running, BEHAVE);
    ask(&r, &waiting, HANG);
    pool_cancel(r.pool, &running.run);
    cr_assert_not(running.is_done);
    pool_cancel(r.pool, &waiting.run);
    cr_assert(waiting.is_done);
    cr_assert_eq(waiting.run.status, POOL_CANCELLED);
    pool_cancel(r.pool, &waiting.run);
    await_pid(&r, &running);
    pool_cancel(r.pool, &running.run);
    cr_assert_eq(METRIC(&r, jobs_cancelled), 1);
    cr_assert_eq(METRIC(&r, jobs_waiting), 0);
    rig_stop(&r);
}

/* The first restart is at once, the next after 100 ms, then 200, 400. */
Test(pool, starts_broken_workers_at_growing_intervals, .timeout = 60)
{
    char path[] = "/tmp/pool_test_XXXXXX";
    close(mkstemp(path));
    setenv(BROKEN_VARIABLE, path, 1);
    struct rig r;
    struct asked a;
    rig_start(&r, 1, 4, 60000);
    uint64_t begun_ms = r.loop->now_ms;
    while (METRIC(&r, worker_restarts) < 5)
        tick(&r);
    cr_assert_geq(r.loop->now_ms - begun_ms, 700);
    unlink(path);
    ask(&r, &a, BEHAVE); /* waits for the worker that is repaired */
    await_pid(&r, &a);
    rig_stop(&r);
}

Test(pool, stop_fails_what_is_there_and_what_still_comes, .timeout = 60)
{
    struct rig r;
    struct asked running, waiting, late;
    rig_start(&r, 1, 4, 60000);
    pid_t pid = ask_pid(&r);
    ask(&r, &running, HANG);
    ask(&r, &waiting, BEHAVE);
    pool_stop(r.pool);
    cr_assert(running.is_done && waiting.is_done);
    cr_assert_eq(running.run.status, POOL_DIED);
    cr_assert_eq(waiting.run.status, POOL_DIED);
    ask(&r, &late, BEHAVE);
    cr_assert(late.is_done);
    cr_assert_eq(late.run.status, POOL_DIED);
    pool_free(r.pool);
    spawner_stop(&r.spawner);
    loop_set_deinit(&r.set);
    expect_gone(pid);
}
