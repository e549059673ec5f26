/* RFC 6455 section 8.1: text that is not UTF-8 ends the connection, at the first byte that cannot
 * be part of any.
 *
 * What is UTF-8 is written down once more, as the table of RFC 3629 section 4, and the vectors are
 * made of it: of each row the first and the last character, and behind each beginning of those the
 * bytes next to what the row allows. */
#include "unit/proto/ws_script.h"

struct range {
    uint8_t low, high;
};

static const struct row {
    size_t len;
    struct range bytes[4];
} rows[] = {
    {1, {{0x00, 0x7f}}},
    {2, {{0xc2, 0xdf}, {0x80, 0xbf}}},               /* C0 and C1 would be overlong */
    {3, {{0xe0, 0xe0}, {0xa0, 0xbf}, {0x80, 0xbf}}}, /* less would be overlong */
    {3, {{0xe1, 0xec}, {0x80, 0xbf}, {0x80, 0xbf}}},
    {3, {{0xed, 0xed}, {0x80, 0x9f}, {0x80, 0xbf}}}, /* more would be a surrogate */
    {3, {{0xee, 0xef}, {0x80, 0xbf}, {0x80, 0xbf}}},
    {4, {{0xf0, 0xf0}, {0x90, 0xbf}, {0x80, 0xbf}, {0x80, 0xbf}}}, /* less would be overlong */
    {4, {{0xf1, 0xf3}, {0x80, 0xbf}, {0x80, 0xbf}, {0x80, 0xbf}}},
    {4, {{0xf4, 0xf4}, {0x80, 0x8f}, {0x80, 0xbf}, {0x80, 0xbf}}}, /* U+10FFFF is the last */
};

enum { ROWS = sizeof rows / sizeof *rows, TEXT_MAX = 128 };

struct text {
    uint8_t bytes[TEXT_MAX];
    size_t len;
};

static void append(struct text *t, const void *bytes, size_t len)
{
    memcpy(t->bytes + t->len, bytes, len);
    t->len += len;
}

/* The first or the last character of the row. */
static void append_character(struct text *t, const struct row *row, bool is_last)
{
    for (size_t i = 0; i < row->len; i++)
        append(t, is_last ? &row->bytes[i].high : &row->bytes[i].low, 1);
}

/* ws_reflect, which is how an echo takes whole messages, judges like the reader: it sends back what
 * is right, and leaves the rest to it. */
static void expect_reflected(struct span text, bool is_right)
{
    const struct part parts[] = {FN(FIN | WS_TEXT, text.ptr, text.len), F(FIN | WS_OP_PING, "")};
    struct span script = script_build(WS_SERVER, parts, 2);
    struct ws_input in = {(uint8_t *)(uintptr_t)script.ptr, script.len};
    uint8_t out[2 * TEXT_MAX], expected[2 * TEXT_MAX], *end = out;
    size_t len = is_right ? ws_encode_frame(expected, WS_TEXT, true, text) : 0;
    cr_assert_eq(ws_reflect(&in, &end, 2), is_right);
    cr_assert(span_eq(span_of(out, (size_t)(end - out)), span_of(expected, len)));
    script_free(script);
}

/* --- text that is right ------------------------------------------------------------------ */

static void expect_message(const struct ws_record *rec, struct span text)
{
    cr_assert_eq(rec->failed, 0);
    cr_assert(!rec->in_message);
    cr_assert(span_eq(span_of(rec->message, rec->message_len), text));
}

/* As one frame and as two, cut at every place, read in pieces of every size. */
static void expect_valid(struct span text)
{
    expect_reflected(text, true);
    struct ws_record rec;
    ws_record_init(&rec, text.len + 2 * WS_HEADER_BYTES_MAX);
    for (size_t cut = 0; cut <= text.len; cut++)
        for (int side = WS_SERVER; side <= WS_CLIENT; side++) {
            const struct part parts[] = {FN(WS_TEXT, text.ptr, cut),
                                         FN(FIN | WS_CONTINUATION, text.ptr + cut, text.len - cut)};
            struct span script = script_build(side, parts, 2);
            for (uint16_t piece = 1; piece <= script.len; piece++) {
                const struct ws_rules rules = {.side = side, .through_wslay = piece % 2};
                script_run(&rec, &rules, script, &piece, 1);
                expect_message(&rec, text);
            }
            script_free(script);
        }
    ws_record_deinit(&rec);
}

Test(rfc6455_8_1, takes_the_first_and_the_last_character_of_every_kind)
{
    for (int i = 0; i < ROWS; i++)
        for (int is_last = 0; is_last < 2; is_last++) {
            struct text t = {0};
            append_character(&t, &rows[i], is_last);
            expect_valid(span_of(t.bytes, t.len));
            append(&t, "!", 1);
            append_character(&t, &rows[i], !is_last);
            expect_valid(span_of(t.bytes, t.len));
        }
}

