/* Counters of one loop: written by its thread alone, read by the admin listener at any time.
 * A relaxed load and store cost what a plain increment costs. */
#pragma once

#include "simul/hist.h"

#include <stdatomic.h>
#include <stdint.h>

/* X(name, kind, help): the metric is simul_<name>, with _total added to counters. */
#define LOOP_METRICS(X)                                                                            \
    X(connections, gauge, "Connections that are open")                                             \
    X(accepted, counter, "Connections accepted")                                                   \
    X(accept_pauses, counter, "Pauses of accepting: no connections, descriptors or memory left")   \
    X(handshake_pauses, counter, "Pauses of accepting TLS: too many handshakes waited their turn") \
    X(refused_crowded, counter, "Connections refused: their address had as many as it may")        \
    X(refused_hasty, counter, "Connections refused: their address came more often than it may")    \
    X(refused_descriptors, counter, "Connections refused: no descriptor was left")                 \
    X(closed, counter, "Connections closed")                                                       \
    X(protocol_errors, counter, "Connections closed because of what the peer sent")                \
    X(evicted, counter, "Connections closed because the peer did not take what it was sent")       \
    X(evicted_slow, counter,                                                                       \
      "Connections closed because the peer took what it was sent too slowly")                      \
    X(evicted_memory, counter,                                                                     \
      "Connections closed because they held the most when memory was short")                       \
    X(held_bytes, gauge, "Memory that connections hold")                                           \
    X(held_bytes_max, gauge, "Memory held by one of them, at most, since memory was last short")   \
    X(timeouts, counter, "Connections closed because the peer was silent for too long")            \
    X(in_bytes, counter, "Bytes received, after TLS")                                              \
    X(out_bytes, counter, "Bytes sent, before TLS")                                                \
    X(reads, counter, "System calls that received")                                                \
    X(writes, counter, "System calls that sent")                                                   \
    X(ticks, counter, "Ticks")                                                                     \
    X(http_requests, counter, "HTTP requests answered")                                            \
    X(ws_messages, counter, "WebSocket messages received")                                         \
    X(deflate_connections, gauge, "WebSockets that agreed on compression")                         \
    X(inflated_messages, counter, "WebSocket messages received compressed")                        \
    X(inflated_bytes, counter, "Bytes of these messages, inflated")                                \
    X(deflated_messages, counter, "WebSocket messages compressed, once for all who get them")      \
    X(deflated_bytes, counter, "Bytes of these messages before that")                              \
    X(deflated_out_bytes, counter, "Bytes of these messages after that")                           \
    X(faulty_echoes, counter, "Connections and requests that asked echo for faults")               \
    X(faults, counter,                                                                             \
      "Faults that echo was asked for: answers lost or changed, odd ends and so on")               \
    X(irc_lines, counter, "IRC lines received")                                                    \
    X(sessions, gauge, "Registered chat sessions")                                                 \
    X(messages_rendered, counter, "Chat messages rendered, one per variant")                       \
    X(messages_delivered, counter, "Chat messages queued to recipients")                           \
    X(jobs, counter, "Jobs asked for")                                                             \
    X(slow_resumes, counter, "Resumes longer than slow_ms")                                        \
    X(out_of_memory, counter, "Connections closed because memory could not be had")

/* X(name, help): durations in nanoseconds; the metric is simul_<name>_seconds. */
#define LOOP_HISTOGRAMS(X)                                                                         \
    X(tick, "A tick, from the end of the wait to the next")                                        \
    X(lag, "How late a loop came back to a timer")                                                 \
    X(resume, "One resume of a session")

#define LOOP_METRIC_FIELD(name, kind, help) _Atomic uint64_t name;
#define LOOP_HISTOGRAM_FIELD(name, help) struct hist name;
struct loop_metrics {
    LOOP_METRICS(LOOP_METRIC_FIELD)
    LOOP_HISTOGRAMS(LOOP_HISTOGRAM_FIELD)
};
#undef LOOP_HISTOGRAM_FIELD
#undef LOOP_METRIC_FIELD

static inline void metric_add(_Atomic uint64_t *m, uint64_t n)
{
    hist_bump(m, n);
}

static inline void metric_sub(_Atomic uint64_t *m, uint64_t n)
{
    metric_add(m, (uint64_t)0 - n);
}

static inline uint64_t metric_get(const _Atomic uint64_t *m)
{
    return hist_get(m);
}
