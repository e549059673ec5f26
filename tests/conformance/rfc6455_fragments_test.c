/* RFC 6455 sections 5.4, 5.6 and 5.7: messages in fragments, what is between them, and the RFC's
 * own examples. */
#include "unit/proto/ws_script.h"

/* --- section 5.4: what a message is ------------------------------------------------------ */

Test(rfc6455_5_4, takes_messages_of_one_frame)
{
    expect_both(
        "text first last 5:Hello\nbinary first last 2:\x01\xff\ntext first last 0:\n",
        SCRIPT(F(FIN | WS_TEXT, "Hello"), F(FIN | WS_BINARY, "\x01\xff"), F(FIN | WS_TEXT, "")));
}

Test(rfc6455_5_4, takes_messages_of_many_fragments)
{
    expect_both("text first 3:Hel\ntext 1:l\ntext last 1:o\nbinary first 1:\x01\nbinary last 0:\n",
                SCRIPT(F(WS_TEXT, "Hel"), F(WS_CONTINUATION, "l"), F(FIN | WS_CONTINUATION, "o"),
                       F(WS_BINARY, "\x01"), F(FIN | WS_CONTINUATION, "")));
}

Test(rfc6455_5_4, takes_empty_fragments_in_every_place)
{
    expect_both("text first 0:\ntext last 0:\n",
                SCRIPT(F(WS_TEXT, ""), F(FIN | WS_CONTINUATION, "")));
    expect_both("text first 0:\ntext 0:\ntext 2:ab\ntext 0:\ntext last 0:\n",
                SCRIPT(F(WS_TEXT, ""), F(WS_CONTINUATION, ""), F(WS_CONTINUATION, "ab"),
                       F(WS_CONTINUATION, ""), F(FIN | WS_CONTINUATION, "")));
}

Test(rfc6455_5_4, every_fragment_is_of_the_type_of_the_first)
{
    expect_both("binary first 1:\xff\nbinary 1:\xfe\nbinary last 1:\xc0\n"
                "text first 1:a\ntext last 1:b\n",
                SCRIPT(F(WS_BINARY, "\xff"), F(WS_CONTINUATION, "\xfe"),
                       F(FIN | WS_CONTINUATION, "\xc0"), F(WS_TEXT, "a"),
                       F(FIN | WS_CONTINUATION, "b")));
}

Test(rfc6455_5_4, a_message_is_the_same_however_it_is_fragmented)
{
    enum { MESSAGE = 70 };
    uint8_t message[MESSAGE];
    for (size_t i = 0; i < MESSAGE; i++)
        message[i] = (uint8_t)(i * 11);
    struct ws_record rec;
    ws_record_init(&rec, MESSAGE + 3 * WS_HEADER_BYTES_MAX);
    for (size_t a = 0; a <= MESSAGE; a++)
        for (size_t b = a; b <= MESSAGE; b++)
            for (int side = WS_SERVER; side <= WS_CLIENT; side++) {
                const struct ws_rules rules = {.side = side, .through_wslay = (a + b) % 2};
                const struct part parts[] = {FN(WS_BINARY, message, a),
                                             FN(WS_CONTINUATION, message + a, b - a),
                                             FN(FIN | WS_CONTINUATION, message + b, MESSAGE - b)};
                struct span script = script_build(side, parts, 3);
                const uint16_t cut = (uint16_t)(1 + (a + 3 * b) % 40);
                script_run(&rec, &rules, script, &cut, 1);
                script_free(script);
                cr_assert(!rec.in_message && rec.failed == 0);
                cr_assert(
                    span_eq(span_of(rec.message, rec.message_len), span_of(message, MESSAGE)));
            }
    ws_record_deinit(&rec);
}

/* --- section 5.4: what a message is not -------------------------------------------------- */

