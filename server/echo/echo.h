/* The echo sessions: what comes in goes out. */
#pragma once

#include "net/conn.h"

struct http_exchange;

/* TCP: bytes as they come; the peer's end of file is answered once everything is sent back. */
extern const struct session_type tcp_echo_session;

/* WebSocket, after the Upgrade is answered; its frame needs nothing handed over. */
extern const struct session_type ws_echo_session;
