/* RFC 6455 section 5.2, the length: frames of every form of it, read in chops of many sizes. The
 * frame is a stream that is made while it is read, since the largest is of 64 MiB. */
#include "simul/check.h"
#include "simul/ws.h"
#include "simul/ws_mask.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum {
    PERIOD = 1 << 17, /* the payload repeats itself */
    CHOP_MAX = 1 << 17,
    LARGEST = 64 << 20,
};

/* Two periods of the payload, so that any piece of it lies in them: as it is, and as it comes. */
static uint8_t plain[2 * PERIOD], sent[2 * PERIOD];

/* The peer: a frame, and a ping that shows that not a byte too much was taken for the frame. */
struct stream {
    size_t payload_bytes, at;
    size_t header_bytes, ping_bytes;
    uint8_t header[WS_HEADER_BYTES_MAX], ping[WS_HEADER_BYTES_MAX + 3];
};

static void stream_init(struct stream *s, enum ws_side side, enum ws_opcode opcode,
                        size_t payload_bytes)
{
    const uint32_t mask = side == WS_SERVER ? 0x9d3b71c5 : 0;
    *s = (struct stream){.payload_bytes = payload_bytes};
    for (size_t i = 0; i < PERIOD; i++)
        plain[i] = (uint8_t)(i * 2654435761u >> 13);
    for (size_t i = 0; opcode == WS_TEXT && i < PERIOD; i += 2) { /* U+0400 to U+043F */
        plain[i + 1] = 0x80 | (plain[i] & 0x3f);
        plain[i] = 0xd0;
    }
    memcpy(plain + PERIOD, plain, PERIOD);
    ws_mask(sent, plain, sizeof sent, mask); /* a period is a multiple of the mask */

    if (side == WS_CLIENT) {
        s->header_bytes = ws_encode_header(s->header, opcode, true, payload_bytes);
        s->ping_bytes = ws_encode_frame(s->ping, WS_OP_PING, true, SPAN("end"));
        return;
    }
    s->header_bytes = ws_encode_header_masked(s->header, opcode, true, payload_bytes, mask);
    s->ping_bytes = ws_encode_header_masked(s->ping, WS_OP_PING, true, 3, mask) + 3;
    ws_mask(s->ping + s->ping_bytes - 3, (const uint8_t *)"end", 3, mask);
}

static size_t stream_left(const struct stream *s)
{
    return s->header_bytes + s->payload_bytes + s->ping_bytes - s->at;
}

/* Writes the next bytes, at most n and not past the end of a period; returns how many. */
static size_t stream_read(struct stream *s, uint8_t *out, size_t n)
{
    struct span from = span_of(s->header, s->header_bytes);
    size_t offset = s->at;
    if (offset >= s->header_bytes + s->payload_bytes) {
        offset -= s->header_bytes + s->payload_bytes;
        from = span_of(s->ping, s->ping_bytes);
    } else if (offset >= s->header_bytes) {
        size_t left = s->header_bytes + s->payload_bytes - offset;
        offset = (offset - s->header_bytes) % PERIOD;
        from = span_of(sent, left < PERIOD ? offset + left : offset + PERIOD);
    }
    if (n > from.len - offset)
        n = from.len - offset;
    memcpy(out, from.ptr + offset, n);
    s->at += n;
    return n;
}

/* What has come of the frame so far. */
struct progress {
    size_t payload_bytes, pieces, pings;
    bool is_complete;
};

static void take_event(struct progress *p, enum ws_event_kind kind, const struct ws_event *ev)
{
    if (kind == WS_PING) {
        cr_assert(p->is_complete);
        cr_assert(span_eq(ev->payload, SPAN("end")));
        p->pings++;
        return;
    }
    cr_assert_eq(kind, WS_DATA);
    cr_assert_eq(ev->frame_first, p->pieces == 0);
    cr_assert(!p->is_complete);
    for (size_t done = 0; done < ev->payload.len;) {
        size_t n = ev->payload.len - done < PERIOD ? ev->payload.len - done : PERIOD;
        const uint8_t *expected = plain + (p->payload_bytes + done) % PERIOD;
        cr_assert_eq(memcmp(ev->payload.ptr + done, expected, n), 0);
        done += n;
    }
    p->payload_bytes += ev->payload.len;
    p->pieces++;
    p->is_complete = ev->frame_last;
    cr_assert_eq(ev->message_last, ev->frame_last);
}

