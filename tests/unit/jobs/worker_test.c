/* A worker in a thread of the test's; the test is the server at the other end. */
#include "jobs/worker.h"

#include "simul/pipe_frame.h"
#include "unit/expect.h"

#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

static int fds[2]; /* the server's end, the worker's */
static pthread_t thread;
static bool has_ended;
static int exit_status;

static void *run(void *arg)
{
    (void)arg;
    exit_status = worker_serve(fds[1], 7);
    close(fds[1]);
    return NULL;
}

static void setup(void)
{
    signal(SIGPIPE, SIG_IGN);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    cr_assert_eq(pthread_create(&thread, NULL, run, NULL), 0);
}

/* Closes our end; the status that the process would have had. */
static int end(void)
{
    shutdown(fds[0], SHUT_WR);
    pthread_join(thread, NULL);
    has_ended = true;
    return exit_status;
}

static void teardown(void)
{
    if (!has_ended)
        end();
    close(fds[0]);
}

TestSuite(worker, .init = setup, .fini = teardown, .timeout = 60);

static struct buf request(const char *job, uint64_t id, const char *query, struct span body)
{
    struct buf b = {0};
    char message[JOB_MESSAGE_CHARS];
    const struct job *row = job_find(span_str(job));
    struct job_args args;
    expect_ok(job_parse(row, span_str(query), &args, message));
    struct pipe_frame frame = {job_number(row), id, span_of(NULL, sizeof(args) + body.len)};
    uint8_t header[PIPE_FRAME_HEADER_BYTES];
    pipe_frame_encode(&frame, header);
    expect_ok(buf_append(&b, span_of(header, sizeof(header))));
    expect_ok(buf_append(&b, span_of(&args, sizeof(args))));
    expect_ok(buf_append(&b, body));
    return b;
}

static void send_all(struct span bytes)
{
    while (bytes.len > 0) {
        ssize_t n = send(fds[0], bytes.ptr, bytes.len, MSG_NOSIGNAL);
        cr_assert_gt(n, 0);
        bytes = span_drop(bytes, (size_t)n);
    }
}

/* The payload of the next answer, which has this id. */
static struct span hear(uint64_t id)
{
    static uint8_t bytes[JOB_ANSWER_BYTES_MAX];
    size_t len = 0;
    for (;;) {
        struct span rest = span_of(bytes, len);
        struct pipe_frame frame;
        bool is_whole;
        expect_ok(pipe_frame_next(&rest, JOB_ANSWER_BYTES_MAX, &frame, &is_whole));
        if (is_whole) {
            cr_assert_eq(frame.kind, WORKER_ANSWER);
            cr_assert_eq(frame.id, id);
            cr_assert_eq(rest.len, 0);
            return frame.payload;
        }
        ssize_t n = read(fds[0], bytes + len, sizeof(bytes) - len);
        cr_assert_gt(n, 0);
        len += (size_t)n;
    }
}

static void expect_answer(uint64_t id, const char *text)
{
    expect_span(hear(id), span_str(text));
}

#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n" /* SHA-256 */

static void ask_abc(uint64_t id)
{
    struct buf b = request("digest", id, "algorithm=sha256", SPAN("abc"));
    send_all(buf_span(&b));
    buf_deinit(&b);
}

/* --- jobs -------------------------------------------------------------------------------- */

Test(worker, a_job_is_answered_under_its_id)
{
    ask_abc(UINT64_MAX);
    expect_answer(UINT64_MAX, ABC);
}

Test(worker, jobs_are_done_one_after_the_other)
{
    for (uint64_t id = 0; id < 20; id++) {
        ask_abc(id);
        expect_answer(id, ABC);
    }
    cr_assert_eq(end(), 0);
}

Test(worker, a_request_may_come_byte_by_byte)
{
    struct buf b = request("digest", 1, "algorithm=sha256", SPAN("abc"));
    for (size_t i = 0; i < b.len; i++)
        send_all(span_of(b.data + i, 1));
    expect_answer(1, ABC);
    buf_deinit(&b);
}

Test(worker, a_body_may_be_large)
{
    enum { BYTES = 5 * 1000 * 1000 };
    uint8_t *zeroes = calloc(1, BYTES);
    struct buf b = request("digest", 1, "algorithm=sha256", span_of(zeroes, BYTES));
    send_all(buf_span(&b));
    cr_assert_eq(hear(1).len, 65);
    buf_deinit(&b);
    free(zeroes);
}

Test(worker, the_job_knows_its_worker)
{
    struct buf b = request("burn", 1, "ms=1", SPAN_EMPTY);
    send_all(buf_span(&b));
    struct span answer = hear(1);
    cr_assert_not_null(memmem(answer.ptr, answer.len, "\"worker\":7", 10), "%.*s",
                       SPAN_ARG(answer));
    buf_deinit(&b);
}

/* --- the end ----------------------------------------------------------------------------- */

Test(worker, no_more_jobs_is_a_good_end)
{
    cr_assert_eq(end(), 0);
}

Test(worker, a_request_that_breaks_off_is_a_bad_end)
{
    struct buf b = request("digest", 1, "algorithm=sha256", SPAN("abc"));
    send_all(span_take(buf_span(&b), b.len - 1));
    buf_deinit(&b);
    cr_assert_eq(end(), 1);
}

Test(worker, a_server_that_does_not_wait_for_the_answer_is_a_good_end)
{
    ask_abc(1);
    shutdown(fds[0], SHUT_RD);
    cr_assert_eq(end(), 0);
}

/* --- a server that has gone mad ---------------------------------------------------------- */

static void send_frame(uint16_t kind, struct span payload)
{
    struct pipe_frame frame = {kind, 1, payload};
    uint8_t header[PIPE_FRAME_HEADER_BYTES];
    pipe_frame_encode(&frame, header);
    send_all(span_of(header, sizeof(header)));
    send_all(payload);
}

Test(worker, an_unknown_job_is_a_bad_end)
{
    static const uint8_t args[sizeof(struct job_args)];
    send_frame(999, span_of(args, sizeof(args)));
    cr_assert_eq(end(), 1);
}

Test(worker, a_job_without_its_arguments_is_a_bad_end)
{
    send_frame(job_number(job_find(SPAN("digest"))), SPAN("short"));
    cr_assert_eq(end(), 1);
}

Test(worker, two_jobs_at_once_are_a_bad_end)
{
    struct buf b = request("digest", 1, "algorithm=sha256", SPAN("abc"));
    size_t len = b.len;
    expect_ok(buf_reserve(&b, len));
    memcpy(b.data + len, b.data, len);
    b.len += len;
    send_all(buf_span(&b));
    buf_deinit(&b);
    cr_assert_eq(end(), 1);
}

Test(worker, noise_is_a_bad_end)
{
    send_all(SPAN("this is no frame of ours, and too long for one"));
    cr_assert_eq(end(), 1);
}
