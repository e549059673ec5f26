#include "chat/hub/table.h"

#include "simul/check.h"

#include <stdlib.h>

enum {
    FIRST_BUCKETS = 64,
    /* Buckets moved per insertion while growing. More than one makes sure that a growth ends before
     * the next begins. */
    MOVED_PER_STEP = 4,
};

static struct table_node **new_buckets(size_t count)
{
    return calloc(count, sizeof(struct table_node *));
}

enum err table_init(struct table *t, const struct siphash_key *key, table_is_fn *is)
{
    *t = (struct table){.bucket_count = FIRST_BUCKETS, .key = *key, .is = is};
    t->buckets = new_buckets(t->bucket_count);
    return t->buckets == NULL ? ERR_NOMEM : OK;
}

void table_deinit(struct table *t)
{
    free(t->buckets);
    free(t->old);
    *t = (struct table){0};
}

/* Where a node with this hash hangs now. */
static struct table_node **bucket_of(const struct table *t, uint64_t hash)
{
    if (t->old != NULL) {
        size_t i = hash & (t->old_count - 1);
        if (i >= t->moved)
            return &t->old[i];
    }
    return &t->buckets[hash & (t->bucket_count - 1)];
}

static void push(struct table_node **bucket, struct table_node *node)
{
    node->next = *bucket;
    *bucket = node;
}

static void grow_step(struct table *t)
{
    if (t->old == NULL) {
        if (t->count <= t->bucket_count)
            return;
        t->old = t->buckets;
        t->old_count = t->bucket_count;
        t->moved = 0;
        t->bucket_count *= 2;
        t->buckets = new_buckets(t->bucket_count);
        CHECK(t->buckets != NULL);
    }
    for (int n = 0; n < MOVED_PER_STEP && t->moved < t->old_count; n++) {
        struct table_node *node = t->old[t->moved++];
        while (node != NULL) {
            struct table_node *next = node->next;
            push(&t->buckets[node->hash & (t->bucket_count - 1)], node);
            node = next;
        }
    }
    if (t->moved == t->old_count) {
        free(t->old);
        t->old = NULL;
    }
}

struct table_node *table_find(const struct table *t, struct span key)
{
    uint64_t hash = siphash(&t->key, key);
    for (struct table_node *node = *bucket_of(t, hash); node != NULL; node = node->next)
        if (node->hash == hash && t->is(node, key))
            return node;
    return NULL;
}

void table_add(struct table *t, struct table_node *node, struct span key)
{
    DCHECK(table_find(t, key) == NULL);
    t->count++;
    grow_step(t);
    node->hash = siphash(&t->key, key);
    push(bucket_of(t, node->hash), node);
}

void table_remove(struct table *t, struct table_node *node)
{
    struct table_node **at = bucket_of(t, node->hash);
    while (*at != node) {
        CHECK(*at != NULL);
        at = &(*at)->next;
    }
    *at = node->next;
    node->next = NULL;
    t->count--;
}

void table_each(const struct table *t, void (*f)(const struct table_node *node, void *arg),
                void *arg)
{
    for (size_t i = 0; i < t->bucket_count; i++)
        for (const struct table_node *node = t->buckets[i]; node != NULL; node = node->next)
            f(node, arg);
    for (size_t i = t->moved; t->old != NULL && i < t->old_count; i++)
        for (const struct table_node *node = t->old[i]; node != NULL; node = node->next)
            f(node, arg);
}
