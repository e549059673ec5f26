/* What connections hold in memory, and what happens when it is too much.
 *
 * Each loop counts what its connections hold: themselves and their sessions, what is queued for
 * them, input that was left over, frames, messages and bodies that are partial, inflaters, TLS. The
 * sum of all loops has a ceiling, limits.memory_bytes. From seven eighths of it on memory is short:
 * nobody is accepted, and who has much queued is not read. Beyond the ceiling, or when it has been
 * short for a while, the connections that hold the most are evicted, whichever loop they are on,
 * until there is a little room again: whoever just holds what it has must not keep the others out.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;
struct conn;
struct net;

enum {
    MEMORY_QUEUE_BYTES = 64 * 1024, /* while memory is short, who has more queued is not read */
    MEMORY_TLS_BYTES = 20 * 1024,   /* of OpenSSL's, for a connection that does little */
    MEMORY_SHORT_MS = 3000,         /* how long it may be short */
};

struct memory {
    uint64_t bytes_max;
    uint64_t counted_bytes;   /* by memory_count */
    uint64_t published_bytes; /* what all loops know of this one */
    uint64_t told_at_ms;      /* when it was last logged that somebody has to go */
};

/* At the start, zeroed, and when the settings change. */
void memory_configure(struct memory *m, const struct config *config);

/* What was counted with *counted bytes, 0 at first, has `now`; 0 when it is freed. */
static inline void memory_count(struct memory *m, size_t *counted, size_t now)
{
    m->counted_bytes += (uint64_t)now - *counted;
    *counted = now;
}

/* The same for what knows its own size. */
static inline void memory_take(struct memory *m, size_t bytes)
{
    m->counted_bytes += bytes;
}

static inline void memory_give(struct memory *m, size_t bytes)
{
    m->counted_bytes -= bytes;
}

/* Whether all loops hold so much that it is short. */
bool memory_is_short(const struct net *n);

/* After a flush of the connection: notes how much it holds. */
void memory_note(struct net *n, const struct conn *c);

/* Lets all loops know what this one's connections hold now; returns the sum of all. */
uint64_t memory_publish(struct net *n);

/* Behind a flush, when no session runs: publishes, and evicts if it has come to that. */
void memory_balance(struct net *n);
