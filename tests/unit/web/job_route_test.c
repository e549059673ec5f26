/* The route alone: the pool is played by the test. */
#include "jobs/jobs_client.h"

#include "unit/expect.h"
#include "unit/http_peer.h"

/* --- the jobs client, played ------------------------------------------------------------- */

struct job_request {
    struct handle from;
    const struct job *job;
    struct job_args args;
    struct buf body;
    enum pool_status status;
    const char *answer;
    bool is_answered;
};

static struct {
    struct job_request request; /* the last one */
    unsigned submitted, released;
    enum err submit_error;
} jobs;

enum err jobs_client_submit(struct jobs_client *c, struct handle from, const struct job *job,
                            const struct job_args *args, struct buf *body, struct job_request **out)
{
    (void)c;
    if (jobs.submit_error != OK)
        return jobs.submit_error;
    buf_deinit(&jobs.request.body);
    jobs.request = (struct job_request){.from = from, .job = job, .args = *args, .body = *body};
    *body = (struct buf){0};
    jobs.submitted++;
    *out = &jobs.request;
    return OK;
}

bool job_request_is_answered(const struct job_request *r)
{
    return r->is_answered;
}

enum pool_status job_request_status(const struct job_request *r)
{
    return r->status;
}

struct span job_request_answer(const struct job_request *r)
{
    return span_str(r->answer == NULL ? "" : r->answer);
}

void job_request_release(struct job_request *r)
{
    jobs.released += r != NULL;
}

/* --- the tests --------------------------------------------------------------------------- */

static unsigned client;

static void setup(void)
{
    fix_init();
    client = client_connect(0, &http_session);
}

static void teardown(void)
{
    fix_done();
    buf_deinit(&jobs.request.body);
    cr_assert_eq(jobs.released, jobs.submitted);
}

TestSuite(job_route, .init = setup, .fini = teardown);

#define HEAD " HTTP/1.1\r\nHost: localhost\r\n"
#define DIGEST "POST /jobs/digest?algorithm=sha256" HEAD "Content-Length: 3\r\n\r\nabc"
#define BURN "GET /jobs/burn?ms=5" HEAD "\r\n"

static const char *answer_with(enum pool_status status, const char *answer)
{
    jobs.request.status = status;
    jobs.request.answer = answer;
    jobs.request.is_answered = true;
    struct conn *c = conn_find(&fix.nets[0], jobs.request.from);
    if (c != NULL)
        conn_wake(c);
    fix_settle();
    return http_peer_heard(client);
}

static void expect_refused(const char *request, int status)
{
    http_peer_expect_status(http_peer_ask(client, request), status);
    cr_assert_eq(jobs.submitted, 0);
}

Test(job_route, an_answer_comes_with_its_type)
{
    ASKS_HEARS(client, DIGEST, "");
    const char *answer = answer_with(POOL_DONE, "ba78\n");
    http_peer_expect_status(answer, 200);
    http_peer_expect_field(answer, "X-Content-Type-Options: nosniff");
    cr_assert_str_eq(http_peer_body(answer), "ba78\n");
    char line[128];
    snprintf(line, sizeof(line), "Content-Type: %s", jobs.request.job->content_type);
    http_peer_expect_field(answer, line);
}

