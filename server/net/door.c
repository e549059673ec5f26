#include "net/door.h"

#include "core/rate.h"
#include "simul/check.h"
#include "simul/list.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    SHARD_BUCKETS = 256,
    SHARD_IDLE_MAX = DOOR_IDLE_MAX / DOOR_SHARDS,
    CACHE_LINE = 64,
};

/* All connections from one address, or from one /64. */
struct visitor {
    struct visitor *next; /* in its bucket */
    struct list idle;     /* in shard.idle, while nothing is open */
    uint8_t prefix[16];
    uint8_t bucket; /* its number */
    uint32_t open;  /* its connections */
    struct rate rate;
};

struct shard {
    _Alignas(CACHE_LINE) pthread_mutex_t lock;
    struct list idle; /* those without connections; who left first is in front */
    size_t idle_count, count;
    struct visitor *buckets[SHARD_BUCKETS];
};

struct door {
    struct shard shards[DOOR_SHARDS];
    struct siphash_key key;
    _Atomic uint32_t connections_max; /* both as struct door_limits says */
    _Atomic uint32_t per_second_max;
};

struct door *door_new(const struct door_limits *limits, const struct siphash_key *key)
{
    struct door *d = aligned_alloc(CACHE_LINE, sizeof(*d));
    if (d == NULL)
        return NULL;
    memset(d, 0, sizeof(*d));
    d->key = *key;
    door_set_limits(d, limits);
    for (int i = 0; i < DOOR_SHARDS; i++) {
        pthread_mutex_init(&d->shards[i].lock, NULL);
        list_init(&d->shards[i].idle);
    }
    return d;
}

void door_set_limits(struct door *d, const struct door_limits *limits)
{
    CHECK(limits->per_second <= DOOR_PER_SECOND_MAX);
    atomic_store_explicit(&d->connections_max, limits->connections, memory_order_relaxed);
    atomic_store_explicit(&d->per_second_max, limits->per_second, memory_order_relaxed);
}

static void free_shard(struct shard *s)
{
    for (int i = 0; i < SHARD_BUCKETS; i++) {
        for (struct visitor *v = s->buckets[i], *next; v != NULL; v = next) {
            next = v->next;
            free(v);
        }
    }
    pthread_mutex_destroy(&s->lock);
}

void door_free(struct door *d)
{
    for (int i = 0; d != NULL && i < DOOR_SHARDS; i++)
        free_shard(&d->shards[i]);
    free(d);
}

/* --- the table --------------------------------------------------------------------------- */

/* Where an address is, or would be. */
struct place {
    struct shard *shard;
    uint8_t bucket;
    uint8_t prefix[16];
};

static struct place place_of(struct door *d, const struct addr *peer)
{
    struct place p = {0};
    memcpy(p.prefix, peer->ip, peer->is_v6 ? 8 : 16); /* a /64, or all of a mapped IPv4 address */
    uint64_t hash = siphash(&d->key, span_of(p.prefix, sizeof(p.prefix)));
    p.shard = &d->shards[hash % DOOR_SHARDS];
    p.bucket = (uint8_t)(hash / DOOR_SHARDS % SHARD_BUCKETS);
    return p;
}

static struct visitor *find(const struct place *p)
{
    struct visitor *v = p->shard->buckets[p->bucket];
    while (v != NULL && memcmp(v->prefix, p->prefix, sizeof(v->prefix)) != 0)
        v = v->next;
    return v;
}

static struct visitor *add(const struct place *p)
{
    struct visitor *v = calloc(1, sizeof(*v));
    if (v == NULL)
        return NULL;
    memcpy(v->prefix, p->prefix, sizeof(v->prefix));
    v->bucket = p->bucket;
    v->next = p->shard->buckets[p->bucket];
    p->shard->buckets[p->bucket] = v;
    p->shard->count++;
    return v;
}

