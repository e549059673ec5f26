/* What those are told who are not let in (net/refusal.h), in each protocol's own words. HTTP's
 * session is web/http_session.h's http_refusal_session: 429 to the first request, whatever it
 * asks for. */
#pragma once

#include "net/conn.h"

/* IRC: ERROR at once, and the end. */
extern const struct session_type irc_refusal_session;

/* What is said at once to one that there is no descriptor for, given what it has sent already
 * (struct listener's say_full). */
struct span irc_say_full(struct span first);
struct span http_say_full(struct span first);
/* By what it has sent; nothing to one that is still silent. */
struct span auto_say_full(struct span first);
