#include "report/figure.h"

#include "report/run.h"
#include "scenario/scenario.h"

#include <math.h>
#include <string.h>

static bool was_measured(const struct run *run)
{
    return run->measured_seconds > 0;
}

uint64_t figure_count(const struct run *run, enum count count)
{
    return was_measured(run) ? run->counts[count] : run->totals[count];
}

double figure_seconds(const struct run *run)
{
    return was_measured(run) ? run->measured_seconds : run->seconds;
}

enum count figure_rate_counts(const struct plan *plan)
{
    const char *name = plan->scenario->name;
    bool is_opening = strcmp(name, "connect") == 0 || strcmp(name, "hold") == 0;
    return is_opening ? COUNT_OPENED : COUNT_RECEIVED;
}

static double per_second(double count, double seconds)
{
    return seconds > 0 ? count / seconds : NAN;
}

/* --- what a figure is of ----------------------------------------------------------------- */

static double of_quantile(const struct run *run, const struct figure *self)
{
    const struct hist *h = &run->timings[self->timing];
    return hist_total(h) == 0 ? NAN : (double)hist_quantile(h, self->quantile);
}

static double of_mean(const struct run *run, const struct figure *self)
{
    const struct hist *h = &run->timings[self->timing];
    return hist_total(h) == 0 ? NAN : hist_mean(h);
}

static double of_rate(const struct run *run, const struct figure *self)
{
    return per_second((double)figure_count(run, (enum count)self->kind), figure_seconds(run));
}

/* Connections are opened while it is measured, where the scenario does that itself, or all before.
 */
static double of_connect_rate(const struct run *run, const struct figure *self)
{
    (void)self;
    if (run->plan->scenario->opens_itself)
        return per_second((double)figure_count(run, COUNT_OPENED), figure_seconds(run));
    return per_second((double)run->opening_opened, run->opening_seconds);
}

static double of_main_rate(const struct run *run, const struct figure *self)
{
    if (figure_rate_counts(run->plan) == COUNT_OPENED)
        return of_connect_rate(run, self);
    return of_rate(run, self);
}

static double of_errors(const struct run *run, const struct figure *self)
{
    (void)self;
    return (double)run_errors(run);
}

static double of_fault(const struct run *run, const struct figure *self)
{
    return (double)run->faults[self->kind];
}

static double of_total(const struct run *run, const struct figure *self)
{
    return (double)run->totals[self->kind];
}

/* Bytes on the wire, of `kind`, for each message that went the same way. */
static double of_wire(const struct run *run, const struct figure *self)
{
    enum count way = self->kind == COUNT_SENT_WIRE ? COUNT_SENT : COUNT_RECEIVED;
    uint64_t messages = figure_count(run, way);
    return messages == 0 ? NAN
                         : (double)figure_count(run, (enum count)self->kind) / (double)messages;
}

static double of_server_memory(const struct run *run, const struct figure *self)
{
    (void)self;
    if (run->server_memory_open_bytes == 0 || run->open_max == 0)
        return NAN;
    return ((double)run->server_memory_open_bytes - (double)run->server_memory_begin_bytes) /
           (double)run->open_max;
}

static double of_server_cpu(const struct run *run, const struct figure *self)
{
    (void)self;
    uint64_t messages = run->counts[COUNT_RECEIVED];
    if (run->server_cpu_ns == 0 || messages == 0)
        return NAN;
    return (double)run->server_cpu_ns / (double)messages;
}

/* --- the table --------------------------------------------------------------------------- */

#define QUANTILE(name, q, of_what, meaning)                                                        \
    {                                                                                              \
        name, meaning, FIGURE_NS, true, of_quantile, .timing = (of_what), .quantile = (q)          \
    }
#define FAULT(name, which, meaning)                                                                \
    {                                                                                              \
        name, meaning, FIGURE_COUNT, true, of_fault, .kind = (which)                               \
    }

