/* RFC 6455 section 5.5, control frames, and 7.4, the codes of a close. */
#include "unit/proto/ws_script.h"

/* --- section 5.5 ------------------------------------------------------------------------- */

static const uint8_t control[] = {WS_OP_CLOSE, WS_OP_PING, WS_OP_PONG};

Test(rfc6455_5_5, takes_control_frames_of_125_bytes)
{
    char one[126], two[126], reason[126] = "\x03\xe8", log[500];
    snprintf(one, sizeof one, "%0125d", 1);
    snprintf(two, sizeof two, "%0125d", 2);
    snprintf(reason + 2, sizeof reason - 2, "%0123d", 3);
    snprintf(log, sizeof log, "ping 125:%s\npong 125:%s\nclose 1000 123:%s\n", one, two,
             reason + 2);
    expect_both(log, SCRIPT(FN(FIN | WS_OP_PING, one, 125), FN(FIN | WS_OP_PONG, two, 125),
                            FN(FIN | WS_OP_CLOSE, reason, 125)));
}

Test(rfc6455_5_5, fails_control_frames_of_more_than_125_bytes)
{
    static const uint64_t lengths[] = {126, 127, 128, 1000, 65535, 65536, INT64_MAX};
    for (size_t i = 0; i < sizeof control; i++)
        for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
            uint8_t first = FIN | control[i];
            expect_both("failed 1002\n", SCRIPT(INCOMPLETE(first, lengths[k], "")));
            expect_both("failed 1002\n", SCRIPT(INCOMPLETE(first, lengths[k], "\x03\xe8 bye")));
            expect_both("text first 1:a\nfailed 1002\n",
                        SCRIPT(F(WS_TEXT, "a"), INCOMPLETE(first, lengths[k], "b")));
        }
}

/* In section 5.4, the same among fragments. */
Test(rfc6455_5_5, fails_control_frames_that_are_not_final)
{
    for (size_t i = 0; i < sizeof control; i++) {
        expect_both("failed 1002\n", SCRIPT(F(control[i], "")));
        expect_both("failed 1002\n", SCRIPT(F(control[i], "\x03\xe8")));
        expect_both("ping 0:\nfailed 1002\n", SCRIPT(F(FIN | WS_OP_PING, ""), F(control[i], "")));
    }
}

/* --- section 5.5.1: what a close may have in it ------------------------------------------ */

Test(rfc6455_5_5_1, takes_a_close_without_a_body)
{
    expect_both("close 1005 0:\n", SCRIPT(F(FIN | WS_OP_CLOSE, "")));
}

Test(rfc6455_5_5_1, takes_a_close_with_a_code_and_with_a_reason)
{
    expect_both("close 1000 0:\n", SCRIPT(F(FIN | WS_OP_CLOSE, "\x03\xe8")));
    expect_both("close 1001 5:\xe2\x82\xac!?\n",
                SCRIPT(F(FIN | WS_OP_CLOSE, "\x03\xe9\xe2\x82\xac!?")));
}

Test(rfc6455_5_5_1, fails_a_close_whose_body_is_half_a_code)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        const uint8_t half = (uint8_t)byte;
        expect_both("failed 1002\n", SCRIPT(FN(FIN | WS_OP_CLOSE, &half, 1)));
    }
}

Test(rfc6455_5_5_1, fails_a_close_whose_reason_is_not_utf8)
{
    static const char *const bad[] = {
        "\x80",
        "\xbf",
        "\xc0\xaf",
        "\xc1\xbf",
        "\xe0\x80\xaf",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xf0\x80\x80\xaf",
        "\xf0\x8f\xbf\xbf",
        "\xf5",
        "\xff",
        "\xf4\x90\x80\x80",
        "\xc3(",
        "\xe2\x82(",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char body[20] = "\x03\xe8";
        strcpy(body + 2, bad[i]);
        expect_both("failed 1007\n", SCRIPT(FN(FIN | WS_OP_CLOSE, body, strlen(body))));
        snprintf(body + 2, sizeof body - 2, "so:%s!", bad[i]);
        expect_both("failed 1007\n", SCRIPT(FN(FIN | WS_OP_CLOSE, body, strlen(body))));
    }
}

