/* Peers that speak WebSocket, some of them compressed: a line goes in a message, and comes in one.
 */
#pragma once

#include "chat/session.h"
#include "simul/ws.h"

#include <stdbool.h>

struct peer;

struct peer_ws {
    bool is_on; /* else it speaks TCP, and the rest is empty */
    enum chat_ws_protocol protocol;
    struct ws_deflate agreed; /* as the server has it */
    struct ws_reader reader;  /* of what the server says */
    struct buf undecoded;
};

void peer_ws_init(void);
/* No peer is open. */
void peer_ws_deinit(void);

/* Of a new peer: by the dice. */
struct peer_ws peer_ws_any(void);
void peer_ws_close(struct peer_ws *ws);

/* Says one line, without CR LF. */
void peer_ws_say(struct peer *p, struct span line);
/* What the server has sent; each line is given to peer_hear_line. */
void peer_ws_hear(struct peer *p, struct span bytes);
