/* From HTTP to WebSocket: whether the handshake is granted, and its answer. Which session takes
 * over then is up to the route. */
#pragma once

#include "simul/span.h"

#include <stdbool.h>
#include <stddef.h>

struct conn;
struct http_session;
struct ws_handshake;

/* Whether the request asks for WebSocket; the handshake decides what becomes of it. Other protocols
 * that a client would rather speak (h2c) are ignored (RFC 9110 section 7.8). */
bool upgrade_is_wanted(const struct http_session *s);

/* Checks the request against the listener's rules, and asks the door about the client that a proxy
 * forwards for. `protocols` are the subprotocols of the route, in order of preference. False: the
 * refusal is queued. */
bool upgrade_check(struct conn *c, struct http_session *s, const struct span *protocols,
                   size_t protocol_count, struct ws_handshake *handshake);

/* Queues the 101 for a request that passed the check, and ends the exchange; the caller calls
 * conn_become next. False: the connection is aborted for want of memory. */
bool upgrade_accept(struct conn *c, struct http_session *s, const struct ws_handshake *handshake);
