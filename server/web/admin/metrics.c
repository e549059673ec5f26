/* /metrics: every counter and histogram in the text format of Prometheus, version 0.0.4. */
#include "core/log.h"
#include "jobs/pool.h"
#include "net/net.h"
#include "server.h"
#include "web/admin/admin.h"
#include "web/http_session.h"
#include "web/routes.h"

static const char *suffix(const struct metric *m)
{
    return m->kind == counter ? "_total" : "";
}

static enum err describe(struct buf *out, const struct metric *m)
{
    return buf_printf(out, "# HELP simul_%s%s %s\n# TYPE simul_%s%s %s\n", m->name, suffix(m),
                      m->help, m->name, suffix(m), m->kind == counter ? "counter" : "gauge");
}

static enum err print_loop_metrics(struct buf *out, const struct server *s)
{
    enum err e = OK;
    for (int i = 0; i < admin_loop_metrics.count && e == OK; i++) {
        const struct metric *m = &admin_loop_metrics.metrics[i];
        e = describe(out, m);
        for (unsigned k = 0; k < s->net_count && e == OK; k++)
            e = buf_printf(out, "simul_%s%s{loop=\"%u\"} %llu\n", m->name, suffix(m), k,
                           (unsigned long long)admin_metric(&s->loops.loops[k].metrics, m));
    }
    return e;
}

/* Buckets of powers of four from 1 microsecond (1,024 ns) to 4 seconds, whose bounds are those of
 * the histogram's own. */
static enum err print_hist(struct buf *out, const char *name, unsigned loop, const struct hist *h)
{
    enum err e = OK;
    for (int power = 10; power <= 32 && e == OK; power += 2) {
        uint64_t bound = (uint64_t)1 << power;
        e = buf_printf(out, "simul_%s_seconds_bucket{loop=\"%u\",le=\"%.9g\"} %llu\n", name, loop,
                       (double)bound / 1e9, (unsigned long long)hist_count_below(h, bound));
    }
    if (e != OK)
        return e;
    uint64_t total = hist_total(h); /* the last, since its loop goes on counting */
    return buf_printf(out,
                      "simul_%s_seconds_bucket{loop=\"%u\",le=\"+Inf\"} %llu\n"
                      "simul_%s_seconds_sum{loop=\"%u\"} %.9g\n"
                      "simul_%s_seconds_count{loop=\"%u\"} %llu\n",
                      name, loop, (unsigned long long)total, name, loop,
                      (double)metric_get(&h->sum) / 1e9, name, loop, (unsigned long long)total);
}

static enum err print_histograms(struct buf *out, const struct server *s)
{
    enum err e = OK;
    for (const struct histogram *h = admin_histograms; h->name != NULL && e == OK; h++) {
        e = buf_printf(out, "# HELP simul_%s_seconds %s\n# TYPE simul_%s_seconds histogram\n",
                       h->name, h->help, h->name);
        for (unsigned k = 0; k < s->net_count && e == OK; k++)
            e = print_hist(out, h->name, k, admin_histogram(&s->loops.loops[k], h));
    }
    return e;
}

static enum err print_pool_metrics(struct buf *out, const struct server *s)
{
    enum err e = OK;
    for (int i = 0; s->pool != NULL && i < admin_pool_metrics.count && e == OK; i++) {
        const struct metric *m = &admin_pool_metrics.metrics[i];
        e = describe(out, m);
        if (e == OK)
            e = buf_printf(out, "simul_%s%s %llu\n", m->name, suffix(m),
                           (unsigned long long)admin_metric(pool_metrics(s->pool), m));
    }
    return e;
}

static enum err print_process(struct buf *out, const struct server *s)
{
    return buf_printf(out,
                      "# HELP simul_build_info The program that runs\n"
                      "# TYPE simul_build_info gauge\n"
                      "simul_build_info{version=\"%s\"} 1\n"
                      "# HELP simul_uptime_seconds Time since the start\n"
                      "# TYPE simul_uptime_seconds gauge\n"
                      "simul_uptime_seconds %llu\n"
                      "# HELP simul_log_lines_dropped_total Log lines lost to a slow reader\n"
                      "# TYPE simul_log_lines_dropped_total counter\n"
                      "simul_log_lines_dropped_total %llu\n"
                      "# HELP simul_loop_stalls_total Loops that were stuck for watchdog_ms\n"
                      "# TYPE simul_loop_stalls_total counter\n"
                      "simul_loop_stalls_total %llu\n"
                      "# HELP process_resident_memory_bytes Resident memory\n"
                      "# TYPE process_resident_memory_bytes gauge\n"
                      "process_resident_memory_bytes %ld\n",
                      SIMUL_VERSION, (unsigned long long)admin_uptime_seconds(s),
                      (unsigned long long)log_dropped(), (unsigned long long)admin_stalls(s),
                      admin_resident_bytes());
}

enum co_result route_metrics(struct conn *c, struct http_session *s)
{
    const struct server *server = conn_net(c)->server;
    struct buf text = {0};
    enum err e = print_process(&text, server);
    if (e == OK)
        e = print_loop_metrics(&text, server);
    if (e == OK)
        e = print_histograms(&text, server);
    if (e == OK)
        e = print_pool_metrics(&text, server);
    if (e == OK)
        http_answer(c, s, 200, "text/plain; version=0.0.4; charset=utf-8", buf_span(&text));
    else
        http_refuse(c, s, 503, "out of memory");
    buf_deinit(&text);
    return CO_DONE;
}