Test(rfc6455_8_1, takes_text_of_every_script)
{
    expect_valid(SPAN("plain, and long enough for words and vectors"));
    expect_valid(
        SPAN("gr\u00fc\u00df dich, \u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440!"));
    expect_valid(SPAN("\u4f60\u597d\u4e16\u754c \uac00\uac01 \U0001f600\U0001f64f"));
    expect_valid(
        SPAN("\ufeff\ufffe\uffff\ufdd0\U0001fffe\U0010ffff")); /* no characters, yet UTF-8 */
    expect_valid(SPAN("a\0b"));
}

Test(rfc6455_8_1, takes_a_character_with_a_fragment_for_each_byte)
{
    expect_both("text first 1:\xf0\ntext 1:\x9f\ntext 1:\x98\ntext last 1:\x80\n",
                SCRIPT(F(WS_TEXT, "\xf0"), F(WS_CONTINUATION, "\x9f"), F(WS_CONTINUATION, "\x98"),
                       F(FIN | WS_CONTINUATION, "\x80")));
}

/* --- text that is wrong ------------------------------------------------------------------ */

/* The text's byte `at` is the first that is impossible. In two frames, cut at every place in front
 * of it that is not far from it, whether more is to come or not, and whether the reader waits for
 * it or not: it fails with that byte, not before and not behind it. */
static void expect_fails_at(const struct text *t, size_t at)
{
    enum { MORE = 5 }; /* of the frame, that never comes */
    struct ws_record rec;
    ws_record_init(&rec, t->len + 2 * WS_HEADER_BYTES_MAX);
    for (size_t cut = 0; cut <= at; cut = cut == 0 && at > 8 ? at - 5 : cut + 1)
        for (int way = 0; way < 12; way++) {
            struct ws_rules rules = {.side = way & 1};
            rules.through_wslay = way >> 2 == 1;
            rules.wait_bytes =
                way >> 2 == 2 ? 2 * TEXT_MAX : 0; /* frames wait until they are whole */
            size_t rest = t->len - cut;
            const struct part parts[] = {FN(WS_TEXT, t->bytes, cut),
                                         {.first_byte = FIN | WS_CONTINUATION,
                                          .declared = way & 2 ? rest + MORE : rest,
                                          .payload = t->bytes + cut,
                                          .len = rest}};
            struct span script = script_build(rules.side, parts, 2);
            size_t bad = script.len - t->len + at, piece = 1 + (cut + at) % 9;
            uint16_t cuts[] = {1}, all_before[] = {(uint16_t)bad, UINT16_MAX};
            script_run(&rec, &rules, script, cuts, 1);
            cr_assert_eq(rec.failed, WS_CODE_TEXT);
            cr_assert_eq(rec.ended_at, bad + 1, "byte by byte, %s: %zu, not %zu",
                         script_way(&rules), rec.ended_at, bad + 1);
            script_run(&rec, &rules, script, all_before, 2);
            cr_assert_eq(rec.failed, WS_CODE_TEXT);
            cr_assert_eq(rec.ended_at, script.len, "failed before the byte came");
            cuts[0] = (uint16_t)piece;
            script_run(&rec, &rules, script, cuts, 1);
            cr_assert_eq(rec.failed, WS_CODE_TEXT);
            size_t read = (bad / piece + 1) * piece;
            cr_assert_eq(rec.ended_at, read < script.len ? read : script.len);
            script_free(script);
        }
    ws_record_deinit(&rec);
}

/* Bytes of which the last one is the first that is impossible; alone, and in the middle of text. */
static void expect_wrong(struct span bytes)
{
    static const char *const before[] = {"", "x", "\u20ac",
                                         "ASCII that is longer than any vector, that is 32 bytes"};
    for (size_t i = 0; i < sizeof before / sizeof *before; i++)
        for (int is_followed = 0; is_followed < 2; is_followed++) {
            struct text t = {0};
            append(&t, before[i], strlen(before[i]));
            append(&t, bytes.ptr, bytes.len);
            size_t at = t.len - 1;
            if (is_followed)
                append(&t, "\x80 and so on", 11);
            expect_reflected(span_of(t.bytes, t.len), false);
            expect_fails_at(&t, at);
        }
}

static void expect_wrong_bytes(struct span prefix, unsigned low, unsigned high)
{
    for (unsigned byte = low; byte <= high; byte++) {
        struct text t = {0};
        append(&t, prefix.ptr, prefix.len);
        append(&t, &(uint8_t){(uint8_t)byte}, 1);
        expect_wrong(span_of(t.bytes, t.len));
    }
}

