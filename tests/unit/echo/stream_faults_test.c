#include "echo/stream_faults.h"

#include "echo/shaper.h"
#include "unit/alloc_fail.h"
#include "unit/expect.h"

#include <stdlib.h>

static const char TEXT[] =
    "The quick brown fox jumps over the lazy dog, and over it again, and away.";
enum { TEXT_BYTES = sizeof(TEXT) - 1 };

static struct faults faults;
static struct shaper shaper;

static void begin(struct stream_faults *s, const char *query)
{
    char message[FAULTS_MESSAGE_CHARS];
    expect_ok(faults_parse(span_str(query), FAULTS_TCP, true, &faults, message));
    stream_faults_init(s, &faults, &shaper);
}

/* What becomes of the text, which comes in pieces of so many bytes. */
static struct buf pass(const char *query, size_t piece)
{
    struct stream_faults s;
    struct buf out = {0};
    begin(&s, query);
    for (struct span rest = span_str(TEXT); rest.len > 0;) {
        struct span in = span_take(rest, rest.len < piece ? rest.len : piece);
        expect_ok(stream_faults_pass(&s, in, &out));
        rest = span_drop(rest, in.len);
    }
    expect_ok(stream_faults_end(&s, &out));
    return out;
}

Test(stream_faults, without_faults_of_bytes_nothing_changes)
{
    struct buf out = pass("delay_ms=5&after=3&rst", TEXT_BYTES);
    expect_span(buf_span(&out), span_str(TEXT));
    buf_deinit(&out);
}

Test(stream_faults, the_same_seed_gives_the_same_however_it_is_cut)
{
    static const char *const queries[] = {
        "drop=1/5",
        "duplicate=1/5&seed=2",
        "corrupt=1/5&seed=3",
        "reorder=8&seed=4",
        "drop=1/4&duplicate=1/3&corrupt=1/6&reorder=16&seed=4294967295",
    };
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        struct buf whole = pass(queries[i], TEXT_BYTES);
        cr_assert_not(span_eq(buf_span(&whole), span_str(TEXT)), "%s", queries[i]);
        for (size_t piece = 1; piece < TEXT_BYTES; piece++) {
            struct buf cut = pass(queries[i], piece);
            expect_span(buf_span(&cut), buf_span(&whole));
            buf_deinit(&cut);
        }
        buf_deinit(&whole);
    }
}

Test(stream_faults, another_seed_gives_something_else)
{
    struct buf one = pass("drop=1/3&seed=1", TEXT_BYTES), two = pass("drop=1/3&seed=2", TEXT_BYTES);
    cr_assert_not(span_eq(buf_span(&one), buf_span(&two)));
    buf_deinit(&one);
    buf_deinit(&two);
}

Test(stream_faults, one_in_one_is_all_of_them)
{
    struct buf none = pass("drop=1/1", TEXT_BYTES), twice = pass("duplicate=1/1", TEXT_BYTES);
    cr_assert_eq(none.len, 0);
    cr_assert_eq(twice.len, 2 * TEXT_BYTES);
    for (size_t i = 0; i < twice.len; i++)
        cr_assert_eq(twice.data[i], TEXT[i / 2]);
    buf_deinit(&none);
    buf_deinit(&twice);
}

Test(stream_faults, what_is_corrupt_has_one_bit_flipped)
{
    struct buf out = pass("corrupt=1/1", TEXT_BYTES);
    cr_assert_eq(out.len, TEXT_BYTES);
    for (size_t i = 0; i < out.len; i++)
        cr_assert_eq(__builtin_popcount(out.data[i] ^ (uint8_t)TEXT[i]), 1);
    buf_deinit(&out);
}

static int by_value(const void *a, const void *b)
{
    return *(const uint8_t *)a - *(const uint8_t *)b;
}

Test(stream_faults, what_is_reordered_is_all_there_and_near_its_place)
{
    struct buf out = pass("reorder=8", TEXT_BYTES);
    cr_assert_eq(out.len, TEXT_BYTES);
    for (size_t at = 0; at < out.len; at += 8) {
        size_t count = out.len - at < 8 ? out.len - at : 8;
        uint8_t sorted[8], expected[8];
        memcpy(sorted, out.data + at, count);
        memcpy(expected, TEXT + at, count);
        qsort(sorted, count, 1, by_value);
        qsort(expected, count, 1, by_value);
        expect_span(span_of(sorted, count), span_of(expected, count));
    }
    buf_deinit(&out);
}

Test(stream_faults, there_is_room_up_to_what_comes_after_so_many)
{
    struct stream_faults s;
    begin(&s, "after=10&stall_ms=5");
    cr_assert_eq(stream_faults_room(&s), 10);
    stream_faults_count(&s, 0);
    stream_faults_count(&s, 4);
    cr_assert_eq(stream_faults_room(&s), 6);
    begin(&s, "after=10&drop=1/2"); /* nothing happens there */
    cr_assert_eq(stream_faults_room(&s), UINT64_MAX);
}

Test(stream_faults, without_memory_it_says_so)
{
    for (int i = 0; i < 2; i++) {
        struct stream_faults s;
        struct buf out = {0};
        begin(&s, i == 0 ? "rst" : "reorder=2");
        alloc_fail_after(0);
        cr_assert_eq(stream_faults_pass(&s, span_str(TEXT), &out), ERR_NOMEM);
        alloc_fail_stop();
        buf_deinit(&out);
    }
}
