/* /metrics: every counter and histogram in the text format of Prometheus, version 0.0.4. README.md
 * has a table of them, which a test compares with what is said here. */
#include "chat/chat_loop.h"
#include "chat/hub_service.h"
#include "core/log.h"
#include "core/process.h"
#include "jobs/pool.h"
#include "net/listener.h"
#include "net/net.h"
#include "net/tls/tls.h"
#include "server.h"
#include "web/admin/admin.h"
#include "web/http_session.h"
#include "web/routes.h"

static enum err describe(struct buf *out, const char *name, const char *type, const char *help)
{
    return buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static enum err print_alone(struct buf *out, const char *name, const char *type, const char *help,
                            double value)
{
    enum err e = describe(out, name, type, help);
    return e == OK ? buf_printf(out, "%s %.15g\n", name, value) : e;
}

/* --- tables ------------------------------------------------------------------------------ */

/* Structs that a table describes: one, or one for each loop. */
struct source {
    const void *first;
    size_t stride; /* from one to the next; 0: there is no other */
    unsigned count;
};

static struct source loop_source(const struct server *s)
{
    return (struct source){&s->loops.loops[0].metrics, sizeof(struct loop), s->loops.count};
}

static const void *source_at(const struct source *s, unsigned i)
{
    return (const char *)s->first + s->stride * i;
}

/* The labels of a sample, each with a comma behind it. */
static void name_labels(char *out, size_t bytes, const struct source *s, unsigned loop,
                        const char *label, const char *value)
{
    char by_loop[24] = "", by_value[64] = "";
    if (s->stride > 0)
        snprintf(by_loop, sizeof(by_loop), "loop=\"%u\",", loop);
    if (value != NULL)
        snprintf(by_value, sizeof(by_value), "%s=\"%s\",", label, value);
    snprintf(out, bytes, "%s%s", by_loop, by_value);
}

static enum err print_value(struct buf *out, const char *name, const char *label,
                            const struct metric *m, const struct source *s)
{
    enum err e = OK;
    char labels[96];
    for (unsigned i = 0; i < s->count && e == OK; i++) {
        name_labels(labels, sizeof(labels), s, i, label, m->value);
        size_t len = strlen(labels);
        unsigned long long value = admin_metric(source_at(s, i), m);
        if (len == 0)
            e = buf_printf(out, "%s %llu\n", name, value);
        else
            e = buf_printf(out, "%s{%.*s} %llu\n", name, (int)len - 1, labels, value);
    }
    return e;
}

static enum err print_table(struct buf *out, const struct metric_table *table, struct source s)
{
    enum err e = OK;
    const struct metric *begun = NULL;
    char name[64];
    for (const struct metric *m = table->metrics; m < table->metrics + table->count && e == OK;
         m++) {
        if (m->name != NULL) {
            begun = m;
            snprintf(name, sizeof(name), "simul_%s%s", m->name, m->kind == counter ? "_total" : "");
            e = describe(out, name, m->kind == counter ? "counter" : "gauge", m->help);
        }
        if (e == OK && m->field != NULL)
            e = print_value(out, name, begun->label, m, &s);
    }
    return e;
}

/* --- histograms -------------------------------------------------------------------------- */

enum { BOUND_MIN = 10, BOUND_MAX = 32 }; /* powers of two, in nanoseconds */

/* Buckets of powers of four from 1 microsecond (1,024 ns) to 4 seconds, whose bounds are those of
 * the histogram's own. What there is more of comes last, since its loop goes on counting. */
static enum err print_hist(struct buf *out, const char *name, const char *labels,
                           const struct hist *h)
{
    enum err e = OK;
    uint64_t count = 0, from = 0;
    for (int power = BOUND_MIN; power <= BOUND_MAX && e == OK; power += 2) {
        uint64_t bound = (uint64_t)1 << power;
        count += hist_count_between(h, from, bound);
        from = bound;
        e = buf_printf(out, "simul_%s_seconds_bucket{%sle=\"%.9g\"} %llu\n", name, labels,
                       (double)bound / 1e9, (unsigned long long)count);
    }
    if (e != OK)
        return e;
    count += hist_count_from(h, from);
    size_t len = strlen(labels);
    const char *open = len == 0 ? "" : "{", *close = len == 0 ? "" : "}";
    int shown = len == 0 ? 0 : (int)len - 1;
    return buf_printf(out,
                      "simul_%s_seconds_bucket{%sle=\"+Inf\"} %llu\n"
                      "simul_%s_seconds_sum%s%.*s%s %.9g\n"
                      "simul_%s_seconds_count%s%.*s%s %llu\n",
                      name, labels, (unsigned long long)count, name, open, shown, labels, close,
                      (double)metric_get(&h->sum) / 1e9, name, open, shown, labels, close,
                      (unsigned long long)count);
}

static enum err print_histograms(struct buf *out, const struct histogram *table, struct source s)
{
    enum err e = OK;
    for (const struct histogram *h = table; h->name != NULL && e == OK; h++) {
        char name[64], labels[32];
        snprintf(name, sizeof(name), "simul_%s_seconds", h->name);
        e = describe(out, name, "histogram", h->help);
        for (unsigned i = 0; i < s.count && e == OK; i++) {
            name_labels(labels, sizeof(labels), &s, i, NULL, NULL);
            e = print_hist(out, h->name, labels, admin_histogram(source_at(&s, i), h));
        }
    }
    return e;
}

/* --- what no table has ------------------------------------------------------------------- */

static enum err print_listener_metric(struct buf *out, const struct server *s, const char *name,
                                      const char *type, const char *help, size_t offset)
{
    enum err e = describe(out, name, type, help);
    for (unsigned i = 0; i < s->net_count && e == OK; i++) {
        const struct net *n = &s->threads[i].net;
        for (const struct listener *l = n->listeners;
             l < n->listeners + n->listener_count && e == OK; l++)
            e = buf_printf(out, "%s{loop=\"%u\",listener=\"%s\"} %llu\n", name, i, l->name,
                           (unsigned long long)metric_get(
                               (const _Atomic uint64_t *)(const void *)((const char *)l + offset)));
    }
    return e;
}

static enum err print_listeners(struct buf *out, const struct server *s)
{
    enum err e =
        print_listener_metric(out, s, "simul_listener_connections", "gauge",
                              "Open connections, by listener", offsetof(struct listener, open));
    return e != OK ? e
                   : print_listener_metric(out, s, "simul_listener_accepted_total", "counter",
                                           "Connections accepted, by listener",
                                           offsetof(struct listener, accepted));
}

static enum err print_session_metric(struct buf *out, const struct server *s, const char *name,
                                     const char *type, const char *help, size_t offset,
                                     double scale)
{
    enum err e = describe(out, name, type, help);
    for (unsigned i = 0; i < s->net_count && e == OK; i++) {
        const struct session_time *times = s->threads[i].net.times.of;
        for (const struct session_time *t = times; t < times + SESSION_TYPES_MAX && e == OK; t++) {
            const struct session_type *session =
                atomic_load_explicit(&t->type, memory_order_acquire);
            if (session == NULL)
                break;
            uint64_t value =
                metric_get((const _Atomic uint64_t *)(const void *)((const char *)t + offset));
            e = buf_printf(out, "%s{loop=\"%u\",session=\"%s\"} %.15g\n", name, i, session->name,
                           (double)value * scale);
        }
    }
    return e;
}

static enum err print_sessions(struct buf *out, const struct server *s)
{
    enum err e =
        print_session_metric(out, s, "simul_session_connections", "gauge",
                             "Open connections, by the kind of session that speaks their protocol",
                             offsetof(struct session_time, open), 1);
    if (e == OK)
        e = print_session_metric(out, s, "simul_session_resumes_total", "counter",
                                 "Resumes of such sessions", offsetof(struct session_time, resumes),
                                 1);
    if (e == OK)
        e = print_session_metric(out, s, "simul_session_seconds_total", "counter",
                                 "Time that resumes of such sessions have taken",
                                 offsetof(struct session_time, ns), 1e-9);
    return e;
}

static enum err print_queues(struct buf *out, const struct server *s)
{
    static const char name[] = "simul_chat_deliveries_waiting";
    enum err e = describe(out, name, "gauge",
                          "Deliveries of the hub that a loop has yet to work off, by their cost");
    for (unsigned i = 0; i < s->net_count && e == OK; i++)
        e = buf_printf(out, "%s{loop=\"%u\"} %u\n", name, i,
                       atomic_load_explicit(&s->threads[i].net.chat->queued, memory_order_relaxed));
    return e;
}

static enum err print_certificates(struct buf *out, const struct server *s)
{
    static const char name[] = "simul_tls_certificate_expiry_timestamp_seconds";
    struct tls_certificate all[TLS_CERTIFICATES_MAX];
    size_t count = tls_store_certificates(s->tls, all);
    if (count == 0)
        return OK;
    enum err e =
        describe(out, name, "gauge", "When a certificate in force, or one of its chain, expires");
    for (size_t i = 0; i < count && e == OK; i++)
        e = buf_printf(out, "%s{name=\"%s\"} %lld\n", name, all[i].name,
                       (long long)all[i].not_after_s);
    return e;
}

/* --- the server and its process ---------------------------------------------------------- */

static enum err print_server(struct buf *out, const struct server *s)
{
    const struct {
        const char *name, *type, *help;
        uint64_t value;
    } all[] = {
        {"simul_uptime_seconds", "gauge", "Time since the start", admin_uptime_seconds(s)},
        {"simul_ready", "gauge", "Whether /readyz says so: 0 while the server drains",
         !s->draining},
        {"simul_loops", "gauge",
         "Loops with connections; if there are several, the hub has one more", s->net_count},
        {"simul_connections_limit", "gauge", "limits.connections",
         (uint64_t)s->config->limits.connections},
        {"simul_memory_limit_bytes", "gauge", "limits.memory_bytes, for simul_held_bytes",
         (uint64_t)s->config->limits.memory_bytes},
        {"simul_log_lines_dropped_total", "counter", "Log lines that could not be written in time",
         log_dropped()},
        {"simul_loop_stalls_total", "counter", "Loops that were stuck for watchdog_ms",
         admin_stalls(s)},
    };
    enum err e = buf_printf(out,
                            "# HELP simul_build_info The program that runs\n"
                            "# TYPE simul_build_info gauge\n"
                            "simul_build_info{version=\"%s\"} 1\n",
                            SIMUL_VERSION);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]) && e == OK; i++)
        e = print_alone(out, all[i].name, all[i].type, all[i].help, (double)all[i].value);
    return e;
}

