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

static inline void ws_peer_expect_close(unsigned i, uint16_t code, const char *reason)
{
    uint8_t frame[WS_CLOSE_FRAME_BYTES_MAX];
    size_t n = ws_encode_close(frame, code, span_str(reason));
    expect_span(client_heard_bytes(i), span_of(frame, n));
}
