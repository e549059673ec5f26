#include "jobs/pool.h"

#include "core/cycles.h"
#include "core/log.h"
#include "jobs/attempts.h"
#include "jobs/worker_link.h"
#include "simul/check.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum worker_state {
    WORKER_STARTING, /* asked for; SPAWNER_STARTED will come */
    WORKER_IDLE,
    WORKER_BUSY,
    WORKER_ENDING,  /* hung up on, and killed; SPAWNER_EXITED will come */
    WORKER_RESTING, /* none: its timer will start it */
    WORKER_LOST,    /* none, until there is a spawner again */
};

struct pool_worker {
    struct pool *pool;
    unsigned number; /* from 1 */
    enum worker_state state;
    uint64_t id; /* the spawner's */
    pid_t pid;
    struct worker_link link;
    ev_io io;
    struct pool_job *job; /* of a busy one */
    bool has_worked;      /* did a job, or was killed for one: starting it is no problem */
    const char *end;      /* why it is ending */
    struct attempts attempts;
    struct wheel_timer rest;
};

struct pool {
    struct loop *loop;
    struct spawner *spawner;
    bool has_spawner; /* false: it is lost, and spawner_rest will start one; or the pool is stopped
                       */
    struct attempts spawner_attempts;
    struct wheel_timer spawner_rest;
    uint32_t queue_max;
    uint32_t deadline_ms;
    bool is_stopped;
    ev_io spawner_io;
    struct list waiting; /* pool_jobs, oldest first */
    uint64_t last_job_id;
    uint64_t last_worker_id;
    struct pool_metrics metrics;
    unsigned worker_count;
    struct pool_worker workers[];
};

struct loop *pool_loop(const struct pool *p)
{
    return p->loop;
}

const struct pool_metrics *pool_metrics(const struct pool *p)
{
    return &p->metrics;
}

static bool worker_is_up(const struct pool_worker *w)
{
    return w->state == WORKER_IDLE || w->state == WORKER_BUSY;
}

/* --- the end of a job -------------------------------------------------------------------- */

/* How long the job has waited or run; from now on it does the other. */
static uint64_t lap_ns(struct pool_job *j)
{
    uint64_t since = j->since_cycles;
    j->since_cycles = cycles_now();
    return cycles_to_ns(j->since_cycles - since);
}

static void finish_job(struct pool *p, struct pool_job *j, enum pool_status status)
{
    _Atomic uint64_t *const counters[] = {
        [POOL_DONE] = &p->metrics.jobs_done,           [POOL_BUSY] = &p->metrics.jobs_busy,
        [POOL_TIMED_OUT] = &p->metrics.jobs_timed_out, [POOL_DIED] = &p->metrics.jobs_died,
        [POOL_CANCELLED] = &p->metrics.jobs_cancelled,
    };
    metric_add(counters[status], 1);
    if (j->worker != NULL) {
        metric_sub(&p->metrics.jobs_running, 1);
        hist_add(&p->metrics.job_run, lap_ns(j));
        j->worker->job = NULL;
        j->worker = NULL;
    } else if (list_is_linked(&j->node)) {
        metric_sub(&p->metrics.jobs_waiting, 1);
        list_remove(&j->node);
    }
    wheel_cancel(&j->deadline);
    j->status = status;
    j->done(j);
}

static void fail_waiting(struct pool *p)
{
    while (!list_is_empty(&p->waiting))
        finish_job(p, container_of(p->waiting.next, struct pool_job, node), POOL_DIED);
}

/* --- the life of a worker ---------------------------------------------------------------- */

/* Hangs up on a worker that is up. */
static void hang_up(struct pool_worker *w)
{
    ev_io_stop(w->pool->loop->ev, &w->io);
    worker_link_close(&w->link);
    metric_sub(&w->pool->metrics.workers, 1);
}

/* The workers go with the spawner, whatever they do. */
static void lose_workers(struct pool *p)
{
    for (unsigned i = 0; i < p->worker_count; i++) {
        struct pool_worker *w = &p->workers[i];
        if (w->job != NULL)
            finish_job(p, w->job, POOL_DIED);
        if (worker_is_up(w))
            hang_up(w);
        wheel_cancel(&w->rest);
        w->state = WORKER_LOST;
    }
}

