/* What HUP and REHASH do: read all settings again, with the certificates and the message of the
 * day. Whatever can fail is tried before anything changes, so either all of it takes effect, or
 * nothing does and the log says why. Settings that need a restart keep their values, and are named
 * in the log.
 *
 * Each loop switches to the new settings when a mail of its own arrives, and the hub's part goes to
 * the hub as an entry; the last loop to switch gives the old settings back to loop 0, which frees
 * them. */
#pragma once

#include "core/loop.h"

struct server;

/* Begins a reload. On loop 0. While an earlier one is still on its way to the loops, another
 * follows it. */
void reload_begin(struct server *s);

/* The same for an operator's session, which is told the outcome. On the session's loop. */
void reload_rehash(struct server *s, struct handle session);
