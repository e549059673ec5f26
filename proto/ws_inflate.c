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
    WINDOW_BITS = -15,      /* raw: without zlib's header */
    OUT_BYTES_FIRST = 4096, /* of room for a piece; doubled as it grows */
    SLOTS_FIRST = 8,
    STEP_BYTES_MAX = 1 << 30, /* zlib counts in 32 bits */
};

/* What a message ends with, and its sender took off (section 7.2.1). */
static const struct span TAIL = SPAN("\x00\x00\xff\xff");

struct ws_inflater {
    z_stream z;
    size_t zlib_bytes;    /* which z holds: 7 KiB, and 32 KiB with the first message */
    size_t counted_bytes; /* of this inflater, in the pool's sum */
    uint64_t handed_out;  /* bytes of the message, in pieces */
    struct buf out;       /* the piece so far; a byte more than that tells that it is full */
    uint8_t next_byte;    /* that one, for the next piece */
    bool has_next_byte;
    struct span in;  /* what is being inflated */
    struct buf rest; /* which lies here, if it is the rest of what came */
    bool has_rest;
    bool is_last;   /* behind it, the message ends */
    bool in_tail;   /* it is TAIL */
    bool is_at_end; /* of a final block, with nothing behind it */
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
    buf_deinit(&f->rest);
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
    return sizeof *f + f->zlib_bytes + f->out.cap + f->rest.cap;
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
    buf_deinit(&f->rest);
    inflateReset(&f->z);
    *f = (struct ws_inflater){.z = f->z, .zlib_bytes = f->zlib_bytes};
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

/* --- the room for a piece ---------------------------------------------------------------- */

/* Makes room for one byte or more of a piece that has room for at most bytes_max. */
static enum err out_reserve(struct ws_pool *pool, struct ws_inflater *f, size_t bytes_max)
{
    struct ws_inflaters *all = &pool->inflaters;
    if (f->out.cap == 0) {
        f->out = all->last;
        f->out.len = 0;
        all->last = (struct buf){0};
    }
    if (f->out.len + f->has_next_byte < f->out.cap)
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

/* The piece is the pool's from now on. */
static void hand_out(struct ws_pool *pool, struct ws_inflater *f, size_t bytes,
                     struct ws_inflated *out)
{
    struct ws_inflaters *all = &pool->inflaters;
    if (bytes < f->out.len) {
        f->next_byte = f->out.data[bytes];
        f->has_next_byte = true;
    }
    buf_deinit(&all->last);
    all->last = f->out;
    f->out = (struct buf){0};
    out->piece = span_of(all->last.data, bytes);
    out->is_piece = true;
    out->is_first = f->handed_out == 0;
    f->handed_out += bytes;
}

/* --- inflating --------------------------------------------------------------------------- */

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Takes n more bytes into the piece, which are behind it already. One above the message's limit,
 * which is what tells that it was passed, belongs to nothing and is not looked at. */
static enum err take_inflated(struct ws_inflater *f, size_t n, struct ws_inflate_limits limits)
{
    struct span more = span_of(f->out.data + f->out.len, n);
    f->out.len += n;
    bool is_too_much = f->handed_out + f->out.len > limits.bytes_max;
    if (is_too_much)
        more.len--;
    if (limits.utf8 != NULL) {
        *limits.utf8 = utf8_check(*limits.utf8, more);
        if (*limits.utf8 == UTF8_REJECTED)
            return ERR_UTF8;
    }
    return is_too_much ? ERR_LIMIT : OK;
}

/* Puts what was one byte too many for a piece in front of the next. */
static void put_next_byte(struct ws_inflater *f)
{
    if (!f->has_next_byte)
        return;
    f->out.data[0] = f->next_byte;
    f->out.len = 1;
    f->has_next_byte = false;
}

enum step { STEP_ON, STEP_DONE, STEP_FULL };

/* One call of zlib's. STEP_DONE: it has used up the input, and given out all that follows from it;
 * STEP_FULL: there is a piece, and a byte of the next. What is wrong behind that shows again. */
static enum err inflate_step(struct ws_pool *pool, struct ws_inflater *f,
                             struct ws_inflate_limits limits, enum step *step)
{
    if (f->handed_out + f->out.len + f->has_next_byte > limits.bytes_max)
        return ERR_LIMIT; /* which has become smaller since the message began */
    uint64_t left = limits.bytes_max - f->handed_out;
    size_t size_max = left < limits.piece_bytes ? (size_t)left + 1 : limits.piece_bytes + 1;
    if (out_reserve(pool, f, size_max) != OK)
        return ERR_NOMEM;
    put_next_byte(f);
    size_t given = min_size(f->in.len, STEP_BYTES_MAX);
    size_t room = min_size(min_size(f->out.cap, size_max) - f->out.len, STEP_BYTES_MAX);
    f->z.next_in = f->in.ptr;
    f->z.avail_in = (unsigned)given;
    f->z.next_out = f->out.data + f->out.len;
    f->z.avail_out = (unsigned)room;
    int result = inflate(&f->z, Z_SYNC_FLUSH);
    f->in = span_drop(f->in, given - f->z.avail_in);
    enum err e = take_inflated(f, room - f->z.avail_out, limits);
    if (e != OK)
        return e;
    bool is_done = f->in.len == 0 && f->z.avail_out > 0;
    if (result == Z_STREAM_END) {
        /* A final block may be followed by more of the message, and must be by at least an empty
         * block, whose end we append (section 7.2.3.4). The window stays. */
        inflateResetKeep(&f->z);
        f->is_at_end = is_done = f->in.len == 0;
        result = Z_OK;
    }
    *step = f->out.len > limits.piece_bytes ? STEP_FULL : is_done ? STEP_DONE : STEP_ON;
    if (*step == STEP_FULL || result == Z_OK || result == Z_BUF_ERROR)
        return OK; /* Z_BUF_ERROR: nothing was left to be done */
    return result == Z_MEM_ERROR ? ERR_NOMEM : ERR_SYNTAX;
}

/* Inflates until the input is used up, or a piece is full. */
static enum err inflate_input(struct ws_pool *pool, struct ws_inflater *f,
                              struct ws_inflate_limits limits, bool *is_full)
{
    enum step step = STEP_ON;
    enum err e = OK;
    while (e == OK && step == STEP_ON)
        e = inflate_step(pool, f, limits, &step);
    *is_full = step == STEP_FULL;
    return e;
}

/* Between two blocks, with no bits of the next one taken; see inflate() in zlib.h. */
static bool is_between_blocks(const struct ws_inflater *f)
{
    enum { AT_BLOCK = 128 };
    return f->z.data_type == AT_BLOCK;
}

/* All that came is inflated, and what the message ends with. */
static enum err end_message(struct ws_pool *pool, struct ws_inflater *f,
                            struct ws_inflate_limits limits, struct ws_inflated *out)
{
    if (!f->is_at_end && !is_between_blocks(f))
        return ERR_SYNTAX;
    if (limits.utf8 != NULL && *limits.utf8 != UTF8_COMPLETE)
        return ERR_UTF8;
    hand_out(pool, f, f->out.len, out);
    out->is_last = true;
    f->handed_out = 0;
    f->is_at_end = false;
    return OK;
}

/* Puts aside what is left of what came; `is_theirs`: it lies where it came. */
static enum err keep_rest(struct ws_inflater *f, bool is_theirs)
{
    f->has_rest = true;
    if (!is_theirs || f->in.len == 0)
        return OK;
    enum err e = buf_append(&f->rest, f->in);
    f->in = buf_span(&f->rest);
    return e;
}

static enum err inflate_more(struct ws_pool *pool, struct ws_inflater *f,
                             struct ws_inflate_limits limits, struct ws_inflated *out)
{
    bool is_full, is_theirs = !f->has_rest;
    f->has_rest = false;
    enum err e = inflate_input(pool, f, limits, &is_full);
    if (e == OK && !is_full && f->is_last && !f->in_tail && !f->is_at_end) {
        f->in = TAIL;
        f->in_tail = true;
        e = inflate_input(pool, f, limits, &is_full);
    }
    if (e != OK)
        return e;
    if (is_full) {
        hand_out(pool, f, limits.piece_bytes, out);
        return keep_rest(f, is_theirs && !f->in_tail);
    }
    buf_deinit(&f->rest);
    return f->is_last ? end_message(pool, f, limits, out) : OK;
}

enum err ws_inflate(struct ws_pool *pool, uint32_t number, struct span compressed, bool is_last,
                    struct ws_inflate_limits limits, struct ws_inflated *out)
{
    struct ws_inflater *f = inflater_at(pool, number);
    if (!f->has_rest) {
        f->in = compressed;
        f->is_last = is_last;
        f->in_tail = false;
        if (compressed.len > 0)
            f->is_at_end = false;
    }
    *out = (struct ws_inflated){0};
    enum err e = inflate_more(pool, f, limits, out);
    out->has_rest = f->has_rest;
    count(pool, f);
    return e;
}
