/* zlib's raw inflate, and the table of who has one.
 *
 * The window is always of 32 KiB, whatever was agreed on: zlib sees that a distance is longer than
 * its window only if the place is not in the output of the same call, so with a smaller one it
 * would depend on how a message is cut whether it is refused. */
#include "ws_inflate.h"

#include "simul/check.h"
#include "simul/utf8.h"
#include "zlib_memory.h"

enum {
    WINDOW_BITS = -15,        /* raw: without zlib's header */
    OUT_BYTES_FIRST = 4096,   /* of room for a message; doubled as it grows */
    OUT_BYTES_KEPT = 1 << 16, /* and kept for the next one if it is not more than this */
    SLOTS_FIRST = 8,
    STEP_BYTES_MAX = 1 << 30, /* zlib counts in 32 bits */
};

struct ws_inflater {
    z_stream z;
    size_t zlib_bytes;    /* which z holds: 7 KiB, and 32 KiB with the first message */
    size_t counted_bytes; /* of this inflater, in the pool's sum */
    struct buf out;       /* the message so far */
    bool is_at_end;       /* of a final block, with nothing behind it */
};

/* A number that is lent has its inflater here, any other one the next that is not. */
union ws_inflater_slot {
    struct ws_inflater *inflater;
    uint32_t next_free;
};

static struct ws_inflater *inflater_at(const struct ws_pool *pool, uint32_t number)
{
    CHECK(number > 0 && number <= pool->inflaters.slot_count);
    return pool->inflaters.slots[number - 1].inflater;
}

static void inflater_free(struct ws_inflater *f)
{
    inflateEnd(&f->z);
    buf_deinit(&f->out);
    free(f);
}

/* NULL if there is no memory. */
static struct ws_inflater *inflater_new(void)
{
    struct ws_inflater *f = calloc(1, sizeof *f);
    if (f == NULL)
        return NULL;
    f->z = zlib_stream(&f->zlib_bytes);
    if (inflateInit2(&f->z, WINDOW_BITS) != Z_OK) {
        free(f);
        return NULL;
    }
    return f;
}

static size_t held_bytes(const struct ws_inflater *f)
{
    return sizeof *f + f->zlib_bytes + f->out.cap;
}

static void count(struct ws_pool *pool, struct ws_inflater *f)
{
    pool->held_bytes += held_bytes(f) - f->counted_bytes;
    f->counted_bytes = held_bytes(f);
}

/* Makes room in the table of numbers. */
static enum err slots_grow(struct ws_inflaters *all)
{
    uint32_t size = all->slot_count == 0 ? SLOTS_FIRST : all->slot_count * 2;
    union ws_inflater_slot *slots = realloc(all->slots, size * sizeof *slots);
    if (slots == NULL)
        return ERR_NOMEM;
    for (uint32_t i = all->slot_count; i < size; i++)
        slots[i].next_free = i + 1 < size ? i + 2 : 0;
    all->free = all->slot_count + 1;
    all->slots = slots;
    all->slot_count = size;
    return OK;
}

uint32_t ws_inflater_lend(struct ws_pool *pool)
{
    struct ws_inflaters *all = &pool->inflaters;
    if (all->free == 0 && slots_grow(all) != OK)
        return 0;
    struct ws_inflater *f = all->idle;
    if (f == NULL)
        f = inflater_new();
    if (f == NULL)
        return 0;
    all->idle = NULL;
    all->lent++;
    uint32_t number = all->free;
    all->free = all->slots[number - 1].next_free;
    all->slots[number - 1].inflater = f;
    count(pool, f);
    return number;
}

void ws_inflater_return(struct ws_pool *pool, uint32_t number)
{
    struct ws_inflaters *all = &pool->inflaters;
    struct ws_inflater *f = inflater_at(pool, number);
    pool->held_bytes -= f->counted_bytes;
    f->counted_bytes = 0;
    all->slots[number - 1].next_free = all->free;
    all->free = number;
    all->lent--;
    if (all->idle != NULL) {
        inflater_free(f);
        return;
    }
    buf_deinit(&f->out);
    inflateReset(&f->z);
    f->is_at_end = false;
    all->idle = f;
}

size_t ws_inflater_held_bytes(const struct ws_pool *pool, uint32_t number)
{
    return held_bytes(inflater_at(pool, number));
}

void ws_inflaters_deinit(struct ws_inflaters *all)
{
    CHECK(all->lent == 0);
    if (all->idle != NULL)
        inflater_free(all->idle);
    buf_deinit(&all->last);
    free(all->slots);
    *all = (struct ws_inflaters){0};
}

/* ---- the room for a message ---- */

/* A buffer that is kept is idle, and not counted. */
static size_t counted_of_last(const struct ws_inflaters *all)
{
    return all->last.cap > OUT_BYTES_KEPT ? all->last.cap : 0;
}

void ws_pool_trim(struct ws_pool *pool)
{
    pool->held_bytes -= counted_of_last(&pool->inflaters);
    if (pool->inflaters.last.cap > OUT_BYTES_KEPT)
        buf_deinit(&pool->inflaters.last);
}

