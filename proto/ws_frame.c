/* Frames (RFC 6455 section 5.2), decoded in one of two ways.
 *
 *    0               1               2 or 4 or 10    4 more if MASK
 *   +-+-----+-------+-+-------------+---------------+---------------+---------
 *   |F| RSV | opcode|M| length 7    | length 16/64  | masking key   | payload
 *   +-+-----+-------+-+-------------+---------------+---------------+---------
 *
 * In place: the frame is whole in the input; its payload is unmasked there, and that is all.
 * Partial: wslay's frame-level API is fed from the input exactly up to the frame's end, so that the
 * context is between two frames when it goes back to the pool. What the chunk says of such a frame
 * is wslay's reading of the header, not ours, which makes each decoder a test of the other. */
#include "simul/check.h"
#include "simul/ws.h"
#include "simul/ws_mask.h"
#include "ws_inflate.h"

#include <stdlib.h>
#include <wslay/wslay.h>

enum { PARTIAL_BYTES = 4400 }; /* a context of wslay's, of which 4 KiB are its buffer, and ours */

struct ws_partial {
    wslay_frame_context_ptr wslay;
    struct ws_partial *next; /* in the pool */
    struct ws_input *in;     /* what wslay may take from during a call */
    uint64_t unfed;          /* bytes of the frame that wslay has not got yet */
    uint64_t decoded;        /* bytes of payload that it gave back */
};

/* wslay asks for input. Having none is told as a failure, which it reports as "want read". */
static ssize_t on_wslay_recv(uint8_t *out, size_t room, int flags, void *user_data)
{
    (void)flags;
    struct ws_partial *p = user_data;
    size_t n = p->in->len < room ? p->in->len : room;
    if (n > p->unfed)
        n = (size_t)p->unfed;
    if (n == 0)
        return -1;
    memcpy(out, p->in->ptr, n);
    p->in->ptr += n;
    p->in->len -= n;
    p->unfed -= n;
    return (ssize_t)n;
}

static void partial_free(struct ws_partial *p)
{
    wslay_frame_context_free(p->wslay);
    free(p);
}

/* NULL if there is no memory. */
static struct ws_partial *partial_new(void)
{
    static const struct wslay_frame_callbacks callbacks = {.recv_callback = on_wslay_recv};
    struct ws_partial *p = calloc(1, sizeof *p);
    if (p != NULL && wslay_frame_context_init(&p->wslay, &callbacks, p) != 0) {
        free(p);
        p = NULL;
    }
    return p;
}

void ws_pool_init(struct ws_pool *pool, size_t idle_max)
{
    CHECK(idle_max > 0);
    *pool = (struct ws_pool){.idle_max = idle_max};
}

static struct ws_partial *pool_pop(struct ws_pool *pool)
{
    struct ws_partial *p = pool->idle;
    if (p != NULL) {
        pool->idle = p->next;
        pool->idle_count--;
    }
    return p;
}

void ws_pool_deinit(struct ws_pool *pool)
{
    CHECK(pool->lent == 0);
    for (struct ws_partial *p; (p = pool_pop(pool)) != NULL;)
        partial_free(p);
    ws_inflaters_deinit(&pool->inflaters);
}

static struct ws_partial *pool_lend(struct ws_pool *pool)
{
    struct ws_partial *p = pool_pop(pool);
    if (p == NULL)
        p = partial_new();
    if (p == NULL)
        return NULL;
    pool->lent++;
    pool->held_bytes += PARTIAL_BYTES;
    return p;
}

/* Takes back a context that stands between two frames. It is not the one to be freed if there are
 * too many, since the last chunk still points into it. */
static void pool_return(struct ws_pool *pool, struct ws_partial *p)
{
    pool->lent--;
    pool->held_bytes -= PARTIAL_BYTES;
    if (pool->idle_count == pool->idle_max)
        partial_free(pool_pop(pool));
    p->next = pool->idle;
    pool->idle = p;
    pool->idle_count++;
}

void ws_frame_decoder_deinit(struct ws_frame_decoder *d, struct ws_pool *pool)
{
    if (d->partial == NULL)
        return;
    pool->lent--;
    pool->held_bytes -= PARTIAL_BYTES;
    partial_free(d->partial); /* wslay cannot be told to forget a frame */
    d->partial = NULL;
}

size_t ws_frame_decoder_held_bytes(const struct ws_frame_decoder *d)
{
    return d->partial != NULL ? PARTIAL_BYTES : 0;
}

