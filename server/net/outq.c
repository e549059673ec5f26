#include "net/outq.h"

#include "simul/check.h"

#include <stdlib.h>

enum {
    SLAB_SEGMENTS = 127,
    FETCH_SEGMENT = 8, /* how many segments ahead of the one that is taken */
};

struct segment_slab {
    struct segment_slab *next;
    struct out_segment segments[SLAB_SEGMENTS];
};

struct shared *shared_new(size_t len)
{
    struct shared *s = malloc(sizeof(*s) + len);
    if (s != NULL)
        *s = (struct shared){.refs = 1, .len = (uint32_t)len};
    return s;
}

struct shared *shared_get(struct shared *s)
{
    s->refs++;
    return s;
}

void shared_put(struct shared *s)
{
    if (s == NULL || --s->refs > 0)
        return;
    if (s->pool != NULL)
        s->pool->heap_bytes -= sizeof(*s) + s->len;
    free(s);
}

/* Gives the segment its bytes. */
static void refer(struct out_segment *segment, struct out_pool *p, struct shared *s)
{
    segment->owner = s;
    segment->ptr = s->bytes;
    segment->len = s->len;
    if (s->pool != NULL)
        return;
    s->pool = p;
    p->heap_bytes += sizeof(*s) + s->len;
}

enum err out_pool_init(struct out_pool *p, size_t gather_bytes)
{
    *p = (struct out_pool){.gather_bytes = gather_bytes};
    p->gather = malloc(gather_bytes);
    return p->gather == NULL ? ERR_NOMEM : OK;
}

void out_pool_deinit(struct out_pool *p)
{
    for (struct segment_slab *slab = p->slabs; slab != NULL;) {
        struct segment_slab *next = slab->next;
        free(slab);
        slab = next;
    }
    free(p->free);
    free(p->gather);
    *p = (struct out_pool){0};
}

__attribute__((cold)) static enum err add_slab(struct out_pool *p)
{
    size_t count = (p->slab_count + 1) * SLAB_SEGMENTS;
    struct out_segment **free = realloc(p->free, count * sizeof(free[0]));
    if (free == NULL)
        return ERR_NOMEM;
    p->free = free;
    struct segment_slab *slab = malloc(sizeof(*slab));
    if (slab == NULL)
        return ERR_NOMEM;
    slab->next = p->slabs;
    p->slabs = slab;
    p->slab_count++;
    for (int i = 0; i < SLAB_SEGMENTS; i++)
        p->free[p->free_count++] = &slab->segments[i];
    return OK;
}

/* A fan-out takes thousands in a row, which lie anywhere: see to it that they are at hand. */

static inline struct out_segment *segment_new(struct out_pool *p)
{
    if (p->free_count == 0 && add_slab(p) != OK)
        return NULL;
    struct out_segment *s = p->free[--p->free_count];
    if (p->free_count >= FETCH_SEGMENT)
        __builtin_prefetch(p->free[p->free_count - FETCH_SEGMENT], 1);
    p->heap_bytes += sizeof(*s);
    return s;
}

static void segment_free(struct out_pool *p, struct out_segment *s)
{
    shared_put(s->owner);
    p->heap_bytes -= sizeof(*s);
    p->free[p->free_count++] = s;
}

static void append(struct outq *q, struct out_segment *s)
{
    if (q->tail == NULL) {
        s->next = s;
    } else {
        s->next = q->tail->next;
        q->tail->next = s;
    }
    q->tail = s;
    q->bytes += s->len;
}

/* Room in a block of the queue's own, for what the gather buffer cannot take. */
static uint8_t *extend_on_heap(struct outq *q, struct out_pool *p, size_t len)
{
    struct out_segment *s = segment_new(p);
    if (s == NULL)
        return NULL;
    s->owner = NULL;
    struct shared *block = shared_new(len);
    if (block == NULL) {
        segment_free(p, s);
        return NULL;
    }
    refer(s, p, block);
    append(q, s);
    return block->bytes;
}

