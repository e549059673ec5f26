/* WebSocket (RFC 6455) without sockets: bytes in, events out, and headers for what is sent.
 *
 *   bytes → ws_frame (in place, or through wslay) → chunks → ws_message (the rules) → events
 *
 * A frame that lies whole in the input is unmasked where it lies. One that does not is decoded by
 * wslay piece by piece, in a context that is lent for just as long; so between reads a reader is
 * 24 bytes. Both ways give the same events. The Upgrade is in ws_handshake.h. */
#pragma once

#include "simul/buf.h"
#include "simul/span.h"
#include "simul/ws_deflate.h"

enum ws_opcode {
    WS_CONTINUATION = 0,
    WS_TEXT = 1,
    WS_BINARY = 2,
    WS_OP_CLOSE = 8,
    WS_OP_PING = 9,
    WS_OP_PONG = 10,
};

/* Status codes of the close frame (RFC 6455 section 7.4.1). */
enum ws_close_code {
    WS_CODE_NORMAL = 1000,
    WS_CODE_GOING_AWAY = 1001,
    WS_CODE_PROTOCOL = 1002,
    WS_CODE_UNSUPPORTED = 1003,
    WS_CODE_NONE = 1005, /* the peer gave none; never sent */
    WS_CODE_TEXT = 1007, /* text that is not UTF-8 */
    WS_CODE_POLICY = 1008,
    WS_CODE_TOO_BIG = 1009,
    WS_CODE_INTERNAL = 1011,
    WS_CODE_TRY_LATER = 1013,
};

enum {
    WS_HEADER_BYTES_MAX = 14,   /* with a mask; 10 without */
    WS_CONTROL_BYTES_MAX = 125, /* payload of a control frame, section 5.5 */
    WS_CLOSE_FRAME_BYTES_MAX = 2 + WS_CONTROL_BYTES_MAX,
    WS_RSV1 = 0x40, /* in a header's first byte: the message is compressed (RFC 7692 section 6) */
};

/* Which side we are. A server takes masked frames only, a client unmasked ones only. */
enum ws_side { WS_SERVER, WS_CLIENT };

/* What many readers have in common. Its limits may change between two calls: a message that is
 * beyond them then is refused as soon as more of it comes. */
struct ws_rules {
    uint64_t message_bytes_max;    /* of all fragments together; 0 = no limit */
    uint64_t inflated_bytes_max;   /* of one that came compressed; not 0 where that is agreed on */
    uint32_t inflated_piece_bytes; /* that comes in pieces of so many; 0: WS_INFLATED_PIECE_BYTES */
    uint32_t wait_bytes; /* a frame that is no longer than this, header included, is never cut: it
                            stays in the input until it is whole, which must be able to hold it */
    enum ws_side side;
    bool through_wslay; /* for tests: no frame is decoded in place */
};

/* The bytes that were read and not yet decoded. The caller owns them; decoding writes into them. */
struct ws_input {
    uint8_t *ptr;
    size_t len;
};

/* --- frames (ws_frame.c) ----------------------------------------------------------------- */

/* What the readers of one loop borrow while they need it: wslay's contexts, 4 KiB each, for frames
 * that are partial, and inflaters (ws_inflate.c) for messages that came compressed, 40 KiB each and
 * a piece of the message. The struct is exposed to be embedded. */
struct ws_pool {
    struct ws_partial *idle; /* a stack of at most idle_max */
    size_t idle_count, idle_max;
    size_t lent; /* how many frames are partial now */
    struct ws_inflaters {
        union ws_inflater_slot *slots; /* by the number that a reader has, which counts from 1 */
        uint32_t slot_count, free;     /* the number that is lent next; 0: make more */
        uint32_t lent;
        struct ws_inflater *idle; /* one is kept */
        struct buf last;          /* the piece that was handed out last */
    } inflaters;
    size_t held_bytes; /* what all that is lent holds */
};

/* Keeps up to idle_max (at least 1) contexts for the next partial frame. Allocates nothing. */
void ws_pool_init(struct ws_pool *pool, size_t idle_max);
/* Frees what is idle. Nothing may be lent. */
void ws_pool_deinit(struct ws_pool *pool);

/* Decodes the frames of one connection. Zeroed, it stands between two frames. */
struct ws_frame_decoder {
    struct ws_partial *partial; /* lent by the pool while a frame is partial */
};

