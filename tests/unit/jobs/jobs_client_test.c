/* Two loops, driven in turn on one thread: the pool lives on the first, the session on the second.
 * The connections are played by the test. */
#include "jobs/jobs_client.h"

#include "net/conn.h"
#include "unit/alloc_fail.h"
#include "unit/expect.h"
#include "unit/jobs/role_process.h"

#include <signal.h>

int (*const role_process_worker)(int fd) = NULL;

/* --- connections ------------------------------------------------------------------------- */

static const struct handle OPEN = {.slot = 3, .generation = 7, .loop = 1};
static const struct handle GONE = {.slot = 3, .generation = 6, .loop = 1};

static struct conn the_conn;
static int wakes;

struct conn *conn_find(struct net *n, struct handle h)
{
    (void)n;
    return h.slot == OPEN.slot && h.generation == OPEN.generation ? &the_conn : NULL;
}

void conn_wake(struct conn *c)
{
    cr_assert_eq(c, &the_conn);
    wakes++;
}

/* --- loops ------------------------------------------------------------------------------- */

struct rig {
    struct loop_set set;
    struct spawner spawner;
    struct pool *pool;
    struct jobs_client client;
};

static void rig_start(struct rig *r)
{
    expect_ok(spawner_start(&r->spawner, NULL, STDERR_FILENO, NULL, 0));
    expect_ok(loop_set_init(&r->set, 2));
    const struct pool_options options = {&r->set.loops[0], &r->spawner, 1, 8, 60000};
    expect_ok(pool_start(&r->pool, &options));
    r->client = (struct jobs_client){.loop = &r->set.loops[1], .pool = r->pool};
}

static void tick(struct rig *r, bool busy)
{
    for (unsigned i = 0; i < 2; i++) {
        struct loop *l = &r->set.loops[i];
        loop_poll(l, busy || i == 1, 10);
        loop_deliver_mail(l);
        sched_run(&l->sched, l->now_ms);
        loop_publish_mail(l);
    }
}

/* Leaks of requests are found by AddressSanitizer. */
static void rig_stop(struct rig *r)
{
    pool_stop(r->pool);
    for (int i = 0; i < 4; i++)
        tick(r, true); /* letters that are still away come back */
    pool_free(r->pool);
    spawner_stop(&r->spawner);
    loop_set_deinit(&r->set);
}

static struct job_request *submit(struct rig *r, struct handle from, const char *name,
                                  const char *query, struct span body_bytes)
{
    struct job_request *request;
    struct job_args args;
    char message[JOB_MESSAGE_CHARS];
    struct buf body = {0};
    const struct job *job = job_find(span_str(name));
    expect_ok(job_parse(job, span_str(query), &args, message));
    expect_ok(buf_append(&body, body_bytes));
    expect_ok(jobs_client_submit(&r->client, from, job, &args, &body, &request));
    cr_assert_null(body.data);
    return request;
}

static uint64_t metric(struct rig *r, size_t offset)
{
    return metric_get((const void *)((const char *)pool_metrics(r->pool) + offset));
}

#define METRIC(rig, name) metric(rig, offsetof(struct pool_metrics, name))

Test(jobs_client, answer_wakes_the_connection_that_asked, .timeout = 60)
{
    struct rig r;
    rig_start(&r);
    struct job_request *request =
        submit(&r, OPEN, "digest", "algorithm=sha256&rounds=1", SPAN("abc"));
    cr_assert_not(job_request_is_answered(request));
    while (wakes == 0)
        tick(&r, false);
    cr_assert(job_request_is_answered(request));
    cr_assert_eq(job_request_status(request), POOL_DONE);
    expect_span(job_request_answer(request),
                SPAN("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n"));
    job_request_release(request);
    job_request_release(NULL);
    rig_stop(&r);
    cr_assert_eq(wakes, 1);
}

