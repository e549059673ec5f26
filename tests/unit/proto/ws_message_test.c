/* The rules of messages that are not compressed; for those that are see ws_inflate_test.c. */
#include "unit/proto/ws_script.h"

static uint8_t zeros[200000];

static void expect(const char *log, const struct part *parts, size_t count)
{
    expect_with((struct ws_rules){.side = WS_SERVER}, log, parts, count);
}

/* ---- what is allowed ---- */

Test(ws_message, takes_text_and_binary)
{
    expect("text first last 5:Hello\nbinary first last 3:\x01\xff\x7f\n",
           SCRIPT(F(FIN | WS_TEXT, "Hello"), F(FIN | WS_BINARY, "\x01\xff\x7f")));
}

Test(ws_message, takes_the_masked_hello_of_the_rfc)
{
    expect("text first last 5:Hello\n",
           SCRIPT(RAW("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58")));
}

Test(ws_message, takes_empty_messages_and_fragments)
{
    expect("text first last 0:\nbinary first last 0:\ntext first 0:\ntext 0:\ntext last 0:\n",
           SCRIPT(F(FIN | WS_TEXT, ""), F(FIN | WS_BINARY, ""), F(WS_TEXT, ""),
                  F(WS_CONTINUATION, ""), F(FIN | WS_CONTINUATION, "")));
}

Test(ws_message, takes_fragments_with_control_frames_between)
{
    expect("text first 3:Hel\nping 2:hi\ntext 1:l\npong 0:\ntext last 1:o\n",
           SCRIPT(F(WS_TEXT, "Hel"), F(FIN | WS_OP_PING, "hi"), F(WS_CONTINUATION, "l"),
                  F(FIN | WS_OP_PONG, ""), F(FIN | WS_CONTINUATION, "o")));
}

Test(ws_message, takes_a_character_that_is_cut_by_fragments)
{
    expect("text first 1:\xe2\ntext 1:\x82\nping 0:\ntext 0:\ntext last 2:\xac!\n",
           SCRIPT(F(WS_TEXT, "\xe2"), F(WS_CONTINUATION, "\x82"), F(FIN | WS_OP_PING, ""),
                  F(WS_CONTINUATION, ""), F(FIN | WS_CONTINUATION, "\xac!")));
}

Test(ws_message, takes_every_length_form)
{
    static const size_t lengths[] = {125, 126, 127, 255, 256, 4081, 4096, 65535, 65536, 200000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct ws_record rec;
        struct part part = FN(FIN | WS_BINARY, zeros, lengths[i]);
        struct span script = script_build(&part, 1);
        static const uint16_t cuts[][2] = {{60000, 60000}, {14, 60000}, {1000, 3}};
        ws_record_init(&rec, script.len);
        for (int wslay = 0; wslay < 2; wslay++)
            for (size_t c = 0; c < 3; c++) {
                struct ws_rules rules = {.through_wslay = wslay};
                struct ws_pool pool;
                char line[40];
                int n = snprintf(line, sizeof line, "binary first last %zu:", lengths[i]);
                ws_pool_init(&pool, 1);
                ws_record_run(&rec, &rules, &pool, script, cuts[c], 2);
                ws_pool_deinit(&pool);
                cr_assert_eq(rec.log_len, (size_t)n + lengths[i] + 1);
                cr_assert_eq(memcmp(rec.log, line, (size_t)n), 0);
                cr_assert_eq(memcmp(rec.log + n, zeros, lengths[i]), 0);
            }
        ws_record_deinit(&rec);
    }
}

Test(ws_message, takes_control_frames_of_125_bytes)
{
    char one[126], two[126];
    snprintf(one, sizeof one, "%0125d", 1);
    snprintf(two, sizeof two, "%0125d", 2);
    char both[400];
    snprintf(both, sizeof both, "ping 125:%s\npong 125:%s\n", one, two);
    expect(both, SCRIPT(FN(FIN | WS_OP_PING, one, 125), FN(FIN | WS_OP_PONG, two, 125)));
}

