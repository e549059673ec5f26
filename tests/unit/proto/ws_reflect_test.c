/* What is reflected is what an echo through ws_next would send; what is not is left untouched. */
#include "simul/ws.h"
#include "simul/ws_mask.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIN = 0x80, BYTES_MAX = 400000, ALL = 1000000 };

struct bench {
    uint8_t in[BYTES_MAX], out[BYTES_MAX];
    uint8_t expected[BYTES_MAX];
    size_t in_bytes, expected_bytes;
};

static struct bench b;

/* Puts a masked frame at the end of the input; returns where it begins. */
static uint8_t *put(uint8_t first_byte, const void *payload, size_t len)
{
    uint8_t *at = b.in + b.in_bytes;
    uint32_t mask = 0x9d3b71c5u * (uint32_t)(b.in_bytes + 1);
    size_t header = ws_encode_header_masked(at, 0, false, len, mask);
    at[0] = first_byte;
    if (len > 0)
        ws_mask(at + header, payload, len, mask);
    b.in_bytes += header + len;
    return at;
}

static void expect(enum ws_opcode opcode, const void *payload, size_t len)
{
    b.expected_bytes +=
        ws_encode_frame(b.expected + b.expected_bytes, opcode, true, span_of(payload, len));
}

/* Reflects what was put and compares; returns how many bytes of the input are left. The input lies
 * at the end of its memory, where the sanitizer sees who reads on. */
static size_t reflect(size_t count_max, size_t count)
{
    uint8_t *bytes = malloc(b.in_bytes), *out = b.out;
    struct ws_input in = {bytes, b.in_bytes};
    memcpy(bytes, b.in, b.in_bytes);
    cr_assert_eq(ws_reflect(&in, &out, count_max), count);
    cr_assert_eq((size_t)(out - b.out), b.expected_bytes);
    cr_assert(memcmp(b.out, b.expected, b.expected_bytes) == 0);
    cr_assert_eq(in.ptr + in.len, bytes + b.in_bytes);
    cr_assert(memcmp(bytes, b.in, b.in_bytes) == 0, "the input is changed");
    free(bytes);
    return in.len;
}

/* "Hello" goes back, and the `bytes` bytes behind it stay. */
static void expect_left(const char *what, size_t bytes)
{
    cr_assert_eq(reflect(ALL, 1), bytes, "%s", what);
}

static void put_hello(void)
{
    b.in_bytes = b.expected_bytes = 0;
    put(FIN | WS_TEXT, "Hello", 5);
    expect(WS_TEXT, "Hello", 5);
}

Test(ws_reflect, sends_back_messages_of_every_length_in_16_bits)
{
    static const size_t lengths[] = {2, 20, 63, 64, 65, 125, 126, 127, 1000, 4096, 65535};
    static uint8_t payload[65535];
    for (size_t i = 0; i < sizeof(payload); i++)
        payload[i] = (uint8_t)(i * 7);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        put(FIN | WS_BINARY, payload, lengths[i]);
        expect(WS_BINARY, payload, lengths[i]);
    }
    put(FIN | WS_TEXT, "gr\xc3\xbc\xc3\x9f dich", 11);
    expect(WS_TEXT, "gr\xc3\xbc\xc3\x9f dich", 11);
    cr_assert_eq(reflect(ALL, sizeof(lengths) / sizeof(lengths[0]) + 1), 0);
}

Test(ws_reflect, does_nothing_to_nothing)
{
    cr_assert_eq(reflect(ALL, 0), 0);
}

Test(ws_reflect, stops_at_the_count)
{
    for (int i = 0; i < 5; i++)
        put(FIN | WS_TEXT, "once more", 9);
    expect(WS_TEXT, "once more", 9);
    expect(WS_TEXT, "once more", 9);
    cr_assert_eq(reflect(2, 2), 3 * (6 + 9));
    b.expected_bytes = 0;
    cr_assert_eq(reflect(0, 0), 5 * (6 + 9));
}

Test(ws_reflect, leaves_what_is_not_whole)
{
    for (size_t cut = 1; cut < 6 + 5; cut++) {
        put_hello();
        put(FIN | WS_TEXT, "world", 5);
        b.in_bytes -= cut;
        expect_left("cut", 6 + 5 - cut);
    }
    static const uint8_t payload[300];
    for (size_t cut = 1; cut < 8 + 300; cut++) {
        put_hello();
        put(FIN | WS_BINARY, payload, 300);
        b.in_bytes -= cut;
        expect_left("cut", 8 + 300 - cut);
    }
}

/* ws_next judges them. */
Test(ws_reflect, leaves_what_is_not_a_message_of_one_frame)
{
    static const uint8_t others[] = {WS_TEXT,
                                     WS_BINARY,
                                     WS_CONTINUATION,
                                     FIN | WS_CONTINUATION,
                                     FIN | WS_OP_PING,
                                     FIN | WS_OP_PONG,
                                     FIN | WS_OP_CLOSE,
                                     FIN | 3,
                                     FIN | 15,
                                     FIN | 0x40 | WS_TEXT,
                                     FIN | 0x20 | WS_TEXT,
                                     FIN | 0x10 | WS_BINARY};
    for (size_t i = 0; i < sizeof(others); i++) {
        put_hello();
        put(others[i], "\x03\xe8 and so on", 12);
        put(FIN | WS_TEXT, "behind it", 9);
        char what[16];
        snprintf(what, sizeof(what), "%02x", others[i]);
        expect_left(what, 6 + 12 + 6 + 9);
    }
}

Test(ws_reflect, leaves_frames_with_something_wrong)
{
    put_hello();
    put(FIN | WS_TEXT, "not masked", 10)[1] &= 0x7f;
    expect_left("not masked", 6 + 10);

    put_hello();
    put(FIN | WS_TEXT, "overlong \xc0\xaf", 11);
    expect_left("not UTF-8", 6 + 11);

    put_hello();
    put(FIN | WS_TEXT, "cut inside \xe2\x82", 13);
    expect_left("half a character", 6 + 13);

    static const uint8_t payload[126];
    put_hello();
    put(FIN | WS_BINARY, payload, 126)[3] = 125;
    expect_left("a length in too many bytes", 8 + 126);
}

Test(ws_reflect, leaves_lengths_of_64_bits)
{
    static const uint8_t payload[65536];
    put_hello();
    put(FIN | WS_BINARY, payload, 65536);
    expect_left("64 bits", 14 + 65536);
}

Test(ws_reflect, leaves_frames_too_short_to_be_worth_it)
{
    put_hello();
    put(FIN | WS_TEXT, "", 0);
    put(FIN | WS_TEXT, "x", 1);
    expect(WS_TEXT, "", 0); /* there is something behind it */
    cr_assert_eq(reflect(ALL, 2), 6 + 1);
}
