#include "unit/alloc_fail.h"

#include "simul/ws.h"
#include "simul/ws_mask.h"

#include <criterion/criterion.h>

static const struct ws_rules rules = {.side = WS_SERVER};

/* Feeds bytes to a decoder; the pool and the input are the test's own. */
struct bench {
    struct ws_pool pool;
    struct ws_frame_decoder decoder;
    struct ws_input in;
    struct ws_chunk chunk;
    uint8_t bytes[20000];
};

static void setup(struct bench *b, size_t idle_max)
{
    *b = (struct bench){.in = {b->bytes, 0}};
    ws_pool_init(&b->pool, idle_max);
}

static void teardown(struct bench *b)
{
    ws_frame_decoder_deinit(&b->decoder, &b->pool);
    ws_pool_deinit(&b->pool);
}

/* Replaces the input. */
static enum ws_frame_result feed(struct bench *b, struct span s)
{
    memcpy(b->bytes, s.ptr, s.len);
    b->in = (struct ws_input){b->bytes, s.len};
    return ws_frame_next(&b->decoder, &b->pool, &rules, &b->in, &b->chunk);
}

/* The masked "Hello" of RFC 6455 section 5.7. */
#define HELLO "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"

Test(ws_frame, decodes_a_whole_frame_where_it_lies)
{
    struct bench b;
    setup(&b, 1);
    cr_assert_eq(feed(&b, SPAN(HELLO "\x89")), WS_FRAME_CHUNK);
    cr_assert(b.chunk.first && b.chunk.last && b.chunk.fin && b.chunk.masked && b.chunk.is_ascii);
    cr_assert_eq(b.chunk.opcode, WS_TEXT);
    cr_assert_eq(b.chunk.frame_bytes, 5);
    cr_assert(span_eq(b.chunk.payload, SPAN("Hello")));
    cr_assert_eq(b.chunk.payload.ptr, b.bytes + 6);
    cr_assert_eq(b.in.len, 1);
    cr_assert_eq(b.pool.lent + b.pool.idle_count, 0);
    teardown(&b);
}

Test(ws_frame, decodes_every_header_field)
{
    struct bench b;
    setup(&b, 1);
    for (unsigned first = 0; first < 256; first++) {
        uint8_t bytes[] = {(uint8_t)first, 0x81, 1, 2, 3, 4, 'a' ^ 1};
        cr_assert_eq(feed(&b, span_of(bytes, sizeof bytes)), WS_FRAME_CHUNK);
        cr_assert_eq(b.chunk.fin, first >> 7);
        cr_assert_eq(b.chunk.rsv, (first >> 4) & 7);
        cr_assert_eq(b.chunk.opcode, first & 15);
        cr_assert(span_eq(b.chunk.payload, SPAN("a")));
    }
    teardown(&b);
}

Test(ws_frame, says_the_same_of_every_header_through_wslay)
{
    struct bench b;
    setup(&b, 1);
    for (unsigned first = 0; first < 256; first++) {
        if ((first & 8) != 0)
            continue; /* control frames are not cut */
        uint8_t bytes[] = {(uint8_t)first, 0x82, 1, 2, 3, 4, 'a' ^ 1, 'b' ^ 2};
        cr_assert_eq(feed(&b, span_of(bytes, 7)), WS_FRAME_CHUNK);
        cr_assert(b.chunk.first && !b.chunk.last && b.chunk.masked);
        cr_assert_eq(b.chunk.fin, first >> 7);
        cr_assert_eq(b.chunk.rsv, (first >> 4) & 7);
        cr_assert_eq(b.chunk.opcode, first & 15);
        cr_assert_eq(b.chunk.frame_bytes, 2);
        cr_assert(span_eq(b.chunk.payload, SPAN("a")));
        cr_assert_eq(feed(&b, span_of(bytes + 7, 1)), WS_FRAME_CHUNK);
        cr_assert(!b.chunk.first && b.chunk.last);
        cr_assert(span_eq(b.chunk.payload, SPAN("b")));
    }
    teardown(&b);
}

Test(ws_frame, leaves_an_incomplete_header_in_the_input)
{
    const struct span headers[] = {
        SPAN("\x82\x85\1\2\3\4"),
        SPAN("\x82\xfe\0\x7e\1\2\3\4"),
        SPAN("\x82\xff\0\0\0\0\0\1\0\0\1\2\3\4"),
    };
    struct bench b;
    setup(&b, 1);
    for (size_t i = 0; i < 3; i++)
        for (size_t len = 0; len <= headers[i].len; len++) {
            enum ws_frame_result expected =
                len < headers[i].len ? WS_FRAME_NEED_MORE : WS_FRAME_HEADER;
            cr_assert_eq(feed(&b, span_take(headers[i], len)), expected);
            cr_assert_eq(b.in.len, len);
            cr_assert_eq(b.pool.lent, 0);
        }
    teardown(&b);
}

Test(ws_frame, leaves_an_incomplete_control_frame_in_the_input)
{
    struct bench b;
    setup(&b, 1);
    cr_assert_eq(feed(&b, SPAN("\x89\x85\1\2\3\4abcd")), WS_FRAME_HEADER);
    cr_assert_eq(b.chunk.opcode, WS_OP_PING);
    cr_assert_eq(b.chunk.frame_bytes, 5);
    cr_assert_eq(b.in.len, 10);
    teardown(&b);
}

