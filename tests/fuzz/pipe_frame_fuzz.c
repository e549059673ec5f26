/* Any bytes from the other end of a pipe. However the stream is cut, the same frames and the same
 * error come out of it; and frames, encoded again, are the bytes they were decoded from.
 *
 * Input: the first byte is the size of the pieces, 0 for one byte; the rest is the stream. */
#include "simul/buf.h"
#include "simul/check.h"
#include "simul/pipe_frame.h"

enum { PAYLOAD_BYTES_MAX = 300 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(enum err e)
{
    CHECK(e == OK);
}

/* Appends the frames, encoded again, to *frames, and returns the error that ended the reading. */
static enum err read_stream(struct span stream, size_t piece_bytes, struct buf *frames)
{
    struct buf kept = {0};
    enum err e = OK;
    while (stream.len > 0 && e == OK) {
        size_t n = stream.len < piece_bytes ? stream.len : piece_bytes;
        must(buf_append(&kept, span_take(stream, n)));
        stream = span_drop(stream, n);

        struct span in = buf_span(&kept);
        struct pipe_frame frame;
        bool is_whole;
        while ((e = pipe_frame_next(&in, PAYLOAD_BYTES_MAX, &frame, &is_whole)) == OK && is_whole) {
            uint8_t header[PIPE_FRAME_HEADER_BYTES];
            pipe_frame_encode(&frame, header);
            must(buf_append(frames, span_of(header, sizeof(header))));
            must(buf_append(frames, frame.payload));
        }
        buf_consume(&kept, kept.len - in.len);
        CHECK(e != OK || kept.len < PIPE_FRAME_HEADER_BYTES + PAYLOAD_BYTES_MAX);
    }
    buf_deinit(&kept);
    return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct span stream = span_of(data + 1, size - 1);
    struct buf whole = {0}, pieces = {0};
    enum err e = read_stream(stream, SIZE_MAX, &whole);
    CHECK(read_stream(stream, (size_t)data[0] + 1, &pieces) == e);
    CHECK(span_eq(buf_span(&whole), buf_span(&pieces)));
    CHECK(span_starts_with(stream, buf_span(&whole)));
    buf_deinit(&whole);
    buf_deinit(&pieces);
    return 0;
}
