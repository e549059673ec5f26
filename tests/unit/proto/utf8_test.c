#include "simul/utf8.h"

#include <criterion/criterion.h>

/* One character by the book: decode, then ask whether this is the shortest form of an allowed
 * code point. Returns its length, 0 if it is wrong, -1 if s ends inside it. */
static int reference_char(struct span s)
{
    uint8_t lead = s.ptr[0];
    int n = lead < 0x80 ? 1 : lead >= 0xc0 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : 4;
    if (lead >= 0xf8 || (lead >= 0x80 && lead < 0xc0))
        return 0;
    uint32_t code = n == 1 ? lead : lead & (0x7f >> n);
    for (int i = 1; i < n; i++) {
        if ((size_t)i == s.len)
            return -1;
        if ((s.ptr[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (s.ptr[i] & 0x3f);
    }
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    return code >= least[n] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) ? n : 0;
}

static bool reference_is_valid(struct span s)
{
    while (s.len > 0) {
        int n = reference_char(s);
        if (n <= 0)
            return false;
        s = span_drop(s, (size_t)n);
    }
    return true;
}

static size_t encode(uint32_t code, uint8_t *out)
{
    if (code < 0x80) {
        out[0] = (uint8_t)code;
        return 1;
    }
    size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, code >>= 6)
        out[i] = (uint8_t)(0x80 | (code & 0x3f));
    out[0] = (uint8_t)(0xf00 >> n | code);
    return n;
}

/* Whole, at every split, and one byte at a time. */
static void expect(struct span s, bool valid)
{
    cr_assert_eq(utf8_is_valid(s), valid);
    uint8_t state = UTF8_COMPLETE;
    for (size_t i = 0; i < s.len; i++) {
        state = utf8_check(state, span_take(span_drop(s, i), 1));
        uint8_t split = utf8_check(UTF8_COMPLETE, span_take(s, i + 1));
        cr_assert_eq(split, state);
        cr_assert_eq(utf8_check(split, span_drop(s, i + 1)) == UTF8_COMPLETE, valid);
    }
    cr_assert_eq(state == UTF8_COMPLETE, valid);
}

/* The text stands behind, before and between runs of ASCII, so that every way of skipping is
 * entered and left at every offset. */
static void expect_anywhere(struct span s, bool valid)
{
    uint8_t text[160];
    for (size_t before = 0; before < 40; before++)
        for (size_t after = 0; after < 70; after += 23) {
            memset(text, 'a', sizeof text);
            memcpy(text + before, s.ptr, s.len);
            cr_assert_eq(utf8_is_valid(span_of(text, before + s.len + after)), valid);
        }
    expect(s, valid);
}

Test(utf8, accepts_every_code_point)
{
    uint8_t text[8];
    for (uint32_t code = 0; code <= 0x10ffff; code++) {
        if (code == 0xd800)
            code = 0xe000;
        size_t n = encode(code, text);
        cr_assert(utf8_is_valid(span_of(text, n)), "U+%X", code);
        memset(text + n, 'x', 3); /* the way that sees the whole sequence at once */
        cr_assert(utf8_is_valid(span_of(text, n + 3)), "U+%X", code);
    }
}

Test(utf8, rejects_every_surrogate)
{
    uint8_t text[8];
    for (uint32_t code = 0xd800; code < 0xe000; code++) {
        size_t n = encode(code, text);
        memset(text + n, 'x', 3);
        cr_assert(!utf8_is_valid(span_of(text, n)), "U+%X", code);
        cr_assert(!utf8_is_valid(span_of(text, n + 3)), "U+%X", code);
    }
}

Test(utf8, agrees_with_the_book_on_all_boundary_bytes)
{
    static const uint8_t bytes[] = {0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0,
                                    0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef,
                                    0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf7, 0xf8, 0xfe, 0xff};
    enum { N = sizeof bytes };
    for (size_t i = 0; i < N * N * N * N; i++) {
        uint8_t text[7] = {
            bytes[i % N], bytes[i / N % N], bytes[i / N / N % N], bytes[i / N / N / N], 'x', 'y',
            'z'};
        for (size_t len = 1; len <= sizeof text; len++) {
            struct span s = span_of(text, len);
            cr_assert_eq(utf8_is_valid(s), reference_is_valid(s), "%02x %02x %02x %02x, %zu",
                         text[0], text[1], text[2], text[3], len);
        }
    }
}

static uint32_t random_next(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

Test(utf8, agrees_with_the_book_on_random_text_with_a_byte_changed)
{
    static const uint32_t limits[] = {0x80, 0x800, 0xd800, 0x10000, 0x110000};
    uint32_t seed = 3629;
    uint8_t text[300];
    for (int run = 0; run < 100000; run++) {
        size_t len = 0, wanted = 4 + random_next(&seed) % 280;
        uint32_t limit = limits[random_next(&seed) % 5];
        while (len < wanted) {
            uint32_t code = random_next(&seed) % 4 == 0 ? 'a' : random_next(&seed) % limit;
            len += encode(code >= 0xd800 && code < 0xe000 ? 'b' : code, text + len);
        }
        struct span s = span_of(text, len);
        cr_assert(utf8_is_valid(s));
        text[random_next(&seed) % len] = (uint8_t)random_next(&seed);
        cr_assert_eq(utf8_is_valid(s), reference_is_valid(s), "run %d", run);
        size_t cut = random_next(&seed) % len;
        uint8_t state = utf8_check(UTF8_COMPLETE, span_take(s, cut));
        cr_assert_eq(utf8_check(state, span_drop(s, cut)) == UTF8_COMPLETE, reference_is_valid(s));
    }
}

Test(utf8, accepts_text_of_every_script_cut_anywhere)
{
    expect_anywhere(SPAN("plain"), true);
    expect_anywhere(SPAN("\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440!"), true);
    expect_anywhere(SPAN("\u4f60\u597d\u4e16\u754c"), true);
    expect_anywhere(SPAN("a\u00e9\u20ac\U0001f600z\U0010ffff\ud7ff\ue000"), true);
    expect_anywhere(SPAN(""), true);
    expect_anywhere(SPAN("a\0b"), true);
}

Test(utf8, rejects_what_is_not_a_character_anywhere)
{
    static const char *const wrong[] = {
        "\x80",             /* a tail without a lead */
        "\xbf",             /**/
        "\xc0\x80",         /* overlong */
        "\xc1\xbf",         /**/
        "\xe0\x80\x80",     /**/
        "\xe0\x9f\xbf",     /**/
        "\xf0\x80\x80\x80", /**/
        "\xf0\x8f\xbf\xbf", /**/
        "\xed\xa0\x80",     /* surrogates */
        "\xed\xbf\xbf",     /**/
        "\xf4\x90\x80\x80", /* above U+10FFFF */
        "\xf5\x80\x80\x80", /**/
        "\xf8\x88\x80\x80\x80",
        "\xfc\x84\x80\x80\x80\x80",
        "\xfe",
        "\xff",
        "\xc3(",         /* a lead without its tail */
        "\xe2\x82(",     /**/
        "\xe2(\xa1",     /**/
        "\xf0\x9f\x98(", /**/
        "\xf0\x9f(\x80", /**/
        "\xf0(\x8c\xbc", /**/
        "\xc3\xc3\xa9",
        "\u20ac\x80",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_anywhere(span_str(wrong[i]), false);
}

Test(utf8, rejects_text_that_ends_inside_a_character)
{
    static const char *const cut[] = {"\xc3", "\xe2",     "\xe2\x82",
                                      "\xf0", "\xf0\x9f", "\xf0\x9f\x98"};
    for (size_t i = 0; i < sizeof cut / sizeof *cut; i++) {
        expect(span_str(cut[i]), false);
        uint8_t state = utf8_check(UTF8_COMPLETE, span_str(cut[i]));
        cr_assert_neq(state, UTF8_REJECTED, "more may come");
        cr_assert_neq(state, UTF8_COMPLETE);
    }
}

Test(utf8, fails_at_the_first_impossible_byte)
{
    static const struct {
        const char *text;
        size_t at;
    } cases[] = {{"\xe0\x9f", 1}, {"\xed\xa0", 1},  {"\xf0\x8f", 1},
                 {"\xf4\x90", 1}, {"\xc0", 0},      {"\xf5", 0},
                 {"ab\xff", 2},   {"\xe2\x82x", 2}, {"\xf0\x9f\x98x", 3}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct span s = span_str(cases[i].text);
        cr_assert_neq(utf8_check(UTF8_COMPLETE, span_take(s, cases[i].at)), UTF8_REJECTED);
        cr_assert_eq(utf8_check(UTF8_COMPLETE, s), UTF8_REJECTED);
    }
}

Test(utf8, rejection_is_final)
{
    cr_assert_eq(utf8_check(UTF8_REJECTED, SPAN("fine")), UTF8_REJECTED);
    cr_assert_eq(utf8_check(UTF8_REJECTED, SPAN_EMPTY), UTF8_REJECTED);
}

static void expect_cut(const char *text, size_t bytes_max, size_t kept)
{
    struct span s = span_str(text), cut = utf8_cut(s, bytes_max);
    cr_assert_eq(cut.ptr, s.ptr);
    cr_assert_eq(cut.len, kept, "%s: %zu", text, cut.len);
}

Test(utf8, cuts_nothing_off_what_fits)
{
    expect_cut("", 0, 0);
    expect_cut("abc", 3, 3);
    expect_cut("\u20ac", 3, 3);
    expect_cut("\x80\x80", 100, 2);
    cr_assert_null(utf8_cut(SPAN_EMPTY, 0).ptr);
}

Test(utf8, cuts_between_characters_at_every_length)
{
    static const size_t starts[] = {0, 1, 3, 6, 10, 11}; /* the last one is the end */
    for (size_t max = 0; max <= 12; max++) {
        size_t kept = 0;
        for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
            if (starts[i] <= max)
                kept = starts[i];
        expect_cut("a\u00e9\u20ac\U0001f600z", max, kept);
    }
}

Test(utf8, cuts_little_off_what_is_not_utf8)
{
    expect_cut("\x80\x80\x80\x80\x80\x80\x80\x80", 6, 3);
    expect_cut("\x80\x80\x80\x80", 2, 0);
    expect_cut("\xff\xff\xff", 2, 2);
}
