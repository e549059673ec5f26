/* What HUP and REHASH do: all settings are read again, with the certificates and the message of the
 * day. Whatever can fail is tried before anything changes, so all of it comes into force, or
 * nothing and the log says why. What needs a restart keeps its value, and is named in the log.
 *
 * Every loop swaps the settings in a mail of its own, and the hub's part goes there as an entry;
 * the last loop to do so gives the old ones back to loop 0, which frees them. */
#pragma once

#include "core/loop.h"

struct server;

/* Reads all again. On loop 0. While an earlier reload is on its way to the loops, another follows
 * it. */
void reload_begin(struct server *s);

/* The same for an operator's session, which is told what came of it. On the session's loop. */
void reload_rehash(struct server *s, struct handle session);
