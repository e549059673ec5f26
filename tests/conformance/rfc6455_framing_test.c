/* RFC 6455 sections 5.1 to 5.3: who masks, the fields of a header, and the mask. The sizes of
 * frames are in rfc6455_sizes_test.c. */
#include "unit/proto/ws_script.h"

static const uint8_t opcodes[] = {WS_CONTINUATION, WS_TEXT,    WS_BINARY,
                                  WS_OP_CLOSE,     WS_OP_PING, WS_OP_PONG};
static const size_t sizes[] = {0, 1, 125, 126, 127, 128, 65535, 65536};

enum { OPCODES = sizeof opcodes / sizeof *opcodes, SIZES = sizeof sizes / sizeof *sizes };

/* --- section 5.1 ------------------------------------------------------------------------- */

static void expect_refused_for_its_mask(enum ws_side side)
{
    struct ws_rules rules = {.side = side};
    for (int i = 0; i < OPCODES; i++) {
        uint8_t first = FIN | opcodes[i];
        expect_with(rules, "failed 1002\n", SCRIPT(WRONGLY_MASKED(first, "")));
        expect_with(rules, "failed 1002\n", SCRIPT(WRONGLY_MASKED(first, "\x03\xe8 bye")));
        expect_with(rules, "text first 1:a\nfailed 1002\n",
                    SCRIPT(F(WS_TEXT, "a"), WRONGLY_MASKED(first, "b")));
        expect_with(
            rules, "binary first last 1:a\nping 1:b\nfailed 1002\n",
            SCRIPT(F(FIN | WS_BINARY, "a"), F(FIN | WS_OP_PING, "b"), WRONGLY_MASKED(first, "c")));
    }
}

Test(rfc6455_5_1, server_fails_a_frame_that_is_not_masked)
{
    expect_refused_for_its_mask(WS_SERVER);
}

Test(rfc6455_5_1, client_fails_a_frame_that_is_masked)
{
    expect_refused_for_its_mask(WS_CLIENT);
}

Test(rfc6455_5_1, no_header_of_a_server_says_that_it_is_masked)
{
    uint8_t out[WS_HEADER_BYTES_MAX];
    for (int i = 0; i < OPCODES; i++)
        for (int k = 0; k < SIZES; k++) {
            ws_encode_header(out, opcodes[i], true, sizes[k]);
            cr_assert_eq(out[1] & 0x80, 0);
        }
    uint8_t close[WS_CLOSE_FRAME_BYTES_MAX];
    ws_encode_close(close, WS_CODE_NORMAL, SPAN("bye"));
    cr_assert_eq(close[1] & 0x80, 0);
}

Test(rfc6455_5_1, every_header_of_a_client_says_that_it_is_masked)
{
    uint8_t out[WS_HEADER_BYTES_MAX];
    const uint32_t mask = 0x9d3b71c5;
    for (int i = 0; i < OPCODES; i++)
        for (int k = 0; k < SIZES; k++) {
            size_t n = ws_encode_header_masked(out, opcodes[i], true, sizes[k], mask);
            cr_assert_eq(out[1] & 0x80, 0x80);
            cr_assert_eq(memcmp(out + n - 4, &mask, 4), 0, "the key is last");
        }
}

/* --- section 5.2: the first byte --------------------------------------------------------- */

Test(rfc6455_5_2, fails_reserved_bits_that_no_extension_defines)
{
    for (int bits = 1; bits < 8; bits++)
        for (int i = 0; i < OPCODES; i++) {
            uint8_t first = (uint8_t)(bits << 4 | opcodes[i]);
            expect_both("failed 1002\n", SCRIPT(F(FIN | first, "")));
            expect_both("failed 1002\n", SCRIPT(F(first, "\x03\xe8")));
            expect_both("text first 1:a\nfailed 1002\n", SCRIPT(F(WS_TEXT, "a"), F(first, "b")));
        }
}

Test(rfc6455_5_2, fails_unknown_opcodes)
{
    for (uint8_t opcode = 3; opcode < 16; opcode++) {
        if (opcode >= WS_OP_CLOSE && opcode <= WS_OP_PONG)
            continue;
        expect_both("failed 1002\n", SCRIPT(F(FIN | opcode, "x")));
        expect_both("failed 1002\n", SCRIPT(F(opcode, "")));
        expect_both("ping 0:\nfailed 1002\n", SCRIPT(F(FIN | WS_OP_PING, ""), F(FIN | opcode, "")));
        expect_both("binary first 1:a\nfailed 1002\n",
                    SCRIPT(F(WS_BINARY, "a"), F(FIN | opcode, "x")));
    }
}

