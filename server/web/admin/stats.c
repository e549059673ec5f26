/* /stats: every counter as JSON. */
#include "chat/hub_service.h"
#include "core/log.h"
#include "core/process.h"
#include "jobs/landlock.h"
#include "jobs/pool.h"
#include "jobs/syscall_filter.h"
#include "net/net.h"
#include "server.h"
#include "web/admin/admin.h"
#include "web/routes.h"

#include <unistd.h>

static json_t *json_metrics(const void *metrics, const struct metric_table *table)
{
    json_t *o = json_object();
    for (const struct metric *m = table->metrics; m < table->metrics + table->count; m++)
        if (m->field != NULL)
            json_object_set_new(o, m->field, json_integer((json_int_t)admin_metric(metrics, m)));
    return o;
}

static json_t *json_stats(const struct server *s)
{
    json_t *loops = json_array();
    for (unsigned i = 0; i < s->net_count; i++) {
        json_t *o = json_metrics(&s->loops.loops[i].metrics, &admin_loop_metrics);
        json_object_set_new(o, "index", json_integer(i));
        json_array_append_new(loops, o);
    }
    json_t *hub = json_metrics(hub_service_metrics(s->hub), &admin_hub_metrics);
    json_t *pool =
        s->pool == NULL ? json_null() : json_metrics(pool_metrics(s->pool), &admin_pool_metrics);
    const struct process p = process_read();
    json_t *confinement = json_pack("{s:b, s:b}", "landlock", (int)landlock_is_possible(),
                                    "seccomp", (int)syscall_filter_is_possible());
    return json_pack("{s:s, s:i, s:I, s:b, s:I, s:I, s:I, s:o, s:o, s:o, s:o}", "version",
                     SIMUL_VERSION, "pid", (int)getpid(), "uptime_seconds",
                     (json_int_t)admin_uptime_seconds(s), "draining", (int)s->draining,
                     "resident_bytes", (json_int_t)p.resident_bytes, "log_lines_dropped",
                     (json_int_t)log_dropped(), "loop_stalls", (json_int_t)admin_stalls(s), "loops",
                     loops, "hub", hub, "jobs", pool, "confinement", confinement);
}

enum co_result route_stats(struct conn *c, struct http_session *s)
{
    admin_answer_json(c, s, json_stats(conn_net(c)->server));
    return CO_DONE;
}