/* A frame, or a piece of one. */
struct ws_chunk {
    uint8_t opcode;
    uint8_t rsv; /* three bits */
    bool fin;
    bool masked;
    bool first, last; /* the frame begins, ends with this chunk */
    bool is_ascii;    /* the payload is known to be ASCII; false if nobody looked */
    struct span payload;
    uint64_t frame_bytes; /* the frame's payload as declared */
};

enum ws_frame_result {
    WS_FRAME_NEED_MORE, /* the input does not even hold a header, or is used up */
    WS_FRAME_HEADER,    /* the frame is waited for, and nothing was consumed: only the fields of the
                           header are set, and payload to what has come, masked as it came */
    WS_FRAME_CHUNK,     /* the chunk is set and consumed; its payload is unmasked */
    WS_FRAME_BAD,       /* the length is not in its shortest form, or negative (section 5.2) */
    WS_FRAME_NOMEM,
};

/* Decodes the next frame, or as much of it as in has, and advances in behind it. Control frames,
 * frames of at most rules->wait_bytes, and headers without any of their payload stay in the input
 * until there is more. The payload lies in the input or in the pool, and is valid until the next
 * call with that pool. Beyond wslay's own checks it judges nothing but lengths. */
enum ws_frame_result ws_frame_next(struct ws_frame_decoder *d, struct ws_pool *pool,
                                   const struct ws_rules *rules, struct ws_input *in,
                                   struct ws_chunk *chunk);

/* Gives back what is lent, in the middle of a frame or not. d is as if zeroed afterwards. */
void ws_frame_decoder_deinit(struct ws_frame_decoder *d, struct ws_pool *pool);

/* What the decoder has borrowed, in bytes. */
size_t ws_frame_decoder_held_bytes(const struct ws_frame_decoder *d);

/* Writes the header of an unmasked frame and returns its length: 2, 4 or 10. */
static inline size_t ws_encode_header(uint8_t out[WS_HEADER_BYTES_MAX], enum ws_opcode opcode,
                                      bool fin, uint64_t payload_bytes)
{
    out[0] = (uint8_t)((fin ? 0x80 : 0) | opcode);
    if (payload_bytes < 126) {
        out[1] = (uint8_t)payload_bytes;
        return 2;
    }
    size_t bytes = payload_bytes <= 0xffff ? 2 : 8;
    out[1] = bytes == 2 ? 126 : 127;
    for (size_t i = 0; i < bytes; i++)
        out[2 + i] = (uint8_t)(payload_bytes >> 8 * (bytes - 1 - i));
    return 2 + bytes;
}

/* The same for a masked frame, 4 bytes longer; ws_mask then masks the payload. */
static inline size_t ws_encode_header_masked(uint8_t out[WS_HEADER_BYTES_MAX],
                                             enum ws_opcode opcode, bool fin,
                                             uint64_t payload_bytes, uint32_t mask)
{
    size_t n = ws_encode_header(out, opcode, fin, payload_bytes);
    out[1] |= 0x80;
    memcpy(out + n, &mask, 4);
    return n + 4;
}

/* Writes an unmasked frame, header and payload, and returns its length. out has room for the
 * payload and WS_HEADER_BYTES_MAX more. */
static inline size_t ws_encode_frame(uint8_t *out, enum ws_opcode opcode, bool fin,
                                     struct span payload)
{
    size_t n = ws_encode_header(out, opcode, fin, payload.len);
    if (payload.len > 0)
        memcpy(out + n, payload.ptr, payload.len);
    return n + payload.len;
}

/* --- messages (ws_message.c) ------------------------------------------------------------- */

/* Reads the messages of one connection. Zeroed, it stands at the beginning; then `deflate` may be
 * set to what was agreed on. 24 bytes, since every idle connection has one. */
struct ws_reader {
    struct ws_frame_decoder frames;
    uint64_t message_bytes; /* declared by the frames of the message so far */
    uint32_t inflater : 30; /* its number in the pool while it is lent; 0: none is */
    bool has_rest : 1; /* of a compressed message, more than the piece that came last is here */
    bool ended : 1;    /* by a close frame or a failure */
    uint8_t opcode;    /* of the message that is not complete yet, and WS_RSV1 with it if that
                          is compressed; 0 = none */
    uint8_t utf8;      /* of its text */
    struct ws_deflate deflate;
};

enum ws_event_kind {
    WS_NEED_MORE, /* keep what is left of the input, and put it before what is read next */
    WS_DATA,      /* a piece of a message */
    WS_PING,      /* payload is to be sent back */
    WS_PONG,
    WS_CLOSE,  /* the peer closes: close_code (WS_CODE_NONE if it gave none) and payload, its reason
                */
    WS_FAILED, /* the peer broke a rule: send close_code and payload, which tells what is wrong */
};

