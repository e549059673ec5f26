/* A set in the order of joining that can be walked in parts: each member has a sequence number,
 * never given twice, and a walk that stopped at one goes on behind it however the set has changed
 * meanwhile. Joining and leaving cost O(1) on average, finding the place again O(log n).
 *
 * It is part of the hub: running out of memory aborts. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct roster_entry {
    uint64_t seq;
    void *member; /* NULL: it left */
};

struct roster {
    struct roster_entry *at; /* by seq; `len` of them, with gaps */
    size_t len, cap;
    size_t count; /* without the gaps */
    uint64_t last_seq;
};

/* Frees the entries, not the members. A zeroed roster is an empty one. */
void roster_deinit(struct roster *r);

/* Borrows the member until it leaves; returns its sequence number, from 1. */
uint64_t roster_add(struct roster *r, void *member);
/* The member with that number, which must be there, leaves. */
void roster_remove(struct roster *r, uint64_t seq);

/* The first member behind *after, which becomes its number; NULL at the end. *after is 0 at the
 * beginning of a walk. Members may join and leave between two steps. */
void *roster_next(const struct roster *r, uint64_t *after);
