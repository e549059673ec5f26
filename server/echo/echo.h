/* The echo sessions: what comes in goes out. */
#pragma once

#include "net/conn.h"

struct http_exchange;
struct ws_deflate;

/* TCP: bytes as they come; the peer's end of file is answered once everything is sent back. */
extern const struct session_type tcp_echo_session;

/* The same, unless the first line asks for faults: see echo.commands. */
extern const struct session_type tcp_command_session;

/* WebSocket, after the Upgrade is answered. */
extern const struct session_type ws_echo_session;
/* Fills the frame that conn_become(c, &ws_echo_session) returned; left as it is, it knows no
 * compression. */
void ws_echo_session_init(struct conn *c, void *frame, const struct ws_deflate *agreed);
