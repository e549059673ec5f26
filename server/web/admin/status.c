#include "web/admin/status.h"

#include "chat/hub_service.h"
#include "server.h"
#include "web/admin/probe.h"
#include "web/admin/sample.h"

#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    SAMPLE_MS = 1000,
    RETRY_MS = 2000,
    SLICE_SAMPLES = 20, /* some 10 KiB */
};

struct status_watch {
    struct list in_status;
    struct status *status;
    struct handle who;
    bool has_begun; /* and was told of what server */
    uint64_t seen;  /* the number of the last sample that it was told */
};

struct status {
    struct server *server;
    struct list watchers;              /* watcher_count of them */
    unsigned watcher_count, unwatched; /* for so many samples now nobody has */

    struct sampler *sampler; /* NULL: no samples are taken */
    struct wheel_timer timer;
    struct sample *sample;              /* room for the one that is being taken */
    struct buf samples[STATUS_SAMPLES]; /* a ring, printed; empty where there was no memory */
    uint64_t taken;                     /* number of the newest, from 1 */
    uint64_t printed;                   /* number of the one that `newest` is of */
    struct buf newest, event;           /* events: the same for all, and for one watcher */

    struct probe *probes; /* one for each loop */

    struct hub_survey survey;
    bool is_surveying;
    unsigned surveys;   /* that are back */
    uint64_t asked_ms;  /* when the last began */
    uint64_t survey_ms; /* and what it spans */
};

static unsigned loop_count(const struct status *st)
{
    return st->server->loops.count;
}

static struct loop *own_loop(const struct status *st)
{
    return &st->server->loops.loops[0];
}

static struct buf *sample_at(struct status *st, uint64_t number)
{
    return &st->samples[number % STATUS_SAMPLES];
}

static uint64_t oldest(const struct status *st)
{
    return st->taken < STATUS_SAMPLES ? 1 : st->taken - STATUS_SAMPLES + 1;
}

/* --- the busiest channels ---------------------------------------------------------------- */

static void on_surveyed(struct hub_survey *s)
{
    struct status *st = container_of(s, struct status, survey);
    st->is_surveying = false;
    st->surveys++;
}

/* A hub with more to do than a second allows is asked less often. */
static void ask_hub(struct status *st)
{
    uint64_t now_ms = own_loop(st)->now_ms;
    if (st->is_surveying)
        return;
    st->survey_ms = now_ms - st->asked_ms;
    st->asked_ms = now_ms;
    st->is_surveying = true;
    st->survey.done = on_surveyed;
    hub_service_survey(st->server->hub, own_loop(st), &st->survey);
}

/* What the first survey has counted began nobody knows when. */
static json_t *json_channels(const struct status *st)
{
    const struct survey *found = &st->survey.survey;
    json_t *rows = json_array();
    double seconds = st->survey_ms > 0 ? (double)st->survey_ms / 1e3 : 1;
    for (size_t i = 0; i < found->row_count; i++)
        json_array_append_new(rows,
                              json_pack("{s:s, s:I, s:f}", "name", found->rows[i].name, "members",
                                        (json_int_t)found->rows[i].members, "messages",
                                        st->surveys < 2 ? 0.0 : found->rows[i].messages / seconds));
    return json_pack("{s:I, s:o}", "count", (json_int_t)found->channels, "busiest", rows);
}

/* --- events (https://html.spec.whatwg.org/multipage/server-sent-events.html) ------------- */

static enum err print_json(struct buf *out, json_t *value)
{
    char *text = value == NULL
                     ? NULL
                     : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
    enum err e = text == NULL ? ERR_NOMEM : buf_append(out, span_str(text));
    json_decref(value);
    free(text);
    return e;
}

static enum err print_begin(struct status *st)
{
    const struct server *s = st->server;
    return buf_printf(&st->event,
                      "retry: %d\n\nevent: begin\ndata: {\"version\":\"%s\",\"pid\":%d,"
                      "\"started_ms\":%llu,\"loops\":%u,\"hub_loop\":%s,\"keeps\":%d,"
                      "\"draining\":%s}\n\n",
                      RETRY_MS, SIMUL_VERSION, (int)getpid(), (unsigned long long)s->started_ms,
                      loop_count(st), loop_count(st) > s->net_count ? "true" : "false",
                      STATUS_SAMPLES, s->draining ? "true" : "false");
}

static enum err print_past(struct status *st, uint64_t first, uint64_t last)
{
    const char *before = "";
    enum err e = buf_append(&st->event, SPAN("event: past\ndata: {\"samples\":["));
    for (uint64_t i = first; i <= last && e == OK; i++) {
        struct span sample = buf_span(sample_at(st, i));
        if (sample.len == 0)
            continue;
        e = buf_append(&st->event, span_str(before));
        if (e == OK)
            e = buf_append(&st->event, sample);
        before = ",";
    }
    return e == OK ? buf_append(&st->event, SPAN("]}\n\n")) : e;
}

static enum err print_sample(struct status *st, struct span sample)
{
    enum err e = buf_printf(&st->newest, "event: sample\ndata: {\"draining\":%s,\"sample\":",
                            st->server->draining ? "true" : "false");
    if (e == OK)
        e = buf_append(&st->newest, sample);
    if (e == OK)
        e = buf_append(&st->newest, SPAN(",\"channels\":"));
    /* While a survey is under way there is none to be told. */
    if (e == OK)
        e = print_json(&st->newest,
                       st->is_surveying || st->surveys == 0 ? json_null() : json_channels(st));
    return e == OK ? buf_append(&st->newest, SPAN("}\n\n")) : e;
}

