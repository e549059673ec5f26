/* RFC 7692 section 6, messages that come compressed, and 7.2.2 and 7.2.3, how they are inflated.
 * What is written by hand here is DEFLATE (RFC 1951); beside it there is whatever zlib makes. */
#include "unit/proto/ws_compressed.h"

#include <zlib.h>

/* --- section 6 --------------------------------------------------------------------------- */

Test(rfc7692_6, each_message_says_whether_it_is_compressed)
{
    expect_inflated("text compressed 5:Hello\nbinary first 1:a\nbinary last 1:b\n"
                    "binary compressed 5:Hello\ntext first last 2:ok\n",
                    SCRIPT(F(FIN | COMPRESSED_TEXT, HELLO), F(WS_BINARY, "a"),
                           F(FIN | WS_CONTINUATION, "b"), F(FIN | COMPRESSED_BINARY, HELLO),
                           F(FIN | WS_TEXT, "ok")));
}

Test(rfc7692_6, fails_the_bit_where_nothing_was_agreed_on)
{
    expect_agreed((struct ws_deflate){0}, "failed 1002\n", SCRIPT(F(FIN | COMPRESSED_TEXT, HELLO)));
    expect_agreed((struct ws_deflate){0}, "failed 1002\n",
                  SCRIPT(F(COMPRESSED_BINARY, ""), F(FIN | WS_CONTINUATION, HELLO)));
}

Test(rfc7692_6, fails_the_other_reserved_bits)
{
    expect_inflated("failed 1002\n", SCRIPT(F(FIN | 0x20 | WS_TEXT, "x")));
    expect_inflated("failed 1002\n", SCRIPT(F(FIN | 0x10 | WS_BINARY, "x")));
    expect_inflated("failed 1002\n", SCRIPT(F(FIN | 0x20 | COMPRESSED_TEXT, HELLO)));
    expect_inflated("failed 1002\n", SCRIPT(F(FIN | 0x10 | COMPRESSED_BINARY, HELLO)));
}

/* --- section 6.1 ------------------------------------------------------------------------- */

Test(rfc7692_6_1, fails_the_bit_on_fragments_that_are_not_the_first)
{
    expect_inflated("failed 1002\n",
                    SCRIPT(F(COMPRESSED_TEXT, "\xf2\x48\xcd"),
                           F(FIN | WS_RSV1 | WS_CONTINUATION, "\xc9\xc9\x07\x00")));
    expect_inflated("text first 1:a\nfailed 1002\n",
                    SCRIPT(F(WS_TEXT, "a"), F(FIN | WS_RSV1 | WS_CONTINUATION, "b")));
    expect_inflated("failed 1002\n", SCRIPT(F(FIN | WS_RSV1 | WS_CONTINUATION, HELLO)));
}

Test(rfc7692_6_1, fails_the_bit_on_control_frames)
{
    expect_inflated("failed 1002\n", SCRIPT(F(FIN | WS_RSV1 | WS_OP_PING, "")));
    expect_inflated("failed 1002\n", SCRIPT(F(FIN | WS_RSV1 | WS_OP_PONG, "x")));
    expect_inflated("failed 1002\n", SCRIPT(F(FIN | WS_RSV1 | WS_OP_CLOSE, "\x03\xe8")));
    expect_inflated("failed 1002\n",
                    SCRIPT(F(COMPRESSED_TEXT, "\xf2\x48"), F(FIN | WS_RSV1 | WS_OP_PING, "")));
}

Test(rfc7692_6_1, the_opcode_is_that_of_the_message)
{
    expect_inflated("text compressed 5:Hello\nbinary compressed 5:Hello\n",
                    SCRIPT(F(FIN | COMPRESSED_TEXT, HELLO), F(COMPRESSED_BINARY, ""),
                           F(FIN | WS_CONTINUATION, HELLO)));
}

Test(rfc7692_6_1, what_is_compressed_need_not_be_utf8)
{
    cr_assert(!utf8_is_valid(SPAN(HELLO)));
    expect_inflated("text compressed 5:Hello\n", SCRIPT(F(FIN | COMPRESSED_TEXT, HELLO)));
}