Test(rfc6455_5_2, the_first_fragment_may_be_the_final_one)
{
    expect_both("text first last 5:Hello\nbinary first last 3:\x01\xff\x7f\n",
                SCRIPT(F(FIN | WS_TEXT, "Hello"), F(FIN | WS_BINARY, "\x01\xff\x7f")));
    expect_both("text first last 0:\nbinary first last 0:\n",
                SCRIPT(F(FIN | WS_TEXT, ""), F(FIN | WS_BINARY, "")));
}

/* --- section 5.2: the length ------------------------------------------------------------- */

Test(rfc6455_5_2, fails_a_length_that_is_not_in_the_fewest_bytes)
{
    for (size_t i = 0; i <= 125; i++)
        expect_both("failed 1002\n", SCRIPT(IN_LONG_FORM(FIN | WS_BINARY, 2, i, "")));
    static const size_t short_enough[] = {0, 1, 125, 126, 127, 255, 256, 65534, 65535};
    for (size_t i = 0; i < sizeof short_enough / sizeof *short_enough; i++) {
        size_t n = short_enough[i];
        expect_both("failed 1002\n", SCRIPT(IN_LONG_FORM(FIN | WS_TEXT, 8, n, "Hello")));
        expect_both("failed 1002\n", SCRIPT(IN_LONG_FORM(FIN | WS_OP_PING, 8, n, "")));
    }
    expect_both("failed 1002\n", SCRIPT(IN_LONG_FORM(FIN | WS_OP_PING, 2, 5, "Hello")));
    expect_both("binary first 1:a\nfailed 1002\n",
                SCRIPT(F(WS_BINARY, "a"), IN_LONG_FORM(FIN | WS_CONTINUATION, 2, 5, "Hello")));
}

Test(rfc6455_5_2, fails_a_length_with_the_most_significant_bit)
{
    expect_both("failed 1002\n", SCRIPT(INCOMPLETE(FIN | WS_BINARY, 1ull << 63, "")));
    expect_both("failed 1002\n", SCRIPT(INCOMPLETE(FIN | WS_TEXT, UINT64_MAX, "Hello")));
    expect_both("text first 1:a\nfailed 1002\n",
                SCRIPT(F(WS_TEXT, "a"), INCOMPLETE(WS_CONTINUATION, 1ull << 63 | 5, "Hello")));
}

Test(rfc6455_5_2, takes_the_greatest_length)
{
    expect_both("partial 5:Hello\n", SCRIPT(INCOMPLETE(FIN | WS_TEXT, INT64_MAX, "Hello")));
}

Test(rfc6455_5_2, writes_lengths_in_the_fewest_bytes_and_network_order)
{
    const struct {
        uint64_t len;
        struct span header;
    } cases[] = {
        {0, SPAN("\x82\0")},
        {125, SPAN("\x82\x7d")},
        {126, SPAN("\x82\x7e\0\x7e")},
        {127, SPAN("\x82\x7e\0\x7f")},
        {65535, SPAN("\x82\x7e\xff\xff")},
        {65536, SPAN("\x82\x7f\0\0\0\0\0\1\0\0")},
        {0x0123456789abcdef, SPAN("\x82\x7f\x01\x23\x45\x67\x89\xab\xcd\xef")},
    };
    uint8_t out[WS_HEADER_BYTES_MAX];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct span header = cases[i].header;
        size_t n = ws_encode_header(out, WS_BINARY, true, cases[i].len);
        cr_assert(span_eq(span_of(out, n), header), "%zu", i);
        n = ws_encode_header_masked(out, WS_BINARY, true, cases[i].len, 0);
        cr_assert_eq(n, header.len + 4);
        cr_assert_eq(out[1], header.ptr[1] | 0x80);
        cr_assert_eq(memcmp(out + 2, header.ptr + 2, header.len - 2), 0);
    }
}

