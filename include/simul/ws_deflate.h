/* permessage-deflate (RFC 7692): how two sides agree on it, and how a message is compressed.
 * Inflating is the reader's work, see ws.h.
 *
 * We never compress with what was said before ("context takeover"): so one compressor serves a
 * whole loop, and a message is compressed once for all who get it. The other way a peer may keep
 * its context if it is allowed to; then it has an inflater of its own. */
#pragma once

#include "simul/buf.h"
#include "simul/err.h"
#include "simul/span.h"

#include <stdbool.h>
#include <stdint.h>

struct z_stream_s;

/* Windows are of 2^bits bytes. The RFC has 8 too, which zlib cannot compress with. */
enum { WS_DEFLATE_BITS_MIN = 9, WS_DEFLATE_BITS_MAX = 15 };

/* What both sides have agreed on. Zeroed: nothing; no message is compressed. */
struct ws_deflate {
    uint8_t out_bits : 4; /* our largest window; 0: nothing is agreed on */
    uint8_t in_bits : 4;  /* the peer's largest: 8 to 15 */
    bool keeps_in : 1;    /* the peer compresses with what it has said before */
};

static inline bool ws_deflate_is_agreed(const struct ws_deflate *d)
{
    return d->out_bits != 0;
}

/* Whether a window of 2^bits bytes reaches over a whole message, so that a larger one makes nothing
 * shorter. Of its window zlib keeps 262 bytes for what comes. */
static inline bool ws_deflate_covers(unsigned bits, size_t message_bytes)
{
    return message_bytes + 262 <= (size_t)1 << bits;
}

/* --- agreeing (ws_extension.c) ----------------------------------------------------------- */

/* What a server agrees to. */
struct ws_deflate_policy {
    bool is_on;
    bool may_keep_in; /* a peer may keep its context, if it does not say that it does not want to */
};

/* The server's side of the negotiation, fed with each Sec-WebSocket-Extensions of a request in
 * their order. Zeroed, it stands at the beginning. */
struct ws_deflate_choice {
    struct ws_deflate agreed;
    bool says_out_bits, says_in_bits; /* the answer has to name them */
};

/* Takes the first offer of the header that can be accepted, unless one was taken before (section
 * 5); offers that are not understood are declined. ERR_SYNTAX: the header is no list of at least
 * one extension (RFC 6455 section 9.1), and the handshake fails, even where the policy is off.
 * Allocates nothing. */
enum err ws_deflate_choose(struct ws_deflate_choice *choice, const struct ws_deflate_policy *policy,
                           struct span header);

/* Appends the value of the answer's Sec-WebSocket-Extensions; nothing is agreed on: nothing.
 * ERR_NOMEM: a part of it may have been appended. */
enum err ws_deflate_answer(const struct ws_deflate_choice *choice, struct buf *out);

/* The client's side: what Sec-WebSocket-Extensions offers. The server must forget its context after
 * each message, so that a client needs no inflater while it waits; it may choose our window. */
extern const struct span WS_DEFLATE_OFFER;

/* Judges the server's answer to WS_DEFLATE_OFFER, a header that may come but once; a server that
 * declines has none. ERR_UNKNOWN: it does not answer what was offered, or asks for a window that we
 * cannot compress with; ERR_SYNTAX: it is no list of extensions. Nothing is agreed on then, and the
 * handshake fails (sections 5 and 7.1). */
enum err ws_deflate_verify(struct span answer, struct ws_deflate *agreed);

/* --- compressing (ws_deflate.c) ---------------------------------------------------------- */

/* The compressor of one loop: a stream for each size of window that somebody has asked for, made
 * with its first message; 262 KiB for the largest. */
struct ws_deflater {
    struct z_stream_s *streams[WS_DEFLATE_BITS_MAX - WS_DEFLATE_BITS_MIN + 1];
    struct buf out;
    size_t held_bytes; /* by the streams and the last result */
};

/* Allocates nothing. */
void ws_deflater_init(struct ws_deflater *d);
void ws_deflater_deinit(struct ws_deflater *d);

/* Compresses a whole message with a window of at most 2^bits bytes, to the payload of a frame, or
 * of several, of which the first has WS_RSV1 set (section 7.2.1). The result is the deflater's, and
 * valid until its next call. ERR_NOMEM. */
enum err ws_deflater_run(struct ws_deflater *d, unsigned bits, struct span message,
                         struct span *compressed);

/* The same for a piece of a message: what the pieces give, one behind the other, is the message.
 * None refers to those before it, so that others may be compressed in between. */
enum err ws_deflater_run_piece(struct ws_deflater *d, unsigned bits, struct span piece,
                               bool is_last, struct span *compressed);

/* Frees the last result if it has a large buffer (more than 64 KiB). To be called when it is not in
 * use any more, once a tick. */
void ws_deflater_trim(struct ws_deflater *d);
