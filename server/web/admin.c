/* The admin listener: what the server is doing, for people and for Prometheus. */
#include "core/log.h"
#include "core/watchdog.h"
#include "jobs/pool.h"
#include "net/net.h"
#include "server.h"
#include "web/http_session.h"
#include "web/routes.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum kind { counter, gauge };

struct metric {
    const char *name;
    enum kind kind;
    const char *help;
    size_t offset; /* in its struct */
};

#define LOOP_METRIC(name_, kind_, help_)                                                           \
    {#name_, kind_, help_, offsetof(struct loop_metrics, name_)},
static const struct metric LOOP_TABLE[] = {LOOP_METRICS(LOOP_METRIC)};
enum { LOOP_COUNT = sizeof(LOOP_TABLE) / sizeof(LOOP_TABLE[0]) };

#define POOL_METRIC(name_, kind_, help_)                                                           \
    {#name_, kind_, help_, offsetof(struct pool_metrics, name_)},
static const struct metric POOL_TABLE[] = {POOL_METRICS(POOL_METRIC)};
enum { POOL_COUNT = sizeof(POOL_TABLE) / sizeof(POOL_TABLE[0]) };

static uint64_t value_of(const void *metrics, const struct metric *m)
{
    return metric_get((const _Atomic uint64_t *)(const void *)((const char *)metrics + m->offset));
}

static long resident_bytes(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f == NULL)
        return 0;
    if (fscanf(f, "%*d %ld", &pages) != 1)
        pages = 0;
    fclose(f);
    return pages * sysconf(_SC_PAGESIZE);
}

static uint64_t uptime_seconds(const struct server *s)
{
    return (s->loops.loops[0].wall_ms - s->started_ms) / 1000;
}

static uint64_t stalls(const struct server *s)
{
    return s->watchdog == NULL ? 0 : watchdog_stalls(s->watchdog);
}

/* --- /metrics ---------------------------------------------------------------------------- */

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
    for (int i = 0; i < LOOP_COUNT && e == OK; i++) {
        const struct metric *m = &LOOP_TABLE[i];
        e = describe(out, m);
        for (unsigned k = 0; k < s->net_count && e == OK; k++)
            e = buf_printf(out, "simul_%s%s{loop=\"%u\"} %llu\n", m->name, suffix(m), k,
                           (unsigned long long)value_of(&s->loops.loops[k].metrics, m));
    }
    return e;
}

struct histogram {
    const char *name;
    const char *help;
    size_t offset;
};

#define LOOP_HISTOGRAM(name_, help_) {#name_, help_, offsetof(struct loop_metrics, name_)},
static const struct histogram HISTOGRAMS[] = {LOOP_HISTOGRAMS(LOOP_HISTOGRAM)};
enum { HISTOGRAM_COUNT = sizeof(HISTOGRAMS) / sizeof(HISTOGRAMS[0]) };

static const struct hist *hist_of(const struct loop *l, const struct histogram *h)
{
    return (const struct hist *)(const void *)((const char *)&l->metrics + h->offset);
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
    for (int i = 0; i < HISTOGRAM_COUNT && e == OK; i++) {
        const struct histogram *h = &HISTOGRAMS[i];
        e = buf_printf(out, "# HELP simul_%s_seconds %s\n# TYPE simul_%s_seconds histogram\n",
                       h->name, h->help, h->name);
        for (unsigned k = 0; k < s->net_count && e == OK; k++)
            e = print_hist(out, h->name, k, hist_of(&s->loops.loops[k], h));
    }
    return e;
}

static enum err print_pool_metrics(struct buf *out, const struct server *s)
{
    enum err e = OK;
    for (int i = 0; s->pool != NULL && i < POOL_COUNT && e == OK; i++) {
        const struct metric *m = &POOL_TABLE[i];
        e = describe(out, m);
        if (e == OK)
            e = buf_printf(out, "simul_%s%s %llu\n", m->name, suffix(m),
                           (unsigned long long)value_of(pool_metrics(s->pool), m));
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
                      SIMUL_VERSION, (unsigned long long)uptime_seconds(s),
                      (unsigned long long)log_dropped(), (unsigned long long)stalls(s),
                      resident_bytes());
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

/* --- the others -------------------------------------------------------------------------- */

enum co_result route_livez(struct conn *c, struct http_session *s)
{
    http_answer(c, s, 200, NULL, SPAN("ok\n"));
    return CO_DONE;
}

enum co_result route_readyz(struct conn *c, struct http_session *s)
{
    if (conn_net(c)->server->draining)
        http_refuse(c, s, 503, "draining");
    else
        http_answer(c, s, 200, NULL, SPAN("ok\n"));
    return CO_DONE;
}

static json_t *json_metrics(const void *metrics, const struct metric *table, int count)
{
    json_t *o = json_object();
    for (int i = 0; i < count; i++)
        json_object_set_new(o, table[i].name,
                            json_integer((json_int_t)value_of(metrics, &table[i])));
    return o;
}

static json_t *json_stats(const struct server *s)
{
    json_t *loops = json_array();
    for (unsigned i = 0; i < s->net_count; i++) {
        json_t *o = json_metrics(&s->loops.loops[i].metrics, LOOP_TABLE, LOOP_COUNT);
        json_object_set_new(o, "index", json_integer(i));
        json_array_append_new(loops, o);
    }
    json_t *pool =
        s->pool == NULL ? json_null() : json_metrics(pool_metrics(s->pool), POOL_TABLE, POOL_COUNT);
    return json_pack("{s:s, s:i, s:I, s:b, s:I, s:I, s:I, s:o, s:o}", "version", SIMUL_VERSION,
                     "pid", (int)getpid(), "uptime_seconds", (json_int_t)uptime_seconds(s),
                     "draining", (int)s->draining, "resident_bytes", (json_int_t)resident_bytes(),
                     "log_lines_dropped", (json_int_t)log_dropped(), "loop_stalls",
                     (json_int_t)stalls(s), "loops", loops, "jobs", pool);
}

static void answer_json(struct conn *c, struct http_session *s, json_t *value)
{
    char *text = value == NULL ? NULL : json_dumps(value, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    json_decref(value);
    if (text == NULL)
        http_refuse(c, s, 503, "out of memory");
    else
        http_answer(c, s, 200, "application/json", span_str(text));
    free(text);
}

enum co_result route_stats(struct conn *c, struct http_session *s)
{
    answer_json(c, s, json_stats(conn_net(c)->server));
    return CO_DONE;
}

/* --- /debug/loops: where the time went --------------------------------------------------- */

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
        for (int k = 0; k < HISTOGRAM_COUNT; k++)
            json_object_set_new(o, HISTOGRAMS[k].name, json_quantiles(hist_of(l, &HISTOGRAMS[k])));
        json_array_append_new(loops, o);
    }
    answer_json(c, s, loops);
    return CO_DONE;
}
