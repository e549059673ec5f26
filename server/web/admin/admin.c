#include "web/admin/admin.h"

#include "core/watchdog.h"
#include "jobs/pool.h"
#include "server.h"
#include "web/http_session.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LOOP_METRIC(name_, kind_, help_)                                                           \
    {#name_, kind_, help_, offsetof(struct loop_metrics, name_)},
static const struct metric LOOP_TABLE[] = {LOOP_METRICS(LOOP_METRIC)};
const struct metric_table admin_loop_metrics = {LOOP_TABLE,
                                                sizeof(LOOP_TABLE) / sizeof(LOOP_TABLE[0])};

#define POOL_METRIC(name_, kind_, help_)                                                           \
    {#name_, kind_, help_, offsetof(struct pool_metrics, name_)},
static const struct metric POOL_TABLE[] = {POOL_METRICS(POOL_METRIC)};
const struct metric_table admin_pool_metrics = {POOL_TABLE,
                                                sizeof(POOL_TABLE) / sizeof(POOL_TABLE[0])};

#define LOOP_HISTOGRAM(name_, help_) {#name_, help_, offsetof(struct loop_metrics, name_)},
const struct histogram admin_histograms[] = {LOOP_HISTOGRAMS(LOOP_HISTOGRAM){0}};

uint64_t admin_metric(const void *metrics, const struct metric *m)
{
    return metric_get((const _Atomic uint64_t *)(const void *)((const char *)metrics + m->offset));
}

const struct hist *admin_histogram(const struct loop *l, const struct histogram *h)
{
    return (const struct hist *)(const void *)((const char *)&l->metrics + h->offset);
}

long admin_resident_bytes(void)
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
    char text[16], *end;
    enum err e = http_query_get(query, name, text, sizeof(text));
    if (e == ERR_UNKNOWN)
        return true;
    if (e != OK || !isdigit((unsigned char)text[0]))
        return false;
    *value = strtoull(text, &end, 10);
    return *end == '\0' && *value <= max;
}
