/* Messages that come compressed (RFC 7692 section 7.2.2). */
#include "unit/proto/ws_script.h"

enum {
    COMPRESSED_TEXT = WS_RSV1 | WS_TEXT,
    COMPRESSED_BINARY = WS_RSV1 | WS_BINARY,
};

#define HELLO "\xf2\x48\xcd\xc9\xc9\x07\x00"
/* The same, said again: "H", and four bytes that were five bytes before. */
#define HELLO_AGAIN "\xf2\x00\x11\x00\x00"

static const struct ws_rules rules = {.side = WS_SERVER, .inflated_bytes_max = 1000};
static const struct ws_deflate forgets = {.out_bits = 15, .in_bits = 15};
static const struct ws_deflate keeps = {.out_bits = 15, .in_bits = 15, .keeps_in = true};

/* On either side, and whether the peer keeps its context or not, which makes no difference to
 * these. */
static void expect(const char *log, const struct part *parts, size_t count)
{
    struct ws_rules client = rules;
    client.side = WS_CLIENT;
    expect_deflate(forgets, rules, log, parts, count);
    expect_deflate(forgets, client, log, parts, count);
    expect_deflate(keeps, rules, log, parts, count);
}

/* ---- the examples of section 7.2.3 ---- */

Test(ws_inflate, takes_a_message_of_one_block)
{
    expect("text compressed 5:Hello\n", SCRIPT(F(FIN | COMPRESSED_TEXT, HELLO)));
}

Test(ws_inflate, takes_a_message_in_fragments)
{
    expect("text compressed 5:Hello\n", SCRIPT(F(COMPRESSED_TEXT, "\xf2\x48\xcd"),
                                               F(FIN | WS_CONTINUATION, "\xc9\xc9\x07\x00")));
}

Test(ws_inflate, takes_a_message_that_refers_to_the_one_before)
{
    expect_deflate(keeps, rules, "text compressed 5:Hello\ntext compressed 5:Hello\n",
                   SCRIPT(F(FIN | COMPRESSED_TEXT, HELLO), F(FIN | COMPRESSED_TEXT, HELLO_AGAIN)));
}

Test(ws_inflate, takes_a_block_without_compression)
{
    expect("text compressed 5:Hello\n",
           SCRIPT(F(FIN | COMPRESSED_TEXT, "\x00\x05\x00\xfa\xffHello\x00")));
}