/* The message is the pool's from now on, and f stands before the next one. */
static void give_out(struct ws_pool *pool, struct ws_inflater *f, struct span *message)
{
    struct ws_inflaters *all = &pool->inflaters;
    pool->held_bytes -= counted_of_last(all);
    buf_deinit(&all->last);
    all->last = f->out;
    f->out = (struct buf){0};
    f->is_at_end = false;
    pool->held_bytes += counted_of_last(all);
    *message = buf_span(&all->last);
}

/* Makes room for one byte or more of a message that has room for at most bytes_max. */
static enum err out_reserve(struct ws_pool *pool, struct ws_inflater *f, size_t bytes_max)
{
    struct ws_inflaters *all = &pool->inflaters;
    if (f->out.cap == 0) {
        pool->held_bytes -= counted_of_last(all);
        f->out = all->last;
        f->out.len = 0;
        all->last = (struct buf){0};
    }
    if (f->out.len < f->out.cap)
        return OK;
    size_t cap = f->out.cap < OUT_BYTES_FIRST ? OUT_BYTES_FIRST : f->out.cap * 2;
    if (cap > bytes_max || cap < f->out.cap)
        cap = bytes_max;
    uint8_t *data = realloc(f->out.data, cap);
    if (data == NULL)
        return ERR_NOMEM;
    f->out.data = data;
    f->out.cap = cap;
    return OK;
}

/* ---- inflating ---- */

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Takes n more bytes into the message, which are behind it already. One above the limit, which is
 * what tells that it was passed, belongs to nothing and is not looked at. */
static enum err take_inflated(struct ws_inflater *f, size_t n, struct ws_inflate_limits limits)
{
    struct span more = span_of(f->out.data + f->out.len, n);
    f->out.len += n;
    bool is_too_much = f->out.len > limits.bytes_max;
    if (is_too_much)
        more.len--;
    if (limits.utf8 != NULL) {
        *limits.utf8 = utf8_check(*limits.utf8, more);
        if (*limits.utf8 == UTF8_REJECTED)
            return ERR_UTF8;
    }
    return is_too_much ? ERR_LIMIT : OK;
}

/* One call of zlib's. *is_done: it has used up its input, and given out all that follows from it.
 */
static enum err inflate_step(struct ws_pool *pool, struct ws_inflater *f,
                             struct ws_inflate_limits limits, bool *is_done)
{
    if (f->out.len > limits.bytes_max)
        return ERR_LIMIT; /* which has become smaller since the message began */
    size_t size_max = limits.bytes_max < SIZE_MAX ? (size_t)limits.bytes_max + 1 : SIZE_MAX;
    if (out_reserve(pool, f, size_max) != OK)
        return ERR_NOMEM;
    size_t room = min_size(min_size(f->out.cap, size_max) - f->out.len, STEP_BYTES_MAX);
    f->z.next_out = f->out.data + f->out.len;
    f->z.avail_out = (unsigned)room;
    int result = inflate(&f->z, Z_SYNC_FLUSH);
    enum err e = take_inflated(f, room - f->z.avail_out, limits);
    if (e != OK)
        return e;
    *is_done = f->z.avail_out > 0;
    switch (result) {
    case Z_OK:
    case Z_BUF_ERROR: /* nothing was left to be done */
        return OK;
    case Z_STREAM_END:
        /* A final block may be followed by more of the message, and must be by at least an empty
         * block, whose end we append (section 7.2.3.4). The window stays. */
        inflateResetKeep(&f->z);
        f->is_at_end = *is_done = f->z.avail_in == 0;
        return OK;
    case Z_MEM_ERROR:
        return ERR_NOMEM;
    default:
        return ERR_SYNTAX;
    }
}

static enum err inflate_span(struct ws_pool *pool, struct ws_inflater *f, struct span compressed,
                             struct ws_inflate_limits limits)
{
    enum err e = OK;
    while (e == OK && compressed.len > 0) {
        size_t n = min_size(compressed.len, STEP_BYTES_MAX);
        f->z.next_in = compressed.ptr;
        f->z.avail_in = (unsigned)n;
        f->is_at_end = false;
        for (bool is_done = false; e == OK && !is_done;)
            e = inflate_step(pool, f, limits, &is_done);
        compressed = span_drop(compressed, n);
    }
    count(pool, f);
    return e;
}

enum err ws_inflate(struct ws_pool *pool, uint32_t number, struct span compressed,
                    struct ws_inflate_limits limits)
{
    return inflate_span(pool, inflater_at(pool, number), compressed, limits);
}

/* Between two blocks, with no bits of the next one taken; see inflate() in zlib.h. */
static bool is_between_blocks(const struct ws_inflater *f)
{
    enum { AT_BLOCK = 128 };
    return f->z.data_type == AT_BLOCK;
}

enum err ws_inflate_end(struct ws_pool *pool, uint32_t number, struct ws_inflate_limits limits,
                        struct span *message)
{
    struct ws_inflater *f = inflater_at(pool, number);
    if (!f->is_at_end) {
        enum err e = inflate_span(pool, f, SPAN("\x00\x00\xff\xff"), limits);
        if (e != OK)
            return e;
        if (!f->is_at_end && !is_between_blocks(f))
            return ERR_SYNTAX;
    }
    if (limits.utf8 != NULL && *limits.utf8 != UTF8_COMPLETE)
        return ERR_UTF8;
    give_out(pool, f, message);
    count(pool, f);
    return OK;
}