struct ws_event {
    struct span payload;
    enum ws_opcode opcode; /* WS_TEXT or WS_BINARY, that of the message, in every WS_DATA */
    bool message_first, message_last;
    bool frame_first, frame_last;
    bool is_compressed; /* it came so; payload is inflated */
    uint16_t close_code;
};

/* Decodes the next event and advances in behind it; only the fields that its kind names are set.
 *
 * WS_DATA comes with a whole frame if it lies whole in the input and in pieces otherwise; text is
 * checked before it is handed out, and pieces may end inside a character. A message that is
 * compressed is inflated as it arrives, and checked on the way. It comes as if it were one frame,
 * whole if it is short, and otherwise in pieces of rules->inflated_piece_bytes, of which only the
 * last is shorter: so a call does a bounded amount of work, however little came. Control frames
 * come whole. What WS_NEED_MORE leaves in the input is less than rules->wait_bytes or
 * WS_WAITING_BYTES_MAX, whichever is more.
 *
 * payload is valid until the next call with that pool and while the input's bytes stand; only
 * that of WS_FAILED is static.
 *
 * The rules are those of section 5; a failure has one of the codes
 *   1002  reserved bits or opcodes, masked or unmasked the wrong way, control frames that are
 *         fragmented or too long, lengths not in shortest form, continuation of nothing, a new
 *         message inside another, malformed close frames (sections 5.5.1 and 7.4)
 *   1007  text with a byte that cannot be UTF-8, at that byte, though the frame be waited for; a
 *         close reason that is not UTF-8; and what cannot be inflated (RFC 7692 leaves the code to
 *         us)
 *   1009  more than rules->message_bytes_max, as soon as the header says so, or more than
 *         rules->inflated_bytes_max, at the byte too many
 *   1011  no memory for a context or an inflater.
 * After WS_CLOSE and WS_FAILED all input is dropped and the answer is WS_NEED_MORE. */
enum ws_event_kind ws_next(struct ws_reader *r, struct ws_pool *pool, const struct ws_rules *rules,
                           struct ws_input *in, struct ws_event *ev);

enum {
    WS_WAITING_BYTES_MAX = 6 + WS_CONTROL_BYTES_MAX,
    WS_INFLATED_PIECE_BYTES = 64 * 1024, /* about 1 ms, if it is to be compressed again */
};

/* Whether ws_next has something to do without any more input: the last event was a piece, and more
 * of its message is here. */
static inline bool ws_reader_has_rest(const struct ws_reader *r)
{
    return r->has_rest;
}

/* Whether a frame has begun of which the input has nothing left. Without this, one has begun if
 * WS_NEED_MORE leaves anything in the input. */
static inline bool ws_reader_is_in_frame(const struct ws_reader *r)
{
    return r->frames.partial != NULL;
}

/* The same for a message, whatever its frames. */
static inline bool ws_reader_is_in_message(const struct ws_reader *r)
{
    return r->opcode != 0 || ws_reader_is_in_frame(r);
}

/* Whether it is in a message that is compressed, of which there may be no event before its end. */
static inline bool ws_reader_is_inflating(const struct ws_reader *r)
{
    return (r->opcode & WS_RSV1) != 0;
}

/* What the reader has borrowed, in bytes. */
size_t ws_reader_held_bytes(const struct ws_reader *r, const struct ws_pool *pool);

/* Gives back what is lent. To be called when the connection goes, at any point. */
void ws_reader_deinit(struct ws_reader *r, struct ws_pool *pool);

/* Sends back, as a server, the messages at the front of the input that are each one frame, whole
 * and right: writes them as unmasked frames to *to, which has room for as many bytes as the input
 * has, and advances both. Stops behind count_max of them, or in front of anything else, which
 * ws_next is for. The reader that the input belongs to is between two messages (not ended, and not
 * ws_reader_is_in_message), and stays there. Returns how many there were. */
size_t ws_reflect(struct ws_input *in, uint8_t **to, size_t count_max);

/* Writes an unmasked close frame and returns its length. WS_CODE_NONE gives an empty one. The
 * reason is UTF-8, and is cut behind a whole character if it is longer than 123 bytes. */
size_t ws_encode_close(uint8_t out[WS_CLOSE_FRAME_BYTES_MAX], uint16_t code, struct span reason);