const struct figure FIGURES[] = {
    {"rate", "messages received in a second; of connect and hold: connections opened",
     FIGURE_PER_SECOND, false, of_main_rate, .kind = COUNT_RECEIVED},
    {"rate.sent", "messages sent in a second", FIGURE_PER_SECOND, false, of_rate,
     .kind = COUNT_SENT},
    {"throughput", "bytes of messages received in a second", FIGURE_BYTES_PER_SECOND, false,
     of_rate, .kind = COUNT_RECEIVED_BYTES},
    {"throughput.sent", "bytes of messages sent in a second", FIGURE_BYTES_PER_SECOND, false,
     of_rate, .kind = COUNT_SENT_BYTES},
    {"wire_bytes", "bytes received for each message, handshakes and frames included", FIGURE_BYTES,
     true, of_wire, .kind = COUNT_RECEIVED_WIRE},
    {"wire_bytes.sent", "bytes sent for each message, likewise", FIGURE_BYTES, true, of_wire,
     .kind = COUNT_SENT_WIRE},

    QUANTILE("p50", 0.5, TIMING_LATENCY, "latency that half of the messages did not exceed"),
    QUANTILE("p90", 0.9, TIMING_LATENCY, "latency that 90 % did not exceed"),
    QUANTILE("p99", 0.99, TIMING_LATENCY, "latency that 99 % did not exceed"),
    QUANTILE("p99.9", 0.999, TIMING_LATENCY, "latency that 99.9 % did not exceed"),
    QUANTILE("max", 1, TIMING_LATENCY, "the longest latency"),
    {"mean", "mean latency", FIGURE_NS, true, of_mean, .timing = TIMING_LATENCY},

    {"errors", "all that went wrong", FIGURE_COUNT, true, of_errors, .kind = 0},
    FAULT("lost", FAULT_LOST, "messages that never came"),
    FAULT("duplicated", FAULT_DUPLICATED, "messages that came again"),
    FAULT("reordered", FAULT_REORDERED, "messages that came behind a later one"),
    FAULT("wrong", FAULT_WRONG, "messages that are not what was sent"),

    {"connected", "connections that were ready for messages", FIGURE_COUNT, false, of_total,
     .kind = COUNT_OPENED},
    {"closed", "connections that were closed, and not by us", FIGURE_COUNT, true, of_total,
     .kind = COUNT_CLOSED},
    {"connect.rate", "connections opened in a second", FIGURE_PER_SECOND, false, of_connect_rate,
     .kind = COUNT_OPENED},
    QUANTILE("connect.p50", 0.5, TIMING_CONNECT, "time to connect by TCP, median"),
    QUANTILE("connect.p99", 0.99, TIMING_CONNECT, "time to connect by TCP, 99 %"),
    QUANTILE("tls.p50", 0.5, TIMING_TLS, "time of the TLS handshake, median"),
    QUANTILE("tls.p99", 0.99, TIMING_TLS, "time of the TLS handshake, 99 %"),
    QUANTILE("handshake.p50", 0.5, TIMING_HANDSHAKE, "time of the protocol's greeting, median"),
    QUANTILE("handshake.p99", 0.99, TIMING_HANDSHAKE, "time of the protocol's greeting, 99 %"),
    QUANTILE("first_byte.p50", 0.5, TIMING_FIRST_BYTE, "time to a response's first byte, median"),
    QUANTILE("first_byte.p99", 0.99, TIMING_FIRST_BYTE, "time to a response's first byte, 99 %"),
    QUANTILE("echo.p50", 0.5, TIMING_BESIDE, "latency of the echo connections beside, median"),
    QUANTILE("echo.p99", 0.99, TIMING_BESIDE, "latency of the echo connections beside, 99 %"),

    {"server.memory", "memory of the server for each connection", FIGURE_BYTES, true,
     of_server_memory, .kind = 0},
    {"server.cpu", "CPU time of the server for each message received", FIGURE_NS, true,
     of_server_cpu, .kind = 0},
};

const size_t FIGURE_KINDS = sizeof(FIGURES) / sizeof(*FIGURES);

const struct figure *figure_find(const char *name, size_t len)
{
    for (size_t i = 0; i < FIGURE_KINDS; i++)
        if (strlen(FIGURES[i].name) == len && memcmp(FIGURES[i].name, name, len) == 0)
            return &FIGURES[i];
    return NULL;
}

double figure_of(const struct figure *figure, const struct run *run)
{
    return figure->of(run, figure);
}

struct text figure_text(const struct figure *figure, double value)
{
    switch (figure->unit) {
    case FIGURE_COUNT:
        return text_count(value);
    case FIGURE_PER_SECOND:
        return text_rate(value);
    case FIGURE_NS:
        return text_duration(value);
    case FIGURE_BYTES:
        return text_bytes(value);
    case FIGURE_BYTES_PER_SECOND:
        break;
    }
    return text_byte_rate(value);
}
