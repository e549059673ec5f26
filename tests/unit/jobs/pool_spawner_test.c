/* What a pool does when its spawner, which starts the workers, ends or falls silent. */
#include "unit/jobs/pool_fixture.h"

Test(pool_spawner, replaces_a_spawner_that_is_killed, .timeout = 60)
{
    struct rig r;
    struct asked running, other, waiting;
    rig_start(&r, 2, 4, 60000);
    await_workers(&r, 2);
    pid_t worker = ask_pid(&r), spawner = r.spawner.pid;
    ask(&r, &running, HANG);
    ask(&r, &other, HANG);
    ask(&r, &waiting, BEHAVE);
    kill(spawner, SIGKILL);
    cr_assert_eq(await(&r, &running), POOL_DIED);
    cr_assert_eq(await(&r, &other), POOL_DIED);
    cr_assert_neq(await_pid(&r, &waiting), worker);
    cr_assert_neq(r.spawner.pid, spawner);
    expect_gone(spawner);
    await_workers(&r, 2);
    cr_assert_eq(METRIC(&r, spawner_restarts), 1);
    cr_assert_eq(METRIC(&r, worker_restarts), 2);
    rig_stop(&r);
}

Test(pool_spawner, replaces_a_spawner_that_says_nothing_any_more, .timeout = 60)
{
    struct rig r;
    struct asked running;
    rig_start(&r, 1, 4, 60000);
    ask_pid(&r);
    pid_t spawner = r.spawner.pid;
    ask(&r, &running, HANG);
    shutdown(r.spawner.fd, SHUT_RD);
    cr_assert_eq(await(&r, &running), POOL_DIED);
    ask_pid(&r);
    expect_gone(spawner);
    rig_stop(&r);
}

/* As with workers. */
Test(pool_spawner, starts_spawners_that_die_at_growing_intervals, .timeout = 60)
{
    struct rig r;
    rig_start(&r, 1, 4, 60000);
    uint64_t begun_ms = r.loop->now_ms;
    for (uint64_t restarts = 1; restarts <= 4; restarts++) {
        kill(r.spawner.pid, SIGKILL);
        while (METRIC(&r, spawner_restarts) < restarts)
            tick(&r);
    }
    cr_assert_geq(r.loop->now_ms - begun_ms, 700);
    ask_pid(&r);
    rig_stop(&r);
}

Test(pool_spawner, stops_while_there_is_no_spawner, .timeout = 60)
{
    struct rig r;
    struct asked waiting;
    rig_start(&r, 1, 4, 60000);
    await_workers(&r, 1);
    kill(r.spawner.pid, SIGKILL);
    while (METRIC(&r, workers) > 0)
        tick(&r);
    ask(&r, &waiting, BEHAVE);
    pool_stop(r.pool);
    cr_assert_eq(waiting.run.status, POOL_DIED);
    pool_free(r.pool);
    spawner_stop(&r.spawner);
    loop_set_deinit(&r.set);
}
