/* Whole messages, sent back: what nearly all input of an echo is, in one pass over the bytes.
 *
 *   in    81 94 MASK[4] payload[20]  81 94 MASK[4] payload[20]  ...
 *   out   81 14 payload[20]  81 14 payload[20]  ...
 *
 * A frame becomes shorter by its mask and is otherwise the same, so the whole state is two places.
 * Whatever is not such a frame, or is one with something wrong in it, is left to ws_next, which
 * knows the rules; the input is not changed. */
#include "simul/utf8.h"
#include "simul/ws.h"
#include "simul/ws_mask.h"

enum { MASK_BYTES = 4, EXTENDED_BYTES = 2 };

/* The payload, still masked, of the frame that begins at p: final, masked, of a kind that carries
 * data, not longer than 16 bits can say, and whole. Its ptr is NULL if the frame is anything else.
 */
static inline struct span find_payload(const uint8_t *p, const uint8_t *end)
{
    const size_t header_bytes = 2 + MASK_BYTES;
    if ((size_t)(end - p) < header_bytes + EXTENDED_BYTES)
        return SPAN_EMPTY; /* or so short that it is not worth a case of its own */
    const uint8_t fin = 0x80, masked = 0x80;
    size_t len = p[1] ^ masked; /* more than 127 if it is not masked */
    if ((p[0] != (fin | WS_TEXT) && p[0] != (fin | WS_BINARY)) || len >= 127)
        return SPAN_EMPTY;
    struct span payload = {p + header_bytes, len};
    if (len == 126) {
        payload = span_of(p + header_bytes + EXTENDED_BYTES, (size_t)(p[2] << 8 | p[3]));
        if (payload.len < 126)
            return SPAN_EMPTY;
    }
    return payload.len <= (size_t)(end - payload.ptr) ? payload : SPAN_EMPTY;
}

size_t ws_reflect(struct ws_input *in, uint8_t **to, size_t count_max)
{
    const uint8_t *p = in->ptr, *end = p + in->len;
    uint8_t *out = *to;
    size_t count = 0;
    for (; count < count_max; count++) {
        struct span payload = find_payload(p, end);
        if (payload.ptr == NULL)
            break;
        uint32_t mask;
        memcpy(&mask, payload.ptr - MASK_BYTES, MASK_BYTES);
        enum ws_opcode opcode = p[0] & 15;
        uint8_t *body = out + ws_encode_header(out, opcode, true, payload.len);
        bool is_ascii = ws_mask(body, payload.ptr, payload.len, mask);
        if (opcode == WS_TEXT && !is_ascii && !utf8_is_valid(span_of(body, payload.len)))
            break;
        p = payload.ptr + payload.len;
        out = body + payload.len;
    }
    in->len = (size_t)(end - p);
    in->ptr += p - in->ptr;
    *to = out;
    return count;
}
