/* The signals that the server answers, all of them on loop 0: TERM and INT drain, HUP reloads. */
#pragma once

enum { SIGNALS_WATCHED = 5 };

struct server;

/* While the server starts, those that are not to end it wait; TERM and INT still end a start that
 * hangs, say on a file behind a network that is down. */
void signals_hold(void);

/* Blocks all in this thread, and in those that it starts: what comes meanwhile is answered when
 * they are let through. */
void signals_block(void);
void signals_unblock(void);

/* Answers them from now on. */
void signals_watch(struct server *s);
/* And from now on lets them do nothing. */
void signals_ignore(struct server *s);
