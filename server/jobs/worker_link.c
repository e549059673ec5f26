#include "jobs/worker_link.h"

#include "simul/check.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    ANSWER_FRAME_BYTES_MAX = PIPE_FRAME_HEADER_BYTES + JOB_ANSWER_BYTES_MAX,
    READ_BYTES = 4096, /* answers are short */
};

void worker_link_open(struct worker_link *l, int fd)
{
    *l = (struct worker_link){.fd = fd};
}

void worker_link_close(struct worker_link *l)
{
    if (l->fd >= 0)
        close(l->fd);
    buf_deinit(&l->in);
    *l = (struct worker_link){.fd = -1};
}

void worker_link_ask(struct worker_link *l, uint64_t id, const struct job *job,
                     const struct job_args *args, struct span body)
{
    CHECK(!l->is_asked);
    CHECK(body.len <= JOB_BODY_BYTES_MAX);
    /* The frame's payload is the arguments and the body; only its length matters here. */
    struct pipe_frame frame = {job_number(job), id, span_of(NULL, sizeof(*args) + body.len)};
    pipe_frame_encode(&frame, l->head);
    memcpy(l->head + PIPE_FRAME_HEADER_BYTES, args, sizeof(*args));
    l->is_asked = true;
    l->id = id;
    l->body = body;
    l->sent_bytes = 0;
}

static bool is_all_sent(const struct worker_link *l)
{
    return l->sent_bytes == sizeof(l->head) + l->body.len;
}

enum err worker_link_flush(struct worker_link *l, bool *is_sent)
{
    *is_sent = false;
    while (!is_all_sent(l)) {
        size_t head = l->sent_bytes < sizeof(l->head) ? l->sent_bytes : sizeof(l->head);
        struct span body = span_drop(l->body, l->sent_bytes - head);
        struct iovec parts[] = {{l->head + head, sizeof(l->head) - head},
                                {(void *)body.ptr, body.len}};
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
        ssize_t n = sendmsg(l->fd, &message, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN)
            return OK;
        if (n < 0 && errno != EINTR)
            return errno == EPIPE || errno == ECONNRESET ? ERR_CLOSED : ERR_IO;
        l->sent_bytes += n > 0 ? (size_t)n : 0;
    }
    *is_sent = true;
    return OK;
}

/* Looks for the answer at the beginning of what was read. */
static enum err take_answer(struct worker_link *l, struct buf *answer, bool *is_answered)
{
    struct span rest = buf_span(&l->in);
    struct pipe_frame frame;
    enum err e = pipe_frame_next(&rest, JOB_ANSWER_BYTES_MAX, &frame, is_answered);
    if (e != OK || !*is_answered)
        return e;
    if (!is_all_sent(l) || frame.kind != WORKER_ANSWER || frame.id != l->id || rest.len > 0) {
        *is_answered = false;
        return ERR_SYNTAX;
    }
    buf_consume(&l->in, PIPE_FRAME_HEADER_BYTES);
    *answer = l->in;
    l->in = (struct buf){0};
    l->body = SPAN_EMPTY;
    l->is_asked = false;
    return OK;
}

enum err worker_link_read(struct worker_link *l, struct buf *answer, bool *is_answered)
{
    *is_answered = false;
    while (!*is_answered) {
        enum err e = buf_reserve(&l->in, READ_BYTES);
        if (e != OK)
            return e;
        ssize_t n = recv(l->fd, l->in.data + l->in.len, l->in.cap - l->in.len, 0);
        if (n < 0 && errno == EAGAIN)
            return OK;
        if (n == 0 || (n < 0 && errno != EINTR))
            return n == 0 || errno == ECONNRESET ? ERR_CLOSED : ERR_IO;
        l->in.len += n > 0 ? (size_t)n : 0;
        if (!l->is_asked || l->in.len > ANSWER_FRAME_BYTES_MAX)
            return ERR_SYNTAX;
        e = take_answer(l, answer, is_answered);
        if (e != OK)
            return e;
    }
    return OK;
}
