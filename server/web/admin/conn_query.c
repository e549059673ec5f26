#include "web/admin/conn_query.h"

#include "net/net.h"
#include "server.h"

#include <stdlib.h>

enum { REST_MS = 1000 };

/* One loop's part. While its letter is away, `top` is that loop's. */
struct part {
    struct mail mail;
    struct conn_query *query;
    struct conn_top top;
    enum co_result result; /* of its last step */
};

struct conn_query {
    struct server *server;
    struct handle from;
    size_t rows_max;
    const struct conn_row **rows; /* room for rows_max of each loop */
    struct wheel_timer rest;      /* between two walks */
    unsigned away;                /* letters */
    bool wants_more;              /* some loop has to walk once more */
    bool is_done;
    bool is_released;
    unsigned part_count;
    struct part parts[]; /* one for each loop with connections */
};

static void free_query(struct conn_query *q)
{
    if (q->server->conn_query == q)
        q->server->conn_query = NULL;
    for (unsigned i = 0; i < q->part_count; i++)
        conn_top_deinit(&q->parts[i].top);
    free(q->rows);
    free(q);
}

/* --- by mail ----------------------------------------------------------------------------- */

static void end(struct conn_query *q)
{
    struct conn *c = conn_find(&q->server->threads[0].net, q->from);
    q->is_done = true;
    if (c != NULL)
        conn_wake(c);
}

static void on_back(struct mail *m)
{
    struct part *p = container_of(m, struct part, mail);
    struct conn_query *q = p->query;
    q->wants_more |= p->result == CO_WAITING;
    if (--q->away > 0)
        return;
    struct loop *own = &q->server->loops.loops[0];
    if (q->is_released)
        free_query(q);
    else if (q->wants_more)
        wheel_add(&own->sched.wheel, &q->rest, own->now_ms + REST_MS);
    else
        end(q);
}

/* On the part's loop: some more connections, and the rest by another letter to itself. */
static void on_walk(struct mail *m)
{
    struct part *p = container_of(m, struct part, mail);
    struct loop *own = p->top.net->loop, *to = own;
    p->result = conn_top_walk(&p->top);
    if (p->result != CO_READY) {
        p->mail.deliver = on_back;
        to = &p->query->server->loops.loops[0];
    }
    loop_post(own, to, &p->mail);
}

static void walk(struct conn_query *q)
{
    struct loop_set *set = &q->server->loops;
    q->away = q->part_count;
    q->wants_more = false;
    for (unsigned i = 0; i < q->part_count; i++) {
        q->parts[i].mail.deliver = on_walk;
        loop_post(&set->loops[0], &set->loops[i], &q->parts[i].mail);
    }
}

static void on_rested(struct wheel_timer *rest)
{
    walk(container_of(rest, struct conn_query, rest));
}

bool conn_query_is_done(const struct conn_query *q)
{
    return q->is_done;
}

/* --- what was found ---------------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
    const struct conn_row *x = *(const struct conn_row *const *)a;
    const struct conn_row *y = *(const struct conn_row *const *)b;
    return (x->key < y->key) - (x->key > y->key);
}

size_t conn_query_rows(struct conn_query *q, const struct conn_row *const **rows)
{
    size_t count = 0;
    for (unsigned i = 0; i < q->part_count; i++)
        for (size_t k = 0; k < q->parts[i].top.row_count; k++)
            q->rows[count++] = &q->parts[i].top.rows[k];
    if (count > 1)
        qsort(q->rows, count, sizeof(q->rows[0]), by_key);
    *rows = q->rows;
    return count < q->rows_max ? count : q->rows_max;
}

/* --- life -------------------------------------------------------------------------------- */

enum err conn_query_new(struct server *server, struct handle from, enum conn_order order,
                        size_t rows_max, struct conn_query **out)
{
    if (server->conn_query != NULL)
        return ERR_LIMIT;
    unsigned loops = server->net_count;
    struct conn_query *q = calloc(1, sizeof(*q) + loops * sizeof(q->parts[0]));
    if (q == NULL)
        return ERR_NOMEM;
    q->server = server;
    q->from = from;
    q->rows_max = rows_max;
    q->rest.fire = on_rested;
    q->rows = calloc(loops * rows_max, sizeof(struct conn_row *));
    enum err e = q->rows == NULL ? ERR_NOMEM : OK;
    for (; q->part_count < loops && e == OK; q->part_count++) {
        struct part *p = &q->parts[q->part_count];
        p->query = q;
        e = conn_top_init(&p->top, &server->threads[q->part_count].net, order, rows_max);
    }
    if (e != OK) {
        free_query(q);
        return e;
    }
    server->conn_query = q;
    walk(q);
    *out = q;
    return OK;
}

void conn_query_release(struct conn_query *q)
{
    if (q == NULL)
        return;
    q->is_released = true;
    wheel_cancel(&q->rest);
    if (q->away == 0)
        free_query(q);
}
