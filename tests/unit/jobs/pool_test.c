/* The workers are this program, and do what the job's number of milliseconds tells them; see
 * play_worker. Time-outs of tests are all the same, since Criterion leaks when they differ. */
#include "jobs/pool.h"

#include "jobs/worker.h"
#include "simul/pipe_frame.h"
#include "unit/expect.h"
#include "unit/jobs/role_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- the worker's side ------------------------------------------------------------------- */

enum {
    BEHAVE,       /* answer one's pid */
    HANG,         /* never answer */
    EXIT,         /* end without an answer */
    BABBLE,       /* write what is no frame */
    VIOLATE,      /* die as by a system call that is forbidden */
    WRONG_ID,     /* answer what was not asked */
    ANSWER_TWICE, /* say more than was asked */
};

/* A file that makes workers end as soon as they are started; the test sets its name. */
#define BROKEN_VARIABLE "POOL_TEST_BROKEN"

static void answer(int fd, uint64_t id)
{
    char text[32];
    int len = snprintf(text, sizeof(text), "%d", (int)getpid());
    uint8_t frame[PIPE_FRAME_HEADER_BYTES + sizeof(text)];
    pipe_frame_encode(&(struct pipe_frame){WORKER_ANSWER, id, span_of(text, (size_t)len)}, frame);
    memcpy(frame + PIPE_FRAME_HEADER_BYTES, text, (size_t)len);
    if (write(fd, frame, PIPE_FRAME_HEADER_BYTES + (size_t)len) < 0)
        _exit(1);
}

static void play_job(int fd, uint64_t how, uint64_t id)
{
    switch (how) {
    case HANG:
        for (;;)
            pause();
    case EXIT:
        _exit(3);
    case BABBLE:
        for (int i = 0; i < 100; i++)
            if (write(fd, "what was it that you said? ", 27) < 0)
                break;
        break;
    case VIOLATE:
        raise(SIGSYS);
        break;
    case WRONG_ID:
        answer(fd, id + 1);
        break;
    case ANSWER_TWICE:
        answer(fd, id);
        answer(fd, id);
        break;
    default:
        answer(fd, id);
    }
}

static int play_worker(int fd)
{
    uint8_t bytes[PIPE_FRAME_HEADER_BYTES + sizeof(struct job_args)];
    const char *broken = getenv(BROKEN_VARIABLE);
    if (broken != NULL && access(broken, F_OK) == 0)
        return 1;
    while (read(fd, bytes, sizeof(bytes)) == sizeof(bytes)) {
        struct span in = span_of(bytes, sizeof(bytes));
        struct pipe_frame frame;
        struct job_args args;
        bool is_whole;
        if (pipe_frame_next(&in, sizeof(args), &frame, &is_whole) != OK || !is_whole)
            return 1;
        memcpy(&args, frame.payload.ptr, sizeof(args));
        play_job(fd, args.value[0], frame.id);
    }
    return 0;
}

int (*const role_process_worker)(int fd) = play_worker;

/* --- the server's side ------------------------------------------------------------------- */

struct rig {
    struct loop_set set;
    struct loop *loop;
    struct spawner spawner;
    struct pool *pool;
};

static void rig_start(struct rig *r, unsigned workers, uint32_t queue_max, uint32_t deadline_ms)
{
    expect_ok(spawner_start(&r->spawner, NULL, STDERR_FILENO, NULL, 0));
    expect_ok(loop_set_init(&r->set, 1));
    r->loop = &r->set.loops[0];
    const struct pool_options options = {r->loop, &r->spawner, workers, queue_max, deadline_ms};
    expect_ok(pool_start(&r->pool, &options));
}

static void rig_stop(struct rig *r)
{
    pool_stop(r->pool);
    pool_free(r->pool);
    spawner_stop(&r->spawner);
    loop_set_deinit(&r->set);
}

static void tick(struct rig *r)
{
    loop_poll(r->loop, false, wheel_next_ms(&r->loop->sched.wheel));
    sched_run(&r->loop->sched, r->loop->now_ms);
}

static uint64_t metric(struct rig *r, size_t offset)
{
    const void *at = (const char *)pool_metrics(r->pool) + offset;
    return metric_get((const _Atomic uint64_t *)at);
}

#define METRIC(rig, name) metric(rig, offsetof(struct pool_metrics, name))

static void await_workers(struct rig *r, uint64_t count)
{
    while (METRIC(r, workers) != count)
        tick(r);
}

struct asked {
    struct pool_job run;
    bool is_done;
};

static void on_done(struct pool_job *j)
{
    struct asked *a = container_of(j, struct asked, run);
    cr_assert_not(a->is_done);
    a->is_done = true;
}

static void ask(struct rig *r, struct asked *a, uint64_t how)
{
    *a = (struct asked){.run = {.job = job_find(SPAN("burn")),
                                .args = {{how, 0}},
                                .arrived_ms = r->loop->now_ms,
                                .done = on_done}};
    pool_take(r->pool, &a->run);
}

static enum pool_status await(struct rig *r, struct asked *a)
{
    while (!a->is_done)
        tick(r);
    return a->run.status;
}

/* The pid of the worker that answers; it runs as soon as one is free. */
static pid_t await_pid(struct rig *r, struct asked *a)
{
    cr_assert_eq(await(r, a), POOL_DONE);
    char text[32] = {0};
    cr_assert_lt(a->run.answer.len, sizeof(text));
    memcpy(text, a->run.answer.data, a->run.answer.len);
    buf_deinit(&a->run.answer);
    return (pid_t)atoi(text);
}

static pid_t ask_pid(struct rig *r)
{
    struct asked a;
    ask(r, &a, BEHAVE);
    return await_pid(r, &a);
}

static void expect_gone(pid_t pid)
{
    cr_assert_eq(kill(pid, 0), -1);
    cr_assert_eq(errno, ESRCH);
}

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

Test(pool, replaces_a_spawner_that_is_killed, .timeout = 60)
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

Test(pool, replaces_a_spawner_that_says_nothing_any_more, .timeout = 60)
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
Test(pool, starts_spawners_that_die_at_growing_intervals, .timeout = 60)
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

Test(pool, stops_while_there_is_no_spawner, .timeout = 60)
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
