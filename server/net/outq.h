/* What a connection still has to send: a queue of references to bytes that lie elsewhere.
 *
 * Bytes written during a tick are gathered, for all connections of a loop, in one buffer; bytes
 * that many recipients share (a chat message, rendered once) are counted references. At the end
 * of the tick each queue goes out in one system call; what the socket does not take of the
 * gathered bytes is moved to the heap, so the gather buffer is empty again at the next tick.
 * All of it belongs to one loop: counts are plain. */
#pragma once

#include "simul/err.h"
#include "simul/span.h"

#include <stdint.h>
#include <sys/uio.h>

/* Immutable bytes with a count of references; freed with the last. */
struct shared {
    struct out_pool *pool; /* that counts it, since a queue refers to it; NULL: none does */
    uint32_t refs;
    uint32_t len;
    uint8_t bytes[];
};

/* One reference, owned by the caller; NULL without memory. */
struct shared *shared_new(size_t len);
struct shared *shared_get(struct shared *s);
void shared_put(struct shared *s);

struct out_segment {
    struct out_segment *next;
    const uint8_t *ptr;
    struct shared *owner; /* NULL: the bytes lie in the gather buffer */
    uint32_t len;
};

/* A loop's part: the gather buffer and the segments that are free. */
struct out_pool {
    uint8_t *gather;
    size_t gather_bytes;
    size_t gather_used;
    struct shared *reserved;   /* by outq_reserve, where the gather buffer had no room */
    struct out_segment **free; /* a stack, with room for all there are */
    size_t free_count;
    size_t heap_bytes; /* of what its queues refer to, each once, and of their segments */
    struct segment_slab *slabs;
    size_t slab_count;
};

enum err out_pool_init(struct out_pool *p, size_t gather_bytes);
void out_pool_deinit(struct out_pool *p);

/* Embedded in a connection; zeroed is empty. */
struct outq {
    struct out_segment *tail; /* circular: tail->next is the head */
    uint32_t bytes;
    uint32_t sent; /* the owner's: what has left (pace.h) */
};

/* Copies s to the end of the queue. ERR_NOMEM changes nothing. */
enum err outq_write(struct outq *q, struct out_pool *p, struct span s);

/* Room for `len` contiguous bytes at the end of the queue, to be filled before the next call on
 * this pool; NULL without memory. Encoders that know their size write straight into it. */
uint8_t *outq_extend(struct outq *q, struct out_pool *p, size_t len);

/* The same for a run whose length shows while it is written: room for `max` bytes, of which the
 * outq_commit that comes next puts the first `len` at the end of q. NULL without memory. */
uint8_t *outq_reserve(struct out_pool *p, size_t max);
enum err outq_commit(struct outq *q, struct out_pool *p, size_t len);

/* Puts a reference to s at the end of the queue; the queue takes a reference of its own. */
enum err outq_push(struct outq *q, struct out_pool *p, struct shared *s);

/* Asks the processor for what outq_iovec and outq_push need. */
static inline void outq_fetch(const struct outq *q)
{
    __builtin_prefetch(q->tail, 1);
}

/* Describes the first bytes of the queue in at most `max` pieces; returns how many. */
int outq_iovec(const struct outq *q, struct iovec *iov, int max);

/* Drops the first n bytes: they are sent. */
void outq_consume(struct outq *q, struct out_pool *p, size_t n);

/* Moves what lies in the gather buffer to the heap; ERR_NOMEM leaves the queue unusable but
 * valid for outq_clear. */
enum err outq_settle(struct outq *q, struct out_pool *p);

void outq_clear(struct outq *q, struct out_pool *p);