/* Its place stays empty for a while. */
static void rest_spawner(struct pool *p)
{
    uint64_t now_ms = p->loop->now_ms;
    wheel_add(&p->loop->sched.wheel, &p->spawner_rest,
              now_ms + attempts_end(&p->spawner_attempts, now_ms, false));
}

/* It has been killed, perhaps for want of memory, or is of no more use. Jobs that wait go on
 * waiting, until their deadline. */
static void lose_spawner(struct pool *p)
{
    if (!p->has_spawner)
        return;
    LOG_ERROR("the spawner is lost, and its workers with it", LOG_INT("pid", p->spawner->pid));
    p->has_spawner = false;
    ev_io_stop(p->loop->ev, &p->spawner_io);
    lose_workers(p);
    rest_spawner(p);
}

static void start_worker(struct pool_worker *w)
{
    struct pool *p = w->pool;
    w->id = ++p->last_worker_id;
    w->state = WORKER_STARTING;
    w->has_worked = false;
    attempts_begin(&w->attempts, p->loop->now_ms);
    if (spawner_spawn(p->spawner, w->id, ROLE_WORKER, w->number) != OK)
        lose_spawner(p);
}

/* Starts a worker in the place of one that is gone, now or after a rest. */
static void replace_worker(struct pool_worker *w)
{
    struct pool *p = w->pool;
    metric_add(&p->metrics.worker_restarts, 1);
    uint64_t now_ms = p->loop->now_ms, rest_ms = attempts_end(&w->attempts, now_ms, w->has_worked);
    if (rest_ms == 0) {
        start_worker(w);
        return;
    }
    w->state = WORKER_RESTING;
    wheel_add(&p->loop->sched.wheel, &w->rest, now_ms + rest_ms);
}

/* Ends a worker that is up, dead or alive; its job has the status `status`. `why` goes to the log,
 * and is static. */
static void end_worker(struct pool_worker *w, const char *why, enum pool_status status)
{
    struct pool *p = w->pool;
    hang_up(w);
    if (w->job != NULL)
        finish_job(p, w->job, status);
    w->end = why;
    w->state = WORKER_ENDING;
    if (spawner_kill(p->spawner, w->id) != OK)
        lose_spawner(p);
}

/* --- a worker's job ---------------------------------------------------------------------- */

static void watch_worker(struct pool_worker *w, int events)
{
    if (w->io.events == events)
        return;
    ev_io_stop(w->pool->loop->ev, &w->io);
    ev_io_set(&w->io, w->link.fd, events);
    ev_io_start(w->pool->loop->ev, &w->io);
}

static void send_job(struct pool_worker *w)
{
    bool is_sent;
    if (worker_link_flush(&w->link, &is_sent) != OK)
        end_worker(w, "it died", POOL_DIED);
    else
        watch_worker(w, is_sent ? EV_READ : EV_READ | EV_WRITE);
}

static void read_worker(struct pool_worker *w)
{
    struct buf answer;
    bool is_answered;
    enum err e = worker_link_read(&w->link, &answer, &is_answered);
    if (e == OK && is_answered) {
        w->job->answer = answer;
        w->has_worked = true;
        w->state = WORKER_IDLE;
        finish_job(w->pool, w->job, POOL_DONE);
    } else if (e == ERR_SYNTAX || e == ERR_LIMIT) {
        end_worker(w, "it babbled", POOL_DIED);
    } else if (e != OK) {
        end_worker(w, e == ERR_NOMEM ? "no memory for its answer" : "it died", POOL_DIED);
    }
}

static void run_job(struct pool_worker *w, struct pool_job *j)
{
    struct pool *p = w->pool;
    list_remove(&j->node);
    metric_sub(&p->metrics.jobs_waiting, 1);
    metric_add(&p->metrics.jobs_running, 1);
    hist_add(&p->metrics.job_wait, lap_ns(j));
    j->worker = w;
    w->job = j;
    w->state = WORKER_BUSY;
    worker_link_ask(&w->link, ++p->last_job_id, j->job, &j->args, buf_span(&j->body));
    send_job(w);
}

/* Gives jobs that wait to workers that are idle. Called at the end of all that may change either.
 */