static void set_idle(struct shard *s, struct visitor *v, bool is_idle)
{
    if (is_idle == list_is_linked(&v->idle))
        return;
    if (is_idle) {
        list_push_back(&s->idle, &v->idle);
        s->idle_count++;
    } else {
        list_remove(&v->idle);
        s->idle_count--;
    }
}

static void forget(struct shard *s, struct visitor *v)
{
    struct visitor **at = &s->buckets[v->bucket];
    while (*at != v)
        at = &(*at)->next;
    *at = v->next;
    set_idle(s, v, false);
    s->count--;
    free(v);
}

/* Forgets those that left long enough ago, and the oldest ones if there are too many. */
static void forget_idle(struct shard *s, uint64_t now_us)
{
    while (!list_is_empty(&s->idle)) {
        struct visitor *v = container_of(s->idle.next, struct visitor, idle);
        if (!rate_is_rested(&v->rate, now_us) && s->idle_count <= SHARD_IDLE_MAX)
            return;
        forget(s, v);
    }
}

/* --- coming and going -------------------------------------------------------------------- */

static enum door_verdict judge(const struct door *d, struct visitor *v, uint64_t now_us)
{
    uint32_t open_max = atomic_load_explicit(&d->connections_max, memory_order_relaxed);
    uint32_t rate_max = atomic_load_explicit(&d->per_second_max, memory_order_relaxed);
    if (open_max > 0 && v->open >= open_max)
        return DOOR_CROWDED;
    if (rate_max > 0 &&
        !rate_try(&v->rate, now_us, 1000 * 1000 / rate_max, rate_max * DOOR_BURST_SECONDS))
        return DOOR_HASTY;
    return DOOR_ADMITTED;
}

/* NULL without memory. */
static struct visitor *find_or_add(const struct place *p)
{
    struct visitor *v = find(p);
    return v == NULL ? add(p) : v;
}

static void admit(struct shard *s, struct visitor *v)
{
    v->open++;
    set_idle(s, v, false);
}

static enum door_verdict enter(const struct door *d, const struct place *p, uint64_t now_us)
{
    forget_idle(p->shard, now_us);
    struct visitor *v = find_or_add(p);
    if (v == NULL)
        return DOOR_NO_MEMORY;
    enum door_verdict verdict = judge(d, v, now_us);
    if (verdict == DOOR_ADMITTED)
        admit(p->shard, v);
    return verdict;
}

enum door_verdict door_enter(struct door *d, const struct addr *peer, uint64_t now_ms)
{
    if (peer->is_unix)
        return DOOR_ADMITTED;
    struct place p = place_of(d, peer);
    pthread_mutex_lock(&p.shard->lock);
    enum door_verdict verdict = enter(d, &p, now_ms * 1000);
    pthread_mutex_unlock(&p.shard->lock);
    return verdict;
}

bool door_count(struct door *d, const struct addr *peer)
{
    if (peer->is_unix)
        return true;
    struct place p = place_of(d, peer);
    pthread_mutex_lock(&p.shard->lock);
    struct visitor *v = find_or_add(&p);
    if (v != NULL)
        admit(p.shard, v);
    pthread_mutex_unlock(&p.shard->lock);
    return v != NULL;
}

void door_leave(struct door *d, const struct addr *peer, uint64_t now_ms)
{
    if (peer->is_unix)
        return;
    struct place p = place_of(d, peer);
    pthread_mutex_lock(&p.shard->lock);
    struct visitor *v = find(&p);
    CHECK(v != NULL && v->open > 0);
    v->open--;
    set_idle(p.shard, v, v->open == 0);
    forget_idle(p.shard, now_ms * 1000);
    pthread_mutex_unlock(&p.shard->lock);
}

size_t door_address_count(struct door *d)
{
    size_t count = 0;
    for (int i = 0; i < DOOR_SHARDS; i++) {
        pthread_mutex_lock(&d->shards[i].lock);
        count += d->shards[i].count;
        pthread_mutex_unlock(&d->shards[i].lock);
    }
    return count;
}