Test(rfc7692_6_1, what_is_inflated_must_be_utf8_again)
{
#define WITH_FF STORED("\x03", "\xfc", "a\xff!")
    expect_inflated("failed 1007\n", SCRIPT(F(FIN | COMPRESSED_TEXT, WITH_FF)));
    expect_inflated("binary compressed 3:a\xff!\n", SCRIPT(F(FIN | COMPRESSED_BINARY, WITH_FF)));
    expect_inflated("failed 1007\n",
                    SCRIPT(F(FIN | COMPRESSED_TEXT, STORED("\x03", "\xfc", "a\xe2\x82"))));
    /* and does not go on with the next message */
    expect_inflated("failed 1007\n",
                    SCRIPT(F(FIN | COMPRESSED_TEXT, STORED("\x01", "\xfe", "\xe2")),
                           F(FIN | COMPRESSED_TEXT, STORED("\x02", "\xfd", "\x82\xac"))));
}

/* An inflated byte that is impossible fails when it comes out, not with the end of the message. */
Test(rfc7692_6_1, what_is_inflated_fails_at_its_first_impossible_byte)
{
    static const struct part part = INCOMPLETE(FIN | COMPRESSED_TEXT, 1 << 24,
                                               "\x00\xff\x00\x00\xff"
                                               "ok\xf4\x90");
    expect_inflated("failed 1007\n", &part, 1);
    for (int side = WS_SERVER; side <= WS_CLIENT; side++) {
        struct span script = script_build(side, &part, 1);
        struct ws_rules rules = {.side = side, .inflated_bytes_max = INFLATED_BYTES_MAX};
        struct ws_record rec;
        const uint16_t cut = 1;
        ws_record_init(&rec, script.len);
        rec.deflate = forgets;
        script_run(&rec, &rules, script, &cut, 1);
        cr_assert_eq(rec.failed, WS_CODE_TEXT);
        cr_assert_eq(rec.ended_at, script.len);
        script_run(&rec, &rules, span_take(script, script.len - 1), &cut, 1);
        cr_assert_eq(rec.failed, 0);
        ws_record_deinit(&rec);
        script_free(script);
    }
}

/* --- section 6.2 ------------------------------------------------------------------------- */

Test(rfc7692_6_2, fragments_are_put_together_before_they_are_inflated)
{
    static const char hello[] = HELLO;
    const size_t len = sizeof hello - 1;
    for (size_t a = 0; a <= len; a++)
        for (size_t b = a; b <= len; b++)
            expect_inflated("text compressed 5:Hello\n",
                            SCRIPT(FN(COMPRESSED_TEXT, hello, a),
                                   FN(WS_CONTINUATION, hello + a, b - a),
                                   FN(FIN | WS_CONTINUATION, hello + b, len - b)));
    expect_inflated("text compressed 5:Hello\n",
                    SCRIPT(F(COMPRESSED_TEXT, "\xf2"), F(WS_CONTINUATION, "\x48"),
                           F(WS_CONTINUATION, "\xcd"), F(WS_CONTINUATION, "\xc9"),
                           F(WS_CONTINUATION, "\xc9"), F(WS_CONTINUATION, "\x07"),
                           F(FIN | WS_CONTINUATION, "\x00")));
}

Test(rfc7692_6_2, a_character_may_be_cut_by_fragments)
{
    expect_inflated("text compressed 3:\xe2\x82\xac\n",
                    SCRIPT(F(COMPRESSED_TEXT, "\x00\x03\x00\xfc\xff\xe2"),
                           F(WS_CONTINUATION, "\x82"), F(FIN | WS_CONTINUATION, "\xac\x00")));
}