Test(job_route, the_job_gets_the_whole_body)
{
    client_say(client, "POST /jobs/digest?algorithm=sha512" HEAD
                       "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    cr_assert_eq(jobs.submitted, 0);
    client_say(client, "3\r\ndef\r\n0\r\n\r\n");
    cr_assert_eq(jobs.submitted, 1);
    expect_span(buf_span(&jobs.request.body), SPAN("abcdef"));
    answer_with(POOL_DONE, "");
}

Test(job_route, a_body_may_be_waited_for)
{
    ASKS_HEARS(client,
               "POST /jobs/digest?algorithm=sha256" HEAD
               "Expect: 100-continue\r\nContent-Length: 1\r\n\r\n",
               "HTTP/1.1 100 Continue\r\n\r\n");
    client_say(client, "x");
    answer_with(POOL_DONE, "");
}

Test(job_route, a_connection_is_kept_for_the_next_job)
{
    for (int i = 0; i < 3; i++) {
        client_say(client, BURN);
        http_peer_expect_status(answer_with(POOL_DONE, "{}"), 200);
    }
    cr_assert_eq(jobs.released, 3);
}

Test(job_route, a_job_may_take_longer_than_silence_may_last)
{
    client_say(client, BURN);
    fix_pass_ms(200 * 1000);
    http_peer_expect_status(answer_with(POOL_DONE, "{}"), 200);
}

/* --- jobs that fail ---------------------------------------------------------------------- */

Test(job_route, too_many_jobs_are_503_with_a_time)
{
    client_say(client, BURN);
    const char *answer = answer_with(POOL_BUSY, NULL);
    http_peer_expect_status(answer, 503);
    http_peer_expect_field(answer, "Retry-After: 1");
}

Test(job_route, a_job_past_its_deadline_is_504)
{
    client_say(client, BURN);
    http_peer_expect_status(answer_with(POOL_TIMED_OUT, NULL), 504);
}

Test(job_route, a_worker_that_died_is_502)
{
    client_say(client, BURN);
    http_peer_expect_status(answer_with(POOL_DIED, NULL), 502);
    client_say(client, BURN);
    http_peer_expect_status(answer_with(POOL_CANCELLED, NULL), 502);
}

Test(job_route, a_job_that_could_not_be_submitted_is_answered)
{
    jobs.submit_error = ERR_NOMEM;
    http_peer_expect_status(http_peer_ask(client, BURN), 503);
    jobs.submit_error = ERR_LIMIT;
    http_peer_expect_status(http_peer_ask(client, DIGEST), 413);
}

Test(job_route, who_leaves_while_it_waits_releases_the_job)
{
    client_say(client, BURN);
    conn_abort(client_conn(client), "test");
    fix_settle();
    cr_assert_eq(jobs.released, 1);
}

/* --- jobs that are refused --------------------------------------------------------------- */

Test(job_route, unknown_jobs_are_404)
{
    expect_refused("GET /jobs/" HEAD "\r\n", 404);
    expect_refused("GET /jobs/none" HEAD "\r\n", 404);
    expect_refused("GET /jobs/burn/x" HEAD "\r\n", 404);
    expect_refused("GET /jobs/bur" HEAD "\r\n", 404);
}

Test(job_route, another_method_is_405_with_the_right_one)
{
    const char *answer = http_peer_ask(client, "GET /jobs/digest?algorithm=sha256" HEAD "\r\n");
    http_peer_expect_status(answer, 405);
    http_peer_expect_field(answer, "Allow: POST");
    answer = http_peer_ask(client, "POST /jobs/burn?ms=1" HEAD "Content-Length: 0\r\n\r\n");
    http_peer_expect_status(answer, 405);
    http_peer_expect_field(answer, "Allow: GET");
}

Test(job_route, settings_that_a_job_does_not_take_are_400)
{
    expect_refused("GET /jobs/burn?ms=x" HEAD "\r\n", 400);
    expect_refused("GET /jobs/burn?ms=-1" HEAD "\r\n", 400);
    expect_refused("POST /jobs/digest?algorithm=md5" HEAD "Content-Length: 0\r\n\r\n", 400);
    expect_refused("POST /jobs/digest?rounds=0" HEAD "Content-Length: 0\r\n\r\n", 400);
}

Test(job_route, a_page_of_another_site_is_refused)
{
    expect_refused("GET /jobs/burn?ms=1" HEAD "Sec-Fetch-Site: cross-site\r\n\r\n", 403);
    client_say(client, "GET /jobs/burn?ms=1" HEAD "Sec-Fetch-Site: same-origin\r\n\r\n");
    cr_assert_eq(jobs.submitted, 1);
}

Test(job_route, away_from_loopback_jobs_are_off)
{
    expect_ok(addr_parse(&fix.nets[0].listeners[FIX_PUBLIC].addr, "*", 8080));
    expect_refused(BURN, 404);
}

Test(job_route, under_another_name_than_loopback_jobs_are_off)
{
    static const char rebound[] = "GET /jobs/burn?ms=1 HTTP/1.1\r\nHost: evil.example\r\n\r\n";
    expect_refused(rebound, 404);
    fix.config.jobs.enabled = CONFIG_JOBS_ON;
    client_say(client, rebound);
    cr_assert_eq(jobs.submitted, 1);
}

Test(job_route, jobs_may_be_off_or_on_everywhere)
{
    fix.config.jobs.enabled = CONFIG_JOBS_OFF;
    expect_refused(BURN, 404);
    fix.config.jobs.enabled = CONFIG_JOBS_ON;
    expect_ok(addr_parse(&fix.nets[0].listeners[FIX_PUBLIC].addr, "*", 8080));
    client_say(client, BURN);
    cr_assert_eq(jobs.submitted, 1);
}

Test(job_route, a_body_that_breaks_off_is_no_job)
{
    client_say(client, "POST /jobs/digest?algorithm=sha256" HEAD "Content-Length: 9\r\n\r\nabc");
    client_shut(client);
    cr_assert_not(client_read(client));
    cr_assert_eq(jobs.submitted, 0);
}

Test(job_route, a_body_that_does_not_come_is_408)
{
    client_say(client, "POST /jobs/digest?algorithm=sha256" HEAD "Content-Length: 9\r\n\r\nabc");
    fix_pass_ms(90 * 1000);
    http_peer_expect_status(http_peer_heard(client), 408);
    cr_assert_eq(jobs.submitted, 0);
}
