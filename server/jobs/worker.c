#include "jobs/worker.h"

#include "jobs/syscall_filter.h"
#include "simul/pipe_frame.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

enum { READ_BYTES_MIN = 64 * 1024 };

/* Reads until `in` begins with a whole frame, which borrows from it. ERR_CLOSED: no more jobs. */
static enum err read_frame(int fd, struct buf *in, struct pipe_frame *frame)
{
    for (;;) {
        struct span rest = buf_span(in);
        bool is_whole;
        enum err e = pipe_frame_next(&rest, WORKER_REQUEST_BYTES_MAX, frame, &is_whole);
        if (e != OK || is_whole)
            return rest.len > 0 && is_whole ? ERR_SYNTAX : e; /* one job at a time */
        e = buf_reserve(in, READ_BYTES_MIN);
        if (e != OK)
            return e;
        ssize_t n = read(fd, in->data + in->len, in->cap - in->len);
        if (n == 0)
            return in->len == 0 ? ERR_CLOSED : ERR_SYNTAX;
        if (n < 0 && errno != EINTR)
            return errno == ECONNRESET ? ERR_CLOSED : ERR_IO;
        in->len += n > 0 ? (size_t)n : 0;
    }
}

static enum err write_frame(int fd, const struct pipe_frame *frame)
{
    uint8_t header[PIPE_FRAME_HEADER_BYTES];
    pipe_frame_encode(frame, header);
    struct span parts[] = {span_of(header, sizeof(header)), frame->payload};
    for (size_t i = 0; i < 2; i++) {
        while (parts[i].len > 0) {
            ssize_t n = write(fd, parts[i].ptr, parts[i].len);
            if (n < 0 && errno != EINTR)
                return errno == EPIPE ? ERR_CLOSED : ERR_IO;
            parts[i] = span_drop(parts[i], n > 0 ? (size_t)n : 0);
        }
    }
    return OK;
}

static enum err run_job(const struct pipe_frame *request, struct job_place place,
                        struct buf *answer)
{
    const struct job *job = job_at(request->kind);
    struct job_args args;
    if (job == NULL || request->payload.len < sizeof(args))
        return ERR_SYNTAX;
    memcpy(&args, request->payload.ptr, sizeof(args));
    return job->run(&args, span_drop(request->payload, sizeof(args)), place, answer);
}

/* One job, from its frame to its answer. Memory is given back in between: bodies may be large. */
static enum err serve_job(int fd, struct job_place place)
{
    struct buf in = {0}, answer = {0};
    struct pipe_frame request;
    enum err e = read_frame(fd, &in, &request);
    if (e == OK)
        e = run_job(&request, place, &answer);
    if (e == OK)
        e = write_frame(fd, &(struct pipe_frame){WORKER_ANSWER, request.id, buf_span(&answer)});
    buf_deinit(&in);
    buf_deinit(&answer);
    return e;
}

int worker_serve(int fd, unsigned number)
{
    enum err e;
    do
        e = serve_job(fd, (struct job_place){.worker = number});
    while (e == OK);
    return e == ERR_CLOSED ? 0 : 1;
}

int worker_main(int fd, unsigned number)
{
    /* Fails only where the server itself is nicer than that. */
    setpriority(PRIO_PROCESS, 0, WORKER_NICE);
    enum err e = job_table_prepare();
    if (e == OK)
        e = syscall_filter_install();
    if (e != OK) {
        fprintf(stderr, "simuld: worker %u cannot be made ready: %s\n", number, err_name(e));
        return 1;
    }
    return worker_serve(fd, number);
}
