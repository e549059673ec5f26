/* Messages of WebSocket that are compressed (RFC 7692), for the sessions of a loop: they share its
 * one compressor, and count what came and went. What a message costs beyond a plain one is charged
 * to the session's budget, so that nobody waits for thousands of them. */
#pragma once

#include "simul/check.h"
#include "simul/err.h"
#include "simul/span.h"
#include "simul/ws.h"

struct conn;
struct net;

/* A session reads messages with r, for which something was agreed on or nothing. */
void deflate_begin(struct net *n, const struct ws_reader *r);
/* The session is over: gives back all that r has borrowed. */
void deflate_end(struct net *n, struct ws_reader *r);

/* A piece of a message has come compressed, and the session that runs has it. */
void deflate_note_inflated(struct conn *c, const struct ws_event *piece);

/* Compresses a message for peers that agreed on a window of 2^bits bytes or more. The result is the
 * loop's, and valid until the next call. ERR_NOMEM. */
enum err deflate_message(struct net *n, unsigned bits, struct span message,
                         struct span *compressed);
/* The same for a piece of one, of at most WS_INFLATED_PIECE_BYTES: more is not done in one resume.
 */
enum err deflate_piece(struct net *n, unsigned bits, struct span piece, bool is_last,
                       struct span *compressed);

/* Writes the header of a frame of a compressed message, and returns its length. The first one's
 * opcode is that of the message, and WS_CONTINUATION that of those which follow. */
static inline size_t deflate_header(uint8_t out[WS_HEADER_BYTES_MAX], enum ws_opcode opcode,
                                    bool fin, size_t compressed_bytes)
{
    size_t n = ws_encode_header(out, opcode, fin, compressed_bytes);
    if (opcode != WS_CONTINUATION)
        out[0] |= WS_RSV1;
    return n;
}

enum {
    STORED_BLOCK_BYTES = 5,
    DEFLATE_STORED_HEADER_BYTES_MAX = WS_HEADER_BYTES_MAX + STORED_BLOCK_BYTES
};

/* Writes what goes before a message of at most 65,535 bytes that is not worth compressing, and
 * returns its length: the header of a frame, and that of a block without compression (RFC 1951
 * section 3.2.4). deflate_stored_end goes behind it. That takes no time and six bytes more than the
 * message by itself, which the RFC would allow too; but there are clients, libwebsockets 4.1 among
 * them, that hear such a message for ever once they have agreed on compression. */
static inline size_t deflate_stored_header(uint8_t out[DEFLATE_STORED_HEADER_BYTES_MAX],
                                           enum ws_opcode opcode, size_t bytes)
{
    CHECK(bytes <= UINT16_MAX);
    const uint8_t low = (uint8_t)bytes, high = (uint8_t)(bytes >> 8);
    const uint8_t block[STORED_BLOCK_BYTES] = {0, low, high, (uint8_t)~low, (uint8_t)~high};
    size_t n = deflate_header(out, opcode, true, sizeof block + bytes + 1);
    memcpy(out + n, block, sizeof block);
    return n + sizeof block;
}
static const struct span deflate_stored_end = SPAN("\0");
