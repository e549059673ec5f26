/* Length-prefixed frames between our own processes, over socket pairs. The other side may have
 * crashed or gone mad, so it is believed no more than a peer on the network.
 *
 *     0        4      6          8              16
 *     | length | kind | reserved |      id      | payload, length bytes
 *
 * Little-endian whatever the machine; reserved is 0. What kinds and ids mean, the two sides know.
 */
#pragma once

#include "simul/err.h"
#include "simul/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PIPE_FRAME_HEADER_BYTES = 16 };

struct pipe_frame {
    uint16_t kind;
    uint64_t id;
    struct span payload;
};

/* Writes the header that goes out before frame->payload, which is at most UINT32_MAX bytes. */
void pipe_frame_encode(const struct pipe_frame *frame, uint8_t header[PIPE_FRAME_HEADER_BYTES]);

/* Takes the next frame out of the stream *in, which moves on behind it; the payload borrows from
 * *in. *is_whole tells whether there was one: if not, *in is as it was, to be kept and added to,
 * and less than PIPE_FRAME_HEADER_BYTES + payload_bytes_max long.
 *
 * Judged as soon as the header is there, and final, since nothing tells where a frame would begin
 * again: ERR_SYNTAX: reserved is not 0; ERR_LIMIT: the payload is over payload_bytes_max. */
enum err pipe_frame_next(struct span *in, size_t payload_bytes_max, struct pipe_frame *frame,
                         bool *is_whole);