Test(rfc6455_5_5_1, fails_a_close_whose_reason_ends_inside_a_character)
{
    static const char *const characters[] = {"\xc2\x80", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    for (size_t i = 0; i < 3; i++)
        for (size_t len = 1; len < strlen(characters[i]); len++) {
            char body[125] = "\x03\xe8";
            memcpy(body + 2, characters[i], len);
            expect_both("failed 1007\n", SCRIPT(FN(FIN | WS_OP_CLOSE, body, 2 + len)));
            memset(body + 2, 'x', sizeof body - 2);
            memcpy(body + sizeof body - len, characters[i], len);
            expect_both("failed 1007\n", SCRIPT(FN(FIN | WS_OP_CLOSE, body, sizeof body)));
        }
}

Test(rfc6455_5_5_1, a_close_ends_an_unfinished_message)
{
    expect_both("text first 2:ab\nclose 1000 0:\n",
                SCRIPT(F(WS_TEXT, "ab"), F(FIN | WS_OP_CLOSE, "\x03\xe8")));
    expect_both("text first 1:\xe2\nclose 1005 0:\n",
                SCRIPT(F(WS_TEXT, "\xe2"), F(FIN | WS_OP_CLOSE, "")));
}

Test(rfc6455_5_5_1, takes_nothing_behind_a_close)
{
    expect_both("close 1000 0:\n",
                SCRIPT(F(FIN | WS_OP_CLOSE, "\x03\xe8"), F(FIN | WS_TEXT, "late")));
    expect_both("close 1000 0:\n",
                SCRIPT(F(FIN | WS_OP_CLOSE, "\x03\xe8"), F(FIN | WS_OP_PING, "late"),
                       F(FIN | WS_OP_CLOSE, "\x03\xe9")));
    expect_both("text first 1:a\nclose 1005 0:\n",
                SCRIPT(F(WS_TEXT, "a"), F(FIN | WS_OP_CLOSE, ""), F(FIN | WS_CONTINUATION, "b")));
    expect_both("close 1000 0:\n",
                SCRIPT(F(FIN | WS_OP_CLOSE, "\x03\xe8"), WRONGLY_MASKED(0xff, "garbage")));
}

/* --- section 5.5.1: what a close has in it that we send ---------------------------------- */

Test(rfc6455_5_5_1, writes_the_code_in_network_order_and_the_reason_behind_it)
{
    uint8_t out[WS_CLOSE_FRAME_BYTES_MAX];
    size_t n = ws_encode_close(out, WS_CODE_NONE, SPAN("no"));
    cr_assert(span_eq(span_of(out, n), SPAN("\x88\0")));
    n = ws_encode_close(out, 1001, SPAN_EMPTY);
    cr_assert(span_eq(span_of(out, n), SPAN("\x88\x02\x03\xe9")));
    n = ws_encode_close(out, 1009, SPAN("big"));
    cr_assert(span_eq(span_of(out, n), SPAN("\x88\x05\x03\xf1"
                                            "big")));
}

/* Nothing that it writes is longer than a control frame may be, or ends inside a character. */
Test(rfc6455_5_5_1, cuts_a_reason_that_is_too_long_between_characters)
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

/* --- sections 5.5.2 and 5.5.3 ------------------------------------------------------------ */

static void expect_payload_is_kept(uint8_t opcode, const char *name)
{
    uint8_t payload[WS_CONTROL_BYTES_MAX];
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)(0xff - i * 2); /* no text */
    struct ws_record rec;
    ws_record_init(&rec, WS_WAITING_BYTES_MAX);
    for (size_t len = 0; len <= sizeof payload; len++)
        for (int side = WS_SERVER; side <= WS_CLIENT; side++) {
            const struct part part = FN(FIN | opcode, payload, len);
            struct span script = script_build(side, &part, 1);
            char line[20];
            size_t head = (size_t)snprintf(line, sizeof line, "%s %zu:", name, len);
            for (uint16_t cut = 1; cut <= script.len; cut += cut < 20 ? 1 : 13) {
                const struct ws_rules rules = {.side = side, .through_wslay = cut % 2};
                script_run(&rec, &rules, script, &cut, 1);
                cr_assert_eq(rec.log_len, head + len + 1);
                cr_assert_eq(memcmp(rec.log, line, head), 0);
                cr_assert_eq(memcmp(rec.log + head, payload, len), 0);
            }
            script_free(script);
        }
    ws_record_deinit(&rec);
}

