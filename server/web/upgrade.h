/* From HTTP to WebSocket: the handshake's answer, and the session that takes over. */
#pragma once

#include <stdbool.h>

struct conn;
struct http_session;

/* Whether the request asks for another protocol; the handshake decides what becomes of it. */
bool upgrade_is_wanted(const struct http_session *s);

/* Answers the handshake: 101 and the session of the path, or the refusal. */
void upgrade_to_echo(struct conn *c, struct http_session *s);
void upgrade_to_chat(struct conn *c, struct http_session *s);
