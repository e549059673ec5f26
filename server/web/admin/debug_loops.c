/* /debug/loops: where the time went, since the start, by stages of a tick and kinds of session. */
#include "net/net.h"
#include "server.h"
#include "web/admin/admin.h"
#include "web/routes.h"

/* Each kind of session with what its coroutines have cost. The lines are of the source that has the
 * coroutine of that name: where the longest resume began, and where it gave way. */
static json_t *json_sessions(const struct net *n)
{
    json_t *all = json_array();
    for (const struct session_time *t = n->times.of; t < n->times.of + SESSION_TYPES_MAX; t++) {
        const struct session_type *type = atomic_load_explicit(&t->type, memory_order_acquire);
        if (type == NULL)
            break;
        json_t *o = json_pack("{s:s, s:I, s:f}", "session", type->name, "resumes",
                              (json_int_t)metric_get(&t->resumes), "seconds",
                              (double)metric_get(&t->ns) / 1e9);
        json_object_set_new(o, "longest",
                            json_pack("{s:f, s:I, s:I}", "us",
                                      (double)metric_get(&t->longest_ns) / 1e3, "from_line",
                                      (json_int_t)t->longest_from, "to_line",
                                      (json_int_t)t->longest_to));
        json_array_append_new(all, o);
    }
    return all;
}

#define STAGE_ROW(name, what) {#name, what},
static const struct {
    const char *name, *what;
} STAGE_TABLE[STAGE_COUNT] = {STAGES(STAGE_ROW)};

static json_t *json_stages(const struct stages *stages)
{
    json_t *all = json_array();
    for (int i = 0; i < STAGE_COUNT; i++)
        json_array_append_new(
            all,
            json_pack("{s:s, s:s, s:f, s:f}", "stage", STAGE_TABLE[i].name, "what",
                      STAGE_TABLE[i].what, "seconds",
                      (double)cycles_to_ns(metric_get(&stages->of[i].cycles)) / 1e9, "longest_us",
                      (double)cycles_to_ns(metric_get(&stages->of[i].longest_cycles)) / 1e3));
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
    for (unsigned i = 0; i < server->loops.count; i++) {
        const struct loop *l = &server->loops.loops[i];
        const struct loop_thread *t = &server->threads[i];
        json_t *o =
            json_pack("{s:i, s:b, s:o, s:o}", "index", (int)i, "runs_hub", (int)t->runs_hub,
                      "sessions", json_sessions(&t->net), "stages", json_stages(&l->stages));
        for (const struct histogram *h = admin_loop_histograms; h->name != NULL; h++)
            json_object_set_new(o, h->name, json_quantiles(admin_histogram(&l->metrics, h)));
        json_array_append_new(loops, o);
    }
    admin_answer_json(c, s, loops);
    return CO_DONE;
}
