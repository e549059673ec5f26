#include "sim/peer_ws.h"

#include "sim/peer.h"
#include "sim/sim.h"
#include "simul/ws_mask.h"

enum { MESSAGE_BYTES_MAX = 64 * 1024 };

static struct ws_pool pool; /* of all peers */
static struct ws_deflater deflater;
static const struct ws_rules RULES = {.inflated_bytes_max = MESSAGE_BYTES_MAX, .side = WS_CLIENT};

void peer_ws_init(void)
{
    ws_pool_init(&pool, 1);
    ws_deflater_init(&deflater);
}

void peer_ws_deinit(void)
{
    ws_pool_deinit(&pool);
    ws_deflater_deinit(&deflater);
}

struct peer_ws peer_ws_any(void)
{
    struct peer_ws ws = {.is_on = sim_chance(40)};
    if (!ws.is_on)
        return ws;
    ws.protocol = (enum chat_ws_protocol)sim_below(CHAT_WS_BINARY + 1);
    if (sim_chance(30))
        return ws;
    uint32_t fewer = sim_chance(50) ? sim_below(7) : 0;
    ws.agreed.out_bits = (uint8_t)(WS_DEFLATE_BITS_MAX - fewer) & 15;
    ws.agreed.in_bits = WS_DEFLATE_BITS_MAX;
    ws.agreed.keeps_in = sim_chance(30);
    ws.reader.deflate =
        (struct ws_deflate){.out_bits = WS_DEFLATE_BITS_MAX, .in_bits = ws.agreed.out_bits};
    return ws;
}

void peer_ws_close(struct peer_ws *ws)
{
    ws_reader_deinit(&ws->reader, &pool);
    buf_deinit(&ws->undecoded);
}

static void say_frame(struct buf *to, enum ws_opcode opcode, unsigned rsv1, bool fin,
                      struct span payload)
{
    uint8_t header[WS_HEADER_BYTES_MAX];
    uint32_t mask = sim_below(UINT32_MAX);
    size_t n = ws_encode_header_masked(header, opcode, fin, payload.len, mask);
    header[0] |= (uint8_t)rsv1;
    SIM_CHECK(buf_append(to, span_of(header, n)) == OK, "out of memory");
    SIM_CHECK(buf_reserve(to, payload.len) == OK, "out of memory");
    if (payload.len > 0)
        ws_mask(to->data + to->len, payload.ptr, payload.len, mask);
    to->len += payload.len;
}

void peer_ws_say(struct peer *p, struct span line)
{
    bool may_be_binary = p->ws.protocol != CHAT_WS_TEXT;
    enum ws_opcode opcode = may_be_binary && sim_chance(50) ? WS_BINARY : WS_TEXT;
    unsigned rsv1 = ws_deflate_is_agreed(&p->ws.agreed) && sim_chance(70) ? WS_RSV1 : 0;
    if (rsv1 != 0)
        SIM_CHECK(ws_deflater_run(&deflater, p->ws.agreed.in_bits, line, &line) == OK,
                  "out of memory");
    if (sim_chance(20)) {
        size_t n = sim_below((uint32_t)line.len + 1);
        say_frame(&p->said, opcode, rsv1, false, span_take(line, n));
        line = span_drop(line, n);
        opcode = WS_CONTINUATION;
        rsv1 = 0;
    }
    say_frame(&p->said, opcode, rsv1, true, line);
}

static void hear_data(struct peer *p, const struct ws_event *ev)
{
    enum ws_opcode want = p->ws.protocol == CHAT_WS_BINARY ? WS_BINARY : WS_TEXT;
    SIM_CHECK(ev->opcode == want, "peer %u heard a message of the wrong kind", peer_number(p));
    SIM_CHECK(buf_append(&p->heard, ev->payload) == OK, "out of memory");
    if (!ev->message_last)
        return;
    peer_hear_line(p, buf_span(&p->heard));
    p->heard.len = 0;
}

void peer_ws_hear(struct peer *p, struct span bytes)
{
    struct buf *undecoded = &p->ws.undecoded;
    SIM_CHECK(buf_append(undecoded, bytes) == OK, "out of memory");
    struct ws_input in = {undecoded->data, undecoded->len};
    for (enum ws_event_kind kind = WS_DATA; kind != WS_NEED_MORE;) {
        struct ws_event ev;
        kind = ws_next(&p->ws.reader, &pool, &RULES, &in, &ev);
        if (kind == WS_DATA)
            hear_data(p, &ev);
        else if (kind == WS_CLOSE)
            SIM_CHECK(p->is_over, "peer %u is closed without its ERROR", peer_number(p));
        else
            SIM_CHECK(kind == WS_NEED_MORE, "peer %u heard a frame that is wrong: %.*s",
                      peer_number(p), SPAN_ARG(ev.payload));
    }
    buf_consume(undecoded, undecoded->len - in.len);
}
