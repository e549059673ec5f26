/* The table of wires, and those that need no handshake: streams and lines. */
#include "load/wire.h"

#include "load/client.h"
#include "scenario/scenario.h"

const struct wire *wire_of(enum carrier carrier)
{
    static const struct wire *const WIRES[] = {
        [CARRIER_RAW] = &wire_raw,
        [CARRIER_LINE] = &wire_line,
        [CARRIER_WS] = &wire_ws,
        [CARRIER_HTTP] = &wire_http,
    };
    return WIRES[carrier];
}

struct http_field header_field(const char *line)
{
    struct span name = span_str(line);
    size_t colon = span_find(name, ':');
    struct span value = span_drop(name, colon + 1);
    while (value.len > 0 && (value.ptr[0] == ' ' || value.ptr[0] == '\t'))
        value = span_drop(value, 1);
    return (struct http_field){span_take(name, colon), value};
}

/* --- a stream ---------------------------------------------------------------------------- */

static void raw_greet(struct client *c)
{
    client_greeted(c);
}

static void raw_decode(struct client *c, struct ws_input *in)
{
    struct message m = {.payload = span_of(in->ptr, in->len)};
    *in = (struct ws_input){in->ptr + in->len, 0};
    c->driver->plan->scenario->on_message(c, &m);
}

static void raw_send(struct client *c, struct span payload, bool is_text)
{
    (void)is_text;
    memcpy(client_put(c, payload.len), payload.ptr, payload.len);
}

const struct wire wire_raw = {.greet = raw_greet, .decode = raw_decode, .send = raw_send};

/* --- lines ------------------------------------------------------------------------------- */

static void line_decode(struct client *c, struct ws_input *in)
{
    while (client_is_talking(c)) {
        struct span all = span_of(in->ptr, in->len);
        size_t len = span_find(all, '\n');
        if (len == all.len)
            return;
        struct message m = {
            .payload = span_take(all, len), .first = true, .last = true, .is_text = true};
        if (len > 0 && m.payload.ptr[len - 1] == '\r')
            m.payload.len--;
        *in = (struct ws_input){in->ptr + len + 1, in->len - len - 1};
        c->driver->plan->scenario->on_message(c, &m);
    }
}

static void line_send(struct client *c, struct span payload, bool is_text)
{
    (void)is_text;
    uint8_t *to = client_put(c, payload.len + 2);
    memcpy(to, payload.ptr, payload.len);
    to[payload.len] = '\r';
    to[payload.len + 1] = '\n';
}

const struct wire wire_line = {.greet = raw_greet, .decode = line_decode, .send = line_send};
