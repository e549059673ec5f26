/* Compressing messages (RFC 7692 section 7.2.1): raw DEFLATE, flushed so that it ends with an empty
 * block, whose last four bytes the peer puts back.
 *
 * Level and memory were chosen by measuring lines of chat, with tags of IRCv3, and 64 KiB of such
 * lines; µs of one core and bytes left of 100:
 *
 *                      200 B        500 B          64 KiB
 *     level 1       10.1   85    14.9   69     650   43.9
 *           4       10.6   85    15.3   69     990   40.5
 *           6       10.3   85    15.8   69    2080   39.2
 *           9       10.2   85    15.9   69    2420   38.9
 *     fixed codes    9.3   96    14.3   86     997   49.6   (of level 4)
 *     memory 5       9.5   85    14.8   69    1324   40.9   (of level 4; else 8)
 *
 * A short message is nearly all set-up, most of it the making of Huffman codes, whatever the level;
 * 1 µs is the clearing of the hash, which memory 5 saves, only to lose it where messages are long.
 * Such lines of 100 bytes stay as long as they are. */
#include "simul/ws_deflate.h"

#include "simul/check.h"
#include "zlib_memory.h"

enum {
    LEVEL = 4,
    MEMORY = 8,
    OUT_BYTES_KEPT = 1 << 16,
    STEP_BYTES_MAX = 1 << 30, /* zlib counts in 32 bits */
    TAIL_BYTES = 4,
    FLUSH_BYTES = 16, /* at most 6 of them; with no more room than that it flushes twice */
};

void ws_deflater_init(struct ws_deflater *d)
{
    *d = (struct ws_deflater){0};
}

void ws_deflater_deinit(struct ws_deflater *d)
{
    for (size_t i = 0; i < sizeof d->streams / sizeof *d->streams; i++)
        if (d->streams[i] != NULL) {
            deflateEnd(d->streams[i]);
            free(d->streams[i]);
        }
    buf_deinit(&d->out);
    *d = (struct ws_deflater){0};
}

/* Makes the stream at *at. */
static enum err stream_new(struct ws_deflater *d, unsigned bits, z_stream **at)
{
    size_t before = d->held_bytes;
    z_stream *z = malloc(sizeof *z);
    if (z == NULL)
        return ERR_NOMEM;
    *z = zlib_stream(&d->held_bytes);
    if (deflateInit2(z, LEVEL, Z_DEFLATED, -(int)bits, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(z);
        d->held_bytes = before;
        return ERR_NOMEM;
    }
    *at = z;
    return OK;
}

static enum err out_reserve(struct ws_deflater *d, size_t more)
{
    size_t before = d->out.cap;
    enum err e = buf_reserve(&d->out, more);
    d->held_bytes += d->out.cap - before;
    return e;
}

/* Compresses it behind what there is. */
static enum err deflate_span(struct ws_deflater *d, z_stream *z, struct span in, int flush)
{
    z->next_in = in.ptr;
    z->avail_in = (unsigned)in.len;
    do {
        enum err e = out_reserve(d, FLUSH_BYTES);
        if (e != OK)
            return e;
        size_t room = d->out.cap - d->out.len;
        room = room < STEP_BYTES_MAX ? room : STEP_BYTES_MAX;
        z->next_out = d->out.data + d->out.len;
        z->avail_out = (unsigned)room;
        deflate(z, flush); /* fails only if it has nothing to do */
        d->out.len += room - z->avail_out;
    } while (z->avail_out == 0);
    return OK;
}

enum err ws_deflater_run_piece(struct ws_deflater *d, unsigned bits, struct span piece,
                               bool is_last, struct span *compressed)
{
    CHECK(bits >= WS_DEFLATE_BITS_MIN && bits <= WS_DEFLATE_BITS_MAX);
    z_stream **z = &d->streams[bits - WS_DEFLATE_BITS_MIN];
    enum err e = *z == NULL ? stream_new(d, bits, z) : OK;
    if (e != OK)
        return e;
    deflateReset(*z);
    d->out.len = 0;
    size_t likely =
        piece.len < OUT_BYTES_KEPT / 2 ? deflateBound(*z, piece.len) : OUT_BYTES_KEPT / 2;
    e = out_reserve(d, likely + FLUSH_BYTES);
    while (e == OK && piece.len > STEP_BYTES_MAX) {
        e = deflate_span(d, *z, span_take(piece, STEP_BYTES_MAX), Z_NO_FLUSH);
        piece = span_drop(piece, STEP_BYTES_MAX);
    }
    if (e == OK)
        e = deflate_span(d, *z, piece, Z_SYNC_FLUSH);
    if (e != OK)
        return e;
    CHECK(d->out.len > TAIL_BYTES);
    *compressed = span_take(buf_span(&d->out), d->out.len - (is_last ? TAIL_BYTES : 0));
    return OK;
}

enum err ws_deflater_run(struct ws_deflater *d, unsigned bits, struct span message,
                         struct span *compressed)
{
    return ws_deflater_run_piece(d, bits, message, true, compressed);
}

void ws_deflater_trim(struct ws_deflater *d)
{
    if (d->out.cap <= OUT_BYTES_KEPT)
        return;
    d->held_bytes -= d->out.cap;
    buf_deinit(&d->out);
}
