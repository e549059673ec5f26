/* The test plays the worker, at the other end of a socket pair. */
#include "jobs/worker_link.h"

#include "unit/expect.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

static const uint64_t ID = 0x1122334455667788;

static const struct job_args args = {{0, 5}};

struct pair {
    struct worker_link link;
    int worker;
};

static struct pair pair_new(void)
{
    int ends[2];
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    struct pair p = {.worker = ends[1]};
    worker_link_open(&p.link, ends[0]);
    return p;
}

static void pair_free(struct pair *p)
{
    worker_link_close(&p->link);
    worker_link_close(&p->link);
    close(p->worker);
}

static void ask(struct pair *p, struct span body)
{
    worker_link_ask(&p->link, ID, job_find(SPAN("digest")), &args, body);
}

static void ask_and_send(struct pair *p)
{
    bool is_sent;
    ask(p, SPAN("abc"));
    expect_ok(worker_link_flush(&p->link, &is_sent));
    cr_assert(is_sent);
}

static struct buf answer_frame(uint16_t kind, uint64_t id, struct span payload)
{
    struct buf frame = {0};
    uint8_t header[PIPE_FRAME_HEADER_BYTES];
    pipe_frame_encode(&(struct pipe_frame){kind, id, payload}, header);
    expect_ok(buf_append(&frame, span_of(header, sizeof(header))));
    expect_ok(buf_append(&frame, payload));
    return frame;
}

static void worker_write(struct pair *p, struct span bytes)
{
    cr_assert_eq(write(p->worker, bytes.ptr, bytes.len), (ssize_t)bytes.len);
}

/* What the server makes of these bytes, the job being out. */
static enum err judge(struct span bytes)
{
    struct pair p = pair_new();
    struct buf answer;
    bool is_answered;
    ask_and_send(&p);
    worker_write(&p, bytes);
    enum err e = worker_link_read(&p.link, &answer, &is_answered);
    cr_assert_not(is_answered);
    pair_free(&p);
    return e;
}

static enum err judge_frame(uint16_t kind, uint64_t id)
{
    struct buf frame = answer_frame(kind, id, SPAN("x"));
    enum err e = judge(buf_span(&frame));
    buf_deinit(&frame);
    return e;
}

Test(worker_link, sends_a_large_body_in_as_many_pieces_as_the_socket_wants)
{
    struct pair p = pair_new();
    struct buf body = {0}, got = {0};
    expect_ok(buf_reserve(&body, 3000000));
    for (body.len = 0; body.len < 3000000; body.len++)
        body.data[body.len] = (uint8_t)(body.len * 31 >> 4);
    ask(&p, buf_span(&body));

    struct pipe_frame frame;
    bool is_sent = false, is_whole = false;
    int pieces = 0;
    for (; !is_whole; pieces++) {
        if (!is_sent)
            expect_ok(worker_link_flush(&p.link, &is_sent));
        expect_ok(buf_reserve(&got, 65536));
        ssize_t n = read(p.worker, got.data + got.len, got.cap - got.len);
        cr_assert(n > 0);
        got.len += (size_t)n;
        struct span in = buf_span(&got);
        expect_ok(pipe_frame_next(&in, WORKER_REQUEST_BYTES_MAX, &frame, &is_whole));
        cr_assert_eq(in.len, is_whole ? 0 : got.len);
    }
    cr_assert(is_sent && pieces > 2);
    cr_assert_eq(frame.kind, job_number(job_find(SPAN("digest"))));
    cr_assert_eq(frame.id, ID);
    expect_span(span_take(frame.payload, sizeof(args)), span_of(&args, sizeof(args)));
    cr_assert(span_eq(span_drop(frame.payload, sizeof(args)), buf_span(&body)));
    pair_free(&p);
    buf_deinit(&body);
    buf_deinit(&got);
}

