#include "echo/ws_replies.h"

#include "echo/shaper.h"
#include "net/deflate.h"
#include "net/net.h"
#include "simul/ws_mask.h"

#include <stdlib.h>

enum {
    WS_RSV2 = 0x20, /* in a header's first byte; no extension of ours gives it a meaning */
    HELD_BYTES_MAX = 1024 * 1024, /* of replies that wait to be shuffled: beyond it they go */
};

struct ws_reply {
    struct ws_reply *next;
    uint64_t bytes; /* of the message; where the payload is shorter it is filled */
    uint64_t said;
    enum ws_opcode opcode;
    uint8_t bits;  /* of the window that it is compressed with; 0: it goes as it is */
    uint8_t times; /* that it is still to be said, from the beginning */
    struct buf payload;
    struct buf plain;   /* what the payload is still to be made of, piece by piece */
    size_t plain_taken; /* of that */
    bool is_ready;      /* nothing of it is left */
};

void ws_replies_init(struct ws_replies *r, struct conn *c, const struct faults *faults,
                     struct shaper *shaper)
{
    const uint64_t seed = faults->value[FAULT_SEED];
    *r = (struct ws_replies){
        .conn = c, .faults = faults, .shaper = shaper, .chance = {seed}, .masks = {seed}};
}

void ws_replies_count_fault(const struct ws_replies *r)
{
    metric_add(&conn_net(r->conn)->loop->metrics.faults, 1);
}

static uint32_t value(const struct ws_replies *r, enum fault fault)
{
    return r->faults->value[fault];
}

/* --- frames ------------------------------------------------------------------------------ */

/* A frame with this payload, and with filling behind it. `rsv` goes into the header's first byte.
 */
static void say_frame(struct ws_replies *r, enum ws_opcode opcode, bool fin, uint8_t rsv,
                      struct span payload, uint64_t filling)
{
    uint8_t header[WS_HEADER_BYTES_MAX], pattern[4] = {'x', 'x', 'x', 'x'};
    bool is_masked = faults_has(r->faults, FAULT_MASK);
    uint32_t mask = is_masked ? (uint32_t)chance_next(&r->masks) : 0;
    uint64_t bytes = payload.len + filling;
    size_t n = is_masked ? ws_encode_header_masked(header, opcode, fin, bytes, mask)
                         : ws_encode_header(header, opcode, fin, bytes);
    if (faults_has(r->faults, FAULT_RSV))
        rsv |= WS_RSV2;
    header[0] |= rsv;
    uint8_t *to = shaper_room(r->shaper, n + payload.len);
    if (to == NULL)
        return;
    memcpy(to, header, n);
    if (payload.len > 0)
        ws_mask(to + n, payload.ptr, payload.len, mask);
    ws_mask(pattern, pattern, sizeof(pattern), ws_mask_turn(mask, payload.len));
    shaper_fill(r->shaper, pattern, filling);
}

void ws_replies_say_control(struct ws_replies *r, enum ws_opcode opcode, struct span payload)
{
    if (opcode != WS_OP_PING)
        shaper_begin(r->shaper); /* a ping is no answer: it draws no jitter */
    say_frame(r, opcode, true, 0, payload, 0);
}

/* Not by ws_encode_close, which knows that WS_CODE_NONE is never sent. */
void ws_replies_say_close(struct ws_replies *r, uint16_t code, struct span reason)
{
    uint8_t payload[WS_CONTROL_BYTES_MAX] = {(uint8_t)(code >> 8), (uint8_t)code};
    CHECK(reason.len <= sizeof(payload) - 2);
    if (reason.len > 0)
        memcpy(payload + 2, reason.ptr, reason.len);
    ws_replies_say_control(r, WS_OP_CLOSE, span_of(payload, 2 + reason.len));
}

/* --- making ------------------------------------------------------------------------------ */

static void queue(struct ws_replies *r, struct ws_reply *reply)
{
    if (r->last == NULL)
        r->first = reply;
    else
        r->last->next = reply;
    r->last = reply;
}

static size_t held_bytes(const struct ws_reply *reply)
{
    return sizeof(*reply) + reply->payload.cap + reply->plain.cap;
}

static void unqueue(struct ws_replies *r)
{
    struct ws_reply *reply = r->first;
    r->first = reply->next;
    if (r->first == NULL)
        r->last = NULL;
    r->bytes -= held_bytes(reply);
    buf_deinit(&reply->payload);
    buf_deinit(&reply->plain);
    free(reply);
}

void ws_replies_release(struct ws_replies *r)
{
    for (unsigned left = r->held_count; left > 0; left--) {
        unsigned i = chance_below(&r->chance, left);
        queue(r, r->held[i]);
        r->held[i] = r->held[left - 1];
    }
    r->held_count = 0;
}

void ws_replies_deinit(struct ws_replies *r)
{
    ws_replies_release(r);
    while (r->first != NULL)
        unqueue(r);
}

static void hold(struct ws_replies *r, struct ws_reply *reply)
{
    r->held[r->held_count++] = reply;
    if (r->held_count < value(r, FAULT_REORDER) && r->bytes < HELD_BYTES_MAX)
        return;
    ws_replies_count_fault(r);
    ws_replies_release(r);
}