/* Nothing is left to wait for once the header is there. */
Test(rfc6455_5_2, fails_by_the_header_alone)
{
    static const struct part bad[] = {
        INCOMPLETE(FIN | 0x40 | WS_TEXT, 70000, ""), INCOMPLETE(FIN | 3, 300, ""),
        INCOMPLETE(FIN | WS_CONTINUATION, 5, ""),    INCOMPLETE(WS_OP_PING, 5, ""),
        INCOMPLETE(FIN | WS_OP_PONG, 126, ""),       IN_LONG_FORM(FIN | WS_TEXT, 2, 125, ""),
        IN_LONG_FORM(FIN | WS_BINARY, 8, 65535, ""),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        for (int side = WS_SERVER; side <= WS_CLIENT; side++) {
            struct part part = bad[i];
            for (int wrongly = 0; wrongly < 2; wrongly++) {
                part.is_wrongly_masked = wrongly;
                struct span script = script_build(side, &part, 1);
                expect_end_at((struct ws_rules){.side = side}, script.len - 1, "failed 1002\n",
                              script);
                script_free(script);
            }
        }
}

/* --- section 5.3 ------------------------------------------------------------------------- */

/* Octet i of the payload is the XOR of octet i as it came and octet i modulo 4 of the key: said
 * once more, octet by octet. */
static struct span masked_frame(uint8_t *at, const uint8_t key[4], struct span payload)
{
    size_t n = ws_encode_header_masked(at, WS_BINARY, true, payload.len, 0);
    memcpy(at + n - 4, key, 4);
    for (size_t i = 0; i < payload.len; i++)
        at[n + i] = payload.ptr[i] ^ key[i % 4];
    return span_of(at, n + payload.len);
}

static const uint8_t keys[][4] = {{0, 0, 0, 0},
                                  {0xff, 0xff, 0xff, 0xff},
                                  {1, 0, 0, 0},
                                  {0, 0, 0, 0x80},
                                  {0x37, 0xfa, 0x21, 0x3d}};

enum { KEYS = sizeof keys / sizeof *keys, PAYLOAD_MAX = 300 };

Test(rfc6455_5_3, server_unmasks_by_the_octets_of_the_key_in_turn)
{
    uint8_t payload[PAYLOAD_MAX], frame[WS_HEADER_BYTES_MAX + PAYLOAD_MAX];
    for (size_t i = 0; i < PAYLOAD_MAX; i++)
        payload[i] = (uint8_t)(i * 37);
    struct ws_record rec;
    ws_record_init(&rec, sizeof frame);
    for (int k = 0; k < KEYS; k++)
        for (size_t len = 0; len < PAYLOAD_MAX; len += len < 140 ? 1 : 13) {
            struct span script = masked_frame(frame, keys[k], span_of(payload, len));
            for (uint16_t cut = 1; cut < script.len; cut += cut < 30 ? 1 : 29)
                for (int wslay = 0; wslay < 2; wslay++) {
                    struct ws_rules rules = {.side = WS_SERVER, .through_wslay = wslay};
                    script_run(&rec, &rules, script, &cut, 1);
                    cr_assert_eq(rec.message_len, len);
                    cr_assert_eq(memcmp(rec.message, payload, len), 0, "%zu bytes, %s", len,
                                 script_way(&rules));
                }
        }
    ws_record_deinit(&rec);
}

Test(rfc6455_5_3, client_masks_by_the_octets_of_the_key_in_turn)
{
    uint8_t payload[PAYLOAD_MAX], frame[WS_HEADER_BYTES_MAX + PAYLOAD_MAX];
    uint8_t masked[PAYLOAD_MAX];
    for (size_t i = 0; i < PAYLOAD_MAX; i++)
        payload[i] = (uint8_t)(i * 37);
    for (int k = 0; k < KEYS; k++)
        for (size_t len = 0; len < PAYLOAD_MAX; len++) {
            uint32_t mask;
            memcpy(&mask, keys[k], 4);
            struct span script = masked_frame(frame, keys[k], span_of(payload, len));
            ws_mask(masked, payload, len, mask);
            cr_assert_eq(memcmp(masked, script.ptr + script.len - len, len), 0);
        }
}

Test(rfc6455_5_3, each_frame_has_its_own_key)
{
    uint8_t frames[3 * (WS_HEADER_BYTES_MAX + 5)], *end = frames;
    for (int k = 2; k < KEYS; k++)
        end += masked_frame(end, keys[k], SPAN("Hello")).len;
    struct ws_record rec;
    struct span script = span_of(frames, (size_t)(end - frames));
    ws_record_init(&rec, script.len);
    for (uint16_t cut = 1; cut <= script.len; cut++)
        for (int wslay = 0; wslay < 2; wslay++) {
            struct ws_rules rules = {.side = WS_SERVER, .through_wslay = wslay};
            expect_run(&rec, &rules, script, &cut, 1,
                       "binary first last 5:Hello\nbinary first last 5:Hello\n"
                       "binary first last 5:Hello\n");
        }
    ws_record_deinit(&rec);
}
