/* What is compressed is read as it was, however it is cut into fragments and reads, and in whatever
 * pieces it is compressed and inflated.
 *
 * The first byte chooses the window (bits 0 to 2), whether the reader keeps its context (bit 3),
 * which our deflater never makes use of, and the pieces of the one and of the other (bits 4 and 5,
 * 6 and 7). What follows are messages: a byte for the length, one for how often it is said again,
 * and the bytes. */
#include "fuzz/cut.h"

#include "simul/buf.h"
#include "simul/ws.h"
#include "simul/ws_mask.h"

enum { MESSAGE_BYTES_MAX = 255 * 256 };
static const uint32_t PIECES[] = {MESSAGE_BYTES_MAX, 1, 300, 5000};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The next message, in out, and advances in behind it. False: there is none. */
static bool message_next(struct span *in, struct buf *out)
{
    if (in->len < 2)
        return false;
    size_t len = in->ptr[0], repeat = 1 + (size_t)in->ptr[1];
    *in = span_drop(*in, 2);
    struct span said = span_take(*in, len < in->len ? len : in->len);
    *in = span_drop(*in, said.len);
    out->len = 0;
    for (size_t i = 0; i < repeat; i++)
        CHECK(buf_append(out, said) == OK);
    return true;
}

/* Appends a masked frame. */
static void append_frame(struct buf *wire, uint8_t first_byte, bool fin, struct span payload)
{
    enum { MASK = 0x9d3b71c5 };
    CHECK(buf_reserve(wire, WS_HEADER_BYTES_MAX + payload.len) == OK);
    uint8_t *at = wire->data + wire->len;
    size_t header = ws_encode_header_masked(at, WS_CONTINUATION, fin, payload.len, MASK);
    at[0] |= first_byte;
    ws_mask(at + header, payload.ptr, payload.len, MASK);
    wire->len += header + payload.len;
}

/* All of it, piece by piece, to be freed. */
static struct buf compress(struct ws_deflater *d, unsigned bits, struct span message, size_t piece)
{
    struct buf all = {0};
    struct span compressed;
    for (; message.len > piece; message = span_drop(message, piece)) {
        CHECK(ws_deflater_run_piece(d, bits, span_take(message, piece), false, &compressed) == OK);
        CHECK(buf_append(&all, compressed) == OK);
    }
    CHECK(ws_deflater_run(d, bits, message, &compressed) == OK);
    CHECK(buf_append(&all, compressed) == OK);
    return all;
}

/* The compressed message in fragments, and an empty one at the end. */
static void append_message(struct buf *wire, struct span compressed)
{
    struct span piece;
    struct cut cut = cut_begin(compressed);
    uint8_t first_byte = WS_RSV1 | WS_BINARY;
    for (; cut_next(&cut, &piece); first_byte = WS_CONTINUATION)
        append_frame(wire, first_byte, false, piece);
    append_frame(wire, WS_CONTINUATION, true, SPAN_EMPTY);
}

/* Reads the wire, in pieces, as the one message. */
static void expect_read(struct ws_reader *r, struct ws_pool *pool, struct span wire,
                        struct span message, uint32_t piece_bytes)
{
    const struct ws_rules rules = {.inflated_bytes_max = MESSAGE_BYTES_MAX,
                                   .inflated_piece_bytes = piece_bytes};
    struct buf unread = {0}, heard = {0};
    struct cut cut = cut_begin(wire);
    struct span piece;
    bool is_complete = false;
    while (cut_next(&cut, &piece)) {
        CHECK(buf_append(&unread, piece) == OK);
        struct ws_input in = {unread.data, unread.len};
        struct ws_event ev;
        for (enum ws_event_kind kind;
             (kind = ws_next(r, pool, &rules, &in, &ev)) != WS_NEED_MORE;) {
            CHECK(kind == WS_DATA && ev.is_compressed && !is_complete);
            CHECK(ev.message_last || ev.payload.len == piece_bytes);
            CHECK(buf_append(&heard, ev.payload) == OK);
            is_complete = ev.message_last;
        }
        buf_consume(&unread, unread.len - in.len);
    }
    CHECK(is_complete && unread.len == 0 && span_eq(buf_span(&heard), message));
    buf_deinit(&unread);
    buf_deinit(&heard);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    unsigned bits = WS_DEFLATE_BITS_MIN + (data[0] & 7) % 7;
    struct span in = span_of(data + 1, size - 1);
    struct ws_reader reader = {
        .deflate = {.out_bits = 15, .in_bits = (uint8_t)bits, .keeps_in = data[0] & 8}};
    static struct ws_deflater deflater; /* making one takes longer than most inputs */
    struct ws_pool pool;
    struct buf message = {0}, wire = {0};
    ws_pool_init(&pool, 1);
    while (message_next(&in, &message)) {
        wire.len = 0;
        struct buf all = compress(&deflater, bits, buf_span(&message), PIECES[data[0] >> 4 & 3]);
        append_message(&wire, buf_span(&all));
        expect_read(&reader, &pool, buf_span(&wire), buf_span(&message), PIECES[data[0] >> 6]);
        buf_deinit(&all);
    }
    buf_deinit(&message);
    buf_deinit(&wire);
    ws_reader_deinit(&reader, &pool);
    ws_pool_deinit(&pool);
    return 0;
}
