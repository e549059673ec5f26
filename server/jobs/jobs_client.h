/* How sessions ask for jobs: the pool lives on one loop, the session on any. A request travels to
 * the pool by mail and comes back with its answer, and then wakes the connection that asked.
 *
 *     if (jobs_client_submit(jobs, conn_handle(c), job, &args, &body, &f->request) == OK) {
 *         CO_AWAIT(job_request_is_answered(f->request)); // the jobs client wakes us
 *         ... job_request_status(f->request), job_request_answer(f->request) ...
 *         job_request_release(f->request);
 *
 * The session owns the request, and releases it whether it was answered or not: also when it is
 * dropped while it waits. Nothing points back at the session. */
#pragma once

#include "core/loop.h"
#include "jobs/pool.h"

#include <stdbool.h>

struct net;
struct job_request;

/* One for each loop; kept until no mail is on the way. */
struct jobs_client {
    struct loop *loop;
    struct net *net;
    struct pool *pool;
};

/* Asks for a job. On success *body is empty, and its bytes are the request's. ERR_LIMIT: the body
 * is over JOB_BODY_BYTES_MAX. ERR_NOMEM. */
enum err jobs_client_submit(struct jobs_client *c, struct handle from, const struct job *job,
                            const struct job_args *args, struct buf *body,
                            struct job_request **out);

/* Once it is true it stays so. */
bool job_request_is_answered(const struct job_request *r);

/* Of a request that is answered. The answer is that of POOL_DONE, else empty; it lives until the
 * request is released. */
enum pool_status job_request_status(const struct job_request *r);
struct span job_request_answer(const struct job_request *r);

/* The session has no more use for it. A job that still waits for a worker is cancelled. NULL does
 * nothing. */
void job_request_release(struct job_request *r);