Test(rfc7692_6_2, control_frames_between_fragments_are_taken_at_once)
{
    expect_inflated("ping 2:hi\npong 0:\ntext compressed 5:Hello\n",
                    SCRIPT(F(COMPRESSED_TEXT, ""), F(WS_CONTINUATION, "\xf2\x48\xcd"),
                           F(FIN | WS_OP_PING, "hi"), F(WS_CONTINUATION, "\xc9\xc9\x07\x00"),
                           F(FIN | WS_OP_PONG, ""), F(WS_CONTINUATION, ""),
                           F(FIN | WS_CONTINUATION, "")));
    expect_inflated("close 1000 0:\n",
                    SCRIPT(F(COMPRESSED_TEXT, "\xf2\x48"), F(FIN | WS_OP_CLOSE, "\x03\xe8")));
}

Test(rfc7692_6_2, fails_a_message_among_the_fragments_of_another)
{
    expect_inflated("failed 1002\n", SCRIPT(F(COMPRESSED_TEXT, "\xf2\x48"), F(FIN | WS_TEXT, "x")));
    expect_inflated("failed 1002\n",
                    SCRIPT(F(COMPRESSED_TEXT, "\xf2\x48"), F(FIN | COMPRESSED_TEXT, HELLO)));
    expect_inflated("text first 1:a\nfailed 1002\n",
                    SCRIPT(F(WS_TEXT, "a"), F(FIN | COMPRESSED_TEXT, HELLO)));
}

/* --- section 7.2.2: the bytes that are put back ------------------------------------------ */

Test(rfc7692_7_2_2, the_empty_block_at_the_end_is_put_back)
{
    expect_inflated("text compressed 0:\nbinary compressed 0:\n",
                    SCRIPT(F(FIN | COMPRESSED_TEXT, "\x00"), F(FIN | COMPRESSED_BINARY, "\x00")));
    expect_inflated("text compressed 0:\ntext compressed 5:Hello\n", /* of a final block, too */
                    SCRIPT(F(FIN | COMPRESSED_TEXT, "\x01"), F(FIN | COMPRESSED_TEXT, HELLO)));
}

Test(rfc7692_7_2_2, fails_a_message_that_was_sent_with_them)
{
    expect_inflated("failed 1007\n", SCRIPT(F(FIN | COMPRESSED_TEXT, HELLO "\x00\x00\xff\xff")));
}

Test(rfc7692_7_2_2, fails_a_message_that_is_cut_short)
{
    const char stored[] = "\x00\x05\x00\xfa\xffHello";
    for (size_t len = 0; len < sizeof HELLO - 2; len++)
        expect_inflated("failed 1007\n", SCRIPT(FN(FIN | COMPRESSED_TEXT, HELLO, len)));
    for (size_t len = 2; len < sizeof stored - 1; len++)
        if (len != 6) /* what is put back is taken for the four bytes that are missing */
            expect_inflated("failed 1007\n", SCRIPT(FN(FIN | COMPRESSED_BINARY, stored, len)));
    expect_inflated("failed 1007\n", SCRIPT(F(COMPRESSED_TEXT, ""), F(FIN | WS_CONTINUATION, "")));
    /* A message does not end where the one before it did. */
    expect_inflated("text compressed 0:\nfailed 1007\n",
                    SCRIPT(F(FIN | COMPRESSED_TEXT, "\x03\x00"), F(FIN | COMPRESSED_TEXT, "")));
}

Test(rfc7692_7_2_2, fails_what_is_not_deflate)
{
    expect_inflated("failed 1007\n", SCRIPT(F(FIN | COMPRESSED_BINARY, "\xfe")));
    expect_inflated("failed 1007\n",
                    SCRIPT(F(FIN | COMPRESSED_BINARY, "\x00\x05\x00\xfa\xfeHello\x00")));
    expect_inflated("failed 1007\n",
                    SCRIPT(F(FIN | COMPRESSED_BINARY, "plain text, and much of it")));
    expect_inflated("text compressed 5:Hello\nfailed 1007\n",
                    SCRIPT(F(FIN | COMPRESSED_TEXT, HELLO), F(COMPRESSED_TEXT, "\x06"),
                           F(FIN | WS_CONTINUATION, HELLO)));
}

