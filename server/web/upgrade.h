/* From HTTP to WebSocket: the handshake's answer, and the session that takes over. */
#pragma once

#include <stdbool.h>

struct conn;
struct http_session;

/* Whether the request asks for WebSocket; the handshake decides what becomes of it. Other protocols
 * that a client would rather speak (h2c) are ignored (RFC 9110 section 7.8). */
bool upgrade_is_wanted(const struct http_session *s);

/* Answers the handshake: 101 and the session of the path, or the refusal. */
void upgrade_to_echo(struct conn *c, struct http_session *s);
void upgrade_to_chat(struct conn *c, struct http_session *s);