static enum ws_frame_result partial_next(struct ws_frame_decoder *d, struct ws_pool *pool,
                                         struct ws_input *in, struct ws_chunk *chunk)
{
    struct ws_partial *p = d->partial;
    struct wslay_frame_iocb io;
    p->in = in;
    ssize_t n = wslay_frame_recv(p->wslay, &io);
    p->in = NULL;
    if (n == WSLAY_ERR_WANT_READ)
        return WS_FRAME_NEED_MORE;
    if (n < 0)
        return WS_FRAME_BAD;

    bool first = p->decoded == 0;
    p->decoded += io.data_length;
    p->unfed = io.payload_length - p->decoded;
    *chunk = (struct ws_chunk){
        .opcode = io.opcode,
        .rsv = io.rsv,
        .fin = io.fin,
        .masked = io.mask,
        .first = first,
        .last = p->unfed == 0,
        .payload = span_of(io.data, io.data_length),
        .frame_bytes = io.payload_length,
    };
    if (chunk->last) {
        pool_return(pool, p);
        d->partial = NULL;
    }
    return WS_FRAME_CHUNK;
}

/* Begins a frame of `bytes` bytes, header included, in a context of wslay's. */
static enum ws_frame_result partial_start(struct ws_frame_decoder *d, struct ws_pool *pool,
                                          uint64_t bytes)
{
    d->partial = pool_lend(pool);
    if (d->partial == NULL)
        return WS_FRAME_NOMEM;
    d->partial->unfed = bytes;
    d->partial->decoded = 0;
    return WS_FRAME_CHUNK;
}

static inline uint64_t load_big_endian(const uint8_t *p, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | p[i];
    return value;
}

/* Sets the header's fields of the chunk and *header_bytes. */
static inline enum ws_frame_result header_parse(const struct ws_input *in, struct ws_chunk *chunk,
                                                size_t *header_bytes)
{
    if (in->len < 2)
        return WS_FRAME_NEED_MORE;
    uint8_t length = in->ptr[1] & 0x7f;
    size_t extended = length < 126 ? 0 : length == 126 ? 2 : 8;
    chunk->fin = in->ptr[0] >> 7;
    chunk->rsv = in->ptr[0] >> 4 & 7;
    chunk->opcode = in->ptr[0] & 15;
    chunk->masked = in->ptr[1] >> 7;
    chunk->frame_bytes = length;
    *header_bytes = 2 + extended + (chunk->masked ? 4 : 0);
    if (in->len < *header_bytes)
        return WS_FRAME_NEED_MORE;
    if (extended > 0) {
        chunk->frame_bytes = load_big_endian(in->ptr + 2, extended);
        uint64_t least = extended == 2 ? 126 : 0x10000;
        if (chunk->frame_bytes < least || chunk->frame_bytes > INT64_MAX)
            return WS_FRAME_BAD;
    }
    return WS_FRAME_HEADER;
}

enum ws_frame_result ws_frame_next(struct ws_frame_decoder *d, struct ws_pool *pool,
                                   const struct ws_rules *rules, struct ws_input *in,
                                   struct ws_chunk *chunk)
{
    if (d->partial != NULL)
        return partial_next(d, pool, in, chunk);

    size_t header_bytes;
    enum ws_frame_result result = header_parse(in, chunk, &header_bytes);
    if (result != WS_FRAME_HEADER)
        return result;

    uint64_t bytes = header_bytes + chunk->frame_bytes;
    bool is_whole = bytes <= in->len;
    bool is_control = chunk->opcode >= WS_OP_CLOSE;
    if (!is_whole && (is_control || bytes <= rules->wait_bytes || in->len == header_bytes)) {
        chunk->payload = span_of(in->ptr + header_bytes, in->len - header_bytes);
        return WS_FRAME_HEADER;
    }
    if (!is_whole || rules->through_wslay) {
        result = partial_start(d, pool, bytes);
        return result == WS_FRAME_CHUNK ? partial_next(d, pool, in, chunk) : result;
    }

    uint8_t *payload = in->ptr + header_bytes;
    size_t len = (size_t)chunk->frame_bytes;
    chunk->first = chunk->last = true;
    chunk->is_ascii = false;
    chunk->payload = span_of(payload, len);
    if (chunk->masked) {
        uint32_t mask;
        memcpy(&mask, payload - 4, 4);
        chunk->is_ascii = ws_mask(payload, payload, len, mask);
    }
    in->ptr += bytes;
    in->len -= (size_t)bytes;
    return WS_FRAME_CHUNK;
}