Test(ws_message, gives_what_has_come_of_a_partial_frame)
{
    expect("text first 2:ab\npartial 3:cde\n",
           SCRIPT(F(WS_TEXT, "ab"), RAW("\x80\xff\0\0\0\0\0\1\0\0"
                                        "\0\0\0\0"
                                        "cde")));
}

/* ---- the close frame ---- */

Test(ws_message, takes_close_with_and_without_code_and_reason)
{
    expect("close 1005 0:\n", SCRIPT(F(FIN | WS_OP_CLOSE, "")));
    expect("close 1000 0:\n", SCRIPT(F(FIN | WS_OP_CLOSE, "\x03\xe8")));
    expect("close 1001 5:\xe2\x82\xac!?\n", SCRIPT(F(FIN | WS_OP_CLOSE, "\x03\xe9\xe2\x82\xac!?")));
}

Test(ws_message, takes_close_in_the_middle_of_a_message)
{
    expect("text first 2:ab\nclose 1000 0:\n",
           SCRIPT(F(WS_TEXT, "ab"), F(FIN | WS_OP_CLOSE, "\x03\xe8")));
}

Test(ws_message, drops_everything_behind_a_close)
{
    expect("close 1000 0:\n", SCRIPT(F(FIN | WS_OP_CLOSE, "\x03\xe8"), F(FIN | WS_TEXT, "late"),
                                     RAW("\xff\xff\xff garbage")));
}

Test(ws_message, judges_every_close_code)
{
    for (uint32_t code = 0; code <= 0xffff; code += code < 5100 ? 1 : 997) {
        bool is_valid = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                        (code >= 3000 && code < 5000);
        uint8_t payload[2] = {(uint8_t)(code >> 8), (uint8_t)code};
        struct part part = FN(FIN | WS_OP_CLOSE, payload, 2);
        struct span script = script_build(&part, 1);
        struct ws_reader r = {0};
        struct ws_pool pool;
        struct ws_event ev;
        struct ws_input in = {script_bytes, script.len};
        ws_pool_init(&pool, 1);
        enum ws_event_kind kind = ws_next(&r, &pool, &(struct ws_rules){0}, &in, &ev);
        cr_assert_eq(kind, is_valid ? WS_CLOSE : WS_FAILED, "%u", code);
        cr_assert_eq(ev.close_code, is_valid ? code : WS_CODE_PROTOCOL, "%u", code);
    }
}

Test(ws_message, rejects_malformed_close)
{
    expect("failed 1002\n", SCRIPT(F(FIN | WS_OP_CLOSE, "\x03")));
    expect("failed 1002\n", SCRIPT(F(FIN | WS_OP_CLOSE, "\x03\xee"))); /* 1006 */
    expect("failed 1007\n", SCRIPT(F(FIN | WS_OP_CLOSE, "\x03\xe8\xff")));
    expect("failed 1007\n", SCRIPT(F(FIN | WS_OP_CLOSE, "\x03\xe8ok\xe2\x82")));
}

/* ---- frames that break a rule ---- */

Test(ws_message, rejects_reserved_bits)
{
    for (int bit = 0x10; bit < 0x80; bit <<= 1) {
        expect("failed 1002\n", SCRIPT(F((uint8_t)(FIN | bit | WS_TEXT), "x")));
        expect("failed 1002\n", SCRIPT(F((uint8_t)(FIN | bit | WS_OP_PING), "")));
        expect("text first 1:a\nfailed 1002\n", SCRIPT(F(WS_TEXT, "a"), F((uint8_t)bit, "x")));
    }
}

Test(ws_message, rejects_reserved_opcodes)
{
    for (uint8_t opcode = 3; opcode < 16; opcode++) {
        if (opcode >= WS_OP_CLOSE && opcode <= WS_OP_PONG)
            continue;
        expect("failed 1002\n", SCRIPT(F(FIN | opcode, "x")));
        expect("failed 1002\n", SCRIPT(F(opcode, "")));
        expect("ping 0:\nfailed 1002\n", SCRIPT(F(FIN | WS_OP_PING, ""), F(FIN | opcode, "")));
    }
}

