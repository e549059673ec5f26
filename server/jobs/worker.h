/* A worker process: takes jobs from its socket one after the other, at nice 10, until the server
 * closes the other end. Blocking is its right. What the two say to each other, in frames of
 * simul/pipe_frame.h:
 *
 *     server: kind = the job's number, id = any, payload = struct job_args and the body
 *     worker: kind = WORKER_ANSWER, id = the same, payload = the answer */
#pragma once

#include "jobs/job_table.h"

enum {
    WORKER_ANSWER = 0x414e, /* far from what a worker that has lost its way would write */
    WORKER_REQUEST_BYTES_MAX = sizeof(struct job_args) + JOB_BODY_BYTES_MAX,
    WORKER_NICE = 10,
};

/* Serves jobs, confined to reading, writing, memory and the end (jobs/syscall_filter.h). Returns
 * the exit status. `number` is the worker's, from 1. */
int worker_main(int fd, unsigned number);

/* The same without being confined, and as nice as one is. */
int worker_serve(int fd, unsigned number);