/* Changes the message as it was asked for. */
static enum err spoil(struct ws_replies *r, enum ws_opcode opcode, struct buf *message)
{
    if (chance_hits(&r->chance, value(r, FAULT_CORRUPT)) && message->len > 0) {
        ws_replies_count_fault(r);
        message->data[chance_below(&r->chance, (uint32_t)message->len)] ^=
            1; /* still text, mostly */
    }
    if (opcode != WS_TEXT || !faults_has(r->faults, FAULT_BAD_UTF8))
        return OK;
    ws_replies_count_fault(r);
    if (message->len == 0)
        return buf_append(message, SPAN("\xff"));
    message->data[message->len - 1] = 0xff;
    return OK;
}

/* Takes the message. NULL without memory. */
static struct ws_reply *reply_new(struct ws_replies *r, enum ws_opcode opcode, struct buf *message,
                                  unsigned bits)
{
    struct ws_reply *reply = malloc(sizeof(*reply));
    if (reply == NULL)
        return NULL;
    bool is_filled = message->len < value(r, FAULT_OVERSIZE);
    *reply = (struct ws_reply){.bytes = is_filled ? value(r, FAULT_OVERSIZE) : message->len,
                               .opcode = opcode,
                               .bits = is_filled ? 0 : (uint8_t)bits,
                               .times = 1};
    reply->is_ready = reply->bits == 0;
    *(reply->is_ready ? &reply->payload : &reply->plain) = *message;
    *message = (struct buf){0};
    r->bytes += held_bytes(reply);
    if (is_filled)
        ws_replies_count_fault(r);
    return reply;
}

enum err ws_replies_add(struct ws_replies *r, enum ws_opcode opcode, struct buf *message,
                        unsigned bits)
{
    if (chance_hits(&r->chance, value(r, FAULT_DROP))) {
        ws_replies_count_fault(r);
        buf_deinit(message);
        return OK;
    }
    bool is_double = chance_hits(&r->chance, value(r, FAULT_DUPLICATE));
    enum err e = spoil(r, opcode, message);
    struct ws_reply *reply = e == OK ? reply_new(r, opcode, message, bits) : NULL;
    if (reply == NULL)
        return ERR_NOMEM;
    if (is_double) {
        ws_replies_count_fault(r);
        reply->times = 2;
    }
    if (faults_has(r->faults, FAULT_REORDER))
        hold(r, reply);
    else
        queue(r, reply);
    return OK;
}

/* --- saying ------------------------------------------------------------------------------ */

/* Compresses the next piece of a reply. */
static enum err compress_piece(struct ws_replies *r, struct ws_reply *reply)
{
    struct span rest = span_drop(buf_span(&reply->plain), reply->plain_taken), compressed;
    bool is_last = rest.len <= WS_INFLATED_PIECE_BYTES;
    struct span piece = is_last ? rest : span_take(rest, WS_INFLATED_PIECE_BYTES);
    enum err e = deflate_piece(conn_net(r->conn), reply->bits, piece, is_last, &compressed);
    conn_spend_compressed(r->conn, piece.len);
    r->bytes -= held_bytes(reply);
    if (e == OK)
        e = buf_append(&reply->payload, compressed);
    reply->plain_taken += piece.len;
    reply->is_ready = is_last;
    if (is_last) {
        buf_deinit(&reply->plain);
        reply->bytes = reply->payload.len;
    }
    r->bytes += held_bytes(reply);
    return e;
}

/* Whether it is compressed, if it is to be. False: the budget is used up before, or memory is. */
static bool make_ready(struct ws_replies *r, struct ws_reply *reply)
{
    while (!reply->is_ready) {
        if (conn_budget(r->conn) == 0)
            return false;
        if (compress_piece(r, reply) != OK) {
            conn_abort_no_memory(r->conn);
            return false;
        }
    }
    return true;
}

/* The next frame of a reply. */
static void say_fragment(struct ws_replies *r, struct ws_reply *reply)
{
    uint64_t bytes = reply->bytes - reply->said, fragment = value(r, FAULT_FRAGMENT);
    if (fragment > 0 && bytes > fragment)
        bytes = fragment;
    struct span payload = SPAN_EMPTY;
    if (reply->said < reply->payload.len)
        payload = span_drop(buf_span(&reply->payload), reply->said);
    if (payload.len > bytes)
        payload.len = bytes;
    bool is_first = reply->said == 0;
    if (is_first)
        shaper_begin(r->shaper);
    reply->said += bytes;
    say_frame(r, is_first ? reply->opcode : WS_CONTINUATION, reply->said == reply->bytes,
              is_first && reply->bits != 0 ? WS_RSV1 : 0, payload, bytes - payload.len);
}

bool ws_replies_say(struct ws_replies *r)
{
    while (r->first != NULL) {
        if (!shaper_has_room(r->shaper) || !conn_spend(r->conn))
            return false;
        struct ws_reply *reply = r->first;
        if (!make_ready(r, reply))
            return false;
        say_fragment(r, reply);
        if (reply->said < reply->bytes)
            continue;
        reply->said = 0;
        if (--reply->times == 0)
            unqueue(r);
    }
    return true;
}
