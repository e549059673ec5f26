/* How the server comes to its end: it accepts no more, its clients are told to go, those that would
 * stay for ever one after the other (net/net_drain.c), and it leaves when the last has gone or
 * drain_seconds are over. On loop 0. */
#pragma once

#include <stdbool.h>

struct server;

/* Begins the drain; asked a second time, the server leaves at once. */
void drain_begin(struct server *s);

/* Whether it is time to leave. */
bool drain_is_over(const struct server *s);

/* The server leaves, whether it drained or not. */
void drain_end(struct server *s);
