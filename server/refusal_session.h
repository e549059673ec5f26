/* What peers that are not let in (net/refusal.h) are told, in the words of each protocol. For HTTP
 * the session is http_refusal_session (web/http_session.h), which answers 429 to the first request,
 * whatever it asks for. */
#pragma once

#include "net/conn.h"

/* IRC: says ERROR at once, and ends. */
extern const struct session_type irc_refusal_session;

/* What to send to a peer that there is no descriptor for, given what it has sent already: see
 * say_full in struct listener. */
struct span irc_say_full(struct span first);
struct span http_say_full(struct span first);
/* Chooses by what the peer has sent so far; nothing for a peer that is still silent. */
struct span auto_say_full(struct span first);