static enum err print_reloads(struct buf *out, const struct server *s)
{
    enum err e = describe(out, "simul_config_reloads_total", "counter",
                          "Reloads of the configuration, and those that left the old one in force");
    if (e == OK)
        e = buf_printf(out,
                       "simul_config_reloads_total{result=\"done\"} %llu\n"
                       "simul_config_reloads_total{result=\"failed\"} %llu\n",
                       (unsigned long long)s->reloads.done, (unsigned long long)s->reloads.failed);
    if (e == OK)
        e = print_alone(out, "simul_config_last_reload_successful", "gauge",
                        "0 if the last reload failed", !s->reloads.has_failed);
    return e != OK ? e
                   : print_alone(out, "simul_config_last_reload_success_timestamp_seconds", "gauge",
                                 "When the configuration in force was read, since 1970",
                                 (double)s->reloads.done_ms / 1e3);
}

/* In the names that client libraries of Prometheus give them. */
static enum err print_process(struct buf *out, const struct server *s)
{
    const struct process p = process_read();
    double open = p.descriptors > 0
                      ? (double)p.descriptors
                      : (double)s->own_descriptors +
                            atomic_load_explicit(&s->open_total, memory_order_relaxed);
    const struct {
        const char *name, *type, *help;
        double value;
    } all[] = {
        {"process_cpu_seconds_total", "counter", "Processor time, user and system", p.cpu_seconds},
        {"process_start_time_seconds", "gauge", "When the process was started, since 1970",
         p.start_seconds},
        {"process_resident_memory_bytes", "gauge", "Resident memory", (double)p.resident_bytes},
        {"process_virtual_memory_bytes", "gauge", "Virtual memory", (double)p.virtual_bytes},
        {"process_open_fds", "gauge", "Open file descriptors", open},
        {"process_max_fds", "gauge", "Most file descriptors that may be open",
         (double)p.descriptors_max},
        {"process_threads", "gauge", "Threads", (double)p.threads},
    };
    enum err e = OK;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]) && e == OK; i++)
        e = print_alone(out, all[i].name, all[i].type, all[i].help, all[i].value);
    return e;
}