Test(rfc6455_8_1, fails_at_a_byte_that_begins_no_character)
{
    expect_wrong_bytes(SPAN(""), 0x80, 0xc1); /* tails; C0 and C1, which would be overlong */
    expect_wrong_bytes(SPAN(""), 0xf5, 0xff); /* beyond U+10FFFF; five bytes and more */
}

Test(rfc6455_8_1, fails_at_the_second_byte_of_an_overlong_form)
{
    expect_wrong_bytes(SPAN("\xe0"), 0x80, 0x9f);
    expect_wrong_bytes(SPAN("\xf0"), 0x80, 0x8f);
}

Test(rfc6455_8_1, fails_at_the_second_byte_of_a_surrogate)
{
    expect_wrong_bytes(SPAN("\xed"), 0xa0, 0xbf);
}

Test(rfc6455_8_1, fails_at_the_second_byte_beyond_u_10ffff)
{
    expect_wrong_bytes(SPAN("\xf4"), 0x90, 0xbf);
}

Test(rfc6455_8_1, fails_where_a_character_is_broken_off_by_another_byte)
{
    static const uint8_t others[] = {0x00, '!', 0x7f, 0xc0, 0xc2, 0xe2, 0xf0, 0xff};
    for (int i = 0; i < ROWS; i++)
        for (int is_last = 0; is_last < 2; is_last++)
            for (size_t len = 1; len < rows[i].len; len++)
                for (size_t k = 0; k < sizeof others; k++) {
                    struct text t = {0};
                    append_character(&t, &rows[i], is_last);
                    t.bytes[len] = others[k];
                    expect_wrong(span_of(t.bytes, len + 1));
                }
}

/* The part of a character is no mistake until the message ends. */
static void expect_fails_at_the_end(const struct text *t)
{
    expect_reflected(span_of(t->bytes, t->len), false);
    for (size_t cut = 0; cut <= t->len; cut++)
        for (int side = WS_SERVER; side <= WS_CLIENT; side++) {
            const struct ws_rules rules = {.side = side};
            char log[2 * TEXT_MAX];
            const struct part two[] = {FN(WS_TEXT, t->bytes, cut),
                                       FN(FIN | WS_CONTINUATION, t->bytes + cut, t->len - cut)};
            struct span script = script_build(side, two, 2);
            snprintf(log, sizeof log, "text first %zu:%.*s\nfailed 1007\n", cut, (int)cut,
                     (const char *)t->bytes);
            expect_end_at(rules, script.len - 1, log, script);
            script_free(script);
        }
}

Test(rfc6455_8_1, fails_at_the_end_of_a_message_that_ends_inside_a_character)
{
    for (int i = 0; i < ROWS; i++)
        for (int is_last = 0; is_last < 2; is_last++)
            for (size_t len = 1; len < rows[i].len; len++) {
                struct text t = {0};
                append_character(&t, &rows[i], is_last);
                t.len = len;
                expect_fails_at_the_end(&t);
                struct text behind = {0};
                append(&behind, "so: ", 4);
                append(&behind, t.bytes, len);
                expect_fails_at_the_end(&behind);
            }
}

Test(rfc6455_8_1, fails_at_a_fragment_that_does_not_go_on_with_the_character)
{
    expect_both("text first 1:\xe2\nfailed 1007\n",
                SCRIPT(F(WS_TEXT, "\xe2"), F(WS_CONTINUATION, "plain")));
    expect_both(
        "text first 2:\xe2\x82\ntext 0:\nfailed 1007\n",
        SCRIPT(F(WS_TEXT, "\xe2\x82"), F(WS_CONTINUATION, ""), F(WS_CONTINUATION, "\xe2\x82\xac")));
}

Test(rfc6455_8_1, each_message_is_text_of_its_own)
{
    expect_both("text first last 1:a\nfailed 1007\n",
                SCRIPT(F(FIN | WS_TEXT, "a"), F(FIN | WS_TEXT, "\x80")));
    expect_both("text first last 3:\xe2\x82\xac\nfailed 1007\n",
                SCRIPT(F(FIN | WS_TEXT, "\xe2\x82\xac"), F(FIN | WS_TEXT, "\xac")));
}

/* What comes between the fragments is no part of the text. */
Test(rfc6455_8_1, control_frames_inside_a_character_do_not_mend_it)
{
    expect_both(
        "text first 1:\xe2\nping 2:\x82\xac\nfailed 1007\n",
        SCRIPT(F(WS_TEXT, "\xe2"), F(FIN | WS_OP_PING, "\x82\xac"), F(FIN | WS_CONTINUATION, "!")));
    expect_both(
        "text first 1:\xe2\npong 1:x\ntext last 2:\x82\xac\n",
        SCRIPT(F(WS_TEXT, "\xe2"), F(FIN | WS_OP_PONG, "x"), F(FIN | WS_CONTINUATION, "\x82\xac")));
}
