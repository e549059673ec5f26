/* The client's side of WebSocket, as far as tests need it: masked frames out, bytes in. */
#pragma once

#include "simul/ws.h"
#include "simul/ws_mask.h"
#include "unit/expect.h"
#include "unit/net_fixture.h"

/* Appends a masked frame; the mask is made of four different bytes. */
static inline void ws_peer_frame(struct buf *out, enum ws_opcode opcode, bool fin,
                                 struct span payload)
{
    static const uint32_t mask = 0xa1b2c3d4;
    uint8_t header[WS_HEADER_BYTES_MAX];
    size_t n = ws_encode_header_masked(header, opcode, fin, payload.len, mask);
    cr_assert_eq(buf_append(out, span_of(header, n)), OK);
    cr_assert_eq(buf_reserve(out, payload.len), OK);
    ws_mask(out->data + out->len, payload.ptr, payload.len, mask);
    out->len += payload.len;
}

static inline void ws_peer_send(unsigned i, enum ws_opcode opcode, bool fin, struct span payload)
{
    struct buf frame = {0};
    ws_peer_frame(&frame, opcode, fin, payload);
    client_send_bytes(i, buf_span(&frame));
    fix_settle();
    buf_deinit(&frame);
}

/* Hears exactly this frame of a server, and nothing else. */
static inline void ws_peer_expect(unsigned i, enum ws_opcode opcode, bool fin, struct span payload)
{
    struct buf frame = {0};
    cr_assert_eq(buf_reserve(&frame, WS_HEADER_BYTES_MAX + payload.len), OK);
    frame.len = ws_encode_frame(frame.data, opcode, fin, payload);
    expect_span(client_heard_bytes(i), buf_span(&frame));
    buf_deinit(&frame);
}

/* Appends a masked frame of a message that is compressed: all of it, or a part. */
static inline void ws_peer_compressed_frame(struct buf *out, enum ws_opcode opcode, bool fin,
                                            struct span compressed)
{
    size_t at = out->len;
    ws_peer_frame(out, opcode, fin, compressed);
    out->data[at] |= opcode == WS_CONTINUATION ? 0 : WS_RSV1;
}

/* Sends a message compressed. */
static inline void ws_peer_send_compressed(unsigned i, enum ws_opcode opcode, struct span message)
{
    struct ws_deflater d;
    struct span compressed;
    struct buf frame = {0};
    ws_deflater_init(&d);
    cr_assert_eq(ws_deflater_run(&d, WS_DEFLATE_BITS_MAX, message, &compressed), OK);
    ws_peer_compressed_frame(&frame, opcode, true, compressed);
    client_send_bytes(i, buf_span(&frame));
    fix_settle();
    buf_deinit(&frame);
    ws_deflater_deinit(&d);
}

/* In the place of a window: in a block without compression. */
enum { WS_PEER_STORED = 1 };

/* The payload of a message that came so; to be freed. */
static inline struct buf ws_peer_stored(struct span message)
{
    const uint8_t low = (uint8_t)message.len, high = (uint8_t)(message.len >> 8);
    const uint8_t begin[] = {0, low, high, (uint8_t)~low, (uint8_t)~high};
    struct buf payload = {0};
    cr_assert_eq(buf_append(&payload, span_of(begin, sizeof(begin))), OK);
    cr_assert_eq(buf_append(&payload, message), OK);
    cr_assert_eq(buf_append(&payload, SPAN("\0")), OK);
    return payload;
}

/* Takes one frame from the front of what was heard, which is a whole message: `message`, which came
 * compressed for that window, WS_PEER_STORED, or as it is (bits: 0). */
static inline void ws_peer_take(struct span *heard, enum ws_opcode opcode, struct span message,
                                unsigned bits)
{
    struct ws_deflater d;
    struct span payload = message;
    struct buf frame = {0}, stored = {0};
    ws_deflater_init(&d);
    if (bits == WS_PEER_STORED) {
        stored = ws_peer_stored(message);
        payload = buf_span(&stored);
    } else if (bits != 0) {
        cr_assert_eq(ws_deflater_run(&d, bits, message, &payload), OK);
    }
    cr_assert_eq(buf_reserve(&frame, WS_HEADER_BYTES_MAX + payload.len), OK);
    frame.len = ws_encode_frame(frame.data, opcode, true, payload);
    frame.data[0] |= bits != 0 ? WS_RSV1 : 0;
    expect_span(span_take(*heard, frame.len), buf_span(&frame));
    *heard = span_drop(*heard, frame.len);
    buf_deinit(&frame);
    buf_deinit(&stored);
    ws_deflater_deinit(&d);
}

/* Hears exactly that message, and nothing else. */
static inline void ws_peer_expect_message(unsigned i, enum ws_opcode opcode, struct span message,
                                          unsigned bits)
{
    struct span heard = client_heard_bytes(i);
    ws_peer_take(&heard, opcode, message, bits);
    cr_assert_eq(heard.len, 0);
}

static inline void ws_peer_expect_close(unsigned i, uint16_t code, const char *reason)
{
    uint8_t frame[WS_CLOSE_FRAME_BYTES_MAX];
    size_t n = ws_encode_close(frame, code, span_str(reason));
    expect_span(client_heard_bytes(i), span_of(frame, n));
}
