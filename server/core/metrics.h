/* Counters of one loop: written by its thread alone, read by the admin listener at any time.
 * A relaxed load and store cost what a plain increment costs. */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

/* X(name, kind, help): the metric is simul_<name>, with _total added to counters. */
#define LOOP_METRICS(X)                                                                            \
    X(connections, gauge, "Connections that are open")                                             \
    X(accepted, counter, "Connections accepted")                                                   \
    X(accept_pauses, counter, "Pauses of accepting: no connections or descriptors were left")      \
    X(closed, counter, "Connections closed")                                                       \
    X(protocol_errors, counter, "Connections closed because of what the peer sent")                \
    X(evicted, counter, "Connections closed because the peer did not take what it was sent")       \
    X(timeouts, counter, "Connections closed because the peer was silent for too long")            \
    X(in_bytes, counter, "Bytes received, after TLS")                                              \
    X(out_bytes, counter, "Bytes sent, before TLS")                                                \
    X(reads, counter, "System calls that received")                                                \
    X(writes, counter, "System calls that sent")                                                   \
    X(ticks, counter, "Ticks")                                                                     \
    X(http_requests, counter, "HTTP requests answered")                                            \
    X(ws_messages, counter, "WebSocket messages received")                                         \
    X(irc_lines, counter, "IRC lines received")                                                    \
    X(sessions, gauge, "Registered chat sessions")                                                 \
    X(messages_rendered, counter, "Chat messages rendered, one per variant")                       \
    X(messages_delivered, counter, "Chat messages queued to recipients")                           \
    X(jobs, counter, "Jobs asked for")                                                             \
    X(out_of_memory, counter, "Connections closed because memory could not be had")

#define LOOP_METRIC_FIELD(name, kind, help) _Atomic uint64_t name;
struct loop_metrics {
    LOOP_METRICS(LOOP_METRIC_FIELD)
};
#undef LOOP_METRIC_FIELD

static inline void metric_add(_Atomic uint64_t *m, uint64_t n)
{
    uint64_t value = atomic_load_explicit(m, memory_order_relaxed);
    atomic_store_explicit(m, value + n, memory_order_relaxed);
}

static inline void metric_sub(_Atomic uint64_t *m, uint64_t n)
{
    metric_add(m, (uint64_t)0 - n);
}

static inline uint64_t metric_get(const _Atomic uint64_t *m)
{
    return atomic_load_explicit(m, memory_order_relaxed);
}