Test(jobs_client, answer_for_a_connection_that_is_gone_wakes_nobody, .timeout = 60)
{
    struct rig r;
    rig_start(&r);
    struct job_request *request = submit(&r, GONE, "digest", "", SPAN("abc"));
    while (!job_request_is_answered(request))
        tick(&r, false);
    cr_assert_eq(wakes, 0);
    job_request_release(request);
    rig_stop(&r);
}

Test(jobs_client, release_cancels_what_waits, .timeout = 60)
{
    struct rig r;
    rig_start(&r);
    struct job_request *running = submit(&r, OPEN, "burn", "ms=50", SPAN_EMPTY);
    struct job_request *waiting = submit(&r, OPEN, "burn", "ms=600000", SPAN_EMPTY);
    tick(&r, true);
    tick(&r, true);
    job_request_release(waiting);
    while (!job_request_is_answered(running))
        tick(&r, false);
    cr_assert_eq(METRIC(&r, jobs_cancelled), 1);
    cr_assert_eq(wakes, 1);
    job_request_release(running);
    rig_stop(&r);
}

Test(jobs_client, release_drops_the_answer_of_what_runs, .timeout = 60)
{
    struct rig r;
    rig_start(&r);
    while (METRIC(&r, workers) == 0)
        tick(&r, false);
    struct job_request *request = submit(&r, OPEN, "burn", "ms=20", SPAN_EMPTY);
    while (METRIC(&r, jobs_running) == 0)
        tick(&r, true);
    job_request_release(request);
    while (METRIC(&r, jobs_done) == 0)
        tick(&r, false);
    rig_stop(&r);
    cr_assert_eq(wakes, 0);
}

/* Released at every step of the way, before and after each letter arrives. */
Test(jobs_client, release_at_any_moment_loses_nothing, .timeout = 60)
{
    struct rig r;
    rig_start(&r);
    for (int ticks = 0; ticks < 12; ticks++) {
        struct job_request *request = submit(&r, OPEN, "digest", "", SPAN("abc"));
        for (int i = 0; i < ticks; i++)
            tick(&r, ticks % 2 == 0);
        job_request_release(request);
    }
    while (METRIC(&r, jobs_done) + METRIC(&r, jobs_cancelled) < 12)
        tick(&r, false);
    rig_stop(&r);
}

Test(jobs_client, stopping_the_pool_answers_every_request, .timeout = 60)
{
    struct rig r;
    rig_start(&r);
    struct job_request *seen = submit(&r, OPEN, "burn", "ms=600000", SPAN_EMPTY);
    struct job_request *released = submit(&r, OPEN, "burn", "ms=600000", SPAN_EMPTY);
    for (int i = 0; i < 4; i++)
        tick(&r, true);
    struct job_request *on_the_way = submit(&r, OPEN, "burn", "ms=600000", SPAN_EMPTY);
    job_request_release(released);
    rig_stop(&r);
    cr_assert_eq(job_request_status(seen), POOL_DIED);
    cr_assert_eq(job_request_status(on_the_way), POOL_DIED);
    job_request_release(seen);
    job_request_release(on_the_way);
}

Test(jobs_client, refuses_a_body_that_is_too_large_and_leaves_it)
{
    struct jobs_client client = {0};
    struct job_request *request;
    struct buf body = {.len = JOB_BODY_BYTES_MAX + 1};
    expect_err(jobs_client_submit(&client, OPEN, job_find(SPAN("digest")), &(struct job_args){{0}},
                                  &body, &request),
               ERR_LIMIT);
    cr_assert_eq(body.len, JOB_BODY_BYTES_MAX + 1);
}

Test(jobs_client, tells_when_there_is_no_memory_and_leaves_the_body)
{
    struct jobs_client client = {0};
    struct job_request *request;
    struct buf body = {0};
    expect_ok(buf_append(&body, SPAN("abc")));
    alloc_fail_after(0);
    enum err e = jobs_client_submit(&client, OPEN, job_find(SPAN("digest")),
                                    &(struct job_args){{0}}, &body, &request);
    alloc_fail_stop();
    expect_err(e, ERR_NOMEM);
    expect_span(buf_span(&body), SPAN("abc"));
    buf_deinit(&body);
}