Test(ws_message, rejects_unmasked_client_frame)
{
    expect("failed 1002\n", SCRIPT(UNMASKED(FIN | WS_TEXT, "Hello")));
    expect("failed 1002\n", SCRIPT(UNMASKED(FIN | WS_OP_PING, "")));
    expect("text first 1:a\nfailed 1002\n",
           SCRIPT(F(WS_TEXT, "a"), UNMASKED(FIN | WS_CONTINUATION, "b")));
}

Test(ws_message, rejects_fragmented_control_frames)
{
    expect("failed 1002\n", SCRIPT(F(WS_OP_PING, "x")));
    expect("failed 1002\n", SCRIPT(F(WS_OP_PONG, "")));
    expect("failed 1002\n", SCRIPT(F(WS_OP_CLOSE, "\x03\xe8")));
}

Test(ws_message, rejects_control_frames_of_126_bytes)
{
    expect("failed 1002\n", SCRIPT(FN(FIN | WS_OP_PING, zeros, 126)));
    expect("failed 1002\n", SCRIPT(FN(FIN | WS_OP_CLOSE, zeros, 126)));
    expect("failed 1002\n", SCRIPT(FN(FIN | WS_OP_PONG, zeros, 66000)));
}

Test(ws_message, rejects_continuation_of_nothing)
{
    expect("failed 1002\n", SCRIPT(F(FIN | WS_CONTINUATION, "x")));
    expect("failed 1002\n", SCRIPT(F(WS_CONTINUATION, "")));
    expect("text first last 1:a\nfailed 1002\n",
           SCRIPT(F(FIN | WS_TEXT, "a"), F(FIN | WS_CONTINUATION, "b")));
}

Test(ws_message, rejects_a_message_inside_a_message)
{
    expect("text first 1:a\nfailed 1002\n", SCRIPT(F(WS_TEXT, "a"), F(FIN | WS_TEXT, "b")));
    expect("binary first 1:a\nping 0:\nfailed 1002\n",
           SCRIPT(F(WS_BINARY, "a"), F(FIN | WS_OP_PING, ""), F(WS_BINARY, "b")));
}

Test(ws_message, rejects_lengths_not_in_shortest_form)
{
    expect("failed 1002\n", SCRIPT(RAW("\x82\xfe\0\x7d\1\2\3\4")));
    expect("failed 1002\n", SCRIPT(RAW("\x82\xfe\0\0\1\2\3\4")));
    expect("failed 1002\n", SCRIPT(RAW("\x82\xff\0\0\0\0\0\0\xff\xff\1\2\3\4")));
    expect("failed 1002\n", SCRIPT(RAW("\x82\xff\0\0\0\0\0\0\0\5\1\2\3\4hello")));
}

Test(ws_message, rejects_lengths_with_the_top_bit)
{
    expect("failed 1002\n", SCRIPT(RAW("\x82\xff\x80\0\0\0\0\0\0\0\1\2\3\4x")));
    expect("failed 1002\n", SCRIPT(RAW("\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\1\2\3\4x")));
}

/* ---- text ---- */

Test(ws_message, rejects_text_that_is_not_utf8)
{
    expect("failed 1007\n", SCRIPT(F(FIN | WS_TEXT, "ab\xff"
                                                    "cd")));
    expect("failed 1007\n", SCRIPT(F(FIN | WS_TEXT, "\xed\xa0\x80")));
    expect("failed 1007\n", SCRIPT(F(FIN | WS_TEXT, "a long line of ASCII before it \xc0\xaf")));
    expect("text first last 1:a\nfailed 1007\n",
           SCRIPT(F(FIN | WS_TEXT, "a"), F(FIN | WS_TEXT, "\x80")));
}

