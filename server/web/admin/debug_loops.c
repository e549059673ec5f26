/* /debug/loops: where the time went. */
#include "net/net.h"
#include "server.h"
#include "web/admin/admin.h"
#include "web/routes.h"

static json_t *json_times(const struct net *n)
{
    json_t *all = json_array();
    for (const struct session_time *t = n->times; t < n->times + SESSION_TYPES_MAX; t++) {
        const struct session_type *type = atomic_load_explicit(&t->type, memory_order_acquire);
        if (type == NULL)
            break;
        json_array_append_new(all, json_pack("{s:s, s:I, s:f}", "session", type->name, "resumes",
                                             (json_int_t)metric_get(&t->resumes), "seconds",
                                             (double)metric_get(&t->ns) / 1e9));
    }
    return all;
}

static json_t *json_quantiles(const struct hist *h)
{
    return json_pack("{s:I, s:f, s:f, s:f}", "count", (json_int_t)hist_total(h), "p50_us",
                     (double)hist_quantile(h, 0.5) / 1e3, "p99_us",
                     (double)hist_quantile(h, 0.99) / 1e3, "max_us",
                     (double)hist_quantile(h, 1.0) / 1e3);
}

enum co_result route_debug_loops(struct conn *c, struct http_session *s)
{
    const struct server *server = conn_net(c)->server;
    json_t *loops = json_array();
    for (unsigned i = 0; i < server->net_count; i++) {
        const struct loop *l = &server->loops.loops[i];
        json_t *o = json_pack("{s:i, s:o}", "index", (int)i, "sessions",
                              json_times(&server->threads[i].net));
        for (const struct histogram *h = admin_histograms; h->name != NULL; h++)
            json_object_set_new(o, h->name, json_quantiles(admin_histogram(l, h)));
        json_array_append_new(loops, o);
    }
    admin_answer_json(c, s, loops);
    return CO_DONE;
}
