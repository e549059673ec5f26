/* What the sessions of each type have cost a loop: how many there are, how often they were resumed,
 * and how long that took. Written by the loop's thread alone; others may read it at any time. */
#pragma once

#include "simul/hist.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct session_type;

enum { SESSION_TYPES_MAX = 16 };

struct session_time {
    _Atomic(const struct session_type *) type; /* NULL: this and what follows is unused */
    _Atomic uint64_t open;                     /* connections that have such a session now */
    _Atomic uint64_t resumes, ns;
    _Atomic uint64_t longest_ns;   /* the longest resume */
    _Atomic uint32_t longest_from; /* the lines of its source where that began, and gave way */
    _Atomic uint32_t longest_to;
};

/* Embedded in struct net; zeroed is empty. */
struct session_times {
    struct session_time of[SESSION_TYPES_MAX];
    struct session_time *last; /* the one that was asked for last; NULL: none yet */
};

/* The entry of a type, made when there is none. */
struct session_time *session_times_find(struct session_times *times,
                                        const struct session_type *type);

/* The same, quicker where sessions of one type follow each other, as they do in a tick. */
static inline struct session_time *session_times_of(struct session_times *t,
                                                    const struct session_type *type)
{
    struct session_time *last = t->last;
    bool is_last = last != NULL && atomic_load_explicit(&last->type, memory_order_relaxed) == type;
    return is_last ? last : session_times_find(t, type);
}

/* Adds one resume, which began at one line of the session's source and gave way at another. */
static inline void session_time_add(struct session_time *t, uint32_t from_line, uint32_t to_line,
                                    uint64_t ns)
{
    hist_bump(&t->resumes, 1);
    hist_bump(&t->ns, ns);
    if (ns <= hist_get(&t->longest_ns))
        return;
    hist_set(&t->longest_ns, ns);
    atomic_store_explicit(&t->longest_from, from_line, memory_order_relaxed);
    atomic_store_explicit(&t->longest_to, to_line, memory_order_relaxed);
}