/* Reads the stream in chops; the input has room for one beside what is waited for. */
static void read_in_chops(struct stream *s, const struct ws_rules *rules, size_t chop)
{
    struct progress p = {0};
    struct ws_reader reader = {0};
    struct ws_pool pool;
    size_t left = 0, bytes = s->payload_bytes;
    uint8_t *input = malloc(WS_WAITING_BYTES_MAX + chop);
    CHECK(input != NULL);
    ws_pool_init(&pool, 1);
    while (stream_left(s) > 0) {
        size_t n = 0, wanted = stream_left(s) < chop ? stream_left(s) : chop;
        while (n < wanted)
            n += stream_read(s, input + left + n, wanted - n);
        struct ws_input in = {input, left + n};
        struct ws_event ev;
        for (enum ws_event_kind kind;
             (kind = ws_next(&reader, &pool, rules, &in, &ev)) != WS_NEED_MORE;)
            take_event(&p, kind, &ev);
        left = in.len;
        cr_assert_lt(left, WS_WAITING_BYTES_MAX);
        memmove(input, in.ptr, left);
    }
    cr_assert_eq(left, 0);
    cr_assert(p.is_complete && p.payload_bytes == bytes && p.pings == 1, "%zu in chops of %zu",
              bytes, chop);
    ws_reader_deinit(&reader, &pool);
    ws_pool_deinit(&pool);
    free(input);
}

static void expect_size_in_chops(size_t payload_bytes)
{
    static const size_t chops[] = {
        1,    2,    3,     4,     5,     6,     7,      13,           14,
        15,   100,  127,   128,   1000,  1460,  4095,   4096,         4097,
        8192, 9000, 16384, 65535, 65536, 65550, 100000, CHOP_MAX - 1, CHOP_MAX};
    for (int way = 0; way < 8; way++) {
        struct ws_rules rules = {.side = way & 1, .through_wslay = (way & 2) != 0};
        enum ws_opcode opcode = way & 4 ? WS_TEXT : WS_BINARY;
        if (opcode == WS_TEXT && payload_bytes % 2 != 0)
            continue; /* half a character */
        struct stream s;
        stream_init(&s, rules.side, opcode, payload_bytes);
        for (size_t i = 0; i < sizeof chops / sizeof *chops; i++) {
            s.at = 0;
            read_in_chops(&s, &rules, chops[i]);
        }
    }
}

Test(rfc6455_5_2, takes_lengths_of_7_bits_in_chops_of_any_size)
{
    expect_size_in_chops(0);
    expect_size_in_chops(1);
    expect_size_in_chops(125);
}

Test(rfc6455_5_2, takes_lengths_of_16_bits_in_chops_of_any_size)
{
    expect_size_in_chops(126);
    expect_size_in_chops(127);
    expect_size_in_chops(128);
    expect_size_in_chops(65535);
}

Test(rfc6455_5_2, takes_lengths_of_64_bits_in_chops_of_any_size)
{
    expect_size_in_chops(65536);
}

/* Never whole in the input, so there is one way only. */
Test(rfc6455_5_2, takes_a_frame_of_64_mib_in_chops)
{
    static const size_t chops[] = {1000, 4096, 65535, CHOP_MAX};
    for (size_t i = 0; i < sizeof chops / sizeof *chops; i++)
        for (int side = WS_SERVER; side <= WS_CLIENT; side++) {
            struct ws_rules rules = {.side = side};
            struct stream s;
            stream_init(&s, side, i % 2 == 0 ? WS_TEXT : WS_BINARY, LARGEST);
            read_in_chops(&s, &rules, chops[i]);
        }
}

/* Whole in the input, at the end of its memory. */
Test(rfc6455_5_2, takes_a_frame_of_64_mib_at_once)
{
    for (int way = 0; way < 4; way++) {
        struct ws_rules rules = {.side = way & 1, .through_wslay = way >> 1};
        struct stream s;
        stream_init(&s, rules.side, WS_TEXT, LARGEST);
        read_in_chops(&s, &rules, stream_left(&s));
    }
}

/* Without the stream, which takes longer than what is tested. */
Test(rfc6455_5_2, takes_a_frame_of_64_mib_byte_by_byte)
{
    const struct ws_rules rules = {.side = WS_SERVER};
    struct ws_reader reader = {0};
    struct ws_pool pool;
    struct stream s;
    uint8_t begin[WS_HEADER_BYTES_MAX + 1];
    struct ws_input in = {begin, 0};
    struct ws_event ev;
    ws_pool_init(&pool, 1);
    stream_init(&s, WS_SERVER, WS_BINARY, LARGEST);
    for (size_t i = 0; i < s.header_bytes; i++) {
        stream_read(&s, begin + i, 1);
        in.len++;
        cr_assert_eq(ws_next(&reader, &pool, &rules, &in, &ev), WS_NEED_MORE);
    }
    stream_read(&s, begin + in.len, 1);
    in.len++;
    size_t i = 0; /* an assertion for each would take longer still */
    while (i < LARGEST && ws_next(&reader, &pool, &rules, &in, &ev) == WS_DATA &&
           ev.payload.len == 1 && *ev.payload.ptr == plain[i % PERIOD] &&
           ev.message_last == (i == LARGEST - 1)) {
        i++;
        in = (struct ws_input){sent + i % PERIOD, 1};
    }
    cr_assert_eq(i, LARGEST);
    cr_assert_eq(pool.lent, 0);
    ws_pool_deinit(&pool);
}