Test(ws_message, rejects_text_that_ends_inside_a_character)
{
    expect("failed 1007\n", SCRIPT(F(FIN | WS_TEXT, "a\xe2\x82")));
    expect("text first 2:a\xe2\nfailed 1007\n",
           SCRIPT(F(WS_TEXT, "a\xe2"), F(FIN | WS_CONTINUATION, "\x82")));
    expect("text first 2:a\xe2\nfailed 1007\n",
           SCRIPT(F(WS_TEXT, "a\xe2"), F(FIN | WS_CONTINUATION, "")));
}

Test(ws_message, rejects_ascii_inside_a_character_across_fragments)
{
    expect("text first 1:\xe2\nfailed 1007\n",
           SCRIPT(F(WS_TEXT, "\xe2"), F(WS_CONTINUATION, "plain")));
}

Test(ws_message, fails_at_the_first_impossible_byte_of_a_frame_still_arriving)
{
    expect("failed 1007\n", SCRIPT(RAW("\x81\xff\0\0\0\0\1\0\0\0\0\0\0\0ok\xf4\x90")));
}

Test(ws_message, does_not_check_binary_or_ping_for_utf8)
{
    expect("binary first 1:\xff\nping 1:\x80\nbinary last 1:\xfe\n",
           SCRIPT(F(WS_BINARY, "\xff"), F(FIN | WS_OP_PING, "\x80"),
                  F(FIN | WS_CONTINUATION, "\xfe")));
}

/* ---- sizes ---- */

Test(ws_message, takes_messages_up_to_the_limit)
{
    struct ws_rules rules = {.message_bytes_max = 5};
    expect_with(rules, "text first last 5:Hello\ntext first 3:Hel\ntext last 2:lo\nping 6:longer\n",
                SCRIPT(F(FIN | WS_TEXT, "Hello"), F(WS_TEXT, "Hel"), F(FIN | WS_CONTINUATION, "lo"),
                       F(FIN | WS_OP_PING, "longer")));
}

Test(ws_message, rejects_messages_above_the_limit)
{
    struct ws_rules rules = {.message_bytes_max = 5};
    expect_with(rules, "failed 1009\n", SCRIPT(F(FIN | WS_TEXT, "Hello!")));
    expect_with(rules, "text first 3:Hel\ntext 2:lo\nfailed 1009\n",
                SCRIPT(F(WS_TEXT, "Hel"), F(WS_CONTINUATION, "lo"), F(WS_CONTINUATION, "!")));
    expect_with(
        rules, "text first 5:Hello\nfailed 1009\n",
        SCRIPT(F(WS_TEXT, "Hello"), RAW("\x80\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0")));
}

Test(ws_message, rejects_by_the_header_alone)
{
    struct ws_rules rules = {.message_bytes_max = 1000};
    expect_with(rules, "failed 1009\n", SCRIPT(RAW("\x82\xfe\xff\xff\1\2\3\4")));
    expect_with(rules, "failed 1009\n", SCRIPT(RAW("\x82\xff\x7f\0\0\0\0\0\0\0\1\2\3\4")));
    expect("failed 1002\n", SCRIPT(RAW("\x83\x85\1\2\3\4")));
    expect("failed 1002\n", SCRIPT(RAW("\x01\x05")));
    expect("failed 1002\n", SCRIPT(RAW("\x09\x85\1\2\3\4")));
}

/* ---- the client's side ---- */

Test(ws_message, takes_unmasked_frames_as_a_client)
{
    struct ws_rules rules = {.side = WS_CLIENT};
    expect_with(rules, "text first last 5:Hello\ntext first 1:\xc3\nping 2:hi\ntext last 1:\xa9\n",
                SCRIPT(UNMASKED(FIN | WS_TEXT, "Hello"), UNMASKED(WS_TEXT, "\xc3"),
                       UNMASKED(FIN | WS_OP_PING, "hi"), UNMASKED(FIN | WS_CONTINUATION, "\xa9")));
    expect_with(rules, "close 1001 3:bye\n",
                SCRIPT(UNMASKED(FIN | WS_OP_CLOSE, "\x03\xe9"
                                                   "bye")));
}

