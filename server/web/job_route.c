/* /jobs/NAME: work that would stop the tick, done by the worker processes. */
#include "config/config.h"
#include "jobs/jobs_client.h"
#include "net/listener.h"
#include "net/net.h"
#include "web/http_session.h"
#include "web/routes.h"

static bool is_enabled(const struct conn *c, const struct http_session *s)
{
    const struct net *n = conn_net(c);
    if (n->config->jobs.enabled == CONFIG_JOBS_AUTO)
        return addr_is_loopback(&n->listeners[c->listener].addr) && !http_is_rebound(c, s);
    return n->config->jobs.enabled == CONFIG_JOBS_ON;
}

/* NULL: there is none by that name, or it is not for here. */
static const struct job *find(const struct conn *c, const struct http_request *request)
{
    const struct job *job = job_find(span_drop(request->path, sizeof("/jobs/") - 1));
    bool is_served = job != NULL && (!job->is_for_tests || conn_net(c)->config->debug.jobs);
    return is_served ? job : NULL;
}

static bool has_method(const struct job *job, enum http_method method)
{
    return span_eq(span_str(job->method), span_str(http_method_name(method)));
}

static void refuse_method(struct conn *c, struct http_session *s, const struct job *job)
{
    const struct http_field allow = {SPAN("Allow"), span_str(job->method)};
    http_answer_with(c, s, 405, NULL, &allow, 1, SPAN("method not allowed here; see Allow\n"));
}

/* Reads more of the body into memory; the parser has its limit. */
static enum http_event collect(struct conn *c, struct http_session *s)
{
    struct span piece;
    for (;;) {
        enum http_event event = http_read_body(c, s, &piece);
        if (event != HTTP_EVENT_BODY)
            return event;
        if (buf_append(&s->exchange.body, piece) != OK) {
            conn_abort_no_memory(c);
            return HTTP_EVENT_FAILED;
        }
        memory_count(&conn_net(c)->memory, &s->exchange.body_counted, s->exchange.body.cap);
        memory_note(conn_net(c), c); /* nothing of it is flushed */
    }
}

static void release(void *kept)
{
    job_request_release(kept);
}

static bool submit(struct conn *c, struct http_session *s, const struct job *job)
{
    char message[JOB_MESSAGE_CHARS];
    struct job_args args;
    struct http_exchange *x = &s->exchange;
    if (job_parse(job, x->request->query, &args, message) != OK) {
        http_refuse(c, s, 400, message);
        return false;
    }
    metric_add(&conn_net(c)->loop->metrics.jobs, 1);
    struct job_request *request;
    enum err e =
        jobs_client_submit(conn_net(c)->jobs, conn_handle(c), job, &args, &x->body, &request);
    if (e == OK)
        x->kept = (struct http_kept){request, release, NULL};
    else
        http_refuse(c, s, e == ERR_LIMIT ? 413 : 503, err_name(e));
    return e == OK;
}

static void answer(struct conn *c, struct http_session *s, const struct job *job)
{
    static const struct http_field retry = {SPAN("Retry-After"), SPAN("1")};
    const struct job_request *request = s->exchange.kept.ptr;
    switch (job_request_status(request)) {
    case POOL_DONE:
        http_answer(c, s, 200, job->content_type, job_request_answer(request));
        break;
    case POOL_BUSY:
        http_answer_with(c, s, 503, NULL, &retry, 1, SPAN("too many jobs wait; try again later\n"));
        break;
    case POOL_TIMED_OUT:
        http_refuse(c, s, 504, "the job was not done by its deadline");
        break;
    case POOL_DIED:
    case POOL_CANCELLED:
        http_refuse(c, s, 502, "the worker that ran the job died");
        break;
    }
}

enum co_result route_job(struct conn *c, struct http_session *s)
{
    struct http_exchange *x = &s->exchange;
    const struct job *job = find(c, x->request);
    enum http_event event;
    CO_BEGIN(x);
    if (job == NULL || !is_enabled(c, s)) {
        http_refuse(c, s, 404, "no such job");
        CO_RETURN;
    }
    /* No other site's page may spend our workers' time. */
    if (http_header_has(x->request->headers, "Sec-Fetch-Site", "cross-site")) {
        http_refuse(c, s, 403, "jobs are not for pages of other sites");
        CO_RETURN;
    }
    if (!has_method(job, x->request->method)) {
        refuse_method(c, s, job);
        CO_RETURN;
    }
    while ((event = collect(c, s)) == HTTP_EVENT_NEED_MORE) {
        if (http_body_is_lost(c, s))
            CO_RETURN;
        CO_AWAIT(conn_try_event(c)); /* woken by a read, or the timer */
    }
    if (event == HTTP_EVENT_FAILED || !submit(c, s, job))
        CO_RETURN;
    conn_set_timer(c, TIMER_NONE);                  /* the job has a deadline of its own */
    CO_AWAIT(job_request_is_answered(x->kept.ptr)); /* woken by the jobs client */
    answer(c, s, job);
    CO_END;
}
