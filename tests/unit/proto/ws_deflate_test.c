/* Compressing messages; what comes out is read by a ws_reader. Whether it is what RFC 7692 section
 * 7.2.1 says is tested in tests/conformance/. */
#include "unit/alloc_fail.h"

#include "simul/ws.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { BIG_BYTES = 300000 };

static struct span run(struct ws_deflater *d, unsigned bits, struct span message)
{
    struct span compressed;
    cr_assert_eq(ws_deflater_run(d, bits, message, &compressed), OK);
    return compressed;
}

static void expect_reads_as(struct span compressed, struct span message)
{
    static const struct ws_rules rules = {.side = WS_CLIENT, .inflated_bytes_max = BIG_BYTES};
    struct ws_pool pool;
    struct ws_reader r = {.deflate = {.out_bits = 15, .in_bits = 15}};
    struct ws_event ev = {0};
    uint8_t *frame = malloc(WS_HEADER_BYTES_MAX + compressed.len);
    cr_assert_not_null(frame);
    size_t n = ws_encode_frame(frame, WS_BINARY, true, compressed);
    frame[0] |= WS_RSV1;
    struct ws_input in = {frame, n};
    ws_pool_init(&pool, 1);
    size_t read = 0;
    for (; !ev.message_last; read += ev.payload.len) {
        cr_assert_eq(ws_next(&r, &pool, &rules, &in, &ev), WS_DATA);
        cr_assert(ev.is_compressed);
        cr_assert(span_starts_with(span_drop(message, read), ev.payload));
    }
    cr_assert_eq(read, message.len);
    ws_reader_deinit(&r, &pool);
    ws_pool_deinit(&pool);
    free(frame);
}

/* Text with some order in it, the same at every call. */
static struct span big_text(void)
{
    static char text[BIG_BYTES];
    uint32_t random = 1;
    for (size_t n = 0; n + 24 < sizeof text; random = random * 1664525 + 1013904223)
        n += (size_t)sprintf(text + n, "word%u is said ", random >> 20);
    return span_of(text, sizeof text);
}

/* Bytes with none. */
static void make_noise(uint8_t *noise, size_t len)
{
    uint32_t random = 1;
    for (size_t i = 0; i < len; i++) {
        random = random * 1664525 + 1013904223;
        noise[i] = (uint8_t)(random >> 24);
    }
}

Test(ws_deflate, is_read_again)
{
    struct ws_deflater d;
    struct span text = big_text();
    ws_deflater_init(&d);
    for (unsigned bits = WS_DEFLATE_BITS_MIN; bits <= WS_DEFLATE_BITS_MAX; bits++)
        for (size_t len = 0; len <= text.len; len = len < 40 ? len + 1 : len * 2 + len % 7)
            expect_reads_as(run(&d, bits, span_take(text, len)), span_take(text, len));
    expect_reads_as(run(&d, 15, text), text);
    ws_deflater_deinit(&d);
}

Test(ws_deflate, makes_little_more_of_what_cannot_be_compressed)
{
    struct ws_deflater d;
    uint8_t noise[3000];
    make_noise(noise, sizeof noise);
    ws_deflater_init(&d);
    struct span compressed = run(&d, 15, span_of(noise, sizeof noise));
    cr_assert_leq(compressed.len, sizeof noise + 6);
    expect_reads_as(compressed, span_of(noise, sizeof noise));
    ws_deflater_deinit(&d);
}

Test(ws_deflate, counts_what_it_holds_and_trims_it)
{
    struct ws_deflater d;
    ws_deflater_init(&d);
    run(&d, 15, SPAN("Hello"));
    size_t held = d.held_bytes;
    cr_assert(held > 250000 && held < 280000, "%zu", held);
    ws_deflater_trim(&d);
    cr_assert_eq(d.held_bytes, held);

    static uint8_t noise[BIG_BYTES];
    make_noise(noise, sizeof noise);
    run(&d, 15, span_of(noise, sizeof noise));
    cr_assert_geq(d.held_bytes, held + BIG_BYTES - 1000);
    ws_deflater_trim(&d);
    cr_assert_lt(d.held_bytes, held);
    cr_assert(span_eq(run(&d, 15, SPAN("Hello")), SPAN("\xf2\x48\xcd\xc9\xc9\x07\x00")));
    ws_deflater_deinit(&d);
}

Test(ws_deflate, says_so_when_there_is_no_memory_and_goes_on_after_it)
{
    struct span text = big_text();
    enum err e = ERR_NOMEM;
    for (size_t fail_at = 0; e != OK; fail_at++) {
        struct ws_deflater d;
        struct span compressed;
        ws_deflater_init(&d);
        alloc_fail_after(fail_at);
        e = ws_deflater_run(&d, 15, text, &compressed);
        size_t seen = alloc_fail_stop();
        cr_assert_eq(e, seen == fail_at ? OK : ERR_NOMEM);
        expect_reads_as(run(&d, 15, text), text);
        ws_deflater_deinit(&d);
    }
}