/* --- section 7.2.2: the window ----------------------------------------------------------- */

Test(rfc7692_7_2_2, the_window_is_kept_unless_that_was_excluded)
{
    expect_agreed(keeps, "text compressed 5:Hello\ntext compressed 5:Hello\n",
                  SCRIPT(F(FIN | COMPRESSED_TEXT, HELLO), F(FIN | COMPRESSED_TEXT, HELLO_AGAIN)));
    expect_agreed(keeps, "text compressed 5:Hello\nping 0:\ntext compressed 5:Hello\n",
                  SCRIPT(F(FIN | COMPRESSED_TEXT, HELLO), F(FIN | WS_OP_PING, ""),
                         F(COMPRESSED_TEXT, "\xf2\x00"), F(FIN | WS_CONTINUATION, "\x11\x00\x00")));
}

Test(rfc7692_7_2_2, each_message_has_an_empty_window_where_that_was_agreed_on)
{
    expect_inflated("failed 1007\n", SCRIPT(F(FIN | COMPRESSED_TEXT, HELLO_AGAIN)));
    expect_agreed(forgets, "text compressed 5:Hello\nfailed 1007\n",
                  SCRIPT(F(FIN | COMPRESSED_TEXT, HELLO), F(FIN | COMPRESSED_TEXT, HELLO_AGAIN)));
}

/* Reads the messages, each one frame, and compares what they inflate to. */
static void expect_messages(struct ws_deflate deflate, enum ws_side side, uint16_t cut,
                            const struct span *compressed, const struct span *plain, size_t count)
{
    const struct ws_rules rules = {.side = side, .inflated_bytes_max = 1 << 20};
    struct ws_reader reader = {.deflate = deflate};
    struct ws_pool pool;
    ws_pool_init(&pool, 1);
    for (size_t i = 0; i < count; i++) {
        const struct part part = FN(FIN | COMPRESSED_BINARY, compressed[i].ptr, compressed[i].len);
        struct span script = script_build(side, &part, 1);
        uint8_t *begin = (uint8_t *)(uintptr_t)script.ptr;
        size_t done = 0, read = 0;
        enum ws_event_kind kind = WS_NEED_MORE;
        struct ws_event ev;
        while (kind == WS_NEED_MORE && read < script.len) {
            read = read + cut < script.len ? read + cut : script.len;
            struct ws_input in = {begin + done, read - done};
            kind = ws_next(&reader, &pool, &rules, &in, &ev);
            done = (size_t)(in.ptr - begin);
        }
        cr_assert_eq(kind, WS_DATA);
        cr_assert(span_eq(ev.payload, plain[i]), "message %zu, cut at %u", i, cut);
        script_free(script);
    }
    ws_reader_deinit(&reader, &pool);
    ws_pool_deinit(&pool);
}

static void make_noise(uint8_t *noise, size_t len)
{
    uint32_t random = 1;
    for (size_t i = 0; i < len; i++) {
        random = random * 1664525 + 1013904223;
        noise[i] = (uint8_t)(random >> 24);
    }
}

/* A block without compression, as long as the window, and a copy of its first 258 bytes, by the
 * codes that need no table: in one message, and in the one after. A smaller window that was agreed
 * on does not matter. */
Test(rfc7692_7_2_2, the_window_has_32768_bytes)
{
    enum { WINDOW = 32768, COPY = 258, BLOCK = 5 + WINDOW };
    static const uint16_t cuts[] = {1, 1460, 65535};
    static uint8_t block[BLOCK + 1] = "\x00\x00\x80\xff\x7f", both[BLOCK + 5], plain[WINDOW + COPY];
    const struct span copy = SPAN("\x1a\xbd\xff\x1f\x00");
    make_noise(plain, WINDOW);
    memcpy(plain + WINDOW, plain, COPY);
    memcpy(block + 5, plain, WINDOW); /* the byte behind it begins the block that is put back */
    memcpy(both, block, BLOCK);
    memcpy(both + BLOCK, copy.ptr, copy.len);
    const struct span one[] = {span_of(both, sizeof both)},
                      two[] = {span_of(block, BLOCK + 1), copy};
    const struct span one_plain[] = {span_of(plain, sizeof plain)},
                      two_plain[] = {span_of(plain, WINDOW), span_of(plain, COPY)};
    for (unsigned way = 0; way < 4; way++)
        for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
            enum ws_side side = way & 1 ? WS_CLIENT : WS_SERVER;
            struct ws_deflate deflate = {.out_bits = 15, .in_bits = way & 2 ? 15 : 8};
            expect_messages(deflate, side, cuts[i], one, one_plain, 1);
            deflate.keeps_in = true;
            expect_messages(deflate, side, cuts[i], two, two_plain, 2);
        }
}