/* One byte at a time, and then the next job over the same link. */
Test(worker_link, takes_an_answer_in_pieces_and_can_be_asked_again)
{
    struct pair p = pair_new();
    struct buf frame = answer_frame(WORKER_ANSWER, ID, SPAN("the answer")), answer;
    for (int round = 0; round < 2; round++) {
        bool is_answered = false;
        ask_and_send(&p);
        for (size_t i = 0; i < frame.len; i++) {
            expect_ok(worker_link_read(&p.link, &answer, &is_answered));
            cr_assert_not(is_answered);
            worker_write(&p, span_of(frame.data + i, 1));
        }
        expect_ok(worker_link_read(&p.link, &answer, &is_answered));
        cr_assert(is_answered);
        expect_span(buf_span(&answer), SPAN("the answer"));
        buf_deinit(&answer);
    }
    buf_deinit(&frame);
    pair_free(&p);
}

Test(worker_link, takes_the_longest_and_the_empty_answer)
{
    static const uint8_t zeros[JOB_ANSWER_BYTES_MAX];
    const size_t sizes[] = {0, JOB_ANSWER_BYTES_MAX};
    for (int i = 0; i < 2; i++) {
        struct pair p = pair_new();
        struct buf frame = answer_frame(WORKER_ANSWER, ID, span_of(zeros, sizes[i])), answer;
        bool is_answered;
        ask_and_send(&p);
        worker_write(&p, buf_span(&frame));
        expect_ok(worker_link_read(&p.link, &answer, &is_answered));
        cr_assert(is_answered);
        cr_assert_eq(answer.len, sizes[i]);
        buf_deinit(&answer);
        buf_deinit(&frame);
        pair_free(&p);
    }
}

Test(worker_link, does_not_believe_a_worker_that_babbles)
{
    expect_err(judge_frame(WORKER_ANSWER, ID + 1), ERR_SYNTAX);
    expect_err(judge_frame(WORKER_ANSWER + 1, ID), ERR_SYNTAX);
    expect_err(judge(SPAN("Segmentation fault, or so")), ERR_SYNTAX);

    struct buf twice = answer_frame(WORKER_ANSWER, ID, SPAN("x"));
    struct buf again = answer_frame(WORKER_ANSWER, ID, SPAN("x"));
    expect_ok(buf_append(&twice, buf_span(&again)));
    expect_err(judge(buf_span(&twice)), ERR_SYNTAX);
    buf_deinit(&twice);
    buf_deinit(&again);
}

Test(worker_link, refuses_an_answer_that_is_announced_too_long)
{
    uint8_t header[PIPE_FRAME_HEADER_BYTES];
    struct span payload = {NULL, JOB_ANSWER_BYTES_MAX + 1};
    pipe_frame_encode(&(struct pipe_frame){WORKER_ANSWER, ID, payload}, header);
    expect_err(judge(span_of(header, sizeof(header))), ERR_LIMIT);
}

Test(worker_link, refuses_words_that_nobody_asked_for)
{
    struct pair p = pair_new();
    struct buf answer;
    bool is_answered;
    expect_ok(worker_link_read(&p.link, &answer, &is_answered));
    worker_write(&p, SPAN("h"));
    expect_err(worker_link_read(&p.link, &answer, &is_answered), ERR_SYNTAX);
    pair_free(&p);
}

Test(worker_link, refuses_an_answer_before_the_question_is_out)
{
    struct pair p = pair_new();
    struct buf body = {0}, answer, frame = answer_frame(WORKER_ANSWER, ID, SPAN("x"));
    bool is_done;
    expect_ok(buf_reserve(&body, 3000000));
    memset(body.data, 0, 3000000);
    body.len = 3000000;
    ask(&p, buf_span(&body));
    expect_ok(worker_link_flush(&p.link, &is_done));
    cr_assert_not(is_done);
    worker_write(&p, buf_span(&frame));
    expect_err(worker_link_read(&p.link, &answer, &is_done), ERR_SYNTAX);
    pair_free(&p);
    buf_deinit(&body);
    buf_deinit(&frame);
}

Test(worker_link, tells_that_the_worker_is_gone)
{
    struct pair p = pair_new();
    struct buf answer;
    bool is_done;
    ask_and_send(&p);
    close(p.worker);
    expect_err(worker_link_read(&p.link, &answer, &is_done), ERR_CLOSED);
    worker_link_close(&p.link);

    p = pair_new();
    close(p.worker);
    ask(&p, SPAN("abc"));
    expect_err(worker_link_flush(&p.link, &is_done), ERR_CLOSED);
    worker_link_close(&p.link);
}
