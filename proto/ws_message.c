/* The rules of messages (RFC 6455 section 5), above both ways of decoding frames. Nothing below
 * knows what a message is; nothing above sees a frame that breaks a rule. */
#include "simul/check.h"
#include "simul/utf8.h"
#include "simul/ws.h"
#include "simul/ws_mask.h"
#include "ws_inflate.h"

struct fault {
    uint16_t code;
    const char *reason;
};

static const struct fault fault_length = {WS_CODE_PROTOCOL, "bad frame length"};
static const struct fault fault_rsv = {WS_CODE_PROTOCOL, "reserved bit set"};
static const struct fault fault_opcode = {WS_CODE_PROTOCOL, "reserved opcode"};
static const struct fault fault_unmasked = {WS_CODE_PROTOCOL, "frame is not masked"};
static const struct fault fault_masked = {WS_CODE_PROTOCOL, "frame is masked"};
static const struct fault fault_control_cut = {WS_CODE_PROTOCOL, "fragmented control frame"};
static const struct fault fault_control_long = {WS_CODE_PROTOCOL, "control frame too long"};
static const struct fault fault_no_message = {WS_CODE_PROTOCOL, "continuation of nothing"};
static const struct fault fault_in_message = {WS_CODE_PROTOCOL, "message inside a message"};
static const struct fault fault_close_length = {WS_CODE_PROTOCOL, "close frame of one byte"};
static const struct fault fault_close_code = {WS_CODE_PROTOCOL, "bad close code"};
static const struct fault fault_close_utf8 = {WS_CODE_TEXT, "close reason is not UTF-8"};
static const struct fault fault_utf8 = {WS_CODE_TEXT, "text is not UTF-8"};
static const struct fault fault_size = {WS_CODE_TOO_BIG, "message too big"};
static const struct fault fault_deflate = {WS_CODE_TEXT, "message cannot be inflated"};
static const struct fault fault_memory = {WS_CODE_INTERNAL, "out of memory"};

/* Of the reserved bits, the first frame of a message may have the one that says that the message is
 * compressed, if that was agreed on (RFC 7692 section 6). */
static bool rsv_is_allowed(const struct ws_reader *r, const struct ws_chunk *c)
{
    return c->rsv == WS_RSV1 >> 4 && (c->opcode == WS_TEXT || c->opcode == WS_BINARY) &&
           ws_deflate_is_agreed(&r->deflate);
}

/* Whether this chunk of a data frame belongs to a message that is. */
static inline bool is_compressed(const struct ws_reader *r, const struct ws_chunk *c)
{
    return ((r->opcode & WS_RSV1) | c->rsv) != 0;
}

/* What is wrong with the frame that begins with this header; NULL if nothing. Changes nothing:
 * while a frame is waited for, its header is judged again at every read. */
static const struct fault *header_fault(const struct ws_reader *r, const struct ws_rules *rules,
                                        const struct ws_chunk *c)
{
    if (c->rsv != 0 && !rsv_is_allowed(r, c))
        return &fault_rsv;
    if (c->masked != (rules->side == WS_SERVER))
        return c->masked ? &fault_masked : &fault_unmasked;
    switch (c->opcode) {
    case WS_CONTINUATION:
        if (r->opcode == 0)
            return &fault_no_message;
        break;
    case WS_TEXT:
    case WS_BINARY:
        if (r->opcode != 0)
            return &fault_in_message;
        break;
    case WS_OP_CLOSE:
    case WS_OP_PING:
    case WS_OP_PONG:
        if (!c->fin)
            return &fault_control_cut;
        return c->frame_bytes > WS_CONTROL_BYTES_MAX ? &fault_control_long : NULL;
    default:
        return &fault_opcode;
    }
    if (rules->message_bytes_max == 0)
        return NULL;
    uint64_t before = c->opcode == WS_CONTINUATION ? r->message_bytes : 0;
    /* The limit may have become smaller since the message began. */
    bool is_too_big =
        before > rules->message_bytes_max || c->frame_bytes > rules->message_bytes_max - before;
    return is_too_big && !is_compressed(r, c) ? &fault_size : NULL;
}

__attribute__((cold)) static enum ws_event_kind fail(struct ws_reader *r, struct ws_pool *pool,
                                                     const struct fault *fault, struct ws_event *ev)
{
    ws_reader_deinit(r, pool);
    r->ended = true;
    ev->close_code = fault->code;
    ev->payload = span_str(fault->reason);
    return WS_FAILED;
}

/* Codes that may be sent: those defined by the RFC and IANA, and the ranges for libraries and
 * applications (section 7.4.2). 1004 to 1006 and 1015 are reserved. */