/* --- whatever a peer's zlib makes -------------------------------------------------------- */

enum { MESSAGES = 3, MESSAGE_MAX = 6000 };

/* Text with some order in it, then noise, then less of the same text. */
static void make_messages(struct span messages[MESSAGES])
{
    static uint8_t text[MESSAGE_MAX], noise[300];
    uint32_t random = 1;
    for (size_t n = 0; n + 24 < sizeof text; random = random * 1664525 + 1013904223)
        n += (size_t)snprintf((char *)text + n, 24, "word%u is said ", random >> 24);
    make_noise(noise, sizeof noise);
    messages[0] = span_of(text, sizeof text);
    messages[1] = span_of(noise, sizeof noise);
    messages[2] = span_of(text + 700, 900);
}

/* Compressed in two halves, with a flush of that kind between them. Each is to be freed. */
static void compress_all(z_stream *z, const struct span *messages, struct span *compressed,
                         int flush)
{
    for (size_t i = 0; i < MESSAGES; i++) {
        size_t size = 2 * messages[i].len + 1000, half = messages[i].len / 2;
        uint8_t *out = malloc(size);
        CHECK(out != NULL);
        z->next_out = out;
        z->avail_out = (unsigned)size;
        z->next_in = (Bytef *)(uintptr_t)messages[i].ptr;
        z->avail_in = (unsigned)half;
        CHECK(deflate(z, flush) == Z_OK);
        z->avail_in = (unsigned)(messages[i].len - half);
        CHECK(deflate(z, Z_SYNC_FLUSH) == Z_OK);
        compressed[i] = span_of(out, size - z->avail_out - 4);
    }
}

static void expect_zlib(int level, int strategy, int bits, int flush)
{
    static const uint16_t cuts[] = {1, 100, 65535};
    struct span messages[MESSAGES], compressed[MESSAGES];
    make_messages(messages);
    z_stream z = {0};
    cr_assert_eq(deflateInit2(&z, level, Z_DEFLATED, -bits, 8, strategy), Z_OK);
    compress_all(&z, messages, compressed, flush);
    deflateEnd(&z);
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++)
        for (int side = WS_SERVER; side <= WS_CLIENT; side++) {
            struct ws_deflate deflate = keeps;
            deflate.in_bits = bits & 15;
            expect_messages(deflate, side, cuts[i], compressed, messages, MESSAGES);
        }
    for (size_t i = 0; i < MESSAGES; i++)
        script_free(compressed[i]);
}

Test(rfc7692_7_2_2, takes_blocks_of_every_type_and_number)
{
    static const int levels[] = {0, 1, 6, 9};
    static const int strategies[] = {Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE,
                                     Z_FIXED};
    static const int flushes[] = {Z_NO_FLUSH, Z_PARTIAL_FLUSH, Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_BLOCK};
    for (size_t l = 0; l < sizeof levels / sizeof *levels; l++)
        for (size_t s = 0; s < sizeof strategies / sizeof *strategies; s++)
            for (size_t f = 0; f < sizeof flushes / sizeof *flushes; f++)
                expect_zlib(levels[l], strategies[s], 9 + (int)(l + s + f) % 7, flushes[f]);
}