static void dispatch(struct pool *p)
{
    for (unsigned i = 0; i < p->worker_count && !list_is_empty(&p->waiting); i++)
        if (p->workers[i].state == WORKER_IDLE)
            run_job(&p->workers[i], container_of(p->waiting.next, struct pool_job, node));
}

static void on_worker_io(struct ev_loop *ev, ev_io *io, int events)
{
    (void)ev;
    struct pool_worker *w = io->data;
    if ((events & EV_WRITE) != 0)
        send_job(w);
    if ((events & EV_READ) != 0 && worker_is_up(w))
        read_worker(w);
    dispatch(w->pool);
}

static void on_rested(struct wheel_timer *t)
{
    struct pool_worker *w = container_of(t, struct pool_worker, rest);
    start_worker(w);
    dispatch(w->pool);
}

/* --- what the spawner says --------------------------------------------------------------- */

static void on_worker_started(struct pool_worker *w, const struct spawner_event *event)
{
    struct pool *p = w->pool;
    w->pid = event->pid;
    w->state = WORKER_IDLE;
    worker_link_open(&w->link, event->fd);
    metric_add(&p->metrics.workers, 1);
    ev_io_init(&w->io, on_worker_io, event->fd, EV_READ);
    w->io.data = w;
    if (event->fd < 0) {
        end_worker(w, "no descriptor was left for its socket", POOL_DIED);
        return;
    }
    ev_io_start(p->loop->ev, &w->io);
}

static void on_worker_exited(struct pool_worker *w, const struct spawner_event *event)
{
    if (worker_is_up(w))
        read_worker(w); /* it may have answered before it died */
    if (worker_is_up(w))
        end_worker(w, "it died", POOL_DIED);
    if (WIFSIGNALED(event->status) && WTERMSIG(event->status) == SIGSYS) {
        metric_add(&w->pool->metrics.worker_violations, 1);
        w->end = "it made a system call that no worker may make";
    }
    LOG_WARN(
        "worker ended", LOG_INT("worker", w->number), LOG_INT("pid", w->pid),
        LOG_STR("reason", w->end),
        LOG_INT(WIFSIGNALED(event->status) ? "signal" : "exit",
                WIFSIGNALED(event->status) ? WTERMSIG(event->status) : WEXITSTATUS(event->status)));
    if (w->pool->has_spawner)
        replace_worker(w);
}

/* The worker whose id this is, if such news can be of it. */
static struct pool_worker *find_worker(struct pool *p, const struct spawner_event *event)
{
    for (unsigned i = 0; i < p->worker_count; i++) {
        struct pool_worker *w = &p->workers[i];
        bool is_fitting = event->kind == SPAWNER_EXITED
                              ? worker_is_up(w) || w->state == WORKER_ENDING
                              : w->state == WORKER_STARTING;
        if (w->id == event->id && is_fitting)
            return w;
    }
    return NULL;
}

static void on_spawner_event(struct pool *p, const struct spawner_event *event)
{
    struct pool_worker *w = find_worker(p, event);
    if (w == NULL) {
        if (event->fd >= 0)
            close(event->fd);
        lose_spawner(p); /* it babbles */
        return;
    }
    switch (event->kind) {
    case SPAWNER_STARTED:
        on_worker_started(w, event);
        break;
    case SPAWNER_FAILED:
        LOG_WARN("worker not started", LOG_INT("worker", w->number),
                 LOG_STR("reason", strerror(event->status)));
        replace_worker(w);
        break;
    case SPAWNER_EXITED:
        on_worker_exited(w, event);
        break;
    }
}

static void on_spawner_io(struct ev_loop *ev, ev_io *io, int events)
{
    (void)ev;
    (void)events;
    struct pool *p = io->data;
    while (p->has_spawner) {
        struct spawner_event event;
        bool is_there;
        if (spawner_try_event(p->spawner, &event, &is_there) != OK)
            lose_spawner(p);
        else if (is_there)
            on_spawner_event(p, &event);
        else
            break;
    }
    dispatch(p);
}

static void watch_spawner(struct pool *p)
{
    p->has_spawner = true;
    ev_io_init(&p->spawner_io, on_spawner_io, p->spawner->fd, EV_READ);
    p->spawner_io.data = p;
    ev_io_start(p->loop->ev, &p->spawner_io);
}

