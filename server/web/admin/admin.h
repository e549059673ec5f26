/* What the pages of the admin listener share with each other alone: the tables of what is counted,
 * and how JSON is answered. */
#pragma once

#include "core/metrics.h"
#include "simul/span.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conn;
struct http_session;
struct server;

enum metric_kind { counter, gauge };

/* A row of a list of metrics.h. One with a name begins a metric; one with a field is a value of the
 * metric begun last, where its label has `value`. Most are both. */
struct metric {
    const char *name;  /* NULL: it goes on with another value */
    const char *field; /* NULL: its values follow */
    enum metric_kind kind;
    const char *label; /* NULL: it has none but the loop */
    const char *help;
    const char *value;
    size_t offset; /* of the field in its struct */
};

struct metric_table {
    const struct metric *metrics;
    int count;
};

struct histogram {
    const char *name;
    const char *help;
    size_t offset;
};

extern const struct metric_table admin_loop_metrics; /* in struct loop_metrics */
extern const struct metric_table admin_pool_metrics; /* in struct pool_metrics */
extern const struct metric_table admin_hub_metrics;  /* in struct hub_metrics */
/* Both end with a zeroed one. */
extern const struct histogram admin_loop_histograms[];
extern const struct histogram admin_pool_histograms[];

/* Of that struct. */
uint64_t admin_metric(const void *metrics, const struct metric *m);
const struct hist *admin_histogram(const void *metrics, const struct histogram *h);

uint64_t admin_uptime_seconds(const struct server *s);
uint64_t admin_stalls(const struct server *s);

/* Answers with `value`, which is taken over, or 503 if it is NULL or cannot be written. */
void admin_answer_json(struct conn *c, struct http_session *s, json_t *value);

/* A number of the request's query, in *value, which stays as it is where there is none. False: it
 * is no number, or above `max`. */
bool admin_query_number(struct span query, const char *name, uint64_t *value, uint64_t max);