Test(rfc6455_5_4, fails_a_continuation_of_nothing)
{
    expect_both("failed 1002\n", SCRIPT(F(FIN | WS_CONTINUATION, "x")));
    expect_both("failed 1002\n", SCRIPT(F(WS_CONTINUATION, "")));
    expect_both("text first last 1:a\nfailed 1002\n",
                SCRIPT(F(FIN | WS_TEXT, "a"), F(FIN | WS_CONTINUATION, "b")));
    expect_both("text first 1:a\ntext last 1:b\npong 0:\nfailed 1002\n",
                SCRIPT(F(WS_TEXT, "a"), F(FIN | WS_CONTINUATION, "b"), F(FIN | WS_OP_PONG, ""),
                       F(WS_CONTINUATION, "c")));
}

Test(rfc6455_5_4, fails_a_message_among_the_fragments_of_another)
{
    expect_both("text first 1:a\nfailed 1002\n", SCRIPT(F(WS_TEXT, "a"), F(FIN | WS_TEXT, "b")));
    expect_both("text first 0:\nfailed 1002\n", SCRIPT(F(WS_TEXT, ""), F(WS_BINARY, "")));
    expect_both("binary first 1:a\nbinary 1:b\nping 0:\nfailed 1002\n",
                SCRIPT(F(WS_BINARY, "a"), F(WS_CONTINUATION, "b"), F(FIN | WS_OP_PING, ""),
                       F(WS_BINARY, "c")));
}

Test(rfc6455_5_4, fails_control_frames_in_fragments)
{
    static const uint8_t control[] = {WS_OP_CLOSE, WS_OP_PING, WS_OP_PONG};
    for (size_t i = 0; i < sizeof control; i++) {
        expect_both("failed 1002\n", SCRIPT(F(control[i], "\x03\xe8")));
        expect_both("failed 1002\n",
                    SCRIPT(F(control[i], ""), F(FIN | WS_CONTINUATION, "\x03\xe8")));
        expect_both("text first 1:a\nfailed 1002\n",
                    SCRIPT(F(WS_TEXT, "a"), F(control[i], ""), F(FIN | WS_CONTINUATION, "b")));
    }
}

/* --- section 5.4: control frames between ------------------------------------------------- */

Test(rfc6455_5_4, takes_control_frames_in_every_place)
{
    expect_both("ping 0:\npong 1:a\n"
                "text first 3:Hel\nping 2:hi\nping 0:\ntext 0:\npong 1:b\ntext 1:l\npong 0:\n"
                "ping 1:c\ntext last 1:o\nping 1:d\nbinary first last 1:\xff\npong 1:e\n"
                "close 1000 0:\n",
                SCRIPT(F(FIN | WS_OP_PING, ""), F(FIN | WS_OP_PONG, "a"), F(WS_TEXT, "Hel"),
                       F(FIN | WS_OP_PING, "hi"), F(FIN | WS_OP_PING, ""), F(WS_CONTINUATION, ""),
                       F(FIN | WS_OP_PONG, "b"), F(WS_CONTINUATION, "l"), F(FIN | WS_OP_PONG, ""),
                       F(FIN | WS_OP_PING, "c"), F(FIN | WS_CONTINUATION, "o"),
                       F(FIN | WS_OP_PING, "d"), F(FIN | WS_BINARY, "\xff"),
                       F(FIN | WS_OP_PONG, "e"), F(FIN | WS_OP_CLOSE, "\x03\xe8")));
}

/* A message of four fragments, with the frame, which gives the line, behind the n-th of them. */
static void expect_behind(size_t place, struct part frame, const char *line)
{
    static const struct part fragments[] = {F(WS_TEXT, "\xe2"), F(WS_CONTINUATION, ""),
                                            F(WS_CONTINUATION, "\x82"),
                                            F(FIN | WS_CONTINUATION, "\xac!")};
    static const char *const lines[] = {"text first 1:\xe2\n", "text 0:\n", "text 1:\x82\n",
                                        "text last 2:\xac!\n"};
    struct part script[5] = {0};
    char log[1000] = "";
    for (size_t i = 0; i < 5; i++) {
        script[i] = i < place ? fragments[i] : i == place ? frame : fragments[i - 1];
        bool is_behind_a_close = i > place && frame.first_byte == (FIN | WS_OP_CLOSE);
        if (!is_behind_a_close)
            strcat(log, i < place ? lines[i] : i == place ? line : lines[i - 1]);
    }
    expect_both(log, script, 5);
}

