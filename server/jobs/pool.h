/* The worker pool: so many worker processes, each with one job at a time, and a bounded queue of
 * jobs that wait, first come, first served. It belongs to one loop, and every function is to be
 * called on that loop's thread; other loops ask by mail (jobs_client.h).
 *
 * A job has a deadline from its arrival, also while it waits. A worker that dies, babbles or is
 * past the deadline is killed and replaced; its job fails, and nobody else notices. Workers that
 * die as soon as they are started are started again at growing intervals; and so is a spawner,
 * which takes all workers with it. */
#pragma once

#include "core/loop.h"
#include "core/metrics.h"
#include "core/wheel.h"
#include "jobs/job_table.h"
#include "jobs/spawner.h"
#include "simul/list.h"

/* As in core/metrics.h. */
#define POOL_METRICS(X, F, V)                                                                      \
    X(jobs_waiting, gauge, "Jobs that wait for a worker")                                          \
    X(jobs_running, gauge, "Jobs that a worker runs")                                              \
    F(jobs_finished, counter, "result",                                                            \
      "Jobs answered by a worker (done), refused since the queue was full (busy), not done by "    \
      "their deadline (timed_out), whose worker died, or whose client left while they waited "     \
      "(cancelled)")                                                                               \
    V(jobs_done, "done")                                                                           \
    V(jobs_busy, "busy")                                                                           \
    V(jobs_timed_out, "timed_out")                                                                 \
    V(jobs_died, "died")                                                                           \
    V(jobs_cancelled, "cancelled")                                                                 \
    X(workers, gauge, "Worker processes that are alive")                                           \
    X(spawner_restarts, counter, "Processes that start workers, started to replace another")       \
    X(worker_restarts, counter, "Worker processes started to replace another")                     \
    X(worker_violations, counter, "Workers killed for a system call they may not make")

#define POOL_HISTOGRAMS(X)                                                                         \
    X(job_wait, "How long a job waited for a worker that took it")                                 \
    X(job_run, "How long a worker had a job")

struct pool_metrics {
    POOL_METRICS(METRIC_FIELD, METRIC_FAMILY, METRIC_VALUE)
    POOL_HISTOGRAMS(METRIC_HISTOGRAM)
};

enum pool_status {
    POOL_DONE,      /* `answer` is the worker's */
    POOL_BUSY,      /* as many jobs wait as may */
    POOL_TIMED_OUT, /* past the deadline, waiting or running */
    POOL_DIED,      /* the worker that ran it died, or the pool is stopped */
    POOL_CANCELLED,
};

/* One job. Exposed to be embedded by the asker, who owns it and must keep it in place until `done`
 * is called. */
struct pool_job {
    /* Set by the asker, the rest zeroed: */
    const struct job *job;
    struct job_args args;
    struct buf body;     /* at most JOB_BODY_BYTES_MAX */
    uint64_t arrived_ms; /* by a loop's clock */
    /* Called once, from within any function of the pool or the pool's events; must not call the
     * pool. The job is the asker's again. */
    void (*done)(struct pool_job *);

    enum pool_status status;
    struct buf answer;

    /* The pool's own: */
    struct pool *pool;
    struct pool_worker *worker; /* that runs it; NULL while it waits */
    struct list node;           /* in the queue */
    struct wheel_timer deadline;
    uint64_t since_cycles; /* when it began to wait, or to run */
};

struct pool_options {
    struct loop *loop;
    struct spawner *spawner; /* borrowed until pool_stop; its events are the pool's */
    unsigned workers;        /* 1 to SPAWNER_CHILDREN_MAX */
    uint32_t queue_max;      /* jobs that wait while every worker is busy */
    uint32_t deadline_ms;
};

/* Starts the workers; jobs may be given at once. ERR_NOMEM. ERR_CLOSED, ERR_IO: the spawner. */
enum err pool_start(struct pool **out, const struct pool_options *options);

/* Other bounds from now on; jobs that are there keep their deadlines. */
void pool_configure(struct pool *p, uint32_t queue_max, uint32_t deadline_ms);

/* Takes a job. `done` may have been called when this returns. */
void pool_take(struct pool *p, struct pool_job *j);

/* A job that waits is done now, as POOL_CANCELLED; one that runs or is done is left alone. */
void pool_cancel(struct pool *p, struct pool_job *j);

/* Hangs up on the workers, which end by that, or with the spawner. Every job that is there, and
 * every one that still comes, is done as POOL_DIED. */
void pool_stop(struct pool *p);

/* After pool_stop, when no more jobs come. */
void pool_free(struct pool *p);

/* May be called from any thread: set by pool_start for good. */
struct loop *pool_loop(const struct pool *p);

/* May be read from any thread. */
const struct pool_metrics *pool_metrics(const struct pool *p);