Test(ws_frame, lends_a_context_only_while_a_frame_is_partial)
{
    struct bench b;
    setup(&b, 1);
    cr_assert_eq(feed(&b, SPAN("\x82\x83\0\0\0\0a")), WS_FRAME_CHUNK);
    cr_assert_eq(b.pool.lent, 1);
    cr_assert_eq(feed(&b, SPAN("b")), WS_FRAME_CHUNK);
    cr_assert_eq(b.pool.lent, 1);
    cr_assert_eq(feed(&b, SPAN("c" HELLO)), WS_FRAME_CHUNK);
    cr_assert(b.chunk.last);
    cr_assert(span_eq(b.chunk.payload, SPAN("c")));
    cr_assert_eq(b.pool.lent, 0);
    cr_assert_eq(b.pool.idle_count, 1);
    cr_assert_null(b.decoder.partial);
    cr_assert_eq(ws_frame_next(&b.decoder, &b.pool, &rules, &b.in, &b.chunk), WS_FRAME_CHUNK);
    cr_assert(span_eq(b.chunk.payload, SPAN("Hello")), "not a byte too much went to wslay");
    teardown(&b);
}

Test(ws_frame, asks_for_more_in_the_middle_of_a_frame)
{
    struct bench b;
    setup(&b, 1);
    cr_assert_eq(feed(&b, SPAN("\x82\x83\0\0\0\0a")), WS_FRAME_CHUNK);
    cr_assert_eq(feed(&b, SPAN("")), WS_FRAME_NEED_MORE);
    cr_assert_eq(feed(&b, SPAN("b")), WS_FRAME_CHUNK);
    teardown(&b);
}

Test(ws_frame, keeps_no_more_contexts_than_it_was_told)
{
    enum { CONNECTIONS = 10, IDLE = 3 };
    struct bench b;
    struct ws_frame_decoder decoders[CONNECTIONS] = {0};
    setup(&b, IDLE);
    for (int i = 0; i < CONNECTIONS; i++) {
        b.decoder = decoders[i];
        cr_assert_eq(feed(&b, SPAN("\x82\x82\0\0\0\0a")), WS_FRAME_CHUNK);
        decoders[i] = b.decoder;
    }
    cr_assert_eq(b.pool.lent, CONNECTIONS);
    for (int i = 0; i < CONNECTIONS; i++) {
        b.decoder = decoders[i];
        cr_assert_eq(feed(&b, SPAN("b")), WS_FRAME_CHUNK);
        cr_assert(span_eq(b.chunk.payload, SPAN("b")), "valid although the pool is full");
        cr_assert_leq(b.pool.idle_count, IDLE);
    }
    cr_assert_eq(b.pool.lent, 0);
    cr_assert_eq(b.pool.idle_count, IDLE);
    teardown(&b);
}

Test(ws_frame, gives_up_a_partial_frame_when_its_connection_goes)
{
    struct bench b;
    setup(&b, 1);
    cr_assert_eq(feed(&b, SPAN("\x82\x83\0\0\0\0a")), WS_FRAME_CHUNK);
    ws_frame_decoder_deinit(&b.decoder, &b.pool);
    cr_assert_eq(b.pool.lent, 0);
    cr_assert_eq(b.pool.idle_count, 0, "a context in the middle of a frame is of no use");
    ws_frame_decoder_deinit(&b.decoder, &b.pool);
    cr_assert_eq(feed(&b, SPAN(HELLO)), WS_FRAME_CHUNK);
    teardown(&b);
}

Test(ws_frame, survives_no_memory_for_a_context)
{
    struct bench b;
    setup(&b, 1);
    alloc_fail_after(0);
    enum ws_frame_result result = feed(&b, SPAN("\x82\x83\0\0\0\0a"));
    cr_assert_eq(alloc_fail_stop(), 1);
    cr_assert_eq(result, WS_FRAME_NOMEM);
    cr_assert_eq(b.pool.lent, 0);
    teardown(&b);
}

Test(ws_frame, needs_no_memory_for_whole_frames)
{
    struct bench b;
    setup(&b, 1);
    alloc_fail_after(0);
    enum ws_frame_result result = feed(&b, SPAN(HELLO));
    cr_assert_eq(alloc_fail_stop(), 0);
    cr_assert_eq(result, WS_FRAME_CHUNK);
    teardown(&b);
}

Test(ws_frame, does_not_touch_what_follows_an_unmasked_frame)
{
    struct bench b;
    setup(&b, 1);
    cr_assert_eq(feed(&b, SPAN("\x81\x05Hello" HELLO)), WS_FRAME_CHUNK);
    cr_assert(!b.chunk.masked);
    cr_assert(!b.chunk.is_ascii, "nobody looked");
    cr_assert(span_eq(b.chunk.payload, SPAN("Hello")));
    cr_assert_eq(memcmp(b.in.ptr, HELLO, b.in.len), 0);
    teardown(&b);
}

Test(ws_frame, rejects_bad_lengths_as_soon_as_they_are_known)
{
    struct bench b;
    setup(&b, 1);
    cr_assert_eq(feed(&b, SPAN("\x82\x7e\0\x7d")), WS_FRAME_BAD);
    cr_assert_eq(feed(&b, SPAN("\x82\x7f\0\0\0\0\0\0\xff\xff")), WS_FRAME_BAD);
    cr_assert_eq(feed(&b, SPAN("\x82\x7f\x80\0\0\0\0\0\0\0")), WS_FRAME_BAD);
    cr_assert_eq(feed(&b, SPAN("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff")), WS_FRAME_HEADER);
    cr_assert_eq(b.chunk.frame_bytes, INT64_MAX);
    teardown(&b);
}
