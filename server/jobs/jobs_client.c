#include "jobs/jobs_client.h"

#include "net/conn.h"
#include "simul/check.h"

#include <stdlib.h>

/* While its mail is away the pool's loop owns `run`, and the session's loop all else. A request
 * that is released early sends a second letter after the first, and is freed when both are back:
 * so neither side ever holds a pointer to what the other has freed. */
struct job_request {
    struct pool_job run;
    struct mail mail;
    struct mail cancel;
    struct jobs_client *client;
    struct handle from;
    uint8_t letters; /* that are away */
    bool is_answered;
    bool is_released;
};

static void free_request(struct job_request *r)
{
    buf_deinit(&r->run.body);
    buf_deinit(&r->run.answer);
    free(r);
}

static void post_to_pool(struct job_request *r, struct mail *m, void (*deliver)(struct mail *))
{
    m->deliver = deliver;
    r->letters++;
    loop_post(r->client->loop, pool_loop(r->client->pool), m);
}

static void post_back(struct job_request *r, struct mail *m, void (*deliver)(struct mail *))
{
    m->deliver = deliver;
    loop_post(pool_loop(r->client->pool), r->client->loop, m);
}

/* --- on the session's loop --------------------------------------------------------------- */

static void on_answer(struct mail *m)
{
    struct job_request *r = container_of(m, struct job_request, mail);
    r->letters--;
    r->is_answered = true;
    if (r->is_released) {
        if (r->letters == 0)
            free_request(r);
        return;
    }
    struct conn *c = conn_find(r->client->net, r->from);
    if (c != NULL)
        conn_wake(c);
}

static void on_cancel_back(struct mail *m)
{
    struct job_request *r = container_of(m, struct job_request, cancel);
    if (--r->letters == 0)
        free_request(r);
}

/* --- on the pool's loop ------------------------------------------------------------------ */

static void on_done(struct pool_job *j)
{
    struct job_request *r = container_of(j, struct job_request, run);
    post_back(r, &r->mail, on_answer);
}

static void on_request(struct mail *m)
{
    struct job_request *r = container_of(m, struct job_request, mail);
    pool_take(r->client->pool, &r->run);
}

static void on_cancel(struct mail *m)
{
    struct job_request *r = container_of(m, struct job_request, cancel);
    pool_cancel(r->client->pool, &r->run);
    post_back(r, &r->cancel, on_cancel_back);
}

/* --- for sessions ------------------------------------------------------------------------ */

enum err jobs_client_submit(struct jobs_client *c, struct handle from, const struct job *job,
                            const struct job_args *args, struct buf *body, struct job_request **out)
{
    if (body->len > JOB_BODY_BYTES_MAX)
        return ERR_LIMIT;
    struct job_request *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return ERR_NOMEM;
    r->run = (struct pool_job){
        .job = job, .args = *args, .body = *body, .arrived_ms = c->loop->now_ms, .done = on_done};
    *body = (struct buf){0};
    r->client = c;
    r->from = from;
    post_to_pool(r, &r->mail, on_request);
    *out = r;
    return OK;
}

bool job_request_is_answered(const struct job_request *r)
{
    return r->is_answered;
}

enum pool_status job_request_status(const struct job_request *r)
{
    CHECK(r->is_answered);
    return r->run.status;
}

struct span job_request_answer(const struct job_request *r)
{
    CHECK(r->is_answered);
    return buf_span(&r->run.answer);
}

void job_request_release(struct job_request *r)
{
    if (r == NULL)
        return;
    CHECK(!r->is_released);
    r->is_released = true;
    if (r->is_answered)
        free_request(r);
    else
        post_to_pool(r, &r->cancel, on_cancel);
}
