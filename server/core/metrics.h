/* Counters of one loop: written by its thread alone, read by the admin listener at any time.
 * A relaxed load and store cost what a plain increment costs. */
#pragma once

#include "simul/hist.h"

#include <stdatomic.h>
#include <stdint.h>

/* X(name, kind, help): the metric is simul_<name>, with _total added to counters.
 * F(name, kind, label, help): a family of metrics of that name, of which each V(field, value)
 * behind it counts one value of the label. */
#define LOOP_METRICS(X, F, V)                                                                      \
    X(connections, gauge, "Connections that are open")                                             \
    X(accepted, counter, "Connections accepted")                                                   \
    X(accept_pauses, counter, "Pauses of accepting: no connections, descriptors or memory left")   \
    X(handshake_pauses, counter, "Pauses of accepting TLS: too many handshakes waited their turn") \
    F(refused, counter, "reason",                                                                  \
      "Connections refused: their address had too many (crowded) or came too often (hasty), or "   \
      "no descriptor or memory was left")                                                          \
    V(refused_crowded, "crowded")                                                                  \
    V(refused_hasty, "hasty")                                                                      \
    V(refused_descriptors, "descriptors")                                                          \
    V(refused_memory, "no_memory")                                                                 \
    X(closed, counter, "Connections closed")                                                       \
    F(connections_ended, counter, "reason",                                                        \
      "Connections that have ended, or are about to, by reason")                                   \
    V(ended_done, "done")                                                                          \
    V(ended_refused, "refused")                                                                    \
    V(protocol_errors, "protocol")                                                                 \
    V(timeouts, "timeout")                                                                         \
    V(ended_broken, "broken")                                                                      \
    V(evicted, "sendq")                                                                            \
    V(evicted_slow, "slow")                                                                        \
    V(evicted_memory, "memory")                                                                    \
    V(out_of_memory, "no_memory")                                                                  \
    V(ended_server, "server")                                                                      \
    F(tls_handshakes, counter, "result",                                                           \
      "TLS handshakes: with new keys (full), with a ticket (resumed), or failed, which includes "  \
      "peers that left or said nothing")                                                           \
    V(tls_full, "full")                                                                            \
    V(tls_resumed, "resumed")                                                                      \
    V(tls_failed, "failed")                                                                        \
    X(held_bytes, gauge, "Memory that connections hold")                                           \
    X(held_bytes_max, gauge, "The most that one of them has held since memory was last short")     \
    X(queued_bytes, gauge, "Memory of what waits to be sent, each message counted once")           \
    X(in_bytes, counter, "Bytes received, after TLS")                                              \
    X(out_bytes, counter, "Bytes sent, before TLS")                                                \
    X(reads, counter, "System calls that received")                                                \
    X(writes, counter, "System calls that sent")                                                   \
    X(read_pauses, counter, "Pauses of reading from a peer that does not take its output")         \
    X(ticks, counter, "Ticks")                                                                     \
    X(letters, counter, "Letters that the loop took from its mailbox")                             \
    X(mailbox_letters, gauge, "Letters that were in its mailbox when it last took any")            \
    X(http_requests, counter, "HTTP requests answered")                                            \
    F(http_answers, counter, "status",                                                             \
      "HTTP answers by class of their status; 1xx is a WebSocket that was accepted")               \
    V(http_1xx, "1xx")                                                                             \
    V(http_2xx, "2xx")                                                                             \
    V(http_3xx, "3xx")                                                                             \
    V(http_4xx, "4xx")                                                                             \
    V(http_5xx, "5xx")                                                                             \
    X(ws_messages, counter, "WebSocket messages received")                                         \
    X(deflate_connections, gauge, "WebSockets that agreed on compression")                         \
    X(inflated_messages, counter, "WebSocket messages received compressed")                        \
    X(inflated_bytes, counter, "Bytes of these messages after inflating")                          \
    X(deflated_messages, counter, "WebSocket messages compressed, once for all recipients")        \
    X(deflated_bytes, counter, "Bytes of these messages before compression")                       \
    X(deflated_out_bytes, counter, "Bytes of these messages after compression")                    \
    X(faulty_echoes, counter, "Connections and requests that asked the echo for faults")           \
    X(faults, counter,                                                                             \
      "Faults that the echo has made on request: answers lost or changed, odd ends and so on")     \
    X(irc_lines, counter, "IRC lines received")                                                    \
    X(flood_pauses, counter, "Pauses of taking lines from a client that sends too many")           \
    X(sessions, gauge, "Registered chat sessions")                                                 \
    X(chat_commands, gauge, "Commands of chat sessions that the hub has not returned yet")         \
    X(messages_rendered, counter, "Chat messages rendered, one per variant")                       \
    X(messages_delivered, counter, "Chat messages queued to recipients")                           \
    X(jobs, counter, "Jobs asked for")                                                             \
    X(slow_resumes, counter, "Resumes longer than slow_ms")

/* X(name, help): durations in nanoseconds; the metric is simul_<name>_seconds. */
#define LOOP_HISTOGRAMS(X)                                                                         \
    X(tick, "A tick, from the end of the wait to the next")                                        \
    X(lag, "How late a loop came back to a timer")                                                 \
    X(resume, "One resume of a session")                                                           \
    X(delivery, "From reading a line to its delivery to all members of the room on this loop")     \
    X(tls_handshake, "From accept to the end of a successful TLS handshake")

/* What makes fields of such lists. */
#define METRIC_FIELD(name, kind, help) _Atomic uint64_t name;
#define METRIC_FAMILY(name, kind, label, help)
#define METRIC_VALUE(name, value) _Atomic uint64_t name;
#define METRIC_HISTOGRAM(name, help) struct hist name;

struct loop_metrics {
    LOOP_METRICS(METRIC_FIELD, METRIC_FAMILY, METRIC_VALUE)
    LOOP_HISTOGRAMS(METRIC_HISTOGRAM)
};

static inline void metric_add(_Atomic uint64_t *m, uint64_t n)
{
    hist_bump(m, n);
}

static inline void metric_sub(_Atomic uint64_t *m, uint64_t n)
{
    metric_add(m, (uint64_t)0 - n);
}

static inline void metric_set(_Atomic uint64_t *m, uint64_t value)
{
    hist_set(m, value);
}

static inline uint64_t metric_get(const _Atomic uint64_t *m)
{
    return hist_get(m);
}