Test(rfc7692_7_2_2, takes_final_blocks_in_every_place)
{
    expect_inflated("text compressed 5:Hello\ntext compressed 5:Hello\n",
                    SCRIPT(F(FIN | COMPRESSED_TEXT, "\xf3\x48\xcd\xc9\xc9\x07\x00"),
                           F(FIN | COMPRESSED_TEXT, HELLO)));
    expect_inflated("binary compressed 3:abc\n",
                    SCRIPT(F(FIN | COMPRESSED_BINARY, "\x01\x01\x00\xfe\xff"
                                                      "a\x03\x00\x01\x01\x00\xfe\xff"
                                                      "b\x03\x00\x03\x00\x01\x01\x00\xfe\xff"
                                                      "c\x00")));
}

Test(rfc7692_7_2_2, blocks_refer_to_what_was_before_a_final_one)
{
    expect_inflated("text compressed 10:HelloHello\n",
                    SCRIPT(F(FIN | COMPRESSED_TEXT, "\xf3\x48\xcd\xc9\xc9\x07\x00" HELLO_AGAIN)));
    expect_agreed(keeps, "text compressed 5:Hello\ntext compressed 5:Hello\n",
                  SCRIPT(F(FIN | COMPRESSED_TEXT, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"),
                         F(FIN | COMPRESSED_TEXT, HELLO_AGAIN)));
}

/* --- section 7.2.3: the examples --------------------------------------------------------- */

Test(rfc7692_7_2_3_1, takes_a_message_in_one_block)
{
    expect_inflated("text compressed 5:Hello\n", SCRIPT(F(FIN | COMPRESSED_TEXT, HELLO)));
    expect_inflated(
        "text compressed 5:Hello\n",
        SCRIPT(F(COMPRESSED_TEXT, "\xf2\x48\xcd"), F(FIN | WS_CONTINUATION, "\xc9\xc9\x07\x00")));
}

Test(rfc7692_7_2_3_2, takes_a_message_that_shares_the_window)
{
    expect_inflated("text compressed 5:Hello\ntext compressed 5:Hello\n",
                    SCRIPT(F(FIN | COMPRESSED_TEXT, HELLO), F(FIN | COMPRESSED_TEXT, HELLO)));
    expect_agreed(keeps, "text compressed 5:Hello\ntext compressed 5:Hello\n",
                  SCRIPT(F(FIN | COMPRESSED_TEXT, HELLO), F(FIN | COMPRESSED_TEXT, HELLO_AGAIN)));
}

Test(rfc7692_7_2_3_2, messages_that_are_not_compressed_are_not_in_the_window)
{
    expect_agreed(keeps,
                  "text compressed 5:Hello\ntext first last 5:plain\ntext compressed 5:Hello\n",
                  SCRIPT(F(FIN | COMPRESSED_TEXT, HELLO), F(FIN | WS_TEXT, "plain"),
                         F(FIN | COMPRESSED_TEXT, HELLO_AGAIN)));
}

Test(rfc7692_7_2_3_3, takes_a_block_without_compression)
{
    expect_inflated("text compressed 5:Hello\n",
                    SCRIPT(F(FIN | COMPRESSED_TEXT, "\x00\x05\x00\xfa\xffHello\x00")));
}

Test(rfc7692_7_2_3_4, takes_a_final_block)
{
    expect_inflated("text compressed 5:Hello\n",
                    SCRIPT(F(FIN | COMPRESSED_TEXT, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00")));
}

Test(rfc7692_7_2_3_5, takes_two_blocks)
{
    expect_inflated(
        "text compressed 5:Hello\n",
        SCRIPT(F(FIN | COMPRESSED_TEXT, "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00")));
}

Test(rfc7692_7_2_3_6, takes_a_last_fragment_with_nothing_in_it)
{
    expect_inflated("text compressed 0:\n", SCRIPT(F(FIN | COMPRESSED_TEXT, "\x00")));
    expect_inflated("text compressed 5:Hello\n",
                    SCRIPT(F(COMPRESSED_TEXT, "\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff"),
                           F(FIN | WS_CONTINUATION, "\x00")));
}
