/* Messages that come compressed, as far as the RFC leaves it to us: limits, what is lent, and what
 * is held. What RFC 7692 asks is tested in tests/conformance/. */
#include "unit/proto/ws_compressed.h"

static const struct ws_rules rules = {.side = WS_SERVER, .inflated_bytes_max = INFLATED_BYTES_MAX};

/* --- sizes ------------------------------------------------------------------------------- */

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

/* Gives all of a script to a reader; returns what it says first. */
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

Test(ws_inflate, takes_messages_up_to_the_limit)
{
    struct part part = bomb(FIN | COMPRESSED_TEXT, 1000, "");
    expect_inflated("text compressed 1000 #07d18165\n", &part, 1);
}

Test(ws_inflate, rejects_messages_above_the_limit)
{
    static const size_t lengths[] = {1001, 4096, 4097, 1000000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct part part = bomb(FIN | COMPRESSED_TEXT, lengths[i], "");
        expect_inflated("failed 1009\n", &part, 1);
        part.first_byte = COMPRESSED_BINARY; /* of which more is to come */
        expect_inflated("failed 1009\n", &part, 1);
    }
}

Test(ws_inflate, rejects_by_what_is_wrong_first)
{
    struct part part = bomb(FIN | COMPRESSED_TEXT, 999, "\xff-");
    expect_inflated("failed 1007\n", &part, 1);
    part = bomb(FIN | COMPRESSED_TEXT, 1000, "\xff");
    expect_inflated("failed 1009\n", &part, 1);
}

/* Feeds a bomb of 50 MB byte by byte; returns how many were handed out before it failed. */
static size_t meet_bomb(struct ws_rules limited, size_t *held_max)
{
    struct part part = bomb(COMPRESSED_BINARY, 50000000, "");
    struct span script = script_build(WS_CLIENT, &part, 1);
    uint8_t *bytes = (uint8_t *)(uintptr_t)script.ptr;
    struct ws_pool pool;
    struct ws_reader r = {.deflate = forgets};
    struct ws_event ev;
    enum ws_event_kind kind = WS_NEED_MORE;
    size_t fed = 0, handed_out = 0;
    *held_max = 0;
    ws_pool_init(&pool, 1);
    while (kind != WS_FAILED && fed < script.len) {
        /* behind its header the frame needs nothing left over */
        struct ws_input in =
            fed == 0 ? (struct ws_input){bytes, 20} : (struct ws_input){bytes + 19 + fed, 1};
        fed++;
        while ((kind = ws_next(&r, &pool, &limited, &in, &ev)) == WS_DATA) {
            cr_assert_not(ev.message_last);
            handed_out += ev.payload.len;
        }
        *held_max = pool.held_bytes > *held_max ? pool.held_bytes : *held_max;
    }
    cr_assert_eq(kind, WS_FAILED);
    cr_assert_eq(ev.close_code, WS_CODE_TOO_BIG);
    cr_assert_lt(fed, 20 + limited.inflated_bytes_max / 1000, "%zu bytes were taken", fed);
    cr_assert_eq(pool.held_bytes, 0);
    ws_pool_deinit(&pool);
    script_free(script);
    return handed_out;
}

enum { ZLIB_BYTES_MAX = 41000, WSLAY_BYTES_MAX = 5000 };

Test(ws_inflate, holds_no_more_of_a_bomb_than_the_limit)
{
    enum { LIMIT = 60000 };
    struct ws_rules limited = {.side = WS_CLIENT, .inflated_bytes_max = LIMIT};
    size_t held_max;
    cr_assert_eq(meet_bomb(limited, &held_max), 0);
    cr_assert_gt(held_max, LIMIT / 2);
    cr_assert_leq(held_max, LIMIT + 1 + ZLIB_BYTES_MAX + WSLAY_BYTES_MAX);
}

Test(ws_inflate, holds_no_more_of_any_message_than_a_piece)
{
    enum { LIMIT = 10000000 };
    struct ws_rules limited = {.side = WS_CLIENT, .inflated_bytes_max = LIMIT};
    size_t held_max;
    cr_assert_eq(meet_bomb(limited, &held_max), LIMIT - LIMIT % WS_INFLATED_PIECE_BYTES);
    cr_assert_leq(held_max, WS_INFLATED_PIECE_BYTES + 1 + ZLIB_BYTES_MAX + WSLAY_BYTES_MAX);
}