static bool close_code_is_valid(uint16_t code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

static const struct fault *take_close(struct ws_reader *r, const struct ws_chunk *c,
                                      struct ws_event *ev)
{
    ev->close_code = WS_CODE_NONE;
    ev->payload = SPAN_EMPTY;
    if (c->payload.len == 1)
        return &fault_close_length;
    if (c->payload.len >= 2) {
        ev->close_code = (uint16_t)(c->payload.ptr[0] << 8 | c->payload.ptr[1]);
        ev->payload = span_drop(c->payload, 2);
    }
    if (c->payload.len >= 2 && !close_code_is_valid(ev->close_code))
        return &fault_close_code;
    if (!utf8_is_valid(ev->payload))
        return &fault_close_utf8;
    r->ended = true;
    return NULL;
}

/* A data frame's chunk, whose header is already judged. */
static const struct fault *take_data(struct ws_reader *r, const struct ws_chunk *c,
                                     struct ws_event *ev)
{
    if (c->first && c->opcode != WS_CONTINUATION) {
        r->opcode = c->opcode;
        r->utf8 = UTF8_COMPLETE;
        r->message_bytes = 0;
    }
    if (c->first)
        r->message_bytes += c->frame_bytes;

    ev->payload = c->payload;
    ev->opcode = (enum ws_opcode)r->opcode;
    ev->message_first = c->first && c->opcode != WS_CONTINUATION;
    ev->message_last = c->last && c->fin;
    ev->frame_first = c->first;
    ev->frame_last = c->last;
    ev->is_compressed = false;

    if (r->opcode == WS_TEXT) {
        bool can_skip = c->is_ascii && (r->utf8 == UTF8_COMPLETE || c->payload.len == 0);
        if (!can_skip)
            r->utf8 = utf8_check(r->utf8, c->payload);
        if (r->utf8 == UTF8_REJECTED || (ev->message_last && r->utf8 != UTF8_COMPLETE))
            return &fault_utf8;
    }
    if (ev->message_last)
        r->opcode = 0;
    return NULL;
}

/* Text has to fail at its first impossible byte, so what has come of a frame that is waited for is
 * judged at every read. It stays masked, and judged anew at the next one: that costs less than a
 * read, since a frame that is waited for is short. */
__attribute__((noinline)) static const struct fault *waiting_fault(const struct ws_reader *r,
                                                                   const struct ws_chunk *c)
{
    enum { PIECE_BYTES = 512 }; /* a multiple of the mask */
    bool is_text = c->opcode == WS_TEXT || (c->opcode == WS_CONTINUATION && r->opcode == WS_TEXT);
    if (!is_text || is_compressed(r, c))
        return NULL;
    uint8_t piece[PIECE_BYTES], utf8 = c->opcode == WS_TEXT ? UTF8_COMPLETE : r->utf8;
    uint32_t mask = 0;
    if (c->masked)
        memcpy(&mask, c->payload.ptr - sizeof mask, sizeof mask);
    for (struct span rest = c->payload; rest.len > 0;) {
        size_t n = rest.len < PIECE_BYTES ? rest.len : PIECE_BYTES;
        bool is_ascii = ws_mask(piece, rest.ptr, n, mask);
        if (!is_ascii || utf8 != UTF8_COMPLETE)
            utf8 = utf8_check(utf8, span_of(piece, n));
        rest = span_drop(rest, n);
    }
    return utf8 == UTF8_REJECTED ? &fault_utf8 : NULL;
}

static const struct fault *inflate_fault(enum err e)
{
    switch (e) {
    case OK:
        return NULL;
    case ERR_LIMIT:
        return &fault_size;
    case ERR_UTF8:
        return &fault_utf8;
    case ERR_NOMEM:
        return &fault_memory;
    default:
        return &fault_deflate;
    }
}

/* Inflates what comes next of the message that r is in, or what is left of what came. */
static enum ws_event_kind inflate_message(struct ws_reader *r, struct ws_pool *pool,
                                          const struct ws_rules *rules, struct span compressed,
                                          bool is_last, struct ws_event *ev)
{
    struct ws_inflate_limits limits = {.bytes_max = rules->inflated_bytes_max,
                                       .piece_bytes = rules->inflated_piece_bytes};
    if (limits.piece_bytes == 0)
        limits.piece_bytes = WS_INFLATED_PIECE_BYTES;
    if (r->opcode == (WS_RSV1 | WS_TEXT))
        limits.utf8 = &r->utf8;
    struct ws_inflated got;
    enum err e = ws_inflate(pool, r->inflater, compressed, is_last, limits, &got);
    if (e != OK)
        return fail(r, pool, inflate_fault(e), ev);
    r->has_rest = got.has_rest;
    if (!got.is_piece)
        return WS_NEED_MORE;
    ev->payload = got.piece;
    ev->opcode = (enum ws_opcode)(r->opcode & ~WS_RSV1);
    ev->message_first = ev->frame_first = got.is_first;
    ev->message_last = ev->frame_last = got.is_last;
    ev->is_compressed = true;
    if (!got.is_last)
        return WS_DATA;
    r->opcode = 0;
    if (!r->deflate.keeps_in) {
        ws_inflater_return(pool, r->inflater);
        r->inflater = 0;
    }
    return WS_DATA;
}

/* A chunk of a data frame of a message that is compressed. Where it makes no piece of the message
 * full, and the message not complete, the answer is WS_NEED_MORE. Not inline, since it would make
 * ws_next slower for all others. */
__attribute__((noinline)) static enum ws_event_kind
take_compressed(struct ws_reader *r, struct ws_pool *pool, const struct ws_rules *rules,
                const struct ws_chunk *c, struct ws_event *ev)
{
    if (c->first && c->opcode != WS_CONTINUATION) {
        r->opcode = WS_RSV1 | c->opcode;
        r->utf8 = UTF8_COMPLETE;
    }
    if (r->inflater == 0)
        r->inflater = ws_inflater_lend(pool);
    if (r->inflater == 0)
        return fail(r, pool, &fault_memory, ev);
    return inflate_message(r, pool, rules, c->payload, c->last && c->fin, ev);
}

/* What there is to do besides looking at frames. WS_NEED_MORE: nothing any more. */
__attribute__((noinline)) static enum ws_event_kind
take_rest(struct ws_reader *r, struct ws_pool *pool, const struct ws_rules *rules,
          struct ws_input *in, struct ws_event *ev)
{
    if (!r->ended)
        return inflate_message(r, pool, rules, SPAN_EMPTY, false, ev);
    in->ptr += in->len;
    in->len = 0;
    return WS_NEED_MORE;
}

/* A chunk of a frame whose header is right. WS_NEED_MORE: it was a part of a compressed message. */
static inline enum ws_event_kind take_chunk(struct ws_reader *r, struct ws_pool *pool,
                                            const struct ws_rules *rules, const struct ws_chunk *c,
                                            struct ws_event *ev)
{
    enum ws_event_kind kind = WS_DATA;
    const struct fault *fault = NULL;
    if (c->opcode < WS_OP_CLOSE) {
        if (is_compressed(r, c))
            return take_compressed(r, pool, rules, c, ev);
        fault = take_data(r, c, ev);
    } else if (c->opcode == WS_OP_CLOSE) {
        kind = WS_CLOSE;
        fault = take_close(r, c, ev);
    } else {
        kind = c->opcode == WS_OP_PING ? WS_PING : WS_PONG;
        ev->payload = c->payload;
    }
    return fault == NULL ? kind : fail(r, pool, fault, ev);
}

enum ws_event_kind ws_next(struct ws_reader *r, struct ws_pool *pool, const struct ws_rules *rules,
                           struct ws_input *in, struct ws_event *ev)
{
    enum ws_event_kind kind;
    if (r->ended || r->has_rest) {
        kind = take_rest(r, pool, rules, in, ev);
        if (kind != WS_NEED_MORE)
            return kind;
    }
    do {
        struct ws_chunk c;
        const struct fault *fault = NULL;
        enum ws_frame_result result = ws_frame_next(&r->frames, pool, rules, in, &c);
        if (result == WS_FRAME_NEED_MORE)
            return WS_NEED_MORE;
        if (result == WS_FRAME_BAD)
            fault = &fault_length;
        else if (result == WS_FRAME_NOMEM)
            fault = &fault_memory;
        else if (result == WS_FRAME_HEADER || c.first)
            fault = header_fault(r, rules, &c);
        if (fault == NULL && result == WS_FRAME_HEADER) {
            fault = waiting_fault(r, &c);
            if (fault == NULL)
                return WS_NEED_MORE;
        }
        if (fault != NULL)
            return fail(r, pool, fault, ev);
        kind = take_chunk(r, pool, rules, &c, ev);
    } while (kind == WS_NEED_MORE);
    return kind;
}

size_t ws_reader_held_bytes(const struct ws_reader *r, const struct ws_pool *pool)
{
    size_t bytes = ws_frame_decoder_held_bytes(&r->frames);
    return r->inflater == 0 ? bytes : bytes + ws_inflater_held_bytes(pool, r->inflater);
}

void ws_reader_deinit(struct ws_reader *r, struct ws_pool *pool)
{
    ws_frame_decoder_deinit(&r->frames, pool);
    if (r->inflater != 0)
        ws_inflater_return(pool, r->inflater);
    r->inflater = 0;
    r->has_rest = false;
}

size_t ws_encode_close(uint8_t out[WS_CLOSE_FRAME_BYTES_MAX], uint16_t code, struct span reason)
{
    if (code == WS_CODE_NONE)
        return ws_encode_header(out, WS_OP_CLOSE, true, 0);
    reason = utf8_cut(reason, WS_CONTROL_BYTES_MAX - 2);
    size_t n = ws_encode_header(out, WS_OP_CLOSE, true, 2 + reason.len);
    out[n] = (uint8_t)(code >> 8);
    out[n + 1] = (uint8_t)code;
    if (reason.len > 0)
        memcpy(out + n + 2, reason.ptr, reason.len);
    return n + 2 + reason.len;
}
