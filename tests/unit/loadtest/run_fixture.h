/* A run to be shown: a second of warm-up, ten seconds measured, 1,000 latencies from 1 µs to 1 ms.
 */
#pragma once

#include "report/run.h"
#include "scenario/scenario.h"

#include <math.h>

/* All of it is static: a struct run is large. */
static struct scenario fixture_scenario = {.name = "echo"};
static struct sample fixture_samples[12];
static struct plan fixture_plan;
static struct run fixture_run;

static struct run *run_fixture(const struct scheme *scheme)
{
    struct plan *p = &fixture_plan;
    struct run *r = &fixture_run;
    *p = (struct plan){.scenario = &fixture_scenario,
                       .connections = 100,
                       .url_count = 1,
                       .threads = 2,
                       .processes = 1,
                       .in_flight = 1,
                       .size_min = 20,
                       .size_max = 20,
                       .warm_up_ns = 1000000000,
                       .duration_ns = 10000000000,
                       .timeout_ns = 5000000000};
    p->urls[0] =
        (struct url){.scheme = scheme, .host = "127.0.0.1", .port = 8080, .target = "/echo"};
    memset(r, 0, sizeof(*r));
    r->plan = p;
    r->began_unix_s = 1760000000;
    r->seconds = 12;
    r->opening_seconds = 1;
    r->opening_opened = 100;
    r->measured_seconds = 10;
    r->counts[COUNT_SENT] = r->counts[COUNT_RECEIVED] = 1000;
    r->counts[COUNT_RECEIVED_BYTES] = r->counts[COUNT_SENT_BYTES] = 20000;
    r->counts[COUNT_RECEIVED_WIRE] = r->counts[COUNT_SENT_WIRE] = 26500;
    r->totals[COUNT_STARTED] = r->totals[COUNT_OPENED] = r->open_max = 100;
    r->totals[COUNT_SENT] = r->totals[COUNT_RECEIVED] = 1100;
    for (uint64_t i = 1; i <= 1000; i++)
        hist_add(&r->timings[TIMING_LATENCY], i * 1000);
    r->samples = fixture_samples;
    r->sample_count = sizeof(fixture_samples) / sizeof(*fixture_samples);
    for (size_t i = 0; i < r->sample_count; i++) {
        struct sample *s = &fixture_samples[i];
        *s = (struct sample){.at_s = (double)(i + 1),
                             .seconds = 1,
                             .phase = i == 0 ? PHASE_OPENING : PHASE_RUNNING,
                             .is_measured = i >= 2,
                             .open = 100,
                             .server_cpu_share = NAN};
        if (i == 0)
            s->counts[COUNT_OPENED] = s->counts[COUNT_STARTED] = 100;
        else {
            s->counts[COUNT_SENT] = s->counts[COUNT_RECEIVED] = 100;
            s->p50_ns = 500000;
            s->p90_ns = 900000;
            s->p99_ns = 990000;
            s->p999_ns = 999000;
            s->max_ns = 1000000;
        }
    }
    return r;
}
