/* How a chat session registers: PASS, CAP, NICK and USER fill in a command (local.c), which the hub
 * then grants or refuses, since it alone knows whether the nick is free. What becomes of it is told
 * by chat_session_registered (session.h). */
#pragma once

#include <stdbool.h>

struct chat_session;
struct conn;

/* Makes the command, with what the connection tells of its peer. Without memory the connection is
 * aborted: false. */
bool session_register_begin(struct conn *c, struct chat_session *s);

/* Whether the client has named itself, and negotiates no capabilities. */
bool session_register_is_ready(const struct chat_session *s);

/* Asks the hub, or ends the session, for want of the server's password. */
void session_register_post(struct conn *c, struct chat_session *s);
