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
struct loop;
struct server;

enum metric_kind { counter, gauge };

struct metric {
    const char *name;
    enum metric_kind kind;
    const char *help;
    size_t offset; /* in its struct */
};

struct metric_table {
    const struct metric *metrics;
    int count;
};

struct histogram {
    const char *name;
    const char *help;
    size_t offset; /* in struct loop_metrics */
};

extern const struct metric_table admin_loop_metrics; /* in struct loop_metrics */
extern const struct metric_table admin_pool_metrics; /* in struct pool_metrics */
extern const struct histogram admin_histograms[];    /* ends with a zeroed one */

uint64_t admin_metric(const void *metrics, const struct metric *m);
const struct hist *admin_histogram(const struct loop *l, const struct histogram *h);

long admin_resident_bytes(void); /* 0: not known */
uint64_t admin_uptime_seconds(const struct server *s);
uint64_t admin_stalls(const struct server *s);

/* Answers with `value`, which is taken over, or 503 if it is NULL or cannot be written. */
void admin_answer_json(struct conn *c, struct http_session *s, json_t *value);

/* A number of the request's query, in *value, which stays as it is where there is none. False: it
 * is no number, or above `max`. */
bool admin_query_number(struct span query, const char *name, uint64_t *value, uint64_t max);
