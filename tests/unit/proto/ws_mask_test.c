#include "simul/ws_mask.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { LEN_MAX = 700, GUARD = 0xa5 };

static const uint8_t key[4] = {0x37, 0xfa, 0x21, 0x3d};

static uint32_t mask_of(const uint8_t bytes[4])
{
    uint32_t mask;
    memcpy(&mask, bytes, 4);
    return mask;
}

/* Exactly len bytes at an odd place of the heap, so that the sanitizer sees a step outside. */
struct block {
    uint8_t *heap, *bytes;
};

static struct block block_new(size_t offset, size_t len)
{
    uint8_t *heap = malloc(offset + len + 1);
    memset(heap, GUARD, offset + len + 1);
    return (struct block){heap, heap + offset};
}

static void fill(uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(i * 131 + 7);
}

/* The vectors of every machine do what those of this machine do. */
static void expect_common(uint8_t *masked, const uint8_t *same, size_t len)
{
    if (len <= WS_MASK_SHORT)
        return;
    uint8_t expected[LEN_MAX];
    bool is_ascii = ws_mask_long(expected, masked, len, mask_of(key));
    cr_assert_eq(ws_mask_common(masked, same, len, mask_of(key)), is_ascii);
    cr_assert_eq(memcmp(masked, expected, len), 0);
}

Test(ws_mask, is_the_xor_of_the_rfc_at_any_length_and_alignment)
{
    for (size_t len = 0; len <= LEN_MAX; len += len < 300 ? 1 : 13)
        for (size_t offset = 0; offset < 33; offset += len < 100 ? 1 : 5) {
            struct block src = block_new(offset, len), dst = block_new(offset / 2, len);
            fill(src.bytes, len);
            ws_mask(dst.bytes, src.bytes, len, mask_of(key));
            for (size_t i = 0; i < len; i++)
                cr_assert_eq(dst.bytes[i], src.bytes[i] ^ key[i % 4], "%zu of %zu", i, len);
            cr_assert_eq(dst.bytes[len], GUARD);
            ws_mask(src.bytes, src.bytes, len, mask_of(key));
            cr_assert_eq(memcmp(src.bytes, dst.bytes, len), 0, "in place, %zu", len);
            cr_assert_eq(src.bytes[len], GUARD);
            expect_common(dst.bytes, src.bytes, len);
            free(src.heap);
            free(dst.heap);
        }
}

Test(ws_mask, masks_piece_by_piece_with_a_turned_mask)
{
    uint8_t whole[200], pieces[200];
    fill(whole, sizeof whole);
    memcpy(pieces, whole, sizeof whole);
    ws_mask(whole, whole, sizeof whole, mask_of(key));
    for (size_t at = 0, n = 1; at < sizeof pieces; at += n, n = n % 7 + 1) {
        if (n > sizeof pieces - at)
            n = sizeof pieces - at;
        ws_mask(pieces + at, pieces + at, n, ws_mask_turn(mask_of(key), at));
    }
    cr_assert_eq(memcmp(whole, pieces, sizeof whole), 0);
}

Test(ws_mask, tells_ascii_from_everything_else_at_every_place)
{
    uint8_t text[300], masked[300];
    for (size_t len = 0; len <= sizeof text; len += len < 140 ? 1 : 9) {
        memset(text, 'a', len);
        ws_mask(masked, text, len, mask_of(key));
        cr_assert(ws_mask(masked, masked, len, mask_of(key)), "%zu", len);
        for (size_t i = 0; i < len; i++) {
            memset(text, 'a', len);
            text[i] = 0x80;
            ws_mask(masked, text, len, mask_of(key));
            cr_assert(!ws_mask(masked, masked, len, mask_of(key)), "%zu of %zu", i, len);
        }
    }
}

Test(ws_mask, judges_what_it_writes_and_not_what_it_reads)
{
    const uint8_t high[4] = {0x80, 0x80, 0x80, 0x80};
    uint8_t text[100];
    memset(text, 'a' | 0x80, sizeof text);
    cr_assert(ws_mask(text, text, sizeof text, mask_of(high)));
    cr_assert(!ws_mask(text, text, sizeof text, mask_of(high)));
}