static void on_spawner_rested(struct wheel_timer *t)
{
    struct pool *p = container_of(t, struct pool, spawner_rest);
    attempts_begin(&p->spawner_attempts, p->loop->now_ms);
    if (spawner_restart(p->spawner) != OK) {
        LOG_ERROR("no other spawner could be started", LOG_STR("reason", strerror(errno)));
        rest_spawner(p);
        return;
    }
    LOG_INFO("another spawner has started", LOG_INT("pid", p->spawner->pid));
    metric_add(&p->metrics.spawner_restarts, 1);
    watch_spawner(p);
    for (unsigned i = 0; i < p->worker_count && p->has_spawner; i++) {
        metric_add(&p->metrics.worker_restarts, 1);
        start_worker(&p->workers[i]);
    }
}

/* --- for the askers ---------------------------------------------------------------------- */

static void on_deadline(struct wheel_timer *t)
{
    struct pool_job *j = container_of(t, struct pool_job, deadline);
    struct pool *p = j->pool;
    struct pool_worker *w = j->worker;
    if (w == NULL) {
        finish_job(p, j, POOL_TIMED_OUT);
        return;
    }
    w->has_worked = true;
    end_worker(w, "its job was past the deadline", POOL_TIMED_OUT);
    dispatch(p);
}

/* Beside queue_max, a job may wait for each worker that is idle or about to be there. */
static uint64_t waiting_max(const struct pool *p)
{
    uint64_t max = p->queue_max;
    for (unsigned i = 0; i < p->worker_count; i++) {
        enum worker_state state = p->workers[i].state;
        max += state == WORKER_IDLE || state == WORKER_STARTING || state == WORKER_ENDING;
    }
    return max;
}

void pool_take(struct pool *p, struct pool_job *j)
{
    j->pool = p;
    if (p->is_stopped) {
        finish_job(p, j, POOL_DIED);
        return;
    }
    if (metric_get(&p->metrics.jobs_waiting) >= waiting_max(p)) {
        finish_job(p, j, POOL_BUSY);
        return;
    }
    j->deadline.fire = on_deadline;
    wheel_add(&p->loop->sched.wheel, &j->deadline, j->arrived_ms + p->deadline_ms);
    list_push_back(&p->waiting, &j->node);
    j->since_cycles = cycles_now();
    metric_add(&p->metrics.jobs_waiting, 1);
    dispatch(p);
}

void pool_cancel(struct pool *p, struct pool_job *j)
{
    if (list_is_linked(&j->node))
        finish_job(p, j, POOL_CANCELLED);
}

enum err pool_start(struct pool **out, const struct pool_options *options)
{
    CHECK(options->workers >= 1 && options->workers <= SPAWNER_CHILDREN_MAX);
    struct pool *p = calloc(1, sizeof(*p) + options->workers * sizeof(p->workers[0]));
    if (p == NULL)
        return ERR_NOMEM;
    p->loop = options->loop;
    p->spawner = options->spawner;
    p->queue_max = options->queue_max;
    p->deadline_ms = options->deadline_ms;
    p->worker_count = options->workers;
    list_init(&p->waiting);
    for (unsigned i = 0; i < p->worker_count; i++) {
        struct pool_worker *w = &p->workers[i];
        w->pool = p;
        w->number = i + 1;
        w->link.fd = -1;
        w->rest.fire = on_rested;
        w->id = ++p->last_worker_id;
        attempts_begin(&w->attempts, p->loop->now_ms);
        enum err e = spawner_spawn(p->spawner, w->id, ROLE_WORKER, w->number);
        if (e != OK) {
            free(p);
            return e;
        }
    }
    p->spawner_rest.fire = on_spawner_rested;
    attempts_begin(&p->spawner_attempts, p->loop->now_ms);
    watch_spawner(p);
    *out = p;
    return OK;
}

void pool_configure(struct pool *p, uint32_t queue_max, uint32_t deadline_ms)
{
    p->queue_max = queue_max;
    p->deadline_ms = deadline_ms;
}

void pool_stop(struct pool *p)
{
    p->is_stopped = true;
    p->has_spawner = false;
    ev_io_stop(p->loop->ev, &p->spawner_io);
    wheel_cancel(&p->spawner_rest);
    lose_workers(p);
    fail_waiting(p);
}

void pool_free(struct pool *p)
{
    CHECK(p->is_stopped);
    free(p);
}