static enum err print_pool(struct buf *out, const struct server *s)
{
    if (s->pool == NULL)
        return OK;
    const struct source pool = {.first = pool_metrics(s->pool), .count = 1};
    enum err e = print_table(out, &admin_pool_metrics, pool);
    return e == OK ? print_histograms(out, admin_pool_histograms, pool) : e;
}

static enum err print_loops(struct buf *out, const struct server *s)
{
    enum err e = print_table(out, &admin_loop_metrics, loop_source(s));
    return e == OK ? print_histograms(out, admin_loop_histograms, loop_source(s)) : e;
}

static enum err print_hub(struct buf *out, const struct server *s)
{
    const struct source hub = {.first = hub_service_metrics(s->hub), .count = 1};
    return print_table(out, &admin_hub_metrics, hub);
}

enum co_result route_metrics(struct conn *c, struct http_session *s)
{
    static enum err (*const parts[])(struct buf *, const struct server *) = {
        print_server,   print_reloads, print_process, print_loops, print_listeners,
        print_sessions, print_hub,     print_queues,  print_pool,  print_certificates,
    };
    struct buf text = {0};
    enum err e = OK;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && e == OK; i++)
        e = parts[i](&text, conn_net(c)->server);
    if (e == OK)
        http_answer(c, s, 200, "text/plain; version=0.0.4; charset=utf-8", buf_span(&text));
    else
        http_refuse(c, s, 503, "out of memory");
    buf_deinit(&text);
    return CO_DONE;
}