Test(ws_inflate, takes_a_final_block)
{
    expect("text compressed 5:Hello\n",
           SCRIPT(F(FIN | COMPRESSED_TEXT, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00")));
}

Test(ws_inflate, takes_two_blocks)
{
    expect(
        "text compressed 5:Hello\n",
        SCRIPT(F(FIN | COMPRESSED_TEXT, "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00")));
}

Test(ws_inflate, takes_empty_messages)
{
    expect("text compressed 0:\nbinary compressed 0:\n",
           SCRIPT(F(FIN | COMPRESSED_TEXT, "\x00"), F(FIN | COMPRESSED_BINARY, "\x00")));
}

/* ---- what else is allowed ---- */

/* A message of one block without compression, which has fewer than 256 bytes. */
#define STORED(length, inverse, text) "\x00" length "\x00" inverse "\xff" text "\x00"

Test(ws_inflate, takes_fragments_with_control_frames_between)
{
    expect("ping 2:hi\npong 0:\ntext compressed 5:Hello\n",
           SCRIPT(F(COMPRESSED_TEXT, ""), F(WS_CONTINUATION, "\xf2\x48\xcd"),
                  F(FIN | WS_OP_PING, "hi"), F(WS_CONTINUATION, "\xc9\xc9\x07\x00"),
                  F(FIN | WS_OP_PONG, ""), F(WS_CONTINUATION, ""), F(FIN | WS_CONTINUATION, "")));
}

Test(ws_inflate, takes_fragments_of_one_byte)
{
    expect("text compressed 5:Hello\n",
           SCRIPT(F(COMPRESSED_TEXT, "\xf2"), F(WS_CONTINUATION, "\x48"),
                  F(WS_CONTINUATION, "\xcd"), F(WS_CONTINUATION, "\xc9"),
                  F(WS_CONTINUATION, "\xc9"), F(WS_CONTINUATION, "\x07"),
                  F(FIN | WS_CONTINUATION, "\x00")));
}

Test(ws_inflate, takes_messages_compressed_and_not_in_turn)
{
    expect("text compressed 5:Hello\nbinary first 1:a\nbinary last 1:b\n"
           "binary compressed 5:Hello\ntext first last 2:ok\n",
           SCRIPT(F(FIN | COMPRESSED_TEXT, HELLO), F(WS_BINARY, "a"), F(FIN | WS_CONTINUATION, "b"),
                  F(FIN | COMPRESSED_BINARY, HELLO), F(FIN | WS_TEXT, "ok")));
}

Test(ws_inflate, keeps_a_context_across_messages_that_are_not_compressed)
{
    expect_deflate(keeps, rules,
                   "text compressed 5:Hello\ntext first last 5:plain\ntext compressed 5:Hello\n",
                   SCRIPT(F(FIN | COMPRESSED_TEXT, HELLO), F(FIN | WS_TEXT, "plain"),
                          F(FIN | COMPRESSED_TEXT, HELLO_AGAIN)));
}

Test(ws_inflate, takes_a_character_that_is_cut_by_fragments)
{
    expect("text compressed 3:\xe2\x82\xac\n",
           SCRIPT(F(COMPRESSED_TEXT, "\x00\x03\x00\xfc\xff\xe2"), F(WS_CONTINUATION, "\x82"),
                  F(FIN | WS_CONTINUATION, "\xac\x00")));
}

Test(ws_inflate, takes_a_final_block_with_nothing_behind_it)
{
    expect("text compressed 5:Hello\ntext compressed 5:Hello\n",
           SCRIPT(F(FIN | COMPRESSED_TEXT, "\xf3\x48\xcd\xc9\xc9\x07\x00"),
                  F(FIN | COMPRESSED_TEXT, HELLO)));
    /* What we append ends it. */
    expect("text compressed 0:\ntext compressed 5:Hello\n",
           SCRIPT(F(FIN | COMPRESSED_TEXT, "\x01"), F(FIN | COMPRESSED_TEXT, HELLO)));
}

Test(ws_inflate, takes_blocks_that_refer_across_a_final_one)
{
    expect("text compressed 10:HelloHello\n",
           SCRIPT(F(FIN | COMPRESSED_TEXT, "\xf3\x48\xcd\xc9\xc9\x07\x00" HELLO_AGAIN)));
    expect_deflate(keeps, rules, "text compressed 5:Hello\ntext compressed 5:Hello\n",
                   SCRIPT(F(FIN | COMPRESSED_TEXT, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"),
                          F(FIN | COMPRESSED_TEXT, HELLO_AGAIN)));
}

Test(ws_inflate, takes_many_final_blocks)
{
    expect("binary compressed 3:abc\n",
           SCRIPT(F(FIN | COMPRESSED_BINARY, "\x01\x01\x00\xfe\xff"
                                             "a\x03\x00\x01\x01\x00\xfe\xff"
                                             "b\x03\x00\x03\x00\x01\x01\x00\xfe\xff"
                                             "c\x00")));
}

/* ---- frames that break a rule ---- */

Test(ws_inflate, rejects_compressed_messages_that_were_not_agreed_on)
{
    expect_deflate((struct ws_deflate){0}, rules, "failed 1002\n",
                   SCRIPT(F(FIN | COMPRESSED_TEXT, HELLO)));
}

Test(ws_inflate, rejects_the_other_reserved_bits)
{
    expect("failed 1002\n", SCRIPT(F(FIN | 0x20 | WS_TEXT, "x")));
    expect("failed 1002\n", SCRIPT(F(FIN | 0x10 | WS_BINARY, "x")));
    expect("failed 1002\n", SCRIPT(F(FIN | 0x20 | COMPRESSED_TEXT, HELLO)));
    expect("failed 1002\n", SCRIPT(F(FIN | 0x10 | COMPRESSED_BINARY, HELLO)));
}

Test(ws_inflate, rejects_the_bit_on_what_continues_a_message)
{
    expect("failed 1002\n", SCRIPT(F(COMPRESSED_TEXT, "\xf2\x48\xcd"),
                                   F(FIN | WS_RSV1 | WS_CONTINUATION, "\xc9\xc9\x07\x00")));
    expect("text first 1:a\nfailed 1002\n",
           SCRIPT(F(WS_TEXT, "a"), F(FIN | WS_RSV1 | WS_CONTINUATION, "b")));
    expect("failed 1002\n", SCRIPT(F(FIN | WS_RSV1 | WS_CONTINUATION, HELLO)));
}

Test(ws_inflate, rejects_the_bit_on_control_frames)
{
    expect("failed 1002\n", SCRIPT(F(FIN | WS_RSV1 | WS_OP_PING, "")));
    expect("failed 1002\n", SCRIPT(F(FIN | WS_RSV1 | WS_OP_PONG, "x")));
    expect("failed 1002\n", SCRIPT(F(FIN | WS_RSV1 | WS_OP_CLOSE, "\x03\xe8")));
    expect("failed 1002\n",
           SCRIPT(F(COMPRESSED_TEXT, "\xf2\x48"), F(FIN | WS_RSV1 | WS_OP_PING, "")));
}

Test(ws_inflate, rejects_a_message_inside_a_message)
{
    expect("failed 1002\n", SCRIPT(F(COMPRESSED_TEXT, "\xf2\x48"), F(FIN | WS_TEXT, "x")));
    expect("failed 1002\n",
           SCRIPT(F(COMPRESSED_TEXT, "\xf2\x48"), F(FIN | COMPRESSED_TEXT, HELLO)));
    expect("text first 1:a\nfailed 1002\n",
           SCRIPT(F(WS_TEXT, "a"), F(FIN | COMPRESSED_TEXT, HELLO)));
}

/* ---- what is not DEFLATE ---- */

Test(ws_inflate, rejects_what_cannot_be_inflated)
{
    expect("failed 1007\n", SCRIPT(F(FIN | COMPRESSED_BINARY, "\xfe")));
    expect("failed 1007\n", SCRIPT(F(FIN | COMPRESSED_BINARY, "\x00\x05\x00\xfa\xfeHello\x00")));
    expect("failed 1007\n", SCRIPT(F(FIN | COMPRESSED_BINARY, "plain text, and much of it")));
    expect("text compressed 5:Hello\nfailed 1007\n",
           SCRIPT(F(FIN | COMPRESSED_TEXT, HELLO), F(COMPRESSED_TEXT, "\x06"),
                  F(FIN | WS_CONTINUATION, HELLO)));
}

Test(ws_inflate, rejects_distances_that_are_too_far)
{
    expect("failed 1007\n", SCRIPT(F(FIN | COMPRESSED_TEXT, HELLO_AGAIN)));
    expect_deflate(forgets, rules, "text compressed 5:Hello\nfailed 1007\n",
                   SCRIPT(F(FIN | COMPRESSED_TEXT, HELLO), F(FIN | COMPRESSED_TEXT, HELLO_AGAIN)));
}

Test(ws_inflate, rejects_messages_that_are_cut_short)
{
    expect("failed 1007\n", SCRIPT(F(FIN | COMPRESSED_TEXT, "")));
    expect("failed 1007\n", SCRIPT(F(COMPRESSED_TEXT, ""), F(FIN | WS_CONTINUATION, "")));
    expect("failed 1007\n", SCRIPT(F(FIN | COMPRESSED_TEXT, "\xf2\x48\xcd\xc9\xc9\x07")));
    expect("failed 1007\n", SCRIPT(F(FIN | COMPRESSED_TEXT, "\xf2\x48\xcd")));
    expect("failed 1007\n", SCRIPT(F(FIN | COMPRESSED_TEXT, "\x00\x05\x00\xfa\xffHel")));
    /* The four bytes that are to be left out. */
    expect("failed 1007\n", SCRIPT(F(FIN | COMPRESSED_TEXT, HELLO "\x00\x00\xff\xff")));
    /* A message does not end where the one before it did. */
    expect("text compressed 0:\nfailed 1007\n",
           SCRIPT(F(FIN | COMPRESSED_TEXT, "\x03\x00"), F(FIN | COMPRESSED_TEXT, "")));
}

/* ---- text ---- */

Test(ws_inflate, rejects_text_that_is_not_utf8)
{
    expect("failed 1007\n", SCRIPT(F(FIN | COMPRESSED_TEXT, STORED("\x03", "\xfc",
                                                                   "a\xff"
                                                                   "b"))));
    expect("binary compressed 3:a\xff"
           "b\n",
           SCRIPT(F(FIN | COMPRESSED_BINARY, STORED("\x03", "\xfc",
                                                    "a\xff"
                                                    "b"))));
}

Test(ws_inflate, rejects_text_that_ends_inside_a_character)
{
    expect("failed 1007\n", SCRIPT(F(FIN | COMPRESSED_TEXT, STORED("\x03", "\xfc", "a\xe2\x82"))));
    /* and does not go on with the next message */
    expect("failed 1007\n", SCRIPT(F(FIN | COMPRESSED_TEXT, STORED("\x01", "\xfe", "\xe2")),
                                   F(FIN | COMPRESSED_TEXT, STORED("\x02", "\xfd", "\x82\xac"))));
}

Test(ws_inflate, fails_at_the_first_impossible_byte_of_a_frame_still_arriving)
{
    expect("failed 1007\n", SCRIPT(INCOMPLETE(FIN | COMPRESSED_TEXT, 1 << 24,
                                              "\x00\xff\x00\x00\xff"
                                              "ok\xf4\x90")));
}

/* ---- sizes ---- */

/* `length` bytes of one kind, then `last`, compressed. Valid until the next call. */
static struct part bomb(uint8_t first_byte, size_t length, const char *last)
{
    static struct ws_deflater d;
    size_t total = length + strlen(last);
    char *message = malloc(total);
    struct span compressed;
    cr_assert_not_null(message);
    memset(message, 'x', length);
    memcpy(message + length, last, strlen(last));
    cr_assert_eq(ws_deflater_run(&d, 15, span_of(message, total), &compressed), OK);
    free(message);
    return (struct part)FN(first_byte, compressed.ptr, compressed.len);
}

Test(ws_inflate, takes_messages_up_to_the_limit)
{
    struct part part = bomb(FIN | COMPRESSED_TEXT, 1000, "");
    expect("text compressed 1000 #07d18165\n", &part, 1);
}

Test(ws_inflate, rejects_messages_above_the_limit)
{
    static const size_t lengths[] = {1001, 4096, 4097, 1000000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct part part = bomb(FIN | COMPRESSED_TEXT, lengths[i], "");
        expect("failed 1009\n", &part, 1);
        part.first_byte = COMPRESSED_BINARY; /* of which more is to come */
        expect("failed 1009\n", &part, 1);
    }
}

Test(ws_inflate, rejects_by_what_is_wrong_first)
{
    struct part part = bomb(FIN | COMPRESSED_TEXT, 999, "\xff-");
    expect("failed 1007\n", &part, 1);
    part = bomb(FIN | COMPRESSED_TEXT, 1000, "\xff");
    expect("failed 1009\n", &part, 1);
}

Test(ws_inflate, holds_no_more_of_a_bomb_than_the_limit)
{
    enum { LIMIT = 100000, ZLIB_BYTES_MAX = 41000, WSLAY_BYTES_MAX = 5000 };
    struct ws_rules limited = {.side = WS_CLIENT, .inflated_bytes_max = LIMIT};
    struct part part = bomb(COMPRESSED_BINARY, 50000000, "");
    struct span script = script_build(WS_CLIENT, &part, 1);
    uint8_t *bytes = (uint8_t *)(uintptr_t)script.ptr;
    struct ws_pool pool;
    struct ws_reader r = {.deflate = forgets};
    struct ws_event ev;
    enum ws_event_kind kind = WS_NEED_MORE;
    size_t held_max = 0, fed = 0;
    ws_pool_init(&pool, 1);
    for (; kind == WS_NEED_MORE && fed < script.len; fed++) {
        /* behind its header the frame needs nothing left over */
        struct ws_input in =
            fed == 0 ? (struct ws_input){bytes, 20} : (struct ws_input){bytes + 19 + fed, 1};
        kind = ws_next(&r, &pool, &limited, &in, &ev);
        held_max = pool.held_bytes > held_max ? pool.held_bytes : held_max;
    }
    cr_assert_eq(kind, WS_FAILED);
    cr_assert_eq(ev.close_code, WS_CODE_TOO_BIG);
    cr_assert_lt(fed, 500, "%zu bytes were taken", fed);
    cr_assert_gt(held_max, LIMIT / 2);
    cr_assert_leq(held_max, LIMIT + 1 + ZLIB_BYTES_MAX + WSLAY_BYTES_MAX);
    cr_assert_eq(pool.held_bytes, 0);
    ws_pool_deinit(&pool);
    script_free(script);
}

Test(ws_inflate, is_not_bound_by_the_limit_of_plain_messages)
{
    struct ws_rules strict = {.message_bytes_max = 3, .inflated_bytes_max = 5};
    expect_deflate(forgets, strict, "text compressed 5:Hello\ntext first last 3:yes\n",
                   SCRIPT(F(FIN | COMPRESSED_TEXT, HELLO), F(FIN | WS_TEXT, "yes")));
    expect_deflate(forgets, strict, "text compressed 5:Hello\nfailed 1009\n",
                   SCRIPT(F(FIN | COMPRESSED_TEXT, HELLO), F(FIN | WS_TEXT, "long")));
}

/* ---- what is lent ---- */

/* Gives all of a script to a reader; returns what came last. */
static enum ws_event_kind feed(struct ws_reader *r, struct ws_pool *pool,
                               const struct ws_rules *with, const struct part *parts, size_t count,
                               struct ws_event *ev)
{
    struct span script = script_build(WS_SERVER, parts, count);
    struct ws_input in = {(uint8_t *)(uintptr_t)script.ptr, script.len};
    enum ws_event_kind kind = ws_next(r, pool, with, &in, ev);
    script_free(script);
    return kind;
}

Test(ws_inflate, holds_nothing_between_messages_without_context)
{
    struct ws_pool pool;
    struct ws_reader r = {.deflate = forgets};
    struct ws_event ev;
    ws_pool_init(&pool, 1);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(feed(&r, &pool, &rules, SCRIPT(F(COMPRESSED_TEXT, "\xf2\x48")), &ev),
                     WS_NEED_MORE);
        cr_assert(ws_reader_is_in_message(&r));
        cr_assert_gt(ws_reader_held_bytes(&r, &pool), 7000);
        cr_assert_eq(
            feed(&r, &pool, &rules, SCRIPT(F(FIN | WS_CONTINUATION, "\xcd\xc9\xc9\x07\x00")), &ev),
            WS_DATA);
        cr_assert(!ws_reader_is_in_message(&r));
        cr_assert_eq(ws_reader_held_bytes(&r, &pool), 0);
        cr_assert_eq(pool.held_bytes, 0);
    }
    ws_reader_deinit(&r, &pool);
    ws_pool_deinit(&pool);
}

Test(ws_inflate, holds_a_context_and_no_message_between_messages_with_context)
{
    struct ws_pool pool;
    struct ws_reader r = {.deflate = keeps};
    struct ws_event ev;
    ws_pool_init(&pool, 1);
    struct ws_rules wide = {.inflated_bytes_max = 1000000};
    struct part part = bomb(FIN | COMPRESSED_TEXT, 900000, "");
    cr_assert_eq(feed(&r, &pool, &wide, &part, 1, &ev), WS_DATA);
    cr_assert_eq(ev.payload.len, 900000);
    cr_assert_leq(ws_reader_held_bytes(&r, &pool), 41000);
    cr_assert_geq(pool.held_bytes, 900000);
    ws_pool_trim(&pool);
    cr_assert_eq(pool.held_bytes, ws_reader_held_bytes(&r, &pool));
    ws_reader_deinit(&r, &pool);
    cr_assert_eq(pool.held_bytes, 0);
    ws_pool_deinit(&pool);
}

Test(ws_inflate, lends_to_many_at_a_time)
{
    enum { COUNT = 300 };
    struct ws_pool pool;
    static struct ws_reader readers[COUNT];
    struct ws_event ev;
    ws_pool_init(&pool, 1);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < COUNT; i++) {
            readers[i] = (struct ws_reader){.deflate = forgets};
            uint8_t stored[] = {0, 2, 0, 0xfd, 0xff, (uint8_t)('a' + i % 26)};
            struct part part = FN(COMPRESSED_TEXT, stored, sizeof stored);
            cr_assert_eq(feed(&readers[i], &pool, &rules, &part, 1, &ev), WS_NEED_MORE);
        }
        cr_assert_eq(pool.inflaters.lent, COUNT);
        for (size_t i = round; i < COUNT; i += 3) /* some go in the middle */
            ws_reader_deinit(&readers[i], &pool);
        for (size_t i = 0; i < COUNT; i++) {
            if (i % 3 == (size_t)round)
                continue;
            char expected[] = {(char)('a' + i % 26), '!', 0};
            cr_assert_eq(
                feed(&readers[i], &pool, &rules, SCRIPT(F(FIN | WS_CONTINUATION, "!\x00")), &ev),
                WS_DATA);
            cr_assert(span_eq(ev.payload, span_str(expected)));
        }
        cr_assert_eq(pool.inflaters.lent, 0);
        cr_assert_eq(pool.held_bytes, 0);
    }
    ws_pool_deinit(&pool);
}

Test(ws_inflate, takes_a_large_message_in_all_sizes_of_pieces)
{
    enum { LENGTH = 200000 };
    static uint8_t noise[LENGTH];
    uint32_t random = 7;
    for (size_t i = 0; i < LENGTH; i++) {
        random = random * 1664525 + 1013904223;
        noise[i] = i % 3000 < 1500 ? (uint8_t)(random >> 24) : (uint8_t)('a' + i % 7);
    }
    struct ws_deflater d;
    struct span compressed;
    ws_deflater_init(&d);
    cr_assert_eq(ws_deflater_run(&d, 15, span_of(noise, LENGTH), &compressed), OK);
    struct part part = FN(FIN | COMPRESSED_BINARY, compressed.ptr, compressed.len);
    struct span script = script_build(WS_SERVER, &part, 1);
    static const uint16_t cuts[][2] = {{60000, 60000}, {14, 60000}, {1000, 3}, {1, 1}};
    struct ws_rules wide = {.inflated_bytes_max = LENGTH};
    struct ws_record first, other;
    ws_record_init(&first, script.len);
    ws_record_init(&other, script.len);
    first.deflate = other.deflate = forgets;
    for (int wslay = 0; wslay < 2; wslay++)
        for (size_t c = 0; c < sizeof cuts / sizeof *cuts; c++) {
            struct ws_pool pool;
            ws_pool_init(&pool, 1);
            wide.through_wslay = wslay;
            struct ws_record *rec = wslay + c == 0 ? &first : &other;
            ws_record_run(rec, &wide, &pool, script, cuts[c], 2);
            ws_pool_deinit(&pool);
            cr_assert(rec == &first || span_eq(span_of(first.log, first.log_len),
                                               span_of(other.log, other.log_len)));
            cr_assert(span_starts_with(span_of(rec->log, rec->log_len),
                                       SPAN("binary compressed 200000 #")));
        }
    ws_record_deinit(&first);
    ws_record_deinit(&other);
    script_free(script);
    ws_deflater_deinit(&d);
}
