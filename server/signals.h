/* The signals that the server answers, all of them on loop 0: TERM and INT drain, HUP reloads. */
#pragma once

#include <signal.h>

enum { SIGNALS_WATCHED = 5 };

struct server;

/* Blocks them in this thread, and in those that it starts; `before` is what signals_unblock wants.
 */
void signals_block(sigset_t *before);
void signals_unblock(const sigset_t *before);

/* Answers them from now on. */
void signals_watch(struct server *s);
/* And from now on lets them do nothing. */
void signals_ignore(struct server *s);
