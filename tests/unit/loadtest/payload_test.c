#include "load/payload.h"

#include "unit/alloc_fail.h"

#include <criterion/criterion.h>

static struct payload make(uint32_t min, uint32_t max, bool binary)
{
    struct payload p;
    enum payload_kind kind = binary ? PAYLOAD_BYTES : PAYLOAD_DIGITS;
    cr_assert_eq(payload_init(&p, min, max, kind, 4711), OK);
    return p;
}

Test(payload, a_message_matches_itself_cut_anywhere)
{
    struct payload p = make(1, 100, true);
    for (uint64_t number = 0; number < 300; number++) {
        struct span m = payload_make(&p, 7, number);
        cr_assert_eq(m.len, payload_size(&p, 7, number));
        for (size_t cut = 0; cut <= m.len; cut++) {
            cr_assert(payload_matches(&p, 7, number, 0, span_take(m, cut)));
            cr_assert(payload_matches(&p, 7, number, cut, span_drop(m, cut)));
        }
    }
    payload_deinit(&p);
}

Test(payload, any_byte_that_is_changed_is_found)
{
    struct payload p = make(64, 64, false);
    for (size_t at = 0; at < 64; at++) {
        uint8_t *m = (uint8_t *)payload_make(&p, 3, 1000).ptr;
        m[at] ^= 1;
        cr_assert_not(payload_matches(&p, 3, 1000, 0, span_of(m, 64)), "byte %zu", at);
    }
    payload_deinit(&p);
}

Test(payload, a_longer_one_does_not_match)
{
    struct payload p = make(10, 10, false);
    uint8_t longer[11];
    memcpy(longer, payload_make(&p, 0, 0).ptr, 10);
    cr_assert_not(payload_matches(&p, 0, 0, 0, span_of(longer, 11)));
    cr_assert_not(payload_matches(&p, 0, 0, 10, span_of(longer, 1)));
    payload_deinit(&p);
}

Test(payload, neighbours_differ)
{
    struct payload p = make(64, 64, false);
    uint8_t m[64];
    memcpy(m, payload_make(&p, 5, 77).ptr, 64);
    cr_assert_not(payload_matches(&p, 5, 78, 0, span_of(m, 64)));
    cr_assert_not(payload_matches(&p, 6, 77, 0, span_of(m, 64)));
    payload_deinit(&p);
}

Test(payload, sizes_are_those_of_the_range)
{
    struct payload p = make(10, 13, false);
    unsigned seen[14] = {0};
    for (uint64_t number = 0; number < 1000; number++)
        seen[payload_size(&p, 1, number)]++;
    for (unsigned size = 10; size <= 13; size++)
        cr_assert_gt(seen[size], 150, "%u bytes: %u of 1,000", size, seen[size]);
    payload_deinit(&p);
}

Test(payload, text_is_printable)
{
    struct payload p = make(500, 500, false);
    struct span m = payload_make(&p, 123456, 987654321);
    for (size_t i = 0; i < m.len; i++)
        cr_assert(m.ptr[i] > 0x20 && m.ptr[i] < 0x7f);
    payload_deinit(&p);
}

Test(payload, words_are_as_checkable_as_anything)
{
    struct payload p, q;
    cr_assert_eq(payload_init(&p, 300, 300, PAYLOAD_WORDS, 9), OK);
    cr_assert_eq(payload_init(&q, 300, 300, PAYLOAD_WORDS, 9), OK);
    struct span m = payload_make(&p, 5, 6);
    cr_assert(payload_matches(&q, 5, 6, 0, m), "who has the key can check it");
    cr_assert_not(payload_matches(&q, 5, 7, 0, m));
    for (size_t i = STAMP_BYTES; i < m.len; i++)
        cr_assert(strchr("abcdefghijklmnopqrstuvwxyz ,.", m.ptr[i]) != NULL);
    payload_deinit(&p);
    payload_deinit(&q);
}

Test(payload, is_of_what_the_plan_says)
{
    cr_assert_eq(payload_kind_of(&(struct plan){0}), PAYLOAD_DIGITS);
    cr_assert_eq(payload_kind_of(&(struct plan){.binary = true}), PAYLOAD_BYTES);
    cr_assert_eq(payload_kind_of(&(struct plan){.words = true, .binary = true}), PAYLOAD_WORDS);
}

Test(payload, a_stamp_tells_its_number)
{
    const uint64_t numbers[] = {0, 1, 63, 64, 4095, 1000000, ((uint64_t)1 << 42) - 1};
    struct payload p = make(STAMP_BYTES, STAMP_BYTES, false);
    uint64_t found;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const uint8_t *stamp = payload_make(&p, 99, numbers[i]).ptr;
        cr_assert(payload_number(stamp, STAMP_BYTES, 99, 0, &found));
        cr_assert_eq(found, numbers[i]);
        cr_assert_not(payload_number(stamp, STAMP_BYTES, 98, 0, &found), "another client's");
    }
    cr_assert_not(payload_number((const uint8_t *)"no stamp, no", STAMP_BYTES, 99, 0, &found));
    cr_assert_not(
        payload_number((const uint8_t *)"\0\0\0\0\0\0\0\0\0\0\0", STAMP_BYTES, 0, 0, &found));
    payload_deinit(&p);
}

Test(payload, a_short_stamp_tells_the_number_that_is_near)
{
    for (uint32_t len = 1; len < STAMP_NUMBER_BYTES; len++) {
        struct payload p = make(len, len, false);
        for (uint64_t near = 0; near < 300; near++) {
            uint64_t from = near < 20 ? 0 : near - 20, found;
            for (uint64_t number = from; number < near + 20; number++) {
                struct span m = payload_make(&p, 1, number);
                cr_assert(payload_number(m.ptr, m.len, 1, near, &found));
                cr_assert_eq(found, number, "%u bytes, near %lu: %lu, not %lu", len,
                             (unsigned long)near, (unsigned long)found, (unsigned long)number);
            }
        }
        payload_deinit(&p);
    }
}

Test(payload, no_memory_is_an_error)
{
    struct payload p;
    for (size_t n = 0; n < 2; n++) {
        alloc_fail_after(n);
        enum err e = payload_init(&p, 10, 10, PAYLOAD_DIGITS, 0);
        alloc_fail_stop();
        cr_expect_eq(e, ERR_NOMEM);
    }
}
