/* How the server stops: it accepts no more, tells its clients to go, lasting ones one after the
 * other (net/net_drain.h), and leaves when the last has gone or drain_seconds are over. On loop 0.
 */
#pragma once

#include <stdbool.h>

struct server;

/* Begins the drain; asked a second time, the server leaves at once. */
void drain_begin(struct server *s);

/* Whether it is time to leave. */
bool drain_is_over(const struct server *s);

/* To be called when the server leaves, whether it drained or not. */
void drain_end(struct server *s);
