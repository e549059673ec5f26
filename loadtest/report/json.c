#include "report/json.h"

#include "report/expect.h"
#include "report/figure.h"
#include "report/percentile.h"
#include "report/run.h"
#include "report/value.h"
#include "scenario/scenario.h"

#include <jansson.h>

/* --- sections ---------------------------------------------------------------------------- */

static json_t *of_plan(const struct plan *p)
{
    return json_pack(
        "{s:I, s:i, s:i, s:f, s:f, s:f, s:f, s:I, s:I, s:I, s:f, s:I, s:b, s:I, s:I, s:I, s:f, "
        "s:b, s:b}",
        "connections", (json_int_t)p->connections, "threads", (int)p->threads, "processes",
        (int)p->processes, "connect_rate", p->connect_rate, "warm_up_s",
        (double)p->warm_up_ns / 1e9, "duration_s", (double)p->duration_ns / 1e9, "timeout_s",
        (double)p->timeout_ns / 1e9, "messages_max", (json_int_t)p->messages_max, "size_min",
        (json_int_t)p->size_min, "size_max", (json_int_t)p->size_max, "rate", p->rate, "in_flight",
        (json_int_t)p->in_flight, "binary", p->binary, "rooms", (json_int_t)p->rooms, "members",
        (json_int_t)p->members, "publishers", (json_int_t)p->publishers, "churn", p->churn, "words",
        p->words, "deflate", p->deflate);
}

static json_t *of_urls(const struct plan *p)
{
    json_t *out = json_array();
    bool ok = out != NULL;
    for (unsigned i = 0; i < p->url_count && ok; i++) {
        char text[URL_HOST_BYTES + URL_TARGET_BYTES + 32];
        url_print(&p->urls[i], text, sizeof(text));
        ok = json_array_append_new(out, value_of_text(text)) == 0;
    }
    return value_only_if(ok, out);
}

static bool put_figures(json_t *root, const struct run *run)
{
    bool ok = true;
    for (size_t i = 0; i < FIGURE_KINDS && ok; i++)
        ok = value_put(root, FIGURES[i].name,
                       value_of_figure(&FIGURES[i], figure_of(&FIGURES[i], run)));
    return ok;
}

static json_t *of_expectations(const struct run *run)
{
    json_t *out = json_array();
    bool ok = out != NULL;
    for (unsigned i = 0; i < run->plan->expect_count && ok; i++) {
        struct expect e;
        const char *why;
        double seen;
        /* The program refuses to start with one that cannot be read. */
        if (expect_parse(run->plan->expects[i], &e, &why) != OK)
            continue;
        bool holds = expect_holds(&e, run, &seen);
        json_t *row = json_pack("{s:o, s:b, s:o}", "text", value_of_text(e.text), "holds", holds,
                                "value", value_of_figure(e.figure, seen));
        ok = json_array_append_new(out, row) == 0;
    }
    return value_only_if(ok, out);
}

static json_t *of_counts(const uint64_t counts[COUNT_KINDS])
{
    json_t *out = json_object();
    return value_only_if(out != NULL && value_put_counts(out, counts), out);
}

static json_t *of_faults(const struct run *run)
{
    json_t *out = json_object();
    bool ok = out != NULL;
    for (unsigned i = 0; i < FAULT_KINDS && ok; i++)
        ok = value_put(out, fault_name(i), value_of_count(run->faults[i]));
    return value_only_if(ok, out);
}

static json_t *of_reasons(const struct run *run)
{
    json_t *out = json_array();
    bool ok = out != NULL;
    for (unsigned i = 0; i < run->reason_count && ok; i++) {
        json_t *row = json_pack("{s:o, s:I}", "text", value_of_text(run->reasons[i].text), "count",
                                (json_int_t)run->reasons[i].count);
        ok = json_array_append_new(out, row) == 0;
    }
    return value_only_if(ok, out);
}

static json_t *of_timing(const struct hist *h)
{
    struct percentiles p;
    percentiles_of(h, &p);
    if (p.count == 0)
        return json_null();
    json_t *points = json_array();
    bool ok = points != NULL;
    for (size_t i = 0; i < p.count && ok; i++)
        ok = json_array_append_new(points, json_pack("[f, f]", p.points[i].share,
                                                     p.points[i].ns / VALUE_NS_OF_US)) == 0;
    return json_pack(
        "{s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:o}", "count", (json_int_t)hist_total(h), "mean",
        hist_mean(h) / VALUE_NS_OF_US, "p50", (double)hist_quantile(h, 0.5) / VALUE_NS_OF_US, "p90",
        (double)hist_quantile(h, 0.9) / VALUE_NS_OF_US, "p99",
        (double)hist_quantile(h, 0.99) / VALUE_NS_OF_US, "p99.9",
        (double)hist_quantile(h, 0.999) / VALUE_NS_OF_US, "max",
        (double)hist_quantile(h, 1) / VALUE_NS_OF_US, "percentiles", value_only_if(ok, points));
}

