/* RFC 7692 section 7.2.1, how a message is compressed: what ws_deflater makes is judged by zlib, as
 * the RFC says it, and not by our own reader. */
#include "simul/check.h"
#include "simul/ws_deflate.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

enum { MESSAGE_MAX = 200000 };

static struct span run(struct ws_deflater *d, unsigned bits, struct span message)
{
    struct span compressed;
    cr_assert_eq(ws_deflater_run(d, bits, message, &compressed), OK);
    return compressed;
}

/* A peer with an empty window of 2^bits bytes puts the four bytes back and inflates. It gives out
 * one byte at a time, since zlib takes a distance that is longer than the window for right where
 * the place is in the output of the same call. */
static bool inflates_to(struct span compressed, unsigned bits, struct span message)
{
    static uint8_t in[2 * MESSAGE_MAX];
    z_stream z = {0};
    memcpy(in, compressed.ptr, compressed.len);
    memcpy(in + compressed.len, "\x00\x00\xff\xff", 4);
    z.next_in = in;
    z.avail_in = (unsigned)compressed.len + 4;
    CHECK(inflateInit2(&z, -(int)bits) == Z_OK);
    size_t right = 0;
    uint8_t out = 0;
    int result = Z_OK;
    while (result == Z_OK) {
        z.next_out = &out;
        z.avail_out = 1;
        result = inflate(&z, Z_SYNC_FLUSH);
        if (z.avail_out == 0 && (right == message.len || out != message.ptr[right++]))
            result = Z_DATA_ERROR; /* a byte too many, or another one */
    }
    bool is_right = result == Z_BUF_ERROR && right == message.len && z.avail_in == 0;
    inflateEnd(&z);
    return is_right;
}

/* Words, then noise, then the words once more, at a distance that only the larger windows have. */
static struct span make_message(void)
{
    static uint8_t message[MESSAGE_MAX];
    enum { WORDS = 3000, NOISE = 9000 };
    uint32_t random = 1;
    for (size_t n = 0; n + 24 < WORDS; random = random * 1664525 + 1013904223)
        n += (size_t)snprintf((char *)message + n, 24, "word%u is said ", random >> 24);
    for (size_t n = WORDS; n < WORDS + NOISE; n++) {
        random = random * 1664525 + 1013904223;
        message[n] = (uint8_t)(random >> 24);
    }
    for (size_t n = WORDS + NOISE; n < MESSAGE_MAX; n++)
        message[n] = message[n - WORDS - NOISE];
    return span_of(message, MESSAGE_MAX);
}

Test(rfc7692_7_2_1, a_message_is_deflate_without_the_empty_block_at_its_end)
{
    struct ws_deflater d;
    struct span message = make_message();
    ws_deflater_init(&d);
    for (unsigned bits = WS_DEFLATE_BITS_MIN; bits <= WS_DEFLATE_BITS_MAX; bits++)
        for (size_t len = 0; len <= 20000; len = len < 40 ? len + 1 : len * 2 + len % 7) {
            struct span compressed = run(&d, bits, span_take(message, len));
            cr_assert(inflates_to(compressed, bits, span_take(message, len)), "%zu bytes", len);
        }
    ws_deflater_deinit(&d);
}

Test(rfc7692_7_2_1, a_message_keeps_to_the_window_that_was_agreed_on)
{
    struct ws_deflater d;
    struct span message = make_message();
    ws_deflater_init(&d);
    for (unsigned bits = WS_DEFLATE_BITS_MIN; bits <= WS_DEFLATE_BITS_MAX; bits++)
        cr_assert(inflates_to(run(&d, bits, message), bits, message), "%u bits", bits);
    /* and the test would see it if not: the words come again 12,000 bytes later */
    struct span wide = run(&d, 14, message);
    cr_assert_lt(wide.len, 20000);
    cr_assert(!inflates_to(wide, 13, message));
    ws_deflater_deinit(&d);
}

Test(rfc7692_7_2_1, each_message_begins_with_an_empty_window)
{
    struct ws_deflater d, fresh;
    struct span message = make_message();
    ws_deflater_init(&d);
    ws_deflater_init(&fresh);
    for (unsigned bits = WS_DEFLATE_BITS_MIN; bits <= WS_DEFLATE_BITS_MAX; bits++) {
        struct span once = run(&fresh, bits, span_take(message, 5000));
        run(&d, bits, message);
        for (int again = 0; again < 3; again++)
            cr_assert(span_eq(run(&d, bits, span_take(message, 5000)), once));
    }
    ws_deflater_deinit(&d);
    ws_deflater_deinit(&fresh);
}

Test(rfc7692_7_2_3_1, makes_the_example)
{
    struct ws_deflater d;
    ws_deflater_init(&d);
    for (unsigned bits = WS_DEFLATE_BITS_MIN; bits <= WS_DEFLATE_BITS_MAX; bits++)
        for (int again = 0; again < 2; again++) /* section 7.2.3.2, with an empty window */
            cr_assert(span_eq(run(&d, bits, SPAN("Hello")), SPAN("\xf2\x48\xcd\xc9\xc9\x07\x00")));
    ws_deflater_deinit(&d);
}

Test(rfc7692_7_2_3_6, an_empty_message_is_one_zero_byte)
{
    struct ws_deflater d;
    ws_deflater_init(&d);
    for (int again = 0; again < 2; again++)
        cr_assert(span_eq(run(&d, 15, SPAN("")), SPAN("\x00")));
    cr_assert(span_eq(run(&d, 15, SPAN_EMPTY), SPAN("\x00")));
    run(&d, 15, SPAN("Hello"));
    cr_assert(span_eq(run(&d, 15, SPAN("")), SPAN("\x00")));
    ws_deflater_deinit(&d);
}

/* However it is cut before it is compressed, and whatever others say in between. */
Test(rfc7692_7_2_1, the_four_bytes_are_left_out_of_the_last_piece_only)
{
    static const size_t pieces[] = {1000, 65536, MESSAGE_MAX - 1, MESSAGE_MAX};
    static uint8_t all[MESSAGE_MAX + 4096];
    struct ws_deflater d;
    struct span message = make_message(), compressed;
    ws_deflater_init(&d);
    for (unsigned bits = WS_DEFLATE_BITS_MIN; bits <= WS_DEFLATE_BITS_MAX; bits += 2)
        for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
            size_t len = 0;
            for (struct span rest = message; rest.len > 0;) {
                bool is_last = rest.len <= pieces[i];
                struct span piece = is_last ? rest : span_take(rest, pieces[i]);
                run(&d, bits, SPAN("another's"));
                cr_assert_eq(ws_deflater_run_piece(&d, bits, piece, is_last, &compressed), OK);
                cr_assert_leq(len + compressed.len, sizeof all);
                memcpy(all + len, compressed.ptr, compressed.len);
                len += compressed.len;
                bool has_tail = memcmp(all + len - 4, "\x00\x00\xff\xff", 4) == 0;
                cr_assert_eq(has_tail, !is_last);
                rest = span_drop(rest, piece.len);
            }
            cr_assert(inflates_to(span_of(all, len), bits, message));
        }
    ws_deflater_deinit(&d);
}
