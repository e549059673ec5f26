/* What makes a connection ready in scenarios that only open connections: over IRC the registration,
 * over HTTP a response, else nothing more than the handshakes, or the first byte of whatever the
 * server says, where the plan wants that. */
#pragma once

#include "scenario/irc_client.h"

/* Whether IRC is spoken. */
bool introduce_is_irc(const struct plan *plan);

/* Begins; client_opened, now or later, ends it. `irc`, the client's own, is used for IRC alone. */
void introduce_begin(struct irc_client *irc, struct client *c);

/* Hears what comes, then and later: PING is answered, refusals are counted. */
void introduce_hear(struct irc_client *irc, struct client *c, const struct message *m);

/* Says goodbye. */
void introduce_leave(struct client *c);