Test(rfc6455_5_4, takes_each_control_frame_behind_each_fragment)
{
    char payload[126], line[160];
    snprintf(payload, sizeof payload, "%0125d", 1);
    static const size_t sizes[] = {0, 1, 125};
    for (size_t place = 0; place < 5; place++) {
        for (size_t k = 0; k < 3; k++) {
            struct part frame = FN(FIN | WS_OP_PING, payload, sizes[k]);
            snprintf(line, sizeof line, "ping %zu:%.*s\n", sizes[k], (int)sizes[k], payload);
            expect_behind(place, frame, line);
            frame.first_byte = FIN | WS_OP_PONG;
            line[1] = 'o';
            expect_behind(place, frame, line);
        }
        expect_behind(place, (struct part)F(FIN | WS_OP_CLOSE, ""), "close 1005 0:\n");
        expect_behind(place, (struct part)F(FIN | WS_OP_CLOSE, "\x03\xe9 bye"),
                      "close 1001 4: bye\n");
    }
}

/* A frame is not a place for another: what looks like one is payload. */
Test(rfc6455_5_4, takes_no_control_frame_inside_a_frame)
{
    expect_both("binary first last 4:\x89\x02hi\n", SCRIPT(F(FIN | WS_BINARY, "\x89\x02hi")));
}

/* --- section 5.4: many ------------------------------------------------------------------- */

enum { FRAGMENTS = 100000 };

/* A message in fragments of one byte each, with a ping behind every 1,000th. */
static struct span build_many(enum ws_side side, enum ws_opcode opcode, struct span message)
{
    size_t header = side == WS_SERVER ? 6 : 2;
    uint8_t *bytes = malloc((header + 1) * message.len + header * (message.len / 1000)),
            *at = bytes;
    CHECK(bytes != NULL);
    for (size_t i = 0; i < message.len; i++) {
        uint32_t mask = side == WS_SERVER ? 0x9d3b71c5u * (uint32_t)(i + 1) : 0;
        const struct part part =
            FN((uint8_t)((i == 0 ? opcode : WS_CONTINUATION) | (i == message.len - 1 ? FIN : 0)),
               "", 1);
        at += script_header(at, &part, side == WS_SERVER, mask);
        ws_mask(at++, message.ptr + i, 1, mask);
        if (i % 1000 == 999) {
            const struct part ping = F(FIN | WS_OP_PING, "");
            at += script_header(at, &ping, side == WS_SERVER, mask);
        }
    }
    return span_of(bytes, (size_t)(at - bytes));
}

static void expect_many(enum ws_side side, bool through_wslay, enum ws_opcode opcode,
                        struct span message)
{
    static const uint16_t cuts[] = {1, 7, 1460, 65535};
    const struct ws_rules rules = {.side = side, .through_wslay = through_wslay};
    struct span script = build_many(side, opcode, message);
    struct ws_record rec;
    ws_record_init(&rec, script.len);
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        script_run(&rec, &rules, script, &cuts[i], 1);
        cr_assert(rec.failed == 0 && !rec.in_message);
        cr_assert(span_eq(span_of(rec.message, rec.message_len), message), "cut at %u", cuts[i]);
    }
    ws_record_deinit(&rec);
    script_free(script);
}

Test(rfc6455_5_4, takes_100000_fragments_of_one_byte)
{
    static uint8_t text[FRAGMENTS], binary[FRAGMENTS];
    for (size_t i = 0; i < FRAGMENTS; i++) {
        text[i] = (uint8_t) "\xe2\x82\xac!"[i % 4];
        binary[i] = (uint8_t)(i * 7);
    }
    expect_many(WS_SERVER, false, WS_TEXT, span_of(text, FRAGMENTS));
    expect_many(WS_SERVER, true, WS_BINARY, span_of(binary, FRAGMENTS));
    expect_many(WS_CLIENT, true, WS_TEXT, span_of(text, FRAGMENTS));
    expect_many(WS_CLIENT, false, WS_BINARY, span_of(binary, FRAGMENTS));
}

/* --- section 5.6 ------------------------------------------------------------------------- */

