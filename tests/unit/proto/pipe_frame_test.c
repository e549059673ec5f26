#include "simul/pipe_frame.h"

#include "simul/buf.h"

#include "unit/expect.h"

#include <criterion/criterion.h>

enum { PAYLOAD_BYTES_MAX = 64 };

static void append_frame(struct buf *b, uint16_t kind, uint64_t id, struct span payload)
{
    uint8_t header[PIPE_FRAME_HEADER_BYTES];
    pipe_frame_encode(&(struct pipe_frame){kind, id, payload}, header);
    expect_ok(buf_append(b, span_of(header, sizeof(header))));
    expect_ok(buf_append(b, payload));
}

/* The other end of a pipe: what it keeps between reads, and a transcript, "kind:id:payload;". It
 * reads no more after an error. */
struct reader {
    struct buf kept;
    struct buf seen;
    enum err err;
};

static void reader_read(struct reader *r, struct span bytes)
{
    expect_ok(buf_append(&r->kept, bytes));
    struct span in = buf_span(&r->kept);
    bool is_whole = true;
    while (r->err == OK && is_whole) {
        struct pipe_frame frame;
        r->err = pipe_frame_next(&in, PAYLOAD_BYTES_MAX, &frame, &is_whole);
        if (is_whole)
            expect_ok(buf_printf(&r->seen, "%u:%llx:%.*s;", frame.kind,
                                 (unsigned long long)frame.id, SPAN_ARG(frame.payload)));
    }
    buf_consume(&r->kept, r->kept.len - in.len);
    if (r->err == OK)
        cr_assert_lt(r->kept.len, PIPE_FRAME_HEADER_BYTES + PAYLOAD_BYTES_MAX);
}

static void reader_expect(struct reader *r, const char *seen, enum err err)
{
    expect_err(r->err, err);
    expect_span(buf_span(&r->seen), span_str(seen));
    buf_deinit(&r->kept);
    buf_deinit(&r->seen);
}

/* Whole, cut in two everywhere, and one byte at a time. */
static void expect_frames(struct span stream, const char *seen, enum err err)
{
    for (size_t cut = 0; cut <= stream.len; cut++) {
        struct reader r = {0};
        reader_read(&r, span_take(stream, cut));
        reader_read(&r, span_drop(stream, cut));
        reader_expect(&r, seen, err);
    }
    struct reader r = {0};
    for (size_t i = 0; i < stream.len; i++)
        reader_read(&r, span_take(span_drop(stream, i), 1));
    reader_expect(&r, seen, err);
}

Test(pipe_frame, has_the_layout_that_its_header_draws)
{
    uint8_t header[PIPE_FRAME_HEADER_BYTES];
    struct pipe_frame frame = {0x0102, 0x1112131415161718, {NULL, 0x21222324}};
    pipe_frame_encode(&frame, header);
    static const uint8_t want[] = {0x24, 0x23, 0x22, 0x21, 0x02, 0x01, 0,    0,
                                   0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11};
    cr_assert_arr_eq(header, want, sizeof(want));
}

Test(pipe_frame, carries_frames_in_order)
{
    struct buf stream = {0};
    append_frame(&stream, 1, 7, SPAN("job"));
    append_frame(&stream, UINT16_MAX, UINT64_MAX, SPAN(""));
    append_frame(&stream, 0, 0, SPAN("done"));
    expect_frames(buf_span(&stream), "1:7:job;65535:ffffffffffffffff:;0:0:done;", OK);
    buf_deinit(&stream);
}

Test(pipe_frame, takes_a_payload_of_the_limit)
{
    uint8_t payload[PAYLOAD_BYTES_MAX];
    memset(payload, 'x', sizeof(payload));
    struct buf stream = {0};
    append_frame(&stream, 1, 2, span_of(payload, sizeof(payload)));
    append_frame(&stream, 3, 4, SPAN(""));
    expect_frames(buf_span(&stream),
                  "1:2:xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx;3:4:;", OK);
    buf_deinit(&stream);
}

Test(pipe_frame, waits_for_the_whole_payload)
{
    struct buf stream = {0};
    append_frame(&stream, 1, 2, SPAN("payload"));
    stream.len--;
    expect_frames(buf_span(&stream), "", OK);
    buf_deinit(&stream);
}

Test(pipe_frame, payload_borrows_from_the_input)
{
    struct buf stream = {0};
    append_frame(&stream, 1, 2, SPAN("payload"));
    struct span in = buf_span(&stream);
    struct pipe_frame frame;
    bool is_whole;
    expect_ok(pipe_frame_next(&in, PAYLOAD_BYTES_MAX, &frame, &is_whole));
    cr_assert(is_whole);
    cr_assert_eq(frame.payload.ptr, stream.data + PIPE_FRAME_HEADER_BYTES);
    cr_assert_eq(in.len, 0);
    buf_deinit(&stream);
}

Test(pipe_frame, takes_nothing_out_of_an_incomplete_frame)
{
    struct buf stream = {0};
    append_frame(&stream, 1, 2, SPAN("payload"));
    for (size_t len = 0; len < stream.len; len++) {
        struct span in = span_take(buf_span(&stream), len);
        struct pipe_frame frame;
        bool is_whole = true;
        expect_ok(pipe_frame_next(&in, PAYLOAD_BYTES_MAX, &frame, &is_whole));
        cr_assert_not(is_whole);
        cr_assert_eq(in.len, len);
    }
    buf_deinit(&stream);
}

/* A good frame, then one whose header has `byte` at `at`: an error as soon as the header is there,
 * after the good frame was delivered. */
static void expect_refused(size_t at, uint8_t byte, enum err err)
{
    struct buf stream = {0};
    append_frame(&stream, 1, 2, SPAN("good"));
    size_t bad = stream.len;
    append_frame(&stream, 3, 4, SPAN(""));
    stream.data[bad + at] = byte;
    expect_frames(buf_span(&stream), "1:2:good;", err);
    buf_deinit(&stream);
}

Test(pipe_frame, refuses_a_payload_over_the_limit_without_waiting_for_it)
{
    expect_refused(0, PAYLOAD_BYTES_MAX + 1, ERR_LIMIT);
    expect_refused(1, 1, ERR_LIMIT);
    expect_refused(2, 1, ERR_LIMIT);
    expect_refused(3, 1, ERR_LIMIT);
    expect_refused(3, 0xFF, ERR_LIMIT);
}

Test(pipe_frame, refuses_reserved_bits)
{
    expect_refused(6, 0x01, ERR_SYNTAX);
    expect_refused(6, 0x80, ERR_SYNTAX);
    expect_refused(7, 0x01, ERR_SYNTAX);
    expect_refused(7, 0x80, ERR_SYNTAX);
}

Test(pipe_frame, refuses_text_from_a_babbling_process)
{
    expect_frames(SPAN("Segmentation fault (core dumped)\n"), "", ERR_SYNTAX);
}

Test(pipe_frame, refuses_any_payload_where_none_is_allowed)
{
    struct buf stream = {0};
    append_frame(&stream, 1, 2, SPAN("x"));
    struct span in = buf_span(&stream);
    struct pipe_frame frame;
    bool is_whole;
    expect_err(pipe_frame_next(&in, 0, &frame, &is_whole), ERR_LIMIT);
    cr_assert_not(is_whole);
    buf_deinit(&stream);
}