uint8_t *outq_extend(struct outq *q, struct out_pool *p, size_t len)
{
    if (len > p->gather_bytes - p->gather_used)
        return extend_on_heap(q, p, len);
    uint8_t *at = p->gather + p->gather_used;
    struct out_segment *tail = q->tail;
    if (tail != NULL && tail->owner == NULL && tail->ptr + tail->len == at) {
        tail->len += (uint32_t)len;
        q->bytes += (uint32_t)len;
    } else {
        struct out_segment *s = segment_new(p);
        if (s == NULL)
            return NULL;
        *s = (struct out_segment){.ptr = at, .len = (uint32_t)len};
        append(q, s);
    }
    p->gather_used += len;
    return at;
}

uint8_t *outq_reserve(struct out_pool *p, size_t max)
{
    CHECK(p->reserved == NULL);
    if (max <= p->gather_bytes - p->gather_used)
        return p->gather + p->gather_used;
    p->reserved = shared_new(max);
    return p->reserved == NULL ? NULL : p->reserved->bytes;
}

enum err outq_commit(struct outq *q, struct out_pool *p, size_t len)
{
    struct shared *s = p->reserved;
    if (s == NULL)
        return len == 0 || outq_extend(q, p, len) != NULL ? OK : ERR_NOMEM;
    p->reserved = NULL;
    s->len = (uint32_t)len;
    enum err e = len == 0 ? OK : outq_push(q, p, s);
    shared_put(s);
    return e;
}

enum err outq_write(struct outq *q, struct out_pool *p, struct span s)
{
    if (s.len == 0)
        return OK;
    uint8_t *to = outq_extend(q, p, s.len);
    if (to == NULL)
        return ERR_NOMEM;
    memcpy(to, s.ptr, s.len);
    return OK;
}

enum err outq_push(struct outq *q, struct out_pool *p, struct shared *shared)
{
    struct out_segment *s = segment_new(p);
    if (s == NULL)
        return ERR_NOMEM;
    refer(s, p, shared_get(shared));
    append(q, s);
    return OK;
}

int outq_iovec(const struct outq *q, struct iovec *iov, int max)
{
    if (q->tail == NULL)
        return 0;
    int n = 0;
    const struct out_segment *s = q->tail->next;
    for (;;) {
        iov[n++] = (struct iovec){.iov_base = (void *)(uintptr_t)s->ptr, .iov_len = s->len};
        if (s == q->tail || n == max)
            return n;
        s = s->next;
    }
}

void outq_consume(struct outq *q, struct out_pool *p, size_t n)
{
    CHECK(n <= q->bytes);
    if (n == q->bytes) {
        outq_clear(q, p);
        return;
    }
    q->bytes -= (uint32_t)n;
    while (n > 0) {
        struct out_segment *head = q->tail->next;
        if (n < head->len) {
            head->ptr += n;
            head->len -= (uint32_t)n;
            return;
        }
        n -= head->len;
        q->tail->next = head->next; /* something is left, so this is not the last */
        segment_free(p, head);
    }
}

enum err outq_settle(struct outq *q, struct out_pool *p)
{
    if (q->tail == NULL)
        return OK;
    struct out_segment *s = q->tail;
    do {
        s = s->next;
        if (s->owner != NULL)
            continue;
        struct shared *copy = shared_new(s->len);
        if (copy == NULL)
            return ERR_NOMEM;
        memcpy(copy->bytes, s->ptr, s->len);
        refer(s, p, copy);
    } while (s != q->tail);
    return OK;
}

void outq_clear(struct outq *q, struct out_pool *p)
{
    struct out_segment *tail = q->tail;
    q->tail = NULL;
    q->bytes = 0;
    if (tail == NULL)
        return;
    struct out_segment *s = tail;
    do {
        s = s->next;
        segment_free(p, s); /* which leaves s->next as it is */
    } while (s != tail);
}
