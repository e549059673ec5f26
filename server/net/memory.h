/* What connections hold in memory, and what happens when it is too much.
 *
 * Each loop counts what its connections hold: themselves and their sessions, what is queued for
 * them, input that was left over, frames, messages and bodies that are partial, inflaters, TLS, and
 * what the chat keeps for their users. The sum of all loops has a ceiling, limits.memory_bytes.
 * From seven eighths of it on memory is short: nobody is accepted, and connections with much output
 * queued are not read. Beyond the ceiling, or when memory has been short for a while, the
 * connections that hold the most are evicted, whichever loop they are on, until there is some room
 * again: those that merely hold on to what they have must not keep others out. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;
struct conn;
struct net;

enum {
    MEMORY_QUEUE_BYTES =
        64 * 1024, /* of queued output: above, it is not read while memory is short */
    MEMORY_TLS_BYTES = 20 * 1024, /* of OpenSSL's, for a connection that does little */
    MEMORY_SHORT_MS = 3000,       /* how long it may be short */
};

struct memory {
    uint64_t bytes_max;
    uint64_t counted_bytes;   /* by memory_count */
    uint64_t published_bytes; /* this loop's share of the sum of all loops */
    uint64_t told_at_ms;      /* when an eviction was last logged */
};

/* At the start, zeroed, and when the settings change. */
void memory_configure(struct memory *m, const struct config *config);

/* Something that was counted as *counted bytes (0 at first) now has `now` bytes; 0 when it is
 * freed. */
static inline void memory_count(struct memory *m, size_t *counted, size_t now)
{
    m->counted_bytes += (uint64_t)now - *counted;
    *counted = now;
}

/* The same for something that knows its own size. */
static inline void memory_take(struct memory *m, size_t bytes)
{
    m->counted_bytes += bytes;
}

static inline void memory_give(struct memory *m, size_t bytes)
{
    m->counted_bytes -= bytes;
}

/* Whether memory is short, over all loops. */
bool memory_is_short(const struct net *n);

/* Notes how much the connection holds; to be called after each of its flushes. */
void memory_note(struct net *n, const struct conn *c);

/* Adds what this loop's connections hold to the sum of all loops, which it returns. */
uint64_t memory_publish(struct net *n);

/* After a flush, when no session runs: publishes, and evicts if it must. */
void memory_balance(struct net *n);
