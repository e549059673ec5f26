#include "load/prose.h"

#include "simul/ws_deflate.h"

#include <criterion/criterion.h>
#include <string.h>

enum { BYTES = 1 << 18 };

static uint8_t text[BYTES], again[BYTES];

Test(prose, is_the_same_for_the_same_key)
{
    prose_fill(text, BYTES, 1);
    prose_fill(again, BYTES, 1);
    cr_assert_eq(memcmp(text, again, BYTES), 0);
    prose_fill(again, BYTES, 2);
    cr_assert_neq(memcmp(text, again, 100), 0);
}

Test(prose, is_words_and_what_stands_between_them)
{
    unsigned the = 0;
    prose_fill(text, BYTES, 3);
    for (size_t i = 0; i < BYTES; i++)
        cr_assert(strchr("abcdefghijklmnopqrstuvwxyz ,.", text[i]) != NULL && text[i] != 0);
    for (size_t i = 0; i + 5 < BYTES; i++)
        the += memcmp(text + i, " the ", 5) == 0;
    cr_assert_gt(the, BYTES / 200, "%u", the);
}

Test(prose, ends_where_the_place_ends)
{
    uint8_t place[10];
    for (size_t bytes = 0; bytes < sizeof place; bytes++) {
        memset(place, 0, sizeof place);
        prose_fill(place, bytes, 4);
        for (size_t i = 0; i < sizeof place; i++)
            cr_assert_eq(place[i] != 0, i < bytes);
    }
}

/* What is left of 100 bytes, in messages of that size. */
static unsigned left_of_100(size_t size)
{
    struct ws_deflater d;
    struct span compressed;
    size_t sum = 0, messages = BYTES / size < 100 ? BYTES / size : 100;
    ws_deflater_init(&d);
    prose_fill(text, BYTES, 5);
    for (size_t k = 0; k < messages; k++) {
        cr_assert_eq(ws_deflater_run(&d, 15, span_of(text + k * size, size), &compressed), OK);
        sum += compressed.len;
    }
    ws_deflater_deinit(&d);
    return (unsigned)(100 * sum / (messages * size));
}

static void expect_about(unsigned got, unsigned wanted)
{
    cr_expect(got + 8 >= wanted && got <= wanted + 8, "%u, not about %u", got, wanted);
}

/* The figures of English are of the GNU licences. */
Test(prose, compresses_as_english_does)
{
    expect_about(left_of_100(64), 94);
    expect_about(left_of_100(200), 69);
    expect_about(left_of_100(1024), 50);
    expect_about(left_of_100(1 << 14), 48); /* of English 37, which says whole phrases again */
}