static json_t *of_timings(const struct run *run)
{
    json_t *out = json_object();
    bool ok = out != NULL;
    for (unsigned i = 0; i < TIMING_KINDS && ok; i++)
        ok = value_put(out, timing_name(i), of_timing(&run->timings[i]));
    return value_only_if(ok, out);
}

static json_t *of_server(const struct run *run)
{
    if (run->plan->server_pid == 0)
        return json_null();
    return json_pack("{s:i, s:I, s:I, s:I, s:f}", "pid", run->plan->server_pid,
                     "memory_begin_bytes", (json_int_t)run->server_memory_begin_bytes,
                     "memory_open_bytes", (json_int_t)run->server_memory_open_bytes,
                     "memory_max_bytes", (json_int_t)run->server_memory_max_bytes, "cpu_us",
                     (double)run->server_cpu_ns / VALUE_NS_OF_US);
}

static json_t *of_samples(const struct run *run)
{
    json_t *out = json_array();
    bool ok = out != NULL;
    for (size_t i = 0; i < run->sample_count && ok; i++)
        ok = json_array_append_new(out, value_of_sample(&run->samples[i])) == 0;
    return value_only_if(ok, out);
}

static json_t *of_run(const struct run *run)
{
    const struct plan *plan = run->plan;
    json_t *out =
        json_pack("{s:i, s:s, s:s, s:o, s:o, s:o, s:s, s:f, s:f, s:b}", "schema", JSON_SCHEMA,
                  "program", "simul-load " SIMUL_VERSION, "scenario", plan->scenario->name, "urls",
                  of_urls(plan), "command", value_of_text(plan->command_line), "began",
                  value_of_time(run->began_unix_s), "time_unit", "us", "seconds", run->seconds,
                  "measured_seconds", run->measured_seconds, "interrupted", run->was_interrupted);
    bool ok = out != NULL && put_figures(out, run);
    ok = ok && value_put(out, "expectations", of_expectations(run));
    ok = ok && value_put(out, "errors_by_kind", of_faults(run));
    ok = ok && value_put(out, "reasons", of_reasons(run));
    ok = ok && value_put(out, "counts", of_counts(run->counts));
    ok = ok && value_put(out, "totals", of_counts(run->totals));
    ok = ok && value_put(out, "open_max", value_of_count(run->open_max));
    ok = ok && value_put(out, "load_cpu_us", json_real((double)run->cpu_ns / VALUE_NS_OF_US));
    ok = ok && value_put(out, "load_cpu_measured_us",
                         json_real((double)run->measured_cpu_ns / VALUE_NS_OF_US));
    ok = ok && value_put(out, "server", of_server(run));
    ok = ok && value_put(out, "plan", of_plan(plan));
    ok = ok && value_put(out, "timings", of_timings(run));
    ok = ok && value_put(out, "samples", of_samples(run));
    return value_only_if(ok, out);
}

/* --- writing ----------------------------------------------------------------------------- */

/* Containers are broken over lines down to a depth, so that a second is a line: good for people,
 * and for diff and grep. */
enum { DEPTH_BROKEN = 2, INLINE_FLAGS = JSON_ENCODE_ANY | JSON_REAL_PRECISION(12) };

static bool write_value(json_t *value, unsigned depth, FILE *out);

/* What stands before a member of a container, and behind the last one. */
static void write_break(bool is_first, unsigned depth, FILE *out)
{
    fprintf(out, "%s\n%*s", is_first ? "" : ",", (int)(2 * depth), "");
}

static bool write_object(json_t *object, unsigned depth, FILE *out)
{
    const char *key;
    json_t *value;
    bool is_first = true, ok = true;
    fputc('{', out);
    json_object_foreach(object, key, value)
    {
        write_break(is_first, depth + 1, out);
        /* Every key is a name of ours, and none needs to be escaped. */
        fprintf(out, "\"%s\": ", key);
        ok = ok && write_value(value, depth + 1, out);
        is_first = false;
    }
    fprintf(out, "\n%*s}", (int)(2 * depth), "");
    return ok;
}

static bool write_array(const json_t *array, unsigned depth, FILE *out)
{
    bool ok = true;
    fputc('[', out);
    for (size_t i = 0; i < json_array_size(array) && ok; i++) {
        write_break(i == 0, depth + 1, out);
        ok = write_value(json_array_get(array, i), depth + 1, out);
    }
    fprintf(out, "\n%*s]", (int)(2 * depth), "");
    return ok;
}

static bool write_value(json_t *value, unsigned depth, FILE *out)
{
    if (depth < DEPTH_BROKEN && json_object_size(value) > 0)
        return write_object(value, depth, out);
    if (depth < DEPTH_BROKEN && json_array_size(value) > 0)
        return write_array(value, depth, out);
    return json_dumpf(value, out, INLINE_FLAGS) == 0;
}

enum err json_write(const struct run *run, FILE *out)
{
    json_t *root = of_run(run);
    if (root == NULL)
        return ERR_NOMEM;
    bool ok = write_value(root, 0, out);
    json_decref(root);
    fputc('\n', out);
    if (fflush(out) != 0 || ferror(out))
        return ERR_IO;
    return ok ? OK : ERR_NOMEM;
}
