/* A hash table of names that strangers choose: keyed, so that a flood of chosen names buys
 * nothing, and growing a few buckets at a time, so that no single insertion pays for all. It is
 * intrusive: entries embed a node, and the table owns only its buckets.
 *
 * It is part of the hub: running out of memory aborts, but at the start. */
#pragma once

#include "core/siphash.h"
#include "simul/err.h"
#include "simul/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table_node {
    struct table_node *next;
    uint64_t hash;
};

/* Whether the entry that embeds this node has exactly this key. */
typedef bool table_is_fn(const struct table_node *node, struct span key);

struct table {
    struct table_node **buckets; /* bucket_count of them, a power of two */
    struct table_node **old;     /* while growing: the former buckets, emptied up to `moved` */
    size_t bucket_count, old_count, moved;
    size_t count;
    struct siphash_key key;
    table_is_fn *is;
};

/* ERR_NOMEM: good for table_deinit. */
enum err table_init(struct table *t, const struct siphash_key *key, table_is_fn *is);
/* Frees the buckets, not the entries. */
void table_deinit(struct table *t);

/* NULL when there is none. */
struct table_node *table_find(const struct table *t, struct span key);

/* The key must not be in the table yet; it is only hashed, not kept. */
void table_add(struct table *t, struct table_node *node, struct span key);

/* The node must be in the table. */
void table_remove(struct table *t, struct table_node *node);

/* Calls f for every node, in an order that means nothing. f may not change the table. */
void table_each(const struct table *t, void (*f)(const struct table_node *node, void *arg),
                void *arg);
