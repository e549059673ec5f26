/* From a request for /echo to a WebSocket that echoes, and that misbehaves if the query asks for
 * it: some faults are of the handshake's answer itself. */
#pragma once

struct conn;
struct http_session;

/* Answers the handshake: 101 and the session that follows, or the refusal. */
void echo_upgrade(struct conn *c, struct http_session *s);