/* It is what the pong has to say. */
Test(rfc6455_5_5_2, a_ping_tells_its_payload_as_it_is)
{
    expect_payload_is_kept(WS_OP_PING, "ping");
}

Test(rfc6455_5_5_3, a_pong_that_nobody_asked_for_is_taken)
{
    expect_payload_is_kept(WS_OP_PONG, "pong");
    expect_both(
        "pong 0:\npong 5:Hello\ntext first last 1:a\n",
        SCRIPT(F(FIN | WS_OP_PONG, ""), F(FIN | WS_OP_PONG, "Hello"), F(FIN | WS_TEXT, "a")));
}

/* --- section 7.4 ------------------------------------------------------------------------- */

/* The codes from `first` to `last`, without and with a reason, are taken, or all are refused. */
static void expect_codes(uint32_t first, uint32_t last, bool is_valid)
{
    for (uint32_t code = first; code <= last; code++) {
        const uint8_t body[] = {(uint8_t)(code >> 8), (uint8_t)code, 'b', 'y', 'e'};
        for (int way = 0; way < 8; way++) {
            const struct ws_rules rules = {.side = way & 1, .through_wslay = (way & 2) != 0};
            size_t reason = way & 4 ? 3 : 0;
            const struct part part = FN(FIN | WS_OP_CLOSE, body, 2 + reason);
            struct span script = script_build(rules.side, &part, 1);
            struct ws_input in = {(uint8_t *)(uintptr_t)script.ptr, script.len};
            struct ws_reader r = {0};
            struct ws_pool pool;
            struct ws_event ev;
            ws_pool_init(&pool, 1);
            enum ws_event_kind kind = ws_next(&r, &pool, &rules, &in, &ev);
            cr_assert_eq(kind, is_valid ? WS_CLOSE : WS_FAILED, "%u", code);
            cr_assert_eq(ev.close_code, is_valid ? code : WS_CODE_PROTOCOL, "%u", code);
            if (is_valid)
                cr_assert(span_eq(ev.payload, span_of("bye", reason)));
            ws_pool_deinit(&pool);
            script_free(script);
        }
    }
}

Test(rfc6455_7_4_1, takes_the_codes_that_are_defined)
{
    expect_codes(1000, 1003, true);
    expect_codes(1007, 1011, true);
}

/* Service restart, try again later, bad gateway: registered with IANA since. */
Test(rfc6455_7_4_1, takes_the_codes_that_were_registered_later)
{
    expect_codes(1012, 1014, true);
}

Test(rfc6455_7_4_1, fails_the_codes_that_no_close_may_have)
{
    expect_codes(1004, 1006, false);
    expect_codes(1015, 1015, false);
}

Test(rfc6455_7_4_2, fails_the_codes_that_are_not_used)
{
    expect_codes(0, 999, false);
}

Test(rfc6455_7_4_2, fails_the_codes_that_the_protocol_has_not_defined_yet)
{
    expect_codes(1016, 2999, false);
}

Test(rfc6455_7_4_2, takes_the_codes_of_libraries_and_applications)
{
    expect_codes(3000, 3999, true);
    expect_codes(4000, 4999, true);
}

Test(rfc6455_7_4_2, fails_the_codes_above_all_ranges)
{
    expect_codes(5000, 5100, false);
    for (uint32_t code = 5101; code <= 0xffff; code += 997)
        expect_codes(code, code, false);
    expect_codes(0xffff, 0xffff, false);
}
