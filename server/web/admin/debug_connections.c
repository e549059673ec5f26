/* /debug/connections?top=out_bytes|age|rate&n=20: those connections that have the most queued, have
 * been here longest, or move the most bytes (which takes a second to see), with what the kernel
 * knows of them. */
#include "net/net.h"
#include "server.h"
#include "web/admin/admin.h"
#include "web/admin/conn_query.h"
#include "web/http_session.h"
#include "web/routes.h"

#include <string.h>

enum { ROWS = 20 };

static const char *const ORDERS[] = {
    [BY_OUT_BYTES] = "out_bytes",
    [BY_AGE] = "age",
    [BY_RATE] = "rate",
};
enum { ORDER_COUNT = sizeof(ORDERS) / sizeof(ORDERS[0]) };

static bool read_order(struct span query, enum conn_order *order)
{
    char text[16] = "out_bytes"; /* if it is not said */
    enum err e = http_query_get(query, "top", text, sizeof(text));
    for (int i = 0; i < ORDER_COUNT && (e == OK || e == ERR_UNKNOWN); i++)
        if (strcmp(text, ORDERS[i]) == 0) {
            *order = (enum conn_order)i;
            return true;
        }
    return false;
}

static json_t *json_tcp(const struct tcp_stat *t)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "rtt_us",
                     (json_int_t)t->rtt_us, "rttvar_us", (json_int_t)t->rttvar_us, "retransmits",
                     (json_int_t)t->retransmits, "retransmitting", (json_int_t)t->retransmitting,
                     "unacked_segments", (json_int_t)t->unacked, "unsent_bytes",
                     (json_int_t)t->unsent_bytes, "received_bytes", (json_int_t)t->received_bytes,
                     "acked_bytes", (json_int_t)t->acked_bytes, "delivery_bytes_per_second",
                     (json_int_t)t->delivery_bytes_per_second);
}

static json_t *json_row(const struct conn_row *r, enum conn_order order)
{
    char peer[ADDR_CHARS];
    json_t *o = json_pack(
        "{s:i, s:I, s:s, s:s, s:b, s:s, s:I, s:s, s:s, s:I, s:I, s:I}", "loop", (int)r->handle.loop,
        "slot", (json_int_t)r->handle.slot, "peer", addr_format(&r->peer, peer), "listener",
        r->listener, "tls", (int)r->is_tls, "session", r->session, "line", (json_int_t)r->line,
        "state", r->state, "timer", r->timer, "age_seconds", (json_int_t)r->age_seconds,
        "out_bytes", (json_int_t)r->out_bytes, "in_bytes", (json_int_t)r->in_bytes);
    if (order == BY_RATE)
        json_object_set_new(o, "rate_bytes_per_second", json_integer((json_int_t)r->key));
    json_object_set_new(o, "tcp", r->has_tcp ? json_tcp(&r->tcp) : json_null());
    return o;
}

static void answer(struct conn *c, struct http_session *s)
{
    struct conn_query *q = s->exchange.kept.ptr;
    const struct conn_row *const *rows;
    size_t count = conn_query_rows(q, &rows);
    enum conn_order order;
    CHECK(read_order(s->exchange.request->query, &order)); /* it was, before */
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_row(rows[i], order));
    admin_answer_json(c, s,
                      json_pack("{s:s, s:I, s:o}", "top", ORDERS[order], "open",
                                (json_int_t)conn_net(c)->server->open_total, "connections", list));
}

static void release(void *kept)
{
    conn_query_release(kept);
}

/* False: it was refused. */
static bool begin(struct conn *c, struct http_session *s)
{
    static const struct http_field later = {SPAN("Retry-After"), SPAN("2")}; /* seconds */
    struct span query = s->exchange.request->query;
    enum conn_order order;
    uint64_t rows = ROWS;
    if (!read_order(query, &order) || !admin_query_number(query, "n", &rows, CONN_QUERY_ROWS_MAX) ||
        rows == 0) {
        http_refuse(c, s, 400, "top=out_bytes, top=age or top=rate; n=ROWS (1 to 100)");
        return false;
    }
    struct conn_query *q;
    enum err e = conn_query_new(conn_net(c)->server, conn_handle(c), order, (size_t)rows, &q);
    if (e == OK)
        s->exchange.kept = (struct http_kept){q, release, NULL};
    else if (e == ERR_LIMIT)
        http_answer_with(c, s, 503, NULL, &later, 1, SPAN("somebody else is looking\n"));
    else
        http_refuse(c, s, 503, "out of memory");
    return e == OK;
}

enum co_result route_debug_connections(struct conn *c, struct http_session *s)
{
    struct http_exchange *x = &s->exchange;
    CO_BEGIN(x);
    if (!begin(c, s))
        CO_RETURN;
    conn_set_timer(c, TIMER_NONE);
    CO_AWAIT(conn_query_is_done(x->kept.ptr)); /* woken by the query */
    answer(c, s);
    /* Another may look, even if the rest of this request is long in coming. */
    http_release(s);
    conn_set_timer(c, TIMER_IDLE);
    CO_END;
}