/* Once for all who watch. */
static void renew_newest(struct status *st)
{
    struct span sample = buf_span(sample_at(st, st->taken));
    if (st->printed == st->taken)
        return;
    st->printed = st->taken;
    st->newest.len = 0;
    if (sample.len == 0 || print_sample(st, sample) != OK)
        st->newest.len = 0;
}

/* --- sampling ---------------------------------------------------------------------------- */

static void stop(struct status *st)
{
    wheel_cancel(&st->timer);
    sampler_free(st->sampler);
    st->sampler = NULL;
    free(st->sample);
    st->sample = NULL;
    for (int i = 0; i < STATUS_SAMPLES; i++)
        buf_deinit(&st->samples[i]);
    buf_deinit(&st->newest);
    buf_deinit(&st->event);
    st->taken = st->printed = 0;
}

static void wake_all(struct status *st)
{
    struct net *n = &st->server->threads[0].net;
    for (struct list *at = st->watchers.next; at != &st->watchers; at = at->next) {
        struct conn *c = conn_find(n, container_of(at, struct status_watch, in_status)->who);
        if (c != NULL)
            conn_wake(c);
    }
}

/* Looks at the probes of the last second, and sends those of the next. */
static void take_sample(struct status *st)
{
    struct sample *out = st->sample;
    struct buf *text = sample_at(st, st->taken + 1);
    sampler_take(st->sampler, out);
    for (unsigned i = 0; i < loop_count(st); i++) {
        uint64_t *lag = &out->lag_max_ns[i], probe = probe_ns(&st->probes[i]);
        if (st->taken > 0 && (*lag == SAMPLE_NONE || *lag < probe))
            *lag = probe;
        probe_send(&st->probes[i], &st->server->loops.loops[i]);
    }
    text->len = 0;
    if (sample_print(out, loop_count(st), text) != OK)
        text->len = 0;
    st->taken++;
}

static void on_second(struct wheel_timer *timer)
{
    struct status *st = container_of(timer, struct status, timer);
    st->unwatched = st->watcher_count > 0 ? 0 : st->unwatched + 1;
    if (st->unwatched == STATUS_SAMPLES) {
        stop(st);
        return;
    }
    take_sample(st);
    if (st->watcher_count > 0) {
        renew_newest(st); /* before the hub is asked again */
        ask_hub(st);
        wake_all(st);
    }
    wheel_add(&own_loop(st)->sched.wheel, timer, own_loop(st)->now_ms + SAMPLE_MS);
}

static enum err start(struct status *st)
{
    if (st->sampler != NULL)
        return OK;
    st->sample = malloc(sample_bytes(loop_count(st)));
    st->sampler = sampler_new(&st->server->loops);
    if (st->sample == NULL || st->sampler == NULL) {
        stop(st);
        return ERR_NOMEM;
    }
    st->unwatched = 0;
    st->timer.fire = on_second;
    wheel_add(&own_loop(st)->sched.wheel, &st->timer, own_loop(st)->now_ms + SAMPLE_MS);
    return OK;
}

/* --- those who watch --------------------------------------------------------------------- */

enum err status_watch(struct status *st, struct handle who, struct status_watch **out)
{
    if (st->watcher_count == STATUS_WATCHERS_MAX)
        return ERR_LIMIT;
    struct status_watch *w = calloc(1, sizeof(*w));
    enum err e = w == NULL ? ERR_NOMEM : start(st);
    if (e != OK) {
        free(w);
        return e;
    }
    if (st->watcher_count++ == 0)
        ask_hub(st); /* its counts have stood still */
    w->status = st;
    w->who = who;
    list_push_back(&st->watchers, &w->in_status);
    *out = w;
    return OK;
}

void status_unwatch(struct status_watch *w)
{
    if (w == NULL)
        return;
    list_remove(&w->in_status);
    w->status->watcher_count--;
    free(w);
}

bool status_has_news(const struct status_watch *w)
{
    return !w->has_begun || w->seen != w->status->taken;
}

/* Prints what it has not seen of the past. */
static enum err print_slice(struct status_watch *w)
{
    struct status *st = w->status;
    uint64_t first = w->seen < oldest(st) ? oldest(st) : w->seen + 1;
    uint64_t last = first + SLICE_SAMPLES <= st->taken ? first + SLICE_SAMPLES - 1 : st->taken - 1;
    w->seen = last;
    return print_past(st, first, last);
}

struct span status_take_news(struct status_watch *w)
{
    struct status *st = w->status;
    if (w->has_begun && w->seen + 1 == st->taken) {
        w->seen = st->taken;
        renew_newest(st);
        return buf_span(&st->newest);
    }
    st->event.len = 0;
    enum err e = w->has_begun ? print_slice(w) : print_begin(st);
    w->has_begun = true;
    return e == OK ? buf_span(&st->event) : SPAN_EMPTY;
}

/* --- life -------------------------------------------------------------------------------- */

struct status *status_new(struct server *server)
{
    struct status *st = calloc(1, sizeof(*st));
    struct probe *probes = calloc(server->loops.count, sizeof(*probes));
    if (st == NULL || probes == NULL) {
        free(st);
        free(probes);
        return NULL;
    }
    st->server = server;
    st->probes = probes;
    list_init(&st->watchers);
    return st;
}

void status_free(struct status *st)
{
    if (st == NULL)
        return;
    CHECK(list_is_empty(&st->watchers) && !st->is_surveying);
    stop(st);
    free(st->probes);
    free(st);
}
