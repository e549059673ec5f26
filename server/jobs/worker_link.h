/* The server's end of the socket to one worker: a job goes out, in as many pieces as the socket
 * wants, and one answer comes back. A worker that answers what it was not asked is no longer
 * trusted. Non-blocking; the owner of the link watches the descriptor. */
#pragma once

#include "jobs/worker.h"
#include "simul/buf.h"
#include "simul/pipe_frame.h"

#include <stdbool.h>

struct worker_link {
    int fd;        /* -1: closed */
    bool is_asked; /* a job is out, or on its way out */
    uint64_t id;   /* of that job */
    uint8_t head[PIPE_FRAME_HEADER_BYTES + sizeof(struct job_args)];
    struct span body;  /* borrowed until the answer is there or the link is closed */
    size_t sent_bytes; /* of head and body */
    struct buf in;
};

/* Takes over fd, which must be non-blocking. */
void worker_link_open(struct worker_link *l, int fd);

/* Closes the socket and frees what was read. Safe for a link that is closed. */
void worker_link_close(struct worker_link *l);

/* Begins to ask; nothing is sent before worker_link_flush. `body`, JOB_BODY_BYTES_MAX at most,
 * must stay until the answer is there or the link is closed. */
void worker_link_ask(struct worker_link *l, uint64_t id, const struct job *job,
                     const struct job_args *args, struct span body);

/* Sends what the socket takes; *is_sent tells whether that was all. ERR_CLOSED, ERR_IO: the worker
 * is gone. */
enum err worker_link_flush(struct worker_link *l, bool *is_sent);

/* Reads; if *is_answered, the caller owns *answer and the link can be asked again. ERR_CLOSED,
 * ERR_IO: the worker is gone. ERR_SYNTAX, ERR_LIMIT: it babbles. ERR_NOMEM. */
enum err worker_link_read(struct worker_link *l, struct buf *answer, bool *is_answered);