Test(rfc6455_5_6, a_text_frame_may_have_part_of_a_character)
{
    expect_both("text first 1:\xe2\ntext 1:\x82\nping 0:\ntext 0:\ntext last 2:\xac!\n",
                SCRIPT(F(WS_TEXT, "\xe2"), F(WS_CONTINUATION, "\x82"), F(FIN | WS_OP_PING, ""),
                       F(WS_CONTINUATION, ""), F(FIN | WS_CONTINUATION, "\xac!")));
}

Test(rfc6455_5_6, binary_is_any_bytes)
{
    uint8_t all[256];
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (uint8_t)i;
    struct ws_record rec;
    for (int side = WS_SERVER; side <= WS_CLIENT; side++) {
        const struct part parts[] = {FN(WS_BINARY, all, 256), F(FIN | WS_OP_PING, "\x80"),
                                     F(FIN | WS_CONTINUATION, "\xc0\xff")};
        struct span script = script_build(side, parts, 3);
        ws_record_init(&rec, script.len);
        for (uint16_t cut = 1; cut <= script.len; cut++)
            for (int wslay = 0; wslay < 2; wslay++) {
                const struct ws_rules rules = {.side = side, .through_wslay = wslay};
                script_run(&rec, &rules, script, &cut, 1);
                cr_assert(rec.failed == 0 && rec.message_len == 258);
                cr_assert_eq(memcmp(rec.message, all, 256), 0);
            }
        ws_record_deinit(&rec);
        script_free(script);
    }
}

/* --- section 5.7 ------------------------------------------------------------------------- */

static void expect_example(enum ws_side side, const char *log, struct span bytes)
{
    struct ws_record rec;
    ws_record_init(&rec, bytes.len);
    for (int wslay = 0; wslay < 2; wslay++)
        for (uint16_t cut = 1; cut <= bytes.len; cut++) {
            struct ws_rules rules = {.side = side, .through_wslay = wslay};
            expect_run(&rec, &rules, bytes, &cut, 1, log);
        }
    ws_record_deinit(&rec);
}

Test(rfc6455_5_7, server_takes_the_examples)
{
    expect_example(WS_SERVER, "text first last 5:Hello\n",
                   SPAN("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"));
    expect_example(WS_SERVER, "pong 5:Hello\n",
                   SPAN("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"));
}

Test(rfc6455_5_7, client_takes_the_examples)
{
    expect_example(WS_CLIENT, "text first last 5:Hello\n", SPAN("\x81\x05Hello"));
    expect_example(WS_CLIENT, "text first 3:Hel\ntext last 2:lo\n", SPAN("\x01\x03Hel\x80\x02lo"));
    expect_example(WS_CLIENT, "ping 5:Hello\n", SPAN("\x89\x05Hello"));
    expect_example(WS_CLIENT, "partial 2:ab\n", SPAN("\x82\x7e\x01\0ab"));
    expect_example(WS_CLIENT, "partial 2:ab\n", SPAN("\x82\x7f\0\0\0\0\0\1\0\0ab"));
}

Test(rfc6455_5_7, both_halves_write_the_examples)
{
    uint8_t out[WS_HEADER_BYTES_MAX + 5];
    uint32_t mask;
    memcpy(&mask, "\x37\xfa\x21\x3d", 4);
    size_t n = ws_encode_frame(out, WS_TEXT, true, SPAN("Hello"));
    cr_assert(span_eq(span_of(out, n), SPAN("\x81\x05Hello")));
    n = ws_encode_frame(out, WS_TEXT, false, SPAN("Hel"));
    cr_assert(span_eq(span_of(out, n), SPAN("\x01\x03Hel")));
    n = ws_encode_frame(out, WS_CONTINUATION, true, SPAN("lo"));
    cr_assert(span_eq(span_of(out, n), SPAN("\x80\x02lo")));

    n = ws_encode_header_masked(out, WS_OP_PONG, true, 5, mask);
    ws_mask(out + n, (const uint8_t *)"Hello", 5, mask);
    cr_assert(span_eq(span_of(out, n + 5), SPAN("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58")));
}
