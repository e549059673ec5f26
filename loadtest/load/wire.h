/* A wire: how messages travel on a connection. It turns bytes into messages and back, and does the
 * handshake that comes before the first of them. */
#pragma once

#include "plan/plan.h"
#include "simul/http.h"
#include "simul/span.h"
#include "simul/ws.h"

#include <stdbool.h>
#include <stdint.h>

struct client;

/* A message, or a piece of one, as the scenario gets it. The payload lives until on_message
 * returns. */
struct message {
    struct span payload;
    bool first, last; /* the message begins, ends with it; a raw stream does not know, and says
                         neither */
    bool is_text;
    bool is_refusal; /* a response of HTTP with a status of 400 or more, which is counted already */
};

struct wire {
    /* Begins the handshake; client_greeted, now or later, ends it. */
    void (*greet)(struct client *c);
    /* Decodes what it can of in, and moves in behind that; the rest comes again with more behind
     * it. Stops when the client is no longer talking. */
    void (*decode)(struct client *c, struct ws_input *in);
    /* Queues a message. */
    void (*send)(struct client *c, struct span payload, bool is_text);
    /* The peer's end of file: whether it may come here without being a fault. NULL: it may not. */
    bool (*on_eof)(struct client *c);
    /* Queues what ends the connection in good order; NULL: nothing does. */
    void (*leave)(struct client *c);
    /* Frees what it holds of the client. */
    void (*deinit)(struct client *c);
};

extern const struct wire wire_raw;
extern const struct wire wire_line;
extern const struct wire wire_ws;
extern const struct wire wire_http;

/* The wire of a kind of URL. */
const struct wire *wire_of(enum carrier carrier);

/* A header of the plan, "Name: value", as a field. */
struct http_field header_field(const char *line);