/* A few KiB that are 40 MB are not all inflated at once, and nothing more has to come for them. */
Test(ws_inflate, does_a_piece_of_the_work_at_a_time)
{
    enum { LENGTH = 40000000 };
    struct ws_rules wide = {.inflated_bytes_max = LENGTH};
    struct part parts[] = {bomb(FIN | COMPRESSED_TEXT, LENGTH, ""), F(FIN | WS_OP_PING, "?")};
    struct span script = script_build(WS_SERVER, parts, 2);
    uint8_t *begin = (uint8_t *)(uintptr_t)script.ptr;
    struct ws_input in = {begin, script.len};
    struct ws_pool pool;
    struct ws_reader r = {.deflate = forgets};
    struct ws_event ev = {0};
    ws_pool_init(&pool, 1);
    for (size_t done = 0; done < LENGTH; done += ev.payload.len) {
        cr_assert_eq(ws_reader_has_rest(&r), done > 0);
        cr_assert_eq(ws_next(&r, &pool, &wide, &in, &ev), WS_DATA);
        cr_assert(ev.is_compressed && ev.opcode == WS_TEXT);
        cr_assert_eq(ev.message_first, done == 0);
        cr_assert_eq(ev.message_last, done + ev.payload.len == LENGTH);
        cr_assert(ev.message_last || ev.payload.len == WS_INFLATED_PIECE_BYTES);
        cr_assert(ev.payload.ptr[0] == 'x' && ev.payload.ptr[ev.payload.len - 1] == 'x');
        memset(begin, 0xee, (size_t)(in.ptr - begin)); /* what came need not stay */
    }
    cr_assert_not(ws_reader_has_rest(&r));
    cr_assert_eq(pool.held_bytes, 0);
    cr_assert_eq(ws_next(&r, &pool, &wide, &in, &ev), WS_PING);
    ws_reader_deinit(&r, &pool);
    ws_pool_deinit(&pool);
    script_free(script);
}

Test(ws_inflate, gives_back_what_is_left_of_a_message)
{
    struct ws_rules wide = {.inflated_bytes_max = 1000000};
    struct part part = bomb(FIN | COMPRESSED_TEXT, 900000, "");
    struct ws_pool pool;
    struct ws_reader r = {.deflate = keeps};
    struct ws_event ev;
    ws_pool_init(&pool, 1);
    cr_assert_eq(feed(&r, &pool, &wide, &part, 1, &ev), WS_DATA);
    cr_assert(ws_reader_has_rest(&r) && ws_reader_is_in_message(&r));
    ws_reader_deinit(&r, &pool);
    cr_assert_not(ws_reader_has_rest(&r));
    cr_assert_eq(pool.inflaters.lent, 0);
    cr_assert_eq(pool.held_bytes, 0);
    r = (struct ws_reader){.deflate = forgets}; /* who has it next begins anew */
    cr_assert_eq(feed(&r, &pool, &rules, SCRIPT(F(FIN | COMPRESSED_TEXT, HELLO)), &ev), WS_DATA);
    cr_assert(ev.message_first && ev.message_last && span_eq(ev.payload, SPAN("Hello")));
    ws_reader_deinit(&r, &pool);
    ws_pool_deinit(&pool);
}

Test(ws_inflate, holds_a_limit_that_becomes_smaller)
{
    struct ws_rules rules_now = {.side = WS_CLIENT, .inflated_bytes_max = 100000};
    struct part part = bomb(COMPRESSED_BINARY, 60000, "");
    struct span script = script_build(WS_CLIENT, &part, 1);
    uint8_t *bytes = (uint8_t *)(uintptr_t)script.ptr;
    struct ws_pool pool;
    struct ws_reader r = {.deflate = forgets};
    struct ws_event ev;
    ws_pool_init(&pool, 1);
    struct ws_input in = {bytes, script.len - 20};
    cr_assert_eq(ws_next(&r, &pool, &rules_now, &in, &ev), WS_NEED_MORE);
    cr_assert_gt(pool.held_bytes, 10000);
    rules_now.inflated_bytes_max = 10;
    in = (struct ws_input){bytes + script.len - 20 - in.len, 20 + in.len};
    cr_assert_eq(ws_next(&r, &pool, &rules_now, &in, &ev), WS_FAILED);
    cr_assert_eq(ev.close_code, WS_CODE_TOO_BIG);
    ws_reader_deinit(&r, &pool);
    ws_pool_deinit(&pool);
    script_free(script);
}

Test(ws_inflate, holds_a_limit_that_becomes_what_was_handed_out)
{
    enum { LIMIT = 4 * WS_INFLATED_PIECE_BYTES };
    struct ws_rules rules_now = {.side = WS_CLIENT, .inflated_bytes_max = LIMIT};
    struct part part = bomb(FIN | COMPRESSED_TEXT, LIMIT, "");
    struct span script = script_build(WS_CLIENT, &part, 1);
    struct ws_input in = {(uint8_t *)(uintptr_t)script.ptr, script.len};
    struct ws_pool pool;
    struct ws_reader r = {.deflate = forgets};
    struct ws_event ev;
    ws_pool_init(&pool, 1);
    cr_assert_eq(ws_next(&r, &pool, &rules_now, &in, &ev), WS_DATA);
    rules_now.inflated_bytes_max = ev.payload.len;
    cr_assert_eq(ws_next(&r, &pool, &rules_now, &in, &ev), WS_FAILED);
    cr_assert_eq(ev.close_code, WS_CODE_TOO_BIG);
    ws_reader_deinit(&r, &pool);
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

/* --- what is lent ------------------------------------------------------------------------ */

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
    struct part part = bomb(FIN | COMPRESSED_TEXT, 50000, "");
    cr_assert_eq(feed(&r, &pool, &wide, &part, 1, &ev), WS_DATA);
    cr_assert_eq(ev.payload.len, 50000);
    cr_assert_leq(ws_reader_held_bytes(&r, &pool), ZLIB_BYTES_MAX);
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
            wide.inflated_piece_bytes = (uint32_t)(wslay + c) * 10000; /* 0: 64 KiB */
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
