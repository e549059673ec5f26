#include "web/admin/admin.h"

#include "chat/hub_service.h"
#include "core/watchdog.h"
#include "jobs/pool.h"
#include "server.h"
#include "simul/decimal.h"
#include "web/http_session.h"

#include <stdlib.h>

#define FAMILY(name_, kind_, label_, help_)                                                        \
    {.name = #name_, .kind = (kind_), .label = (label_), .help = (help_)},
#define FIELD(struct_, name_, kind_, help_)                                                        \
    {.name = #name_,                                                                               \
     .field = #name_,                                                                              \
     .kind = (kind_),                                                                              \
     .help = (help_),                                                                              \
     .offset = offsetof(struct struct_, name_)},
#define VALUE(struct_, name_, value_)                                                              \
    {.field = #name_, .value = (value_), .offset = offsetof(struct struct_, name_)},
#define HISTOGRAM(struct_, name_, help_) {#name_, help_, offsetof(struct struct_, name_)},

#define LOOP_FIELD(name, kind, help) FIELD(loop_metrics, name, kind, help)
#define LOOP_VALUE(name, value) VALUE(loop_metrics, name, value)
#define LOOP_HISTOGRAM(name, help) HISTOGRAM(loop_metrics, name, help)
#define POOL_FIELD(name, kind, help) FIELD(pool_metrics, name, kind, help)
#define POOL_VALUE(name, value) VALUE(pool_metrics, name, value)
#define POOL_HISTOGRAM(name, help) HISTOGRAM(pool_metrics, name, help)
#define HUB_FIELD(name, kind, help) FIELD(hub_metrics, name, kind, help)
#define HUB_VALUE(name, value) VALUE(hub_metrics, name, value)

static const struct metric LOOP_TABLE[] = {LOOP_METRICS(LOOP_FIELD, FAMILY, LOOP_VALUE)};
static const struct metric POOL_TABLE[] = {POOL_METRICS(POOL_FIELD, FAMILY, POOL_VALUE)};
static const struct metric HUB_TABLE[] = {HUB_METRICS(HUB_FIELD, FAMILY, HUB_VALUE)};

#define TABLE(rows)                                                                                \
    {                                                                                              \
        rows, sizeof(rows) / sizeof((rows)[0])                                                     \
    }
const struct metric_table admin_loop_metrics = TABLE(LOOP_TABLE);
const struct metric_table admin_pool_metrics = TABLE(POOL_TABLE);
const struct metric_table admin_hub_metrics = TABLE(HUB_TABLE);

const struct histogram admin_loop_histograms[] = {LOOP_HISTOGRAMS(LOOP_HISTOGRAM){0}};
const struct histogram admin_pool_histograms[] = {POOL_HISTOGRAMS(POOL_HISTOGRAM){0}};

uint64_t admin_metric(const void *metrics, const struct metric *m)
{
    return metric_get((const _Atomic uint64_t *)(const void *)((const char *)metrics + m->offset));
}

const struct hist *admin_histogram(const void *metrics, const struct histogram *h)
{
    return (const struct hist *)(const void *)((const char *)metrics + h->offset);
}

uint64_t admin_uptime_seconds(const struct server *s)
{
    return (s->loops.loops[0].wall_ms - s->started_ms) / 1000;
}

uint64_t admin_stalls(const struct server *s)
{
    return s->watchdog == NULL ? 0 : watchdog_stalls(s->watchdog);
}

void admin_answer_json(struct conn *c, struct http_session *s, json_t *value)
{
    char *text = value == NULL ? NULL : json_dumps(value, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    json_decref(value);
    if (text == NULL)
        http_refuse(c, s, 503, "out of memory");
    else
        http_answer(c, s, 200, "application/json", span_str(text));
    free(text);
}

bool admin_query_number(struct span query, const char *name, uint64_t *value, uint64_t max)
{
    char text[16];
    enum err e = http_query_get(query, name, text, sizeof(text));
    if (e == ERR_UNKNOWN)
        return true;
    return e == OK && decimal_parse(span_str(text), max, value);
}
