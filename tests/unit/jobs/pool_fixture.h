/* A pool whose workers are this program, and do what the job's number of milliseconds tells them;
 * see play_worker. Time-outs of tests are all the same, since Criterion leaks when they differ. */
#pragma once

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

static inline void answer(int fd, uint64_t id)
{
    char text[32];
    int len = snprintf(text, sizeof(text), "%d", (int)getpid());
    uint8_t frame[PIPE_FRAME_HEADER_BYTES + sizeof(text)];
    pipe_frame_encode(&(struct pipe_frame){WORKER_ANSWER, id, span_of(text, (size_t)len)}, frame);
    memcpy(frame + PIPE_FRAME_HEADER_BYTES, text, (size_t)len);
    if (write(fd, frame, PIPE_FRAME_HEADER_BYTES + (size_t)len) < 0)
        _exit(1);
}

static inline void play_job(int fd, uint64_t how, uint64_t id)
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

static inline int play_worker(int fd)
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

static inline void rig_start(struct rig *r, unsigned workers, uint32_t queue_max,
                             uint32_t deadline_ms)
{
    expect_ok(spawner_start(&r->spawner, NULL, STDERR_FILENO, NULL, 0));
    expect_ok(loop_set_init(&r->set, 1));
    r->loop = &r->set.loops[0];
    const struct pool_options options = {r->loop, &r->spawner, workers, queue_max, deadline_ms};
    expect_ok(pool_start(&r->pool, &options));
}

static inline void rig_stop(struct rig *r)
{
    pool_stop(r->pool);
    pool_free(r->pool);
    spawner_stop(&r->spawner);
    loop_set_deinit(&r->set);
}

static inline void tick(struct rig *r)
{
    loop_poll(r->loop, false, wheel_next_ms(&r->loop->sched.wheel));
    sched_run(&r->loop->sched, r->loop->now_ms);
}

static inline uint64_t metric(struct rig *r, size_t offset)
{
    const void *at = (const char *)pool_metrics(r->pool) + offset;
    return metric_get((const _Atomic uint64_t *)at);
}

#define METRIC(rig, name) metric(rig, offsetof(struct pool_metrics, name))

static inline void await_workers(struct rig *r, uint64_t count)
{
    while (METRIC(r, workers) != count)
        tick(r);
}

struct asked {
    struct pool_job run;
    bool is_done;
};

static inline void on_done(struct pool_job *j)
{
    struct asked *a = container_of(j, struct asked, run);
    cr_assert_not(a->is_done);
    a->is_done = true;
}

static inline void ask(struct rig *r, struct asked *a, uint64_t how)
{
    *a = (struct asked){.run = {.job = job_find(SPAN("burn")),
                                .args = {{how, 0}},
                                .arrived_ms = r->loop->now_ms,
                                .done = on_done}};
    pool_take(r->pool, &a->run);
}

static inline enum pool_status await(struct rig *r, struct asked *a)
{
    while (!a->is_done)
        tick(r);
    return a->run.status;
}

/* The pid of the worker that answers; it runs as soon as one is free. */
static inline pid_t await_pid(struct rig *r, struct asked *a)
{
    cr_assert_eq(await(r, a), POOL_DONE);
    char text[32] = {0};
    cr_assert_lt(a->run.answer.len, sizeof(text));
    memcpy(text, a->run.answer.data, a->run.answer.len);
    buf_deinit(&a->run.answer);
    return (pid_t)atoi(text);
}

static inline pid_t ask_pid(struct rig *r)
{
    struct asked a;
    ask(r, &a, BEHAVE);
    return await_pid(r, &a);
}

static inline void expect_gone(pid_t pid)
{
    cr_assert_eq(kill(pid, 0), -1);
    cr_assert_eq(errno, ESRCH);
}
