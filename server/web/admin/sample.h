/* What the page /status shows of a second: the loops' counters and histograms, compared with what
 * they were a second ago. On loop 0. */
#pragma once

#include "core/loop.h"
#include "simul/buf.h"

#include <stdint.h>

struct server;

/* X(name): counters of struct loop_metrics that are shown as rates. */
#define SAMPLE_RATES(X)                                                                            \
    X(accepted)                                                                                    \
    X(http_requests)                                                                               \
    X(ws_messages)                                                                                 \
    X(irc_lines)                                                                                   \
    X(messages_delivered)                                                                          \
    X(in_bytes)                                                                                    \
    X(out_bytes)

/* The same, of connections by the reason of their end. */
#define SAMPLE_CLOSES(X)                                                                           \
    X(ended_done)                                                                                  \
    X(ended_refused)                                                                               \
    X(protocol_errors)                                                                             \
    X(timeouts)                                                                                    \
    X(ended_broken)                                                                                \
    X(evicted)                                                                                     \
    X(evicted_slow)                                                                                \
    X(evicted_memory)                                                                              \
    X(out_of_memory)                                                                               \
    X(ended_server)

#define SAMPLE_INDEX(name) SAMPLE_##name,
enum sample_rate { SAMPLE_RATES(SAMPLE_INDEX) SAMPLE_CLOSES(SAMPLE_INDEX) SAMPLE_RATE_COUNT };
#undef SAMPLE_INDEX

/* In nanoseconds; SAMPLE_NONE where nothing was measured. */
struct sample_ticks {
    uint64_t p50, p99, max;
};
#define SAMPLE_NONE UINT64_MAX

struct sample {
    uint64_t at_ms; /* wall clock */
    uint64_t connections, sessions;
    uint64_t resident_bytes;
    double rates[SAMPLE_RATE_COUNT]; /* each second */
    struct sample_ticks ticks;       /* of all loops together */
    uint64_t lag_max_ns[];           /* of each loop: SAMPLE_NONE where no timer was due */
};

static inline size_t sample_bytes(unsigned loop_count)
{
    return sizeof(struct sample) + loop_count * sizeof(uint64_t);
}

struct sampler;

/* Takes note of how things stand. `loops` is borrowed. NULL without memory. */
struct sampler *sampler_new(const struct loop_set *loops);
void sampler_free(struct sampler *s);

/* What has happened since the last call, or since sampler_new. `out` has sample_bytes. */
void sampler_take(struct sampler *s, struct sample *out);

/* Appends it as a JSON object; ERR_NOMEM. */
enum err sample_print(const struct sample *s, unsigned loop_count, struct buf *out);