Test(ws_message, rejects_masked_frames_and_bad_text_as_a_client)
{
    struct ws_rules rules = {.side = WS_CLIENT};
    expect_with(rules, "failed 1002\n", SCRIPT(F(FIN | WS_TEXT, "Hello")));
    expect_with(rules, "failed 1007\n", SCRIPT(UNMASKED(FIN | WS_TEXT, "\xff")));
}

/* ---- between reader and caller ---- */

Test(ws_message, a_reader_is_small_enough_to_be_kept_for_every_connection)
{
    cr_assert_leq(sizeof(struct ws_reader), 24);
}

Test(ws_message, waits_for_short_frames_and_cuts_long_ones)
{
    struct part parts[] = {F(FIN | WS_BINARY, "0123456789")};
    struct span script = script_build(parts, 1);
    struct ws_pool pool;
    struct ws_event ev;
    ws_pool_init(&pool, 1);
    for (uint32_t wait = 15; wait <= 16; wait++) {
        struct ws_rules rules = {.wait_bytes = wait};
        struct ws_reader r = {0};
        struct ws_input in = {script_bytes, script.len - 1};
        enum ws_event_kind kind = ws_next(&r, &pool, &rules, &in, &ev);
        cr_assert_eq(kind, wait < script.len ? WS_DATA : WS_NEED_MORE);
        cr_assert_eq(in.len, wait < script.len ? 0 : script.len - 1);
        cr_assert_eq(pool.lent, wait < script.len ? 1 : 0);
        ws_reader_deinit(&r, &pool);
    }
    ws_pool_deinit(&pool);
}

Test(ws_message, tells_why_a_peer_failed)
{
    struct part parts[] = {UNMASKED(FIN | WS_TEXT, "Hello")};
    struct span script = script_build(parts, 1);
    struct ws_pool pool;
    struct ws_event ev;
    struct ws_reader r = {0};
    struct ws_input in = {script_bytes, script.len};
    ws_pool_init(&pool, 1);
    cr_assert_eq(ws_next(&r, &pool, &(struct ws_rules){0}, &in, &ev), WS_FAILED);
    cr_assert(span_eq(ev.payload, SPAN("frame is not masked")));
    cr_assert_eq(ws_next(&r, &pool, &(struct ws_rules){0}, &in, &ev), WS_NEED_MORE);
    cr_assert_eq(in.len, 0);
}

Test(ws_message, writes_close_frames)
{
    uint8_t out[WS_CLOSE_FRAME_BYTES_MAX];
    cr_assert(
        span_eq(span_of(out, ws_encode_close(out, WS_CODE_NONE, SPAN("no"))), SPAN("\x88\0")));
    cr_assert(
        span_eq(span_of(out, ws_encode_close(out, 1001, SPAN_EMPTY)), SPAN("\x88\x02\x03\xe9")));
    cr_assert(span_eq(span_of(out, ws_encode_close(out, 1009, SPAN("big"))), SPAN("\x88\x05\x03\xf1"
                                                                                  "big")));
}

Test(ws_message, cuts_a_close_reason_between_characters)
{
    uint8_t out[WS_CLOSE_FRAME_BYTES_MAX], reason[200];
    for (size_t shift = 0; shift < 3; shift++) {
        memset(reason, 'x', sizeof reason);
        for (size_t i = shift; i + 3 <= sizeof reason; i += 3)
            memcpy(reason + i, "\u20ac", 3);
        size_t n = ws_encode_close(out, 1000, span_of(reason, sizeof reason));
        cr_assert_eq(out[1], n - 2);
        cr_assert(n <= sizeof out && n > sizeof out - 3);
        cr_assert(utf8_is_valid(span_of(out + 4, n - 4)));
    }
}
