/* A message as it goes over the wire, made once for all sessions that want it alike: the tags that
 * a session negotiated, times the framing of its transport. */
#pragma once

#include "chat/hub/caps.h"
#include "chat/hub/message.h"
#include "net/deflate.h"
#include "net/outq.h"
#include "simul/span.h"
#include "simul/ws.h"

#include <stddef.h>
#include <stdint.h>

struct net;

enum framing {
    FRAMING_LINE,    /* CR LF behind it */
    FRAMING_WS_TEXT, /* one WebSocket message each, without CR LF */
    FRAMING_WS_BINARY,
    FRAMING_COUNT,
};

/* A variant is a sum of these and a framing. */
enum {
    RENDER_TIME = CAP_SERVER_TIME,  /* @time */
    RENDER_TAGS = CAP_MESSAGE_TAGS, /* @msgid, and what the sender's client attached */
    RENDER_FRAMING = 4,
    RENDER_VARIANTS = FRAMING_COUNT * RENDER_FRAMING,
    RENDER_WINDOWS = WS_DEFLATE_BITS_MAX - WS_DEFLATE_BITS_MIN + 1,
    RENDER_COMPRESSED = (RENDER_VARIANTS - RENDER_FRAMING) * RENDER_WINDOWS,
};

static inline unsigned render_variant(unsigned tags, enum framing framing)
{
    return tags + RENDER_FRAMING * framing;
}

/* A number for each variant over WebSocket compressed for each window, less than RENDER_COMPRESSED.
 */
static inline unsigned render_compressed_variant(unsigned variant, unsigned bits)
{
    return (variant - RENDER_FRAMING) * RENDER_WINDOWS + bits - WS_DEFLATE_BITS_MIN;
}

/* One reference, the caller's; NULL without memory. */
struct shared *render(const struct message *m, unsigned variant);

/* The message in what render made for a WebSocket. */
struct span render_payload(const struct shared *plain);
/* The same compressed, for peers with a window of 2^bits bytes or more. One reference, the
 * caller's; NULL without memory. */
struct shared *render_compressed(struct net *n, const struct shared *plain, unsigned bits);
/* The same for those peers, but without compression; likewise. */
struct shared *render_stored(const struct shared *plain);

/* Writes what goes before a line of that length in this framing; returns its length, which may be
 * 0. Only FRAMING_LINE has something behind it: CR LF. */
size_t render_header(enum framing framing, size_t line_bytes, uint8_t out[WS_HEADER_BYTES_MAX]);
/* The same over WebSocket for peers that agreed on compression, as render_stored has it;
 * deflate_stored_end stands behind it. */
size_t render_stored_header(enum framing framing, size_t line_bytes,
                            uint8_t out[DEFLATE_STORED_HEADER_BYTES_MAX]);
